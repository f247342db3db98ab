"""Commands that are told, run as their reader would run them; and a branch to be told of."""

import subprocess


def run(command):
    """Run a told command in a shell, as its reader would."""
    who = {f"GIT_{role}_{what}": "a@example.invalid" for role in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")}  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **who}
    done = subprocess.run(
        ["sh", "-c", command], cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stderr


def branch_with(repo, name, *, file="new.py", text="a new line\n"):
    repo.git("checkout", "-q", "-b", name, "main")
    repo.write(file, text)
    oid = repo.commit(days_ago=1)
    repo.git("checkout", "-q", "main")
    return oid
