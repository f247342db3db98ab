"""A repository as agents leave it over a year: many commits, branches and work trees."""

import os
import subprocess
from pathlib import Path

START = 1_600_000_000


def make_large(root, *, commits, branches, worktrees, files=400):
    """A clone below `root`, every second branch squashed into main, with linked work trees."""
    root = Path(root)
    remote, clone = root / "remote.git", root / "clone"
    root.mkdir(parents=True, exist_ok=True)
    _git(root, "init", "-q", "--bare", "-b", "main", str(remote))
    stream = b"".join(_stream(commits, branches, files))
    _git(remote, "fast-import", "--quiet", stdin=stream)
    _git(root, "clone", "-q", str(remote), str(clone))
    packed = _git(remote, "for-each-ref", "--format=%(objectname) refs/heads/%(refname:lstrip=3)",
                  "refs/topics")  # fmt: skip
    _git(clone, "fetch", "-q", "origin", "refs/topics/*:refs/heads/*")
    assert len(packed.splitlines()) == branches
    for number in range(worktrees):
        tree = clone / ".claude/worktrees" / f"w{number}"
        _git(clone, "worktree", "add", "-q", str(tree), f"b{number}")
        if number % 3 == 0:
            (tree / "note.txt").write_text("not committed\n")
    return clone


def _stream(commits, branches, files):
    mark, at = 0, START
    step = max(1, commits // max(1, branches))
    branch = 0
    for number in range(commits):
        mark += 1
        at += 600
        name = f"d{number % 20}/f{number % files}.txt"
        text = "".join(f"line {line} of {number if line == 7 else 0}\n" for line in range(30))
        yield _commit("refs/heads/main", mark, at, f"main {number}", name, text)
        if number % step == 0 and branch < branches:
            ref, base = f"refs/topics/b{branch}", mark
            content = f"work {branch}\n" * 3
            mark += 1
            yield _commit(ref, mark, at + 1, f"work {branch}", f"w/{branch}.txt", content, base)
            if branch % 2 == 0:
                mark += 1
                squash = f"squash {branch}"
                yield _commit("refs/heads/main", mark, at + 2, squash, f"w/{branch}.txt", content)
            branch += 1


def _commit(ref, mark, at, message, name, text, base=None):
    start = f"from :{base}\n" if base else ""
    who = f"committer A <a@example.invalid> {at} +0000\n"
    return (
        f"commit {ref}\nmark :{mark}\n{who}data {len(message)}\n{message}\n{start}"
        f"M 100644 inline {name}\ndata {len(text)}\n{text}\n"
    ).encode()


def _git(place, *arguments, stdin=None):
    return subprocess.run(
        ["git", *arguments], cwd=place, input=stdin, check=True, capture_output=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"},
    ).stdout.decode()  # fmt: skip
