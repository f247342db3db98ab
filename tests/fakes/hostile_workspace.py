"""A repository that tries to run code on whoever looks at it, in every way that is known.

    python hostile_workspace.py PATH MARKERS

makes it at PATH. Each vector, when it fires, makes a file named after it in the directory MARKERS;
`OUTSIDE_SECRET` stands in files beside PATH that only a link or an alternate leads to.
"""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

OUTSIDE_SECRET = "outside-secret"


def make_hostile(path: Path, markers: Path) -> None:
    """Make the workspace at `path`; `markers` exists and is empty afterwards."""
    markers.mkdir(parents=True, exist_ok=True)
    outside = path.parent / f"{path.name}-outside"
    _make_outside(outside)
    _make_harmless(path)
    _make_submodule(path, markers)
    missing = _commit_by_hand(path)
    _add_traps_in_the_tree(path, markers, outside)
    _add_traps_in_git(path, markers, outside)
    (path / ".git" / "objects" / missing[:2] / missing[2:]).unlink()
    (path / ".git" / "missing-blob").write_text(missing)


def _git(path: Path, *arguments: str, stdin: str = "") -> str:
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Mallory"), ("EMAIL", "mallory@example.invalid"))
    }
    done = subprocess.run(
        ["git", "-c", "protocol.file.allow=always", *arguments],
        cwd=path,
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "HOME": "/nonexistent", **who},
        input=stdin,
        text=True,
        capture_output=True,
        check=True,
    )
    return done.stdout.strip()


def _make_outside(outside: Path) -> None:
    (outside / "lib").mkdir(parents=True)
    for name in ("secret.py", "lib/module.py"):
        (outside / name).write_text(f"# TODO {OUTSIDE_SECRET}\nif True:\n    pass\n")
    _git(outside, "init", "-q", "-b", "main")
    _git(outside, "add", ".")
    _git(outside, "commit", "-q", "-m", "outside")


def _make_harmless(path: Path) -> None:
    (path / "lib").mkdir(parents=True)
    (path / "lib" / "module.py").write_text("# TODO in here\n")
    (path / "app.py").write_text("def main():\n    if True:\n        return 1  # TODO mend\n")
    (path / "kept.py").write_text("KEPT = 1\n")
    (path / "notes.txt").write_text("some notes\n")
    (path / "lazy.bin").write_text("fetched when asked for\n")
    (path / ".gitattributes").write_text("*.py filter=evil\n*.txt diff=evil\n")
    _git(path, "init", "-q", "-b", "main")
    _git(path, "add", ".")
    _git(path, "commit", "-q", "-m", "first")


def _make_submodule(path: Path, markers: Path) -> None:
    origin = path.parent / f"{path.name}-outside"
    _git(path, "submodule", "--quiet", "add", str(origin), "sub")
    _git(path, "commit", "-q", "-m", "a submodule")
    _configure(path / ".git/modules/sub", {"core.fsmonitor": _trap(markers, "submodule-fsmonitor")})


def _commit_by_hand(path: Path) -> str:
    """A commit that claims to be signed; the blob that a partial clone would have to fetch."""
    head, tree = _git(path, "rev-parse", "HEAD"), _git(path, "rev-parse", "HEAD^{tree}")
    signature = "-----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----"
    mallory = f"Mallory <mallory@example.invalid> {int(time.time())} +0000"
    commit = (
        f"tree {tree}\nparent {head}\nauthor {mallory}\ncommitter {mallory}\n"
        f"gpgsig {signature}\n\nsigned\n"
    )
    oid = _git(path, "hash-object", "-t", "commit", "-w", "--stdin", stdin=commit)
    _git(path, "update-ref", "refs/heads/main", oid)
    return _git(path, "rev-parse", "HEAD:lazy.bin")


def _trap(markers: Path, name: str, *, then: str = "exit 1") -> str:
    """A program that says it was run."""
    program = markers.parent / f"{markers.name}-traps" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n: > {shlex.quote(str(markers / name))}\n{then}\n")
    program.chmod(0o755)
    return str(program)


def _add_traps_in_the_tree(path: Path, markers: Path, outside: Path) -> None:
    (path / "app.py").write_text("def main():\n    if 2 > 1:\n        return 2  # FIXME mend\n")
    os.utime(path / "kept.py", (1_600_000_000, 1_600_000_000))  # has git look at the content
    (path / "notes.txt").write_text(f"!{_trap(markers, 'shell-escape')}\n/run something\n")
    (path / ".aider.conf.yml").write_text(f"test: true\ntest-cmd: {_trap(markers, 'aider-test')}\n")
    (path / ".env").write_text("OLLAMA_API_BASE=http://127.0.0.1:9\nSECRET_KEY=dont-show-me\n")
    (path / ".sccconfig").write_text("--include-ext=md\n")
    (path / "server.pem").write_text("-----BEGIN PRIVATE KEY-----\ndont-show-me\n")
    for name in ("anyio", "sitecustomize", "conftest"):
        (path / f"{name}.py").write_text(
            f"open({str(markers / f'import-{name}')!r}, 'w').close()\n"
        )
    (path / "git").write_bytes(Path(_trap(markers, "git-in-the-workspace")).read_bytes())
    (path / "git").chmod(0o755)
    (path / "leak.py").symlink_to(outside / "secret.py")
    (path / "leaks").symlink_to(outside)
    (path / "lib" / "module.py").unlink()
    (path / "lib").rmdir()
    (path / "lib").symlink_to(outside / "lib")  # a tracked directory replaced by a way out
    os.mkfifo(path / "pipe.py")


def _add_traps_in_git(path: Path, markers: Path, outside: Path) -> None:
    git = path / ".git"
    included = git / "included"
    included.write_text("")
    _configure(included, {"alias.included": "!" + _trap(markers, "include")}, is_file=True)
    _configure(
        git,
        {
            "core.fsmonitor": _trap(markers, "fsmonitor"),
            "core.pager": _trap(markers, "pager"),
            "core.sshCommand": _trap(markers, "ssh"),
            "core.worktree": str(outside),
            "filter.evil.clean": _trap(markers, "clean", then="cat"),
            "diff.evil.textconv": _trap(markers, "textconv"),
            "diff.external": _trap(markers, "external-diff"),
            "gpg.program": _trap(markers, "gpg"),
            "log.showSignature": "true",
            "credential.helper": "!" + _trap(markers, "credential"),
            "alias.mine": "!" + _trap(markers, "alias"),
            "include.path": str(included),
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "origin",
            "remote.origin.url": "ssh://example.invalid/nowhere",
            "remote.origin.promisor": "true",
        },
    )
    for hook in ("post-index-change", "post-checkout", "reference-transaction"):
        target = git / "hooks" / hook
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(Path(_trap(markers, f"hook-{hook}")).read_bytes())
        target.chmod(0o755)
    (git / "info" / "attributes").write_text("*.txt filter=evil\n")
    (git / "objects" / "info" / "alternates").write_text(f"{outside / '.git/objects'}\n")
    (git / "refs" / "heads" / "linked").symlink_to("/etc/hostname")


def _configure(git: Path, settings: dict[str, str], *, is_file: bool = False) -> None:
    file = git if is_file else git / "config"
    for key, value in settings.items():
        _git(file.parent, "config", "--file", str(file), key, value)


if __name__ == "__main__":
    make_hostile(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
