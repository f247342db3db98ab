"""What the rules say of the commits of a real repository: `python -m tests.bench.walk_candidates`.

Each of the last N commits is checked out in a clone of its own and held against its first parent,
so that what fires can be read and judged. Repositories are named, never part of this one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import anyio
import msgspec

from daydreamd.context.candidates.changed_code import ChangedCode
from daydreamd.context.candidates.changed_files import read_changes
from daydreamd.context.candidates.finding import ask_rules
from daydreamd.context.discovery import find_repository
from daydreamd.context.foreign import open_foreign
from daydreamd.context.lines import count_lines
from daydreamd.context.listing import list_files


def main() -> None:
    """Print a JSON line for each candidate, then how often each rule fired."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repository", help="a directory that git can clone from")
    parser.add_argument("--last", type=int, default=100, help="commits to look at")
    parser.add_argument("--every", type=int, default=1, help="look at each such commit")
    parser.add_argument("--span", type=int, default=1, help="commits that a look goes back")
    parser.add_argument("--clone", type=Path, required=True, help="where the clone is kept")
    given = parser.parse_args()
    if not given.clone.exists():
        git(Path("/"), "clone", "-q", "--shared", "--no-checkout", given.repository, given.clone)
    most = f"--max-count={given.last}"
    listed = git(given.clone, "rev-list", "--first-parent", most, "origin/HEAD")
    commits = listed.split()[:: given.every]
    counts: Counter[str] = Counter()
    began = time.monotonic()
    for commit in commits:
        for found in anyio.run(look_at, given.clone, commit, given.span):
            counts[found.source] += 1
            said = msgspec.to_builtins(found) | {"commit": commit[:12]}
            print(json.dumps(said), flush=True)
    seconds = (time.monotonic() - began) / max(1, len(commits))
    print(json.dumps({"commits": len(commits), "seconds_each": round(seconds, 3), **counts}))


async def look_at(clone: Path, commit: str, span: int) -> list:
    """The candidates of a commit, against the one `span` before it, by first parents."""
    git(clone, "checkout", "-q", "--force", "--detach", commit)
    parent = git(clone, "rev-parse", "-q", "--verify", f"{commit}~{span}", check=False).strip()
    repository = find_repository(clone)
    if repository is None or not parent:
        return []
    with tempfile.TemporaryDirectory() as place:
        foreign = await open_foreign(repository, Path(place), deadline=60)
        listing = await list_files(clone, foreign, excluded=lambda _: False)
        counted = await count_lines(clone, listing.files, cwd=Path(place))
        files = await read_changes(foreign, clone, parent, excluded=lambda _: False)
        code = ChangedCode(
            clone, foreign, files, without=listing.too_large, counted=counted, scratch=Path(place)
        )
        return await ask_rules(code, on_failure=lambda rule, why: print(rule, why, file=sys.stderr))


def git(where: Path, *arguments: object, check: bool = True) -> str:
    """What plain git printed."""
    words = ["git", "-c", "advice.detachedHead=false", *map(str, arguments)]
    done = subprocess.run(words, cwd=where, check=check, capture_output=True)
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    main()
