"""`make install` and `make uninstall`, below DESTDIR and on a machine that runs."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from daydreamd import __version__
from tests.e2e.household import Household
from tests.e2e.machine import REPOSITORY, Machine, MachineError
from tests.e2e.stage import offline

pytestmark = pytest.mark.root

SETTINGS = "/etc/daydreamd/daydreamd.toml"
SHIPPED = "/usr/local/share/doc/daydreamd/daydreamd.toml"
COMPLETIONS = (
    "bash-completion/completions/daydreamd",
    "zsh/site-functions/_daydreamd",
    "fish/vendor_completions.d/daydreamd.fish",
)
DATA = "/var/lib/daydreamd/history.db"


def files_below(stage: Path) -> set[str]:
    return {
        f"/{path.relative_to(stage)}"
        for path in stage.rglob("*")
        if not path.is_dir() and "/venv/" not in str(path)
    }


def test_a_stage_holds_the_program_its_units_and_the_settings(staged):
    prefix = "/usr/local"
    assert files_below(staged) == {
        SETTINGS,
        f"{prefix}/bin/daydreamd",
        *(f"{prefix}/share/{path}" for path in COMPLETIONS),
        f"{prefix}/lib/systemd/system/daydreamd.service",
        f"{prefix}/lib/systemd/system/daydreamd@.service",
        f"{prefix}/lib/systemd/user/daydreamd.service",
        f"{prefix}/lib/sysusers.d/daydreamd.conf",
        f"{prefix}/lib/tmpfiles.d/daydreamd.conf",
        f"{prefix}/share/man/man1/daydreamd.1",
        f"{prefix}/share/doc/daydreamd/README.md",
        f"{prefix}/share/doc/daydreamd/daydreamd.toml",
    }


def test_nothing_in_a_stage_knows_where_it_was_staged(staged):
    scripts = staged / "usr/local/lib/daydreamd/venv/bin"
    texts = [*scripts.iterdir(), *staged.glob("usr/local/lib/systemd/*/*")]
    named = [path for path in texts if path.is_file() and str(staged).encode() in path.read_bytes()]
    assert named == []
    assert (staged / "usr/local/bin/daydreamd").readlink() == Path(
        "/usr/local/lib/daydreamd/venv/bin/daydreamd"
    )


def test_no_unit_has_a_hole_left(staged):
    units = list(staged.glob("usr/local/lib/systemd/*/*"))
    assert units
    for unit in units:
        assert not re.findall(r"@[A-Z]+@", unit.read_text())


def test_unstaging_leaves_nothing_where_nothing_was_changed(staged, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(staged, copy, symlinks=True)
    argv = ["make", f"--directory={REPOSITORY}", "uninstall", f"DESTDIR={copy}"]
    subprocess.run(argv, check=True, timeout=60)
    assert files_below(copy) == set()


@pytest.fixture(scope="module")
def living(wheels: Path, staged: Path):
    """A machine with an older version on it, over which `make install USER=alice` then ran."""
    with Machine(layers=[wheels, staged]) as machine:
        machine.add_user("alice")
        machine.write(SHIPPED, "# as an older version shipped it\n")
        machine.write(SETTINGS, "# as an older version shipped it\n")
        make(machine, "install", "USER=alice")
        yield machine


def make(machine: Machine, target: str, *variables: str) -> str:
    directory = f"--directory={REPOSITORY}"
    argv = ["make", directory, "--no-print-directory", target, "EXTRAS=", "AIDER=no", *variables]
    return machine.run(argv, env=offline(), timeout=300).stdout


def test_installing_makes_the_user_and_the_places(living):
    assert living.run(["id", "--name", "--user", "daydreamd"]).stdout == "daydreamd\n"
    assert living.run(["stat", "-c%U %a", "/etc/daydreamd/conf.d"]).stdout == "root 755\n"
    assert __version__ in living.run(["daydreamd", "version"], user="alice").stdout


def test_the_tab_key_completes_commands(living):
    script = f"""
        source /usr/local/share/{COMPLETIONS[0]}
        COMP_WORDS=(daydreamd insights s) COMP_CWORD=2
        _daydreamd_completion daydreamd s insights
        echo "${{COMPREPLY[@]}}"
    """
    assert living.run(["bash", "-c", script], user="alice").stdout == "search show stats\n"


def test_with_a_user_the_daemon_is_that_person(living):
    assert living.show("daydreamd.service", "User") == {"User": "alice"}
    assert living.show("daydreamd@bob.service", "User") == {"User": "bob"}


def test_settings_that_nobody_changed_are_renewed(living):
    assert living.path(SETTINGS).read_text() == (REPOSITORY / "etc/daydreamd.toml").read_text()


def test_a_user_who_is_not_there_is_refused(living):
    with pytest.raises(MachineError, match="USER=nobody-here: there is nobody of that name"):
        make(living, "install", "USER=nobody-here")


def test_root_as_the_daemon_is_refused(living):
    with pytest.raises(MachineError, match="USER=root: what reads untrusted repositories"):
        make(living, "install", "USER=root")


def test_a_key_that_everybody_may_read_is_told(living):
    living.write("/etc/daydreamd/conf.d/key.toml", '[model]\napi_key = "sk-0123456789"\n')
    argv = ["make", f"--directory={REPOSITORY}", "install", "EXTRAS=", "AIDER=no"]
    said = living.run(argv, env=offline(), timeout=300).stderr
    living.path("/etc/daydreamd/conf.d/key.toml").unlink()
    assert "everybody may read the key in /etc/daydreamd/conf.d/key.toml" in said
    assert "sk-0123456789" not in said


def test_without_a_registry_the_wheels_of_the_last_installation_serve(living):
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": "/dev/null"}
    argv = ["make", f"--directory={REPOSITORY}", "install", "EXTRAS=", "AIDER=no"]
    said = living.run(argv, env=nowhere, timeout=300).stdout
    assert "no registry answers" in said
    assert __version__ in living.run(["daydreamd", "version"]).stdout


def test_uninstalling_stops_a_persons_own_daemon_and_every_instance(staged):
    with Household(staged) as house:
        house.systemctl("start", "daydreamd@alice.service")
        uid = house.run(["id", "-u", "alice"]).stdout.strip()
        house.systemctl("start", f"user@{uid}.service")
        bus = {"XDG_RUNTIME_DIR": f"/run/user/{uid}"}
        house.run(["systemctl", "--user", "start", "daydreamd"], user="alice", env=bus)
        argv = ["make", f"--directory={REPOSITORY}", "--no-print-directory", "uninstall"]
        done = house.run(argv, timeout=120)
        assert done.stderr == ""
        left = house.run(["pgrep", "-f", "daydreamd run"], check=False).stdout
        assert left == ""


def test_an_upgrade_keeps_what_was_changed_and_uninstalling_leaves_only_data(living):
    living.write(SETTINGS, "# mine\n")
    living.write(DATA, "all that was")
    make(living, "install")
    assert living.path(SETTINGS).read_text() == "# mine\n"
    assert living.show("daydreamd.service", "User") == {"User": "alice"}

    make(living, "uninstall")
    found = living.run(["find", "/usr/local", "/etc", "/var", "/run", "-name", "*daydream*"])
    assert set(found.stdout.split()) == {"/etc/daydreamd", SETTINGS, "/var/lib/daydreamd"}
    assert living.path(DATA).read_text() == "all that was"
    assert living.path(SETTINGS).read_text() == "# mine\n"
    assert living.show("daydreamd.service", "LoadState") == {"LoadState": "not-found"}
