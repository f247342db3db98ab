"""Sessions of agents in a few words, for tables of claims: what was done, what was said, what git
knows of it. The work tree is /w; the session lasts from second 1000 on, ten seconds an act."""

from __future__ import annotations

from daydreamd.agents.work.stories import Story, join
from daydreamd.agents.work.trace import Trace
from daydreamd.agents.work.verdicts import judge_claims
from daydreamd.records.repository_state import RepositoryState

START = 1_000.0


def run(command, code=0, output=""):
    return ("run", command, code, output)


def edit(name):
    return ("edit", name)


def story_of(acts, words, *, todos=None, parts=()):
    trace = Trace(agent="claude", id="s", workspace="/w", cwd="/w")
    trace.saw_time(START)
    trace.prompted("Do it", 1, START)
    for number, act in enumerate(acts, 2):
        _tell(trace, act, number, START + 10 * number)
    end = START + 10 * (len(acts) + 2)
    trace.said(words, len(acts) + 2, end)
    trace.saw_time(end)
    trace.todos = todos
    helpers = []
    for place, done in enumerate(parts):
        helper = Trace(agent="claude", id=f"h{place}", part_of="s", cwd="/w")
        for number, act in enumerate(done, 1):
            _tell(helper, act, number, end - 5 + number)
        helpers.append((helper, f"/t/h{place}.jsonl"))
    (story,) = join([(trace, "/t/s.jsonl"), *helpers])
    return story


def _tell(trace, act, number, at):
    trace.saw_time(at)
    match act:
        case ("edit", name):
            trace.edited(name if name.startswith("/") else f"/w/{name}", number, at, f"k{number}")
        case ("helper",):
            trace.helped(number, at)
        case ("background", command):
            trace.began(command, number, at, f"k{number}").running = True
        case ("look", output):
            trace.seen(output, number, at)
        case (_, command, code, output):
            trace.began(command, number, at, f"k{number}")
            trace.ended(f"k{number}", output, code)


def repository(
    uncommitted=(), *, commits=0, unpushed=0, remote=True, changed=START + 5, at=START + 30
):
    made = {f"{number:07x}" + "a" * 33: at for number in range(1, commits + 1)}
    return {
        "/w": RepositoryState(
            top="/w",
            branch="main",
            uncommitted={f"/w/{name}": changed for name in uncommitted},
            commits=made,
            unpushed=tuple(list(made)[:unpushed]),
            has_remote=remote,
        )
    }


def verdicts(story: Story, states=None):
    """Each claim's kind and verdict."""
    return {claim.kind: claim.verdict for claim in judge_claims(story, states or {})}
