"""What the output of a command says of tests: the closing lines of the test runners that are known.

An exit code tells nothing behind a pipe or `|| true`; the summary that the runner prints does. Only
whole summaries count, and the last one in the output wins. Pure.
"""

from __future__ import annotations

import re
from typing import Final, Literal

TestOutcome = Literal["", "passed", "failed", "absent"]
_ABSENT: Final = re.compile(
    r"(?i)missing script:|no rule to make target|command not found|no module named pytest|"
    r"is not recognized as an internal|unknown (?:command|task|target)|"
    r"could not find (?:a )?(?:task|target|recipe)|does not contain recipe"
)

_TAIL_CHARS: Final = 3_000
_FAILED: Final = "failed"
_PASSED: Final = "passed"
_SUMMARIES: Final = re.compile(
    r"""
    ^(?P<pytest>=*\s*(?:\d+\s(?:failed|passed|skipped|deselected|x?failed|xpassed|errors?|warnings?)
        (?:,\s)?)+\s*in\s[\d.]+\s?s?.*)$                                 # pytest
    | ^(?P<unit>OK|FAILED|NOT\sOK)(?:\s\([a-z=\d, ]+\))?$               # unittest
    | ^\s*Tests?:\s+(?P<jest>.*\btotal)$                                # jest
    | ^\s*Tests\s+(?P<vitest>\d+\s(?:passed|failed).*)$                 # vitest
    | ^test\sresult:\s(?P<cargo>ok|FAILED)\.                            # cargo
    | ^(?P<go>ok|FAIL)\s+\S+/?\S*\s+(?:\(cached\)|[\d.]+s)              # go test
    | ^(?P<gofail>FAIL)$
    | ^(?P<mocha>\s*\d+\s(?:passing|failing)\b.*)$                      # mocha
    | ^(?P<rspec>\d+\sexamples?,\s\d+\sfailures?.*)$                    # rspec
    | ^(?P<junit>.*Tests\srun:\s\d+,\sFailures:\s\d+,\sErrors:\s\d+.*)$ # surefire
    | ^(?P<node>[#ℹ]\sfail\s\d+)$                                       # node --test
    | ^\d+%\stests\spassed,\s(?P<ctest>\d+)\stests?\sfailed             # ctest
    | ^(?P<dotnet>(?:Passed|Failed)!\s+-\sFailed:\s+\d+)                # dotnet
    | ^OK\s\((?P<phpunit>\d+)\stests?,                                  # phpunit
    | ^(?P<phpfail>FAILURES!)$
    """,
    re.VERBOSE | re.MULTILINE,
)
_FAILURE: Final = re.compile(
    r"[1-9]\d*\s(?:failed|errors?\b|failing|failures?)|FAIL|NOT OK|Failures:\s[1-9]|Errors:\s[1-9]"
    r"|fail\s[1-9]|Failed:\s+[1-9]"
)
_COUNTED: Final = re.compile(r"[1-9]\d*\s(?:passed|passing|examples?)\b|tests?\b.*[1-9]")
_RAN: Final = re.compile(r"^Ran \d+ tests? in ", re.MULTILINE)
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


def _may_tell(text: str) -> bool:
    """Whether a summary may be in it. One `in` after the other: this is asked of every output."""
    return "pass" in text or "ail" in text or "AIL" in text or "OK" in text or "ok" in text


_GIT: Final = (
    ("C", re.compile(r"^\[[^\]\n]+ (?:\(root-commit\) )?[0-9a-f]{7,40}\] ", re.MULTILINE)),
    (
        "P",
        re.compile(
            r"^ ?[ +*=-] .*(?: -> ).*$|^Everything up-to-date|^To \S+\n[^!]*->", re.MULTILINE
        ),
    ),
    (
        "R",
        re.compile(r"^ ?! \[(?:remote )?rejected\]|^error: failed to push|^fatal: ", re.MULTILINE),
    ),
    ("N", re.compile(r"nothing to commit|no changes added to commit", re.MULTILINE)),
)


def git_said(output: str) -> str:
    """What the output says of commits and pushes, in letters: see `Act.git`."""
    tail = output[-_TAIL_CHARS:]
    return "".join(letter for letter, pattern in _GIT if pattern.search(tail))


def outcome_in(output: str) -> TestOutcome:
    """Whether the last summary of tests in `output` says that they passed or failed; "" if none.

    A run of several summaries (one for each package) has failed where one of them has. "absent"
    where there was nothing to run.
    """
    tail = output[-_TAIL_CHARS:]
    if _ABSENT.search(tail):
        return "absent"
    if not _may_tell(tail):
        return ""
    found: TestOutcome = ""
    for match in _SUMMARIES.finditer(_COLOUR.sub("", tail)):
        said = _judged(match)
        if said:
            found = _FAILED if _is_one_of_many(match) and found == _FAILED else said
    return found


def _judged(match: re.Match[str]) -> TestOutcome:
    kind, text = match.lastgroup, match[0]
    if kind == "unit" and not _RAN.search(match.string):
        return ""  # a line that says OK is no test by itself
    if kind == "ctest":
        return _PASSED if match["ctest"] == "0" else _FAILED
    if _FAILURE.search(text):
        return _FAILED
    if kind in ("pytest", "mocha", "jest", "vitest"):
        return _PASSED if _COUNTED.search(text) or "passed" in text else ""
    return _PASSED


def _is_one_of_many(match: re.Match[str]) -> bool:
    """Runners that print a summary for each package or module."""
    return match.lastgroup in ("go", "cargo", "junit", "mocha")
