"""What is remembered of a workspace goes when nobody looks at it any more."""

from daydreamd.context.cache import Remembered, prune, recall, remember
from daydreamd.records.facts import WorkspaceFacts
from daydreamd.records.workspace import Workspace


async def test_the_text_of_workspaces_that_are_gone_is_pruned(tmp_path):
    kept, gone = (Workspace(name=name, path=f"/w/{name}") for name in ("kept", "gone"))
    for one in (kept, gone):
        await remember(tmp_path, one, Remembered(key="k", facts=WorkspaceFacts(), excerpts=()))
    (tmp_path / "other.json").write_text("not ours")
    assert prune(tmp_path, [tmp_path / "x", *map(type(tmp_path), ["/w/kept"])]) == 1
    assert recall(tmp_path, kept, "k") is not None
    assert recall(tmp_path, gone, "k") is None
    assert (tmp_path / "other.json").exists()
    assert prune(tmp_path / "never made", []) == 0
