"""Looks at processes that use a disk which does not answer: a FUSE server that was stopped."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from daydreamd.host.cached_facts import cached_facts

SERVER = Path(__file__).parents[1] / "fakes/passthrough_disk.py"
IN_A_SPACE_OF_ITS_OWN = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
LOOKS = {
    "whoever has it open": "from daydreamd.host.leftovers import places_in_use; places_in_use()",
    "its pipes": "from daydreamd.host.connections import see_connections; see_connections([pid])",
    "its terminal": "from daydreamd.host.terminals import terminal_of_stdio as of; of(pid)",
    "its place": "from daydreamd.cleanup.nameless import cwd_is_gone; assert not cwd_is_gone(pid)",
    "its files": "from daydreamd.cleanup.nameless import by_design; by_design(read_stat(pid))",
    "a log's writer": "from daydreamd.host.writers import openers; openers(os.stat('/dev/null'))",
}


@pytest.mark.root
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_process_on_it_is_looked_at_all_the_same(tmp_path, need_here, look):
    need_here(Path("/dev/fuse").exists(), "FUSE")
    (tmp_path / "file").write_text("x")
    program = f"""
import os, signal, subprocess, sys
from pathlib import Path
from daydreamd.host.procfs import read_stat
server = subprocess.Popen([sys.executable, "{SERVER}", "{tmp_path}"])
while not os.path.ismount("{tmp_path}"):
    pass
holder = subprocess.Popen(
    ["sh", "-c", "exec 4>>file; echo; exec sleep 600"], cwd="{tmp_path}",
    stdin=open("{tmp_path}/file"), stdout=subprocess.PIPE,
)
holder.stdout.readline()
pid = holder.pid
server.send_signal(signal.SIGSTOP)
{look}
print("looked", flush=True)
"""
    argv = [*IN_A_SPACE_OF_ITS_OWN, sys.executable, "-c", program]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "looked\n", done.stderr


@pytest.mark.parametrize("path", ["/", "/dev/null", "/proc/self/fd/0", sys.executable])
def test_what_the_kernel_knows_is_what_the_disk_says(path):
    facts, said = cached_facts(path), Path(path).stat()
    assert stat.S_IFMT(facts.st_mode) == stat.S_IFMT(said.st_mode)
    assert (facts.st_ino, facts.st_dev, facts.st_rdev) == (said.st_ino, said.st_dev, said.st_rdev)
    assert facts.st_nlink == said.st_nlink


def test_what_has_no_name_any_more_has_no_link(tmp_path):
    with (tmp_path / "file").open("w") as file:
        (tmp_path / "file").unlink()
        assert cached_facts(f"/proc/self/fd/{file.fileno()}").st_nlink == 0


def test_where_nothing_is_nothing_is_known(tmp_path):
    with pytest.raises(FileNotFoundError):
        cached_facts(tmp_path / "nothing")
