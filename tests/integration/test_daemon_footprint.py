"""What the daemon costs while nothing happens, and after much has happened."""

import subprocess
import sys
from pathlib import Path

from tests.integration.daemons import running

IDLE_KIB = 30 * 1024
SOAK = 60

LOADED = """
import sys
from daydreamd.host.system.signals import hold_early
from daydreamd.daemon.without_openssl import import_without_openssl
import_without_openssl("daydreamd.daemon.serving")
import daydreamd.cli.run
print(*sorted(sys.modules))
"""


def figures(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    facts = dict(line.split(":\t", 1) for line in status.splitlines())
    return {
        "rss": int(facts["VmRSS"].split()[0]),
        "threads": int(facts["Threads"]),
        "descriptors": len(list(Path(f"/proc/{pid}/fd").iterdir())),
    }


def loaded(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_supervisor_imports_nothing_that_only_a_session_or_a_screen_needs():
    names = loaded(LOADED)
    unwanted = {"httpx", "jinja2", "starlette", "uvicorn", "rich", "psutil", "rapidfuzz", "scc"}
    assert names.isdisjoint(unwanted)
    ours = {"daydreamd.sessions.system", "daydreamd.context", "daydreamd.reflection"}
    assert names.isdisjoint(ours)
    assert names.isdisjoint({"ssl", "_ssl", "_hashlib", "structlog"})


def test_whoever_needs_ssl_later_gets_the_real_one():
    code = LOADED + "\nimport ssl, hashlib; ssl.create_default_context(); hashlib.sha256(b'')"
    assert "daydreamd.daemon.serving" in loaded(code)


def test_where_ssl_is_loaded_already_it_stays():
    names = loaded("import ssl, asyncio\n" + LOADED)
    assert {"ssl", "_ssl", "daydreamd.daemon.serving"} <= names


def test_an_idle_daemon_stays_below_30_mib(tmp_path):
    with running(tmp_path) as daemon:
        assert figures(daemon.process.pid)["rss"] <= IDLE_KIB


def test_sessions_leave_no_descriptor_thread_or_memory_behind(tmp_path):
    with running(tmp_path) as daemon, daemon.client() as client:

        def run(count):
            for _ in range(count):
                client.ask("trigger", wait=True)
                assert client.answer()["session"]["outcome"] == "completed"
            return figures(daemon.process.pid)

        before, after = run(10), run(SOAK)
        assert after["descriptors"] <= before["descriptors"]
        assert after["threads"] <= before["threads"] + 1
        assert after["rss"] - before["rss"] <= 512  # noise of the allocator; the bench has slopes
