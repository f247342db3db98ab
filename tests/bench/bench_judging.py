"""Knowing insights again in real histories, and what it costs to search a workspace.

The repositories are those named in DAYDREAMD_BENCH_REPOSITORIES (paths, separated by colons), else
this one. Of each, lines in functions are taken as they stood some hundred commits ago; whether each
is still there is what `git blame --reverse` says of it, and is compared with what is found.
"""

import os
import random
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

from daydreamd.insights.relocation import relocate
from daydreamd.insights.workspace_search import TextSearch
from daydreamd.records.insight import Evidence, KnownInsight
from daydreamd.text.functions import function_around
from daydreamd.text.masking import is_code
from tests.bench.table import Row

COMMITS_BACK = 300
LINES = 120
FILES = 25


def measure():
    """How many lines are known again, by repository."""
    named = os.environ.get("DAYDREAMD_BENCH_REPOSITORIES", "")
    for path in named.split(":") if named else [str(Path(__file__).parents[2])]:
        yield (
            Path(path).parent.name if path.endswith("repo") else Path(path).name,
            _known_again(path),
        )


def _git(repository, *arguments):
    argv = ["git", "-C", repository, *arguments]
    done = subprocess.run(argv, capture_output=True, check=False)
    return done.stdout.decode(errors="replace")


def _known_again(repository):
    commits = _git(repository, "rev-list", "--first-parent", "HEAD").split()
    old = commits[min(COMMITS_BACK, len(commits) - 1)]
    now = _texts(repository, "HEAD")
    search = TextSearch({("w", path): text for path, text in now.items()})
    told = {"there": [0, 0], "near": [0, 0], "changed": [0, 0], "unknown": [0, 0]}
    began = time.perf_counter()
    taken = list(_lines(repository, old))
    for item, survives in taken:
        place = relocate(item, lambda _, path: now.get(path, ""), search)
        told[place.state][survives] += 1
    seconds = time.perf_counter() - began
    kept, gone = sum(one[1] for one in told.values()), sum(one[0] for one in told.values())
    found = told["there"][1] + told["near"][1]
    lost = told["changed"][0]
    return [
        Row("% of lines git still knows: found again", _percent(found, kept), "", f"of {kept}"),
        Row("% of lines git lost: called changed", _percent(lost, gone), "", f"of {gone}"),
        Row("time per line, git included", seconds / max(1, len(taken)), "ms"),
    ]


def _percent(part, whole):
    return 100 * part / whole if whole else None


def _texts(repository, commit):
    listed = _git(repository, "ls-tree", "-r", "--name-only", commit).splitlines()
    return {path: _git(repository, "show", f"{commit}:{path}") for path in listed if is_code(path)}


def _lines(repository, old):
    """Insights about random lines as they stood, and whether git knows the line today."""
    rng = random.Random(7)
    changed = _git(repository, "diff", "--name-only", "--diff-filter=MR", old, "HEAD").splitlines()
    head = _git(repository, "rev-parse", "HEAD").strip()
    files = [path for path in changed if is_code(path)]
    for path in rng.sample(files, min(FILES, len(files))):
        blamed = _git(repository, "blame", "--reverse", "-s", "-l", f"{old}..HEAD", "--", path)
        text = _git(repository, "show", f"{old}:{path}")
        rows = list(zip(blamed.splitlines(), text.split("\n"), strict=False))
        spoken = [n for n, (_, line) in enumerate(rows, 1) if sum(map(str.isalnum, line)) > 9]
        for number in rng.sample(spoken, min(LINES // FILES, len(spoken))):
            if around := function_around(text, number, path):
                item = _insight(path, number, rows[number - 1][1], around.name, old)
                yield item, rows[number - 1][0].lstrip("^").startswith(head)


def _insight(path, line, quote, function, commit):
    now = datetime.now(UTC)
    evidence = Evidence(path=path, line=line, end_line=line, quote=quote, commit=commit)
    return KnownInsight(
        id="a3f", workspace="w", workspace_path="/w", title="t", body="b", category="bug",
        evidence=(evidence,), grounded=True, function=function, first_seen=now, last_seen=now,
        times_seen=1, first_session="a", last_session="a",
    )  # fmt: skip
