"""Repositories with branches that came into the main one in every way, or did not.

`make_world(root, seed)` makes a bare remote and a clone of it with one branch for each of a few
ways, chosen and filled at random. Each branch says by construction whether it was merged, lost, or
neither; `lines_elsewhere` is told by git alone, knowing nothing of daydreamd: whether every line
that the branch added stands, at its path, in some commit that the remote has.
"""

import random
from pathlib import Path

from tests.fakes.branch_world import FILES, World
from tests.fakes.ways_into_main import (
    amended_after,
    cherry_picked,
    criss_cross,
    empty,
    empty_and_real,
    evil,
    fast_forwarded,
    kept_in_step,
    merged,
    merged_then_more,
    octopus,
    partly,
    rebased,
    renamed,
    resolved,
    resolved_and_changed,
    reverted,
    reworded,
    squashed,
    squashed_and_reverted,
    squashed_beside_others,
    subtree,
)
from tests.fakes.ways_that_deceive import (
    binary,
    blanks_only,
    block_twice,
    came_and_went,
    deletion,
    either,
    line_ends,
    mode_only,
    pointer,
    restored,
    same_in_another_file,
    unmerged,
)

WAYS = (
    merged, fast_forwarded, squashed, squashed, squashed_beside_others, rebased, cherry_picked,
    partly, merged_then_more, reverted, squashed_and_reverted, reworded, amended_after, renamed,
    resolved, resolved_and_changed, evil, kept_in_step, empty, empty_and_real, criss_cross,
    octopus, subtree, either(pointer), either(mode_only), either(binary), either(line_ends),
    either(blanks_only), either(deletion), block_twice, same_in_another_file, restored,
    came_and_went, unmerged,
)  # fmt: skip


def make_world(root, seed, *, branches=6):
    """A remote and a clone with some branches; each lies in `fates` and `ways`."""
    chance = random.Random(seed)
    world = World(Path(root), seed, chance)
    world.root.mkdir(parents=True, exist_ok=True)
    world.git("init", "-q", "--bare", "-b", "main", str(world.remote), at=world.root)
    world.git("clone", "-q", str(world.remote), str(world.clone), at=world.root)
    world.git("checkout", "-q", "-b", "main")
    for name in (*FILES, "others.txt"):
        world.write(name, "\n".join(world.say() for _ in range(60)) + "\n")
    world.commit("first")
    world.git("push", "-q", "origin", "main")
    for number, way in enumerate(chance.sample(WAYS, branches)):
        name = f"{chance.choice(('', 'claude/', 'x y/'))}{way.__name__}-{number}".replace(" ", "")
        world.branch(name)
        world.ways[name] = way.__name__
        world.fates[name] = way(world, name)
        if world.git("status", "--porcelain"):
            world.commit("left over") if world.git("branch", "--show-current") == "main" else None
            world.git("reset", "-q", "--hard")
        world.git("checkout", "-q", "-f", "main")
    world.git("push", "-q", "origin", "main")
    return world


def lines_elsewhere(world, branch):
    """Whether each line that the branch added stands at its path in a commit of the remote."""
    base = world.git("merge-base", "origin/main", branch, check=False)
    base = base.split("\n")[0] or "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    wanted = _added(world, world.clone, "diff", base, branch)
    return wanted <= _added(world, world.remote, "log", "-p", "-m", "--format=", "main")


def _added(world, place, *command):
    printed = world.git(
        *command[:1], "--no-renames", "--no-color", "-U0", "--no-prefix", *command[1:], at=place
    )
    found, path = set(), ""
    for line in printed.split("\n"):
        if line.startswith("+++ "):
            path = line[4:].rstrip("\t")
        elif line.startswith("+") and line[1:].strip():
            found.add((path, line[1:]))
    return found
