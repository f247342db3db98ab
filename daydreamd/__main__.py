"""`python -m daydreamd` and the `daydreamd` program."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. Ctrl-C ends it quietly at any moment, while it still imports, too."""
    try:
        from daydreamd.cli.main import cli

        cli(prog_name="daydreamd")
    except KeyboardInterrupt:
        sys.stderr.write("\ndaydreamd: stopped\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
