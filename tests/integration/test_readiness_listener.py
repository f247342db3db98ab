"""Whose server it is: any user of this machine can listen where Ollama would."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from daydreamd.host.processes.listeners import listening_users, trusted_uids
from daydreamd.readiness.listener import distrusted_listener
from daydreamd.readiness.model_server import find_model
from daydreamd.settings.schema import Model

SERVER = Path(__file__).parents[1] / "fakes/ollama_server.py"
STRANGER = 4321
# Everything is imported before: another user may not read our Python. A socket belongs to the user
# that makes it.
BECOME = f"import encodings.idna, os\nos.setuid({STRANGER})\n"
LISTEN = """
import os, socket, sys, time
os.setuid(int(sys.argv[2]))
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    print(server.getsockname()[1], flush=True)
    time.sleep(600)
"""


@pytest.fixture
def listening():
    """Starts a server of another user's; its address and what it was asked."""
    started = []

    def start(uid, port=0):
        process = subprocess.Popen(
            [sys.executable, "-c", LISTEN, str(port), str(uid)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return f"http://127.0.0.1:{process.stdout.readline().strip()}"

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_kernel_tells_whose_listener_it_is(listening):
    port = int(listening(STRANGER).rpartition(":")[2])
    assert listening_users(port) == {STRANGER}


def test_a_listener_of_both_families_is_seen():
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        assert listening_users(server.getsockname()[1]) == {os.geteuid()}


def test_ours_and_roots_are_trusted_and_users_by_name():
    nobody = trusted_uids(["nobody", "no-such-user"])
    assert trusted_uids([]) == {0, os.geteuid()}
    assert len(nobody) == len(trusted_uids([])) + 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_stranger_is_named(listening, host):
    url = listening(STRANGER).replace("127.0.0.1", host)
    assert distrusted_listener(Model(base_url=url)) == f"{url} belongs to user {STRANGER}"


def test_a_server_elsewhere_is_the_owners_business():
    assert distrusted_listener(Model(base_url="http://192.0.2.1:11434")) == ""


def test_a_user_that_the_settings_name_is_trusted(listening):
    url = listening(65534)
    assert distrusted_listener(Model(base_url=url, trusted_users=("nobody",))) == ""


async def test_auto_asks_no_stranger_anything(listening, need_here):
    need_here(not listening_users(11434), "free port 11434: a server of its own listens there")
    listening(STRANGER, 11434)
    found = await find_model(Model(name="any"))
    assert found.provider != "ollama"
    assert f"belongs to user {STRANGER}; see model.trusted_users" in found.reason


async def test_an_address_of_the_owners_own_is_asked_and_the_stranger_named(tmp_path):
    copied = tmp_path / "server.py"
    become = BECOME.replace("\n", "\n    ")
    copied.write_text(
        SERVER.read_text().replace("    with Threading", f"    {become}with Threading", 1)
    )
    with subprocess.Popen(  # noqa: ASYNC220 - it is only waited for by its first line
        [sys.executable, "-S", copied], stdout=subprocess.PIPE, text=True
    ) as process:
        url = process.stdout.readline().strip()
        found = await find_model(Model(base_url=url, provider="ollama"))
        process.kill()
    assert found.choice is not None
    assert f"belongs to user {STRANGER}" in found.reason
