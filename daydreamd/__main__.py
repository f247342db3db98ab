"""`python -m daydreamd` and the `daydreamd` program."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from daydreamd.cli.main import cli

    cli(prog_name="daydreamd")


if __name__ == "__main__":
    main()
