"""Real faults of a public repository that were young when they were fixed.

A commit whose subject speaks of a fix takes lines away; who wrote those lines, `git blame` says at
its parent. The newest commit blamed is the culprit. Kept are faults that were fixed within a week,
seen from the night after they came: from the last commit of that day on HEAD's first-parent line.
"""

import json
import re
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache

MAX_AGE_SECONDS = 7 * 86_400
_FIX = re.compile(r"(?i)\b(fix(es|ed|ing)?|bug|regression|crash(es|ed)?|wrong|incorrect|broken)\b")
_NO_FAULT = re.compile(
    r"(?i)typo|lint|format|style|docs?\b|documentation|readme|changelog|\btests?\b|\bci\b|spec\b"
    r"|bump|release|merge|\bdeps\b|dependenc|revert|comment|spelling|grammar|translation|warning|workflow"
)
_CODE = re.compile(
    r"\.(c|h|cc|cpp|hpp|py|js|jsx|ts|tsx|mjs|rb|go|rs|java|kt|php|lua|ex|exs|swift|cs|scala|sh|vue)$"
)
_TEST = re.compile(r"(?i)(^|/)(tests?|specs?|testing|features|__tests__|playground|fixtures?)/")
_TEST_NAME = re.compile(r"(?i)(^|/)(test_[^/]*|[^/]*[_.-](test|spec)s?\.[a-z]+|[^/]*Test\.[a-z]+)$")
_LEFT_OUT = re.compile(r"(?i)(^|/)(vendor|node_modules|third_party|dist|docs?|examples?)/")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+")
_TELLING = re.compile(r"\w.*\w.*\w")
_COMMENT = re.compile(r"\s*(#|//|/\*|\*|--|;|<!--)")
MAX_FILES, MAX_DELETED = 4, 40
MAX_CULPRIT_FILES = 120


@dataclass(frozen=True)
class Fault:
    """Lines that a fix took away, as they stood the night after they came.

    `stand` is the commit of that night, `night` its time; `lines` are their numbers in `path`.
    """

    repository: str
    fix: str
    subject: str
    culprit: str
    stand: str
    night: int
    path: str
    lines: tuple[int, ...]
    texts: tuple[str, ...]


def is_source(path):
    """Whether a path is code that is no test, no example and no library."""
    return bool(_CODE.search(path)) and not (
        _TEST.search(path) or _TEST_NAME.search(path) or _LEFT_OUT.search(path)
    )


