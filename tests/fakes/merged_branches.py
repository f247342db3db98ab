"""Repositories with branches that came into the main one in every way, or did not.

`make_world(root, seed)` makes a bare remote and a clone of it with one branch for each of a few
ways, chosen and filled at random. Each branch says by construction whether it was merged, lost, or
neither; `lines_elsewhere` is told by git alone, knowing nothing of daydreamd: whether every line
that the branch added stands, at its path, in some commit that the remote has.
"""

import os
import random
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.invalid"))
}
COMMON_LINES = ("x", "}", "return None", "pass", "", "a", "    ")
FILES = ("app.py", "lib/core.py", "lib/with space.py", "docs/é.md", "data.txt")


@dataclass
class World:
    """A remote, a clone, and what became of each branch of it."""

    root: Path
    seed: int
    chance: random.Random
    fates: dict[str, str] = field(default_factory=dict)
    ways: dict[str, str] = field(default_factory=dict)
    clock: int = 1_750_000_000

    @property
    def clone(self) -> Path:
        return self.root / "clone"

    @property
    def remote(self) -> Path:
        return self.root / "remote.git"

    def git(self, *arguments, check=True, at=None, stdin=None):
        self.clock += self.chance.choice((1, 60, 4000))
        when = {f"GIT_{role}_DATE": f"{self.clock} +0000" for role in ("AUTHOR", "COMMITTER")}
        done = subprocess.run(
            ["git", "-c", "core.autocrlf=false", "-c", "rerere.enabled=false", *arguments],
            cwd=at or self.clone,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
                 "GIT_EDITOR": "true", "GIT_MERGE_AUTOEDIT": "no", **WHO, **when},
            capture_output=True,
            input=stdin,
            check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise AssertionError(f"git {arguments}: {done.stderr.decode()}{done.stdout.decode()}")
        return done.stdout.decode(errors="surrogateescape").strip("\n")

    def say(self):
        """A line that stands nowhere else, or now and then one that stands everywhere."""
        if self.chance.random() < 0.15:
            return self.chance.choice(COMMON_LINES)
        return f"value_{self.chance.randrange(10**9)} = {self.chance.randrange(10**6)}"

    def edit(self, name=None, *, at=None):
        """Change one to three places of a file; the name of it."""
        name = name or self.chance.choice(FILES)
        file = self.clone / name
        lines = file.read_text().split("\n")
        for _ in range(self.chance.randint(1, 3)):
            place = at if at is not None else self.chance.randrange(len(lines))
            new = [self.say() for _ in range(self.chance.randint(1, 3))]
            if not any(len(line) > 10 for line in new):
                new.append(f"sure_{self.chance.randrange(10**9)} = 1")
            lines[place : place + self.chance.randint(0, 2)] = new
        file.write_text("\n".join(lines))
        return name

    def write(self, name, content):
        file = self.clone / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, message="work"):
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def main_moves(self, *, elsewhere=()):
        """Others commit to main, in files that `elsewhere` does not name."""
        self.git("checkout", "-q", "main")
        for _ in range(self.chance.randint(0, 2)):
            free = [name for name in (*FILES, "others.txt") if name not in elsewhere]
            self.edit(self.chance.choice(free))
            self.commit("others")

    def branch(self, name):
        self.git("checkout", "-q", "main")
        self.git("checkout", "-q", "-b", name)

    def work(self, commits=None):
        """One to three commits on the branch; the files that they touch."""
        touched = []
        for number in range(commits or self.chance.randint(1, 3)):
            touched.append(self.edit())
            if self.chance.random() < 0.4:
                new = f"new/{self.chance.randrange(10**9)}.py"
                self.write(new, "\n".join(self.say() for _ in range(4)) + f"\nend = {number}\n")
                touched.append(new)
            self.commit(f"step {number}")
        return touched

    def squash(self, branch):
        self.git("checkout", "-q", "main")
        self.git("merge", "-q", "--squash", branch)
        self.git("commit", "-q", "-m", f"{branch} (#1)")
        return self.git("rev-parse", "HEAD")


