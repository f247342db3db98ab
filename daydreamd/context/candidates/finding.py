"""The door of the folder: every rule asked, one after the other, on one reading of the changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final

from daydreamd.context.candidates.analyzers import ask_analyzers
from daydreamd.context.candidates.changed_code import ChangedCode
from daydreamd.context.candidates.changed_files import find_base, read_changes
from daydreamd.context.candidates.gone_names import find_gone_names
from daydreamd.context.candidates.lock_files import find_stale_locks
from daydreamd.context.candidates.lost_tests import find_lost_tests
from daydreamd.context.candidates.named_todos import find_named_todos
from daydreamd.context.candidates.outgrown import find_outgrown
from daydreamd.context.candidates.signatures import find_old_calls
from daydreamd.context.candidates.swallowed import find_swallowed
from daydreamd.context.candidates.twins import find_twins
from daydreamd.context.foreign import ForeignGit
from daydreamd.context.lines import CountedFile
from daydreamd.context.uncommitted import Uncommitted
from daydreamd.errors import DaydreamError
from daydreamd.records.candidate import Candidate

MOST_CANDIDATES: Final = 40
_MOST_OF_ONE_RULE: Final = 8

OnFailure = Callable[[str, str], None]
"""Told of a rule that failed, and why."""
Rule = Callable[[ChangedCode], Awaitable[list[Candidate]]]
RULES: Final[Sequence[Rule]] = (
    find_gone_names,
    find_old_calls,
    find_stale_locks,
    find_lost_tests,
    find_twins,
    find_swallowed,
    find_named_todos,
    ask_analyzers,
    find_outgrown,
)
"""Those first whose findings break something."""


async def find_candidates(  # noqa: PLR0913 - what the survey knows already is handed on
    root: Path,
    git: ForeignGit,
    *,
    since: float,
    uncommitted: Sequence[Uncommitted] = (),
    counted: Sequence[CountedFile] = (),
    without: Sequence[str] = (),
    excluded: Callable[[str], bool],
    scratch: Path,
    on_failure: OnFailure,
) -> list[Candidate]:
    """What the lines changed `since` (seconds since 1970) give away, the worst first.

    `counted` are the workspace's source files, `without` the files that are too large to be read;
    copies for analyzers are laid below `scratch`.
    """
    base = await find_base(git, since=since)
    untracked = [one.path for one in uncommitted if one.code == "??"]
    files = await read_changes(git, root, base, untracked=untracked, excluded=excluded)
    code = ChangedCode(
        root, git, files, excluded=excluded, without=without, counted=counted, scratch=scratch
    )
    return await ask_rules(code, on_failure=on_failure)


async def ask_rules(
    code: ChangedCode, rules: Sequence[Rule] = RULES, *, on_failure: OnFailure
) -> list[Candidate]:
    """The findings of every rule; one that fails takes none of the others along."""
    found: dict[str, Candidate] = {}
    for rule in rules if code.files else ():
        try:
            told = await rule(code)
        except (DaydreamError, OSError, ValueError, RecursionError) as error:
            # Odd text, or git that gave up: the other rules do not depend on this one.
            on_failure(rule.__name__, str(error))
            continue
        counts: Counter[str] = Counter()
        for one in told:
            counts[one.source] += 1
            if counts[one.source] <= _MOST_OF_ONE_RULE:
                found.setdefault(one.key, one)
    return list(found.values())[:MOST_CANDIDATES]
