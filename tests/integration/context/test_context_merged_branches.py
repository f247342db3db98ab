"""Made histories, whose truth is known without daydreamd: no lost work is called safe."""

import pytest

from tests.fakes.merged_branches import lines_elsewhere, make_world


@pytest.mark.parametrize("seed", range(1_000, 1_005))
async def test_no_lost_work_is_called_safe_and_most_of_the_safe_is(seed, tmp_path, gather):
    world = make_world(tmp_path / "world", seed)
    report = await gather(world.clone)
    assert report.failures == ()
    told = report.workspaces["clone"]["only_here"]
    verdicts = {one["name"]: one["verdict"] for one in told if one["kind"] == "branch"}
    safe = {name for name in world.fates if verdicts[name] == "safe"}
    assert {name for name in safe if world.fates[name] == "lost"} == set()
    assert {name for name in safe if not lines_elsewhere(world, name)} == set()
    merged = {name for name, fate in world.fates.items() if fate == "merged"}
    assert len(merged - safe) <= len(merged) // 3
