"""Looks at processes that use a disk which does not answer: a FUSE server that was stopped."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from daydreamd.host.files.cached_facts import cached_facts

SERVER = Path(__file__).parents[1] / "fakes/passthrough_disk.py"
IN_A_SPACE_OF_ITS_OWN = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")
LOOKS = {
    "whoever has it open": "from daydreamd.host.files.leftovers import places_in_use; "
    "places_in_use()",
    "its pipes": "from daydreamd.host.processes.connections import see_connections; "
    "see_connections([pid])",
    "its terminal": "from daydreamd.host.processes.terminals import terminal_of_stdio as of; "
    "of(pid)",
    "its place": "from daydreamd.agents.nameless import cwd_is_gone; assert not cwd_is_gone(pid)",
    "its files": "from daydreamd.agents.nameless import by_design; by_design(read_stat(pid))",
    "its scheduled work": "from contextlib import suppress\n"
    "from daydreamd.agents.claude_remote import scheduled_work\n"
    "with suppress(TimeoutError): scheduled_work(str(disk), pid)",
    "a log's writer": "from daydreamd.host.log_files.writers import openers; "
    "openers(os.stat('/dev/null'))",
}


_BEGIN = """
import os, signal, subprocess, sys
from pathlib import Path
from daydreamd.host.processes.procfs import read_stat
disk = Path({disk!r})
server = subprocess.Popen([sys.executable, {server!r}, str(disk)])
while not os.path.ismount(disk):
    pass
holder = subprocess.Popen(
    ["sh", "-c", "exec 4>>file; echo; exec sleep 600"], cwd=disk,
    stdin=open(disk / "file"), stdout=subprocess.PIPE,
)
holder.stdout.readline()
pid = holder.pid
server.send_signal(signal.SIGSTOP)
"""


@pytest.fixture
def while_it_hangs(tmp_path, need_here):
    """A function that runs a program beside a disk, `disk`, which has stopped to answer."""
    need_here(Path("/dev/fuse").exists(), "FUSE")
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk/file").write_text("x")

    def run(program):
        begin = _BEGIN.format(disk=str(tmp_path / "disk"), server=str(SERVER))
        argv = [*IN_A_SPACE_OF_ITS_OWN, sys.executable, "-c", f"{begin}\n{program}"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
        return done.stdout or done.stderr

    return run


@pytest.mark.root
@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_process_on_it_is_looked_at_all_the_same(while_it_hangs, look):
    assert while_it_hangs(f"{look}\nprint('looked')") == "looked\n"


@pytest.mark.root
def test_temp_files_beside_it_go_and_it_is_named(while_it_hangs, tmp_path):
    old = tmp_path / "claude-0123abcd-cwd"
    old.write_text("/w")
    said = while_it_hangs("""
from daydreamd.cleanup import temp
from daydreamd.settings.cleanup import CleanupTemp
from daydreamd.units import Duration
temp.LOOK_SECONDS = 0.2
settings = CleanupTemp(directories=(str(disk), str(disk.parent)), max_age=Duration(0.001))
files, failures = temp.clean_temp(settings, all_users=False, act=True)
print(failures, [file.path for file in files], flush=True)
os._exit(0)
""")
    assert f"cannot look into {tmp_path}/disk: its disk does not answer" in said
    assert str(old) in said
    assert not old.exists()


@pytest.mark.root
def test_what_an_insight_speaks_of_is_unknown_there(while_it_hangs):
    said = while_it_hangs("""
from daydreamd.host.files import disks
from daydreamd.insights.novelty import from_workspaces
disks.ask_disk.__kwdefaults__["seconds"] = 0.2
current = from_workspaces({"shop": disk})
print(current("shop", "file"), flush=True)
os._exit(0)
""")
    assert said == "None\n"


@pytest.mark.root
def test_what_agents_hold_elsewhere_is_counted_all_the_same(while_it_hangs, tmp_path):
    living = tmp_path / "living"
    living.mkdir()
    (living / "file").write_text("x")
    said = while_it_hangs("""
from daydreamd.agents.disk_places import HeldPlace
from daydreamd.cleanup.disk_steward import Steward
places = [HeldPlace("trees", disk / name) for name in "abc"]
places += [HeldPlace("codex", disk.parent / "living")]
use = Steward(None, os.geteuid()).count(places, {}, seconds=5)
print([(kind.kind, kind.files, kind.complete) for kind in use.kinds], use.seconds < 5, flush=True)
os._exit(0)
""")
    assert said == "[('codex', 1, True), ('trees', 0, False)] True\n"


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