def merged(world, name):
    world.work()
    world.main_moves(elsewhere=FILES)
    world.git("merge", "-q", "--no-ff", "-m", "merge", name)
    return "merged"


def fast_forwarded(world, name):
    world.work()
    world.git("checkout", "-q", "main")
    world.git("merge", "-q", "--ff-only", name)
    return "merged"


def squashed(world, name):
    touched = world.work()
    world.main_moves(elsewhere=touched)
    world.squash(name)
    world.main_moves()
    return "merged"


def squashed_beside_others(world, name):
    """Others changed the same file, in another place."""
    file = world.edit("app.py", at=5)
    world.commit()
    world.git("checkout", "-q", "main")
    world.edit(file, at=40)
    world.commit("others")
    world.squash(name)
    return "merged"


def rebased(world, name):
    touched = world.work()
    world.main_moves(elsewhere=touched)
    world.git("checkout", "-q", "--detach", name)
    world.git("rebase", "-q", "main")
    world.git("branch", "-q", "-f", "main", "HEAD")
    return "merged"


def cherry_picked(world, name):
    touched = world.work()
    world.main_moves(elsewhere=touched)
    commits = world.git("rev-list", "--reverse", f"main..{name}").split()
    for commit in commits:
        world.git("cherry-pick", commit)
        world.edit("data.txt") if "data.txt" not in touched else None
        world.commit("others")
    return "merged"


def partly(world, name):
    world.work(2)
    world.write(f"rest-{world.chance.randrange(10**9)}.py", f"{world.say()}\nrest = 1\n")
    world.commit("rest")
    world.git("checkout", "-q", "main")
    world.git("cherry-pick", f"{name}~1", check=False)
    if world.git("status", "--porcelain"):
        world.git("cherry-pick", "--abort", check=False)
    return "lost"


def merged_then_more(world, name):
    world.work()
    world.git("checkout", "-q", "main")
    world.git("merge", "-q", "--no-ff", "-m", "merge", name)
    world.git("checkout", "-q", name)
    world.edit()
    world.commit("more")
    return "lost"


def reverted(world, name):
    world.work()
    world.git("checkout", "-q", "main")
    world.git("merge", "-q", "--no-ff", "-m", "merge", name)
    world.git("revert", "--no-edit", "-m", "1", "HEAD")
    return "merged"


def squashed_and_reverted(world, name):
    world.work()
    world.squash(name)
    world.git("revert", "--no-edit", "HEAD")
    return "merged"


def reworded(world, name):
    world.work()
    world.squash(name)
    world.git("checkout", "-q", name)
    world.git("commit", "-q", "--amend", "-m", "better words")
    return "merged"


def amended_after(world, name):
    world.work()
    world.squash(name)
    world.git("checkout", "-q", name)
    world.edit()
    world.git("commit", "-q", "-a", "--amend", "-m", "one more thing")
    return "lost"


def renamed(world, name):
    world.git("mv", "data.txt", f"moved-{name.replace('/', '-')}.txt")
    world.commit("move")
    if world.chance.random() < 0.5:
        world.git("checkout", "-q", "main")
        world.write("data.txt", (world.clone / "data.txt").read_text() + "")
        return "lost"
    world.squash(name)
    world.write("data.txt", "\n".join(world.say() for _ in range(60)) + "\n")
    world.commit("data again")
    return "merged"


def resolved(world, name):
    """Both changed the same lines, and who merged it kept both."""
    world.edit("app.py", at=20)
    world.commit()
    theirs = (world.clone / "app.py").read_text()
    world.git("checkout", "-q", "main")
    world.edit("app.py", at=20)
    world.commit("others")
    ours = (world.clone / "app.py").read_text()
    world.git("merge", "-q", "--no-ff", "-m", "merge", name, check=False)
    world.write("app.py", theirs + ours)
    world.commit("resolved")
    world.write("app.py", ours)
    world.commit("one of them")
    return "merged"


