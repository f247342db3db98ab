"""Changes that hardly show, and ways in which a branch only seems to be in the main one."""

import os

from tests.fakes.branch_world import FILES


def either(change):
    """A branch with just this change, squashed or not."""

    def way(world, name):
        change(world)
        world.commit()
        if world.chance.random() < 0.5:
            world.main_moves(elsewhere=FILES)
            return "lost"
        world.squash(name)
        return "merged"

    way.__name__ = change.__name__
    return way


def pointer(world):
    oid = f"{world.chance.getrandbits(256):064x}"
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n"
    world.write(f"big-{world.chance.randrange(10**6)}.bin", text)


def mode_only(world):
    file = world.clone / "lib/core.py"
    file.chmod(0o644 if os.access(file, os.X_OK) else 0o755)


def binary(world):
    world.write("picture.png", b"\x89PNG\0" + world.chance.randbytes(200))


def line_ends(world):
    text = (world.clone / "docs/é.md").read_bytes()
    has = b"\r\n" in text
    world.write("docs/é.md", text.replace(b"\r\n", b"\n") if has else text.replace(b"\n", b"\r\n"))


def blanks_only(world):
    lines = (world.clone / "app.py").read_text().split("\n")
    at = world.chance.randrange(10, 40)
    lines[at] = f"{' ' * world.chance.randint(1, 40)}{lines[at]}"
    world.write("app.py", "\n".join(lines))


def deletion(world):
    lines = (world.clone / "app.py").read_text().split("\n")
    at = world.chance.randrange(5, 40)
    world.write("app.py", "\n".join(lines[:at] + lines[at + 4 :]))


def block_twice(world, name):
    """The same change was made to another of two equal blocks."""
    block = "".join(f"step {n}\n" for n in range(9))
    world.git("checkout", "-q", "main")
    file = f"blocks-{name.replace('/', '-')}.txt"
    world.write(file, block + "between\n" * 20 + block)
    world.commit("blocks")
    world.git("branch", "-q", "-f", name, "main")
    text = (world.clone / file).read_text()
    changed = "step 4 is another long line now\n"
    world.write(file, changed.join(text.split("step 4\n", 1)))
    world.commit("the first")
    world.git("checkout", "-q", name)
    world.write(file, changed.join(text.rsplit("step 4\n", 1)))
    world.commit("the second")
    return "lost"


def same_in_another_file(world, name):
    world.write("a/setup.py", "same = 1\nsame_again = 2\n")
    world.commit()
    world.git("checkout", "-q", "main")
    world.write(f"b/{name[-4:]}/setup.py", "same = 1\nsame_again = 2\n")
    world.commit("others")
    if (world.clone / "a/setup.py").exists():
        return "neither"
    return "lost"


def restored(world, name):
    """The branch takes back what main did before; main does not."""
    world.git("checkout", "-q", "main")
    world.edit("data.txt")
    world.commit("a step")
    world.git("branch", "-q", "-f", name, "main")
    world.git("checkout", "-q", name)
    world.git("revert", "--no-edit", "HEAD")
    world.main_moves(elsewhere=FILES)
    return "lost"


def came_and_went(world, name):
    world.write("draft.txt", f"a long piece of work {world.chance.randrange(10**9)}\n")
    world.commit("draft")
    (world.clone / "draft.txt").unlink()
    world.commit("no draft")
    return "lost"


def unmerged(world, name):
    world.work()
    world.main_moves()
    return "lost"
