"""From `sudo make install` to the first insight in the journal, exactly as the README says it.

The commands are taken from its section on systemd, and typed by alice into a shell of hers.
"""

from __future__ import annotations

import re

import pytest

from tests.e2e.machine import REPOSITORY, Machine

pytestmark = [pytest.mark.root, pytest.mark.model]

CLONE = "/home/alice/daydreamd"
UNIT = "--unit=daydreamd"
# What alice does in the editor that `sudoedit` opens: names the clone itself as her workspace.
EDITOR = f"""#!/bin/sh
printf '[[workspaces]]\\npath = "{CLONE}"\\n' >>"$1"
"""


@pytest.fixture(scope="module")
def reader():
    """A machine with a reader of the README at it, who may use sudo and read the journal."""
    with Machine(network=True) as machine:
        machine.add_user("alice")
        machine.run(["usermod", "--append", "--groups=systemd-journal", "alice"])
        machine.write("/etc/sudoers.d/alice", "alice ALL=(ALL) NOPASSWD: ALL\n", mode=0o440)
        machine.write("/usr/local/bin/edit", EDITOR, mode=0o755)
        machine.run(["git", "clone", "--quiet", str(REPOSITORY), CLONE])
        machine.run(["chown", "--recursive", "alice:", CLONE])
        yield machine


def commands() -> list[str]:
    section = (REPOSITORY / "README.md").read_text().partition("\n## Under systemd\n")[2]
    [block] = re.findall(r"\A\s*```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    return [line.partition("  #")[0].strip() for line in block.splitlines()]


def test_the_readme_leads_to_the_first_insights_in_the_journal(reader):
    *before, follow, look = commands()
    assert before[0].startswith("sudo make install")
    assert follow.startswith("journalctl -u daydreamd")
    for line in before:
        typed = ["sh", "-ec", f"cd {CLONE} && {line}"]
        reader.run(typed, user="alice", env={"EDITOR": "edit"}, timeout=900)
    written = reader.wait_for(
        lambda entry: entry.get("DAYDREAM_EVENT") == "insights written", UNIT, timeout=400
    )
    assert written["_SYSTEMD_UNIT"] == "daydreamd.service"
    seen = reader.run(["sh", "-ec", look], user="alice").stdout
    assert seen.startswith("No open insights.") or "daydreamd/" in seen
    report = reader.path("/var/log/daydreamd/daydream_insights.md").read_text()
    assert report.splitlines()[0].endswith(" · daydreamd")
    assert "read" in report.splitlines()[2]
    assert reader.systemctl("is-enabled", "daydreamd").stdout == "enabled\n"
