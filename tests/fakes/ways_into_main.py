"""Ways in which a branch comes into the main one; each returns what became of it."""

from tests.fakes.branch_world import FILES


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
