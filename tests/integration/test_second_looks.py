"""Sessions over a real repository: what is refused, what waits, what has moved meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

from daydreamd.history.store import History, open_history
from daydreamd.insights.judgement import Judgement
from daydreamd.records.analysis import AnalysisFacts
from daydreamd.records.daydream_session import DaydreamSession, Trigger
from daydreamd.records.workspace import Excerpt, Workspace
from daydreamd.reflection.reflecting import Reflection
from daydreamd.sessions.recollection import Recollection
from tests.integration.test_searching_workspaces import CODE, a_repository, git

LOSES = {
    "title": "A failed charge is lost",
    "body": "`charge` returns what `send` says and nobody looks at it, a refusal goes unnoticed.",
    "path": "client.py", "line": 200, "quote": "return send(order)",
}  # fmt: skip
NEGATIVE = {
    "title": "A refund of a refund charges again",
    "body": "`refund` sends `negative=True` whatever the sign of the order is: two make a charge.",
    "path": "pay/client.py", "line": 6, "quote": "return send(order, negative=True)",
}  # fmt: skip
UNUSED = {
    "title": "`charge` is never called",
    "body": "Nothing in the project uses `charge`, so it can go.",
    "path": "pay/client.py", "line": 1, "quote": "def charge(order):",
}  # fmt: skip


async def a_session(
    history: History, root: Path, scratch: Path, *claims: dict[str, object], commit: str = ""
) -> tuple[DaydreamSession, Judgement]:
    """What comes of an answer that makes these claims; at most one is told."""
    session = DaydreamSession.begin(Trigger.ONCE)
    page = Excerpt(workspace="shop", path="pay/client.py", text=CODE, commit=commit)
    answer = json.dumps({"insights": claims})
    reflection = Reflection(answer, AnalysisFacts(), (page,)) if claims else None
    memory = Recollection(history, [Workspace(name="shop", path=str(root))])
    judgement = await memory.judge(
        reflection, await memory.recall(), max_new=1, session_id=session.session_id,
        scratch=scratch / session.session_id,
    )  # fmt: skip
    session.refused_claims = judgement.refused()
    session.insight_items = await memory.keep(session, judgement)
    return session, judgement


async def test_what_is_refused_waits_or_moves_is_known_in_the_next_session(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    commit = a_repository(root)
    async with open_history(tmp_path / "history.db") as history:
        first, _ = await a_session(history, root, tmp_path, UNUSED, LOSES, NEGATIVE, commit=commit)
        (told,) = first.insight_items
        assert (told.title, told.evidence[0].line, told.function) == (LOSES["title"], 2, "charge")
        unused, waits = first.refused_claims
        assert (unused.reason, unused.decided_by) == (
            "called unused, and is used", "used in main.py:3",
        )  # fmt: skip
        assert (waits.reason, waits.title) == ("over the limit", NEGATIVE["title"])

        git(root, "mv", "pay/client.py", "gateway.py")
        (root / "gateway.py").write_text("LIMIT = 3\n\n\n" + CODE)
        git(root, "commit", "-q", "-a", "-m", "move")
        second, judgement = await a_session(history, root, tmp_path)
        (waited,) = second.insight_items
        assert (waited.title, waited.evidence[0].place) == (NEGATIVE["title"], "gateway.py:9")
        assert judgement.addressed == ()
        known = await history.insight(told.id)
        assert (known.evidence[0].place, known.status) == ("gateway.py:5", "new")
        third, _ = await a_session(history, root, tmp_path)
        assert third.insight_items == []
