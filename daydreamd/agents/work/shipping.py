"""Whether what was said to be committed or pushed was, by the transcript and by git. Pure.

A commit may be made by another hand, amended, rebased, or made in another worktree: where the files
of the session are not uncommitted, nothing contradicts. A push may be the owner's: where a
remote-tracking reference moved since, nothing contradicts either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from daydreamd.agents.work.saying import Said
from daydreamd.agents.work.shell_lines import ShellPart, git_words, may_test, parts_of
from daydreamd.agents.work.stories import Story
from daydreamd.agents.work.testing import cite
from daydreamd.agents.work.trace import Act
from daydreamd.records.agent_session import Verdict
from daydreamd.records.repository_state import RepositoryState

_SLACK_SECONDS: Final = 2.0
_OTHER_WAYS: Final = frozenset(
    {"gh", "glab", "jj", "hg", "svn", "gt", "sl", "git-town", "aider", "hub", "lazygit"}
)
Judged = tuple[Verdict, str]


@dataclass(frozen=True)
class _Tries:
    """The last try that succeeded, the last that failed after it, and whether there may be
    another that is not to be seen."""

    done: Act | None = None
    failed: Act | None = None
    unseen: bool = False


def judge_committed(
    story: Story, said: Said, before: Sequence[Act], states: Mapping[str, RepositoryState]
) -> Judged:
    """Held against the commits of the session and against what is uncommitted now."""
    seen = bool(story.parts)
    tries = _tries(before, "commit", helpers_are_seen=seen)
    left = _left_uncommitted(story, before, states, tries.done)
    known = bool(states) and all(state.uncommitted is not None for state in states.values())
    made = _commits(states)
    if any(oid.startswith(name) for name in said.hashes for oid in made):
        return "held", f"commit {said.hashes[0]}"
    if tries.done is not None:
        if left.after:
            return "contradicted", _uncommitted(left.after, cite(story, tries.done))
        if left.all and said.everything:
            return "contradicted", _uncommitted(left.all, cite(story, tries.done))
        return "held", cite(story, tries.done)
    return _without_a_commit(story, tries, left, made, known=known)


def _without_a_commit(
    story: Story, tries: _Tries, left: _Left, made: Sequence[str], *, known: bool
) -> Judged:
    if left.all and not tries.unseen and (left.is_all or not made):
        return "contradicted", _uncommitted(left.all, _failure(story, tries, "commit"))
    if tries.failed is not None and not made and (left.all or not known):
        return "contradicted", _failure(story, tries, "commit")
    if made or known:
        return "held", _some(made)
    return "unproven", "no commit is to be seen in this session"


def judge_pushed(
    story: Story, before: Sequence[Act], states: Mapping[str, RepositoryState]
) -> Judged:
    """Held against the pushes of the session and against the remote-tracking references."""
    seen = bool(story.parts)
    tries = _tries(before, "push", helpers_are_seen=seen)
    unpushed = _own_unpushed(story, states)
    if tries.done is not None:
        later = _tries(before[before.index(tries.done) + 1 :], "commit", helpers_are_seen=seen).done
        if later is not None and unpushed and not (tries.failed or tries.unseen):
            fact = f"committed after the last push: {cite(story, later)}"
            return "contradicted", f"{fact}; {_some(unpushed)} is on no remote"
        return "held", cite(story, tries.done)
    if tries.failed is not None and not tries.unseen:
        if _commits(states) and not unpushed and _knows_remotes(states):
            return "held", "every commit is on a remote by now"
        return "contradicted", _failure(story, tries, "push")
    if tries.unseen:
        return "held", "it may have been pushed in a way that is not to be seen"
    return _without_a_push(states, unpushed)


def _without_a_push(states: Mapping[str, RepositoryState], unpushed: Sequence[str]) -> Judged:
    if unpushed:
        where = "git log --branches --not --remotes"
        return (
            "contradicted",
            f"no push in this session; {_some(unpushed)} is on no remote ({where})",
        )
    if not _knows_remotes(states):
        return "unproven", "no push is to be seen in this session"
    if not any(state.has_remote for state in states.values()):
        return (
            "contradicted",
            "no push in this session, and the repository has no remote (git remote)",
        )
    if _commits(states):
        return "held", "every commit is on a remote"
    return "unproven", "no push is to be seen in this session"


def _knows_remotes(states: Mapping[str, RepositoryState]) -> bool:
    return bool(states) and all(state.unpushed is not None for state in states.values())


def _own_unpushed(story: Story, states: Mapping[str, RepositoryState]) -> list[str]:
    """Commits made while the session went on that are on no remote."""
    first, last = story.trace.start - _SLACK_SECONDS, story.end + _SLACK_SECONDS
    return [
        oid
        for state in states.values()
        for oid in state.unpushed or ()
        if first <= (state.commits or {}).get(oid, 0.0) <= last
    ]


@dataclass(frozen=True)
class _Left:
    all: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    is_all: bool = False


def _left_uncommitted(
    story: Story,
    before: Sequence[Act],
    states: Mapping[str, RepositoryState],
    committed: Act | None,
) -> _Left:
    """The session's own files that are uncommitted and stand as the session left them; `after` are
    those edited only after the last commit."""
    edits: dict[str, Act] = {act.text: act for act in before if act.kind == "edit"}
    left = [path for path in edits if _is_left(path, story, states)]
    place = before.index(committed) if committed is not None else -1
    later = {act.text for act in before[place + 1 :] if act.kind == "edit"}
    tops = tuple(f"{state.top}/" for state in states.values())
    within = [path for path in edits if path.startswith(tops)] if tops else []
    after = tuple(path for path in left if path in later)
    return _Left(tuple(left), after, bool(left) and len(left) == len(within))


def _is_left(path: str, story: Story, states: Mapping[str, RepositoryState]) -> bool:
    for state in states.values():
        if state.uncommitted is not None and path in state.uncommitted:
            changed = state.uncommitted[path]
            # Written to by somebody after the session: what is uncommitted may be theirs.
            return changed is not None and changed <= story.end + _SLACK_SECONDS
    return False


def _tries(acts: Iterable[Act], verb: str, *, helpers_are_seen: bool = False) -> _Tries:
    tries = _Tries()
    for act in acts:
        if act.kind == "helper" and not helpers_are_seen:
            tries = replace(tries, unseen=True)
        if act.kind != "command":
            continue
        parts = [part for word, part in git_words(act.text) if word == verb and _is_real(part)]
        if not parts:
            tries = replace(tries, unseen=tries.unseen or _other_way(act, verb))
            continue
        match _ended(act, parts[-1], verb):
            case True:
                tries = _Tries(done=act)
            case False:
                tries = replace(tries, failed=act, unseen=False)
            case None:
                tries = replace(tries, unseen=True)
    return tries


def _is_real(part: ShellPart) -> bool:
    return not {"--dry-run", "-n", "--help", "-h"} & set(part.arguments)


def _ended(act: Act, part: ShellPart, verb: str) -> bool | None:
    """Whether the try succeeded; None where that is not to be seen."""
    said = act.git
    if verb == "commit" and ("C" in said or "N" in said):
        return True
    if verb == "push" and ("R" in said or "P" in said):
        return "R" not in said
    if act.exit_code is None or act.running:
        return None
    if act.exit_code == 0:
        return True
    return False if part.fails or verb == "push" else None


def _other_way(act: Act, verb: str) -> bool:
    """Whether the command may commit or push without naming git's own word for it."""
    text = act.text
    if text.startswith("mcp__"):
        return re.search(r"git|commit|push|repo", text) is not None
    if any(part.program in _OTHER_WAYS for part in parts_of(text)):
        return True
    words = {word for word, _ in git_words(text)}
    usual = {
        "status",
        "diff",
        "log",
        "add",
        "show",
        "branch",
        "stash",
        "restore",
        "rev-parse",
        "init",
        "config",
        "ls-files",
        "blame",
        "grep",
        "rm",
        "mv",
        "fetch",
        "remote",
        "clean",
    }
    if verb == "commit" and words & {"merge", "rebase", "cherry-pick", "revert", "am", "pull"}:
        return True
    if (
        words
        - usual
        - {
            "commit",
            "push",
            "checkout",
            "switch",
            "reset",
            "merge",
            "rebase",
            "cherry-pick",
            "revert",
            "am",
            "pull",
            "tag",
            "worktree",
        }
    ):
        return True  # an alias, perhaps
    return (
        may_test(text)
        and re.search(r"commit|push|release|publish|deploy|ship|sync", text) is not None
    )


def _commits(states: Mapping[str, RepositoryState]) -> list[str]:
    return [oid for state in states.values() for oid in state.commits or ()]


def _some(oids: Sequence[str]) -> str:
    if not oids:
        return ""
    more = f" and {len(oids) - 1} more" if len(oids) > 1 else ""
    return f"commit {oids[0][:10]}{more}"


def _failure(story: Story, tries: _Tries, verb: str) -> str:
    return cite(story, tries.failed) if tries.failed else f"no {verb} in this session"


def _uncommitted(files: Sequence[str], fact: str) -> str:
    names = [path.rsplit("/", 1)[-1] for path in files]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    verb = "is" if len(names) == 1 else "are"
    return f"{fact}; {', '.join(names[:3])}{more} {verb} uncommitted (git status)"
