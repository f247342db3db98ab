"""`daydreamd context`, as it is typed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DAYDREAMD = Path(sys.executable).parent / "daydreamd"


def run_context(*arguments, cwd, command="context"):
    return subprocess.run(
        [str(DAYDREAMD), command, *map(str, arguments)],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), "DAYDREAMD_MODEL__PROVIDER": "ollama"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_prints_one_document(make_repo, tmp_path):
    repo = make_repo()
    repo.write("a.py", "if 1:\n    pass\n")
    repo.commit()
    done = run_context(repo.path, "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["name"] == "app"
    shown = run_context(cwd=repo.path)
    assert "app · " in shown.stdout
    assert "1 this week" in shown.stdout
    both = run_context(repo.path, tmp_path, "--json", cwd=tmp_path)
    assert set(json.loads(both.stdout)) == {"app", tmp_path.name}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (".config/git/ignore", "*.swp\n"),
        (".gitconfig", '[core]\n excludesFile = "~/mine"\n[include]\n path = /dev/zero\n'),
    ],
)
def test_what_the_owner_ignores_everywhere_is_no_uncommitted_work(make_repo, tmp_path, file, text):
    repo = make_repo()
    repo.write("a.py", "1\n")
    repo.commit()
    repo.write("a.py.swp", "x")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text)
    (tmp_path / "mine").write_text("*.swp\n")
    entry = json.loads(run_context(repo.path, "--json", cwd=tmp_path).stdout)
    assert entry["git"]["dirty"]["untracked"] == 0


def test_the_command_says_in_one_line_what_is_wrong(tmp_path):
    done = run_context("nowhere", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"daydreamd: cannot look at {tmp_path}/nowhere: no such directory\n"


def test_a_name_cannot_steer_the_terminal(make_repo, tmp_path):
    repo = make_repo("\x1b]0;owned\x07")
    repo.write("\x1b[2Jevil.py", "if 1:\n    pass\n")
    repo.commit()
    assert "\x1b" not in run_context(repo.path, cwd=tmp_path).stdout


@pytest.mark.parametrize("command", ["context", "prompt"])
def test_what_cannot_be_read_does_not_steer_the_terminal_by_its_name(tmp_path, command):
    broken = tmp_path / "\x1b]0;owned\x07" / ".git"
    broken.mkdir(parents=True)
    (broken / "HEAD").write_text("no reference")
    told = run_context(broken.parent, cwd=tmp_path, command=command).stderr
    assert "no repository there" in told
    assert "\x1b" not in told