def resolved_and_changed(world, name):
    """Picked with a conflict, of which hardly anything was taken."""
    world.edit("app.py", at=20)
    world.commit()
    world.git("checkout", "-q", "main")
    world.edit("app.py", at=20)
    world.commit("others")
    world.git("cherry-pick", name, check=False)
    world.git("checkout", "-q", "--ours", "--", "app.py", check=False)
    world.edit("app.py", at=21)
    world.git("add", "-A")
    world.git("commit", "-q", "--allow-empty", "-m", "resolved")
    world.git("cherry-pick", "--quit", check=False)
    return "lost"


def evil(world, name):
    """The work was squashed; then a merge of main into the branch brought lines of its own."""
    touched = world.work()
    world.squash(name)
    world.main_moves(elsewhere=touched)
    world.git("checkout", "-q", name)
    world.git("merge", "-q", "--no-commit", "--no-ff", "main", check=False)
    world.git("checkout", "-q", "main", "--", ".", check=False)
    world.write("app.py", (world.clone / "app.py").read_text() + f"evil_{world.seed} = 1\n")
    world.commit("merge main")
    return "lost"


def kept_in_step(world, name):
    """Main was merged into the branch, which was then squashed."""
    touched = world.work(1)
    world.main_moves(elsewhere=touched)
    world.git("checkout", "-q", name)
    world.git("merge", "-q", "--no-ff", "-m", "merge main", "main")
    world.work(1)
    world.squash(name)
    return "merged"


def empty(world, name):
    world.git("commit", "-q", "--allow-empty", "-m", "nothing")
    world.git("checkout", "-q", "main")
    world.git("commit", "-q", "--allow-empty", "-m", "nothing")
    return "neither"


def empty_and_real(world, name):
    world.git("commit", "-q", "--allow-empty", "-m", "nothing")
    world.edit()
    world.commit()
    world.git("checkout", "-q", "main")
    world.git("commit", "-q", "--allow-empty", "-m", "nothing")
    return "lost"


def criss_cross(world, name):
    touched = world.work(1)
    world.main_moves(elsewhere=touched)
    first = world.git("rev-parse", "main")
    world.git("merge", "-q", "--no-ff", "-m", "merge", name)
    world.git("checkout", "-q", name)
    world.git("merge", "-q", "--no-ff", "-m", "cross", first)
    world.edit("lib/core.py")
    world.commit("after")
    if world.chance.random() < 0.5:
        return "lost"
    world.squash(name)
    return "merged"


def octopus(world, name):
    world.write("octo/a.txt", world.say() + "\none\n")
    world.commit()
    for number in (1, 2):
        world.git("checkout", "-q", "-b", f"{name}-{number}", "main")
        world.write(f"octo/{world.seed}-{number}-{name[-3:]}.txt", world.say() + "\ntwo\n")
        world.commit()
        world.fates[f"{name}-{number}"] = "merged"
        world.ways[f"{name}-{number}"] = "octopus"
    world.git("checkout", "-q", "main")
    world.git("merge", "-q", "--no-ff", "-m", "octopus", f"{name}-1", f"{name}-2", name)
    return "merged"


def subtree(world, name):
    world.git("checkout", "-q", "--orphan", f"{name}-sub")
    world.git("rm", "-rfq", ".")
    world.write("part.py", world.say() + "\npart = 1\n")
    world.commit("of another history")
    world.git("checkout", "-q", "main")
    world.git(
        "merge", "-q", "-s", "ours", "--no-commit", "--allow-unrelated-histories", f"{name}-sub"
    )
    world.git("read-tree", f"--prefix=vendor/{name.replace('/', '-')}/", "-u", f"{name}-sub")
    world.git("commit", "-q", "-m", "subtree")
    world.fates[f"{name}-sub"] = "merged"
    world.ways[f"{name}-sub"] = "subtree"
    return "merged"  # it is at what main was


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