class Repository:
    """A bare repository, asked through git."""

    def __init__(self, name, directory):
        self.name = name
        self.directory = directory
        self._first_parents = None

    def git(self, *arguments, check=True):
        """What git prints."""
        done = subprocess.run(
            ["git", "-C", self.directory, *arguments], capture_output=True, check=check, timeout=120
        )
        return done.stdout.decode(errors="replace")

    @property
    def first_parents(self):
        """Commits of HEAD's first-parent line with their times, newest first."""
        if self._first_parents is None:
            printed = self.git("log", "--first-parent", "--format=%H %ct", "HEAD")
            self._first_parents = [
                (oid, int(at)) for oid, at in (line.split() for line in printed.splitlines())
            ]
        return self._first_parents

    def last_of_the_day(self, at):
        """The commit that stood at the end of the (UTC) day of `at`, and when that day ended."""
        end = (at // 86_400 + 1) * 86_400
        return next(((oid, end) for oid, when in self.first_parents if when < end), (None, end))

    def mine(self, wanted, *, known=(), tried=3_000):
        """Yield faults, newest first, at most `wanted` and one per culprit."""
        culprits = {fault.culprit for fault in known}
        printed = self.git("log", "--no-merges", f"--max-count={40 * tried}",
                           "--format=%H%x00%P%x00%ct%x00%s", "HEAD")  # fmt: skip
        for line in printed.splitlines():
            oid, parent, at, subject = line.split("\0")
            if len(culprits) >= wanted or tried <= 0:
                return
            if parent and _FIX.search(subject) and not _NO_FAULT.search(subject):
                tried -= 1
                fault = self._fault(oid, parent.split()[0], int(at), subject)
                if fault and fault.culprit not in culprits:
                    culprits.add(fault.culprit)
                    yield fault

    def _fault(self, fix, parent, at, subject):
        deleted = self._deleted(parent, fix)
        if not 1 <= sum(map(len, deleted.values())) <= MAX_DELETED or len(deleted) > MAX_FILES:
            return None
        blamed = [
            one for path, lines in deleted.items() for one in self._blame(parent, path, lines)
        ]
        if not blamed:
            return None
        came_at, culprit = max((one["at"], one["commit"]) for one in blamed)
        stand, night = self.last_of_the_day(came_at)
        if not 0 < at - came_at <= MAX_AGE_SECONDS or at < night or stand is None:
            return None
        if self._is_unfit(culprit, stand, fix):
            return None
        found = [self._at(stand, one) for one in blamed if one["commit"] == culprit]
        found = [one for one in found if one]
        if not found:
            return None
        path = max({one[0] for one in found}, key=lambda p: sum(one[0] == p for one in found))
        here = sorted({one[1:] for one in found if one[0] == path})
        lines, texts = zip(*here, strict=True)
        return Fault(self.name, fix, subject, culprit, stand, night, path, lines, texts)

    def _is_unfit(self, culprit, stand, fix):
        contained = subprocess.run(
            ["git", "-C", self.directory, "merge-base", "--is-ancestor", culprit, stand],
            check=False,
        )
        fixed = subprocess.run(
            ["git", "-C", self.directory, "merge-base", "--is-ancestor", fix, stand], check=False
        )
        files = self.git("show", "--format=", "--name-only", culprit).count("\n")
        return contained.returncode != 0 or fixed.returncode == 0 or files > MAX_CULPRIT_FILES

    def _deleted(self, parent, fix):
        """Telling lines that the fix took away from source files, by path."""
        printed = self.git("diff", "-U0", "-w", "--no-color", "--no-renames", parent, fix)
        found, path, at = {}, None, 0
        for line in printed.split("\n"):
            if line.startswith("--- "):
                path = line[6:] if line.startswith("--- a/") else None
            elif header := _HUNK.match(line):
                at = int(header[1])
            elif line.startswith("-") and path:
                if is_source(path) and _TELLING.search(line[1:]) and not _COMMENT.match(line[1:]):
                    found.setdefault(path, []).append(at)
                at += 1
        return found

    def _blame(self, commit, path, lines):
        spans = [argument for line in lines for argument in ("-L", f"{line},{line}")]
        return parse_blame(self.git("blame", "-w", "-p", *spans, commit, "--", path, check=False))

    def _at(self, stand, one):
        """The path, number and text of a blamed line in the commit `stand`; None if not there."""
        for line in self._blame_all(stand, one["path"]):
            if line["commit"] == one["commit"] and line["was"] == one["was"]:
                return one["path"], line["number"], line["text"]
        return None

    @cache  # noqa: B019 - a run ends with its repositories
    def _blame_all(self, commit, path):
        return parse_blame(self.git("blame", "-w", "-p", commit, "--", path, check=False))


def parse_blame(printed):
    """Lines of `git blame --porcelain`: commit, time, path and number then and now, text."""
    found, times, paths, here = [], {}, {}, {}
    for line in printed.split("\n"):
        if header := re.match(r"([0-9a-f]{40}) (\d+) (\d+)", line):
            here = {"commit": header[1], "was": int(header[2]), "number": int(header[3])}
        elif line.startswith("committer-time "):
            times[here["commit"]] = int(line.split()[1])
        elif line.startswith("filename "):
            paths[here["commit"]] = line[9:]
        elif line.startswith("\t"):
            commit = here["commit"]
            found.append({**here, "at": times[commit], "path": paths[commit], "text": line[1:]})
    return found


def mined(repository, wanted, store):
    """The faults of a repository, from the file `store` as far as they stand there already."""
    known = []
    if store.exists():
        known = [Fault(**{**one, "lines": tuple(one["lines"]), "texts": tuple(one["texts"])})
                 for one in json.loads(store.read_text())]  # fmt: skip
    if len(known) < wanted and not store.with_suffix(".all").exists():
        known = list(repository.mine(wanted))
        if len(known) < wanted:
            store.with_suffix(".all").touch()
        store.write_text(json.dumps([asdict(fault) for fault in known], indent=1))
    return known[:wanted]


def day(at):
    """A moment as its day."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
