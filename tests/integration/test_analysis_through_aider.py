"""One question to a model: through Aiders that are real programs, most of them bad."""

import socket

import anyio
import msgspec
import pytest

from daydreamd.host.children.confinement import landlock_abi
from daydreamd.host.processes import become_subreaper, read_stat
from daydreamd.records.events import AnalysisProgress
from daydreamd.units import Duration, Size
from tests.integration.reflecting import Bench
from tests.integration.world import serving

NEVER_SECONDS = 60.0  # what would hang for ever is not waited for, however busy the machine


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def lives(pid):
    stat = read_stat(pid)
    return stat is not None and stat.state not in "ZX"


async def test_an_answer_through_aider_is_streamed_and_counted(bench):
    with serving("misbehaving_server.py", "http_500", "chat") as url:
        reflection = await bench.reflect(url, aider=bench.aider("answers"), engine="aider")
    assert reflection.failure is None
    assert reflection.text.startswith('{"session_word":')
    assert msgspec.json.decode(reflection.text)["insights"][0]["path"] == "cart/price.py"
    assert bench.streamed == reflection.text
    facts = reflection.facts
    assert (facts.engine, facts.exit_code, facts.answer_tokens) == ("aider", 0, 188)
    assert facts.prompt_tokens >= 5200
    assert facts.workspaces == ["shop"]
    assert (facts.truncated, facts.partial) == (False, False)
    stages = [e.stage for e in bench.events if isinstance(e, AnalysisProgress)]
    assert stages == ["starting", "reading", "answering"]


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("says_nothing", "it said nothing and ended with exit code 0"),
        ("ends_in_an_error", "litellm.InternalServerError"),
        ("gets_an_empty_response", "Empty response received"),
        ("claims_tokens", "not in the form asked for"),
        ("answers_in_prose", "not in the form asked for"),
        ("crashes", "cannot import name"),
        ("breaks_in_mid_answer", "out of breath"),
        ("floods", "it prints without end"),
        ("hogs", "of memory, more than 100 MiB"),
    ],
)
async def test_an_aider_that_brings_no_answer_is_a_failure_and_never_an_insight(
    bench, deed, reason
):
    with serving("misbehaving_server.py", "http_500", "chat") as url:
        reflection = await bench.reflect(
            url, aider=bench.aider(deed), engine="aider", max_memory=Size(100 << 20)
        )
    assert reason in reflection.failure
    assert reflection.text == ""
    assert not reflection.timed_out


async def test_an_aider_that_is_absent_is_named(bench):
    with serving("misbehaving_server.py", "http_500", "chat") as url:
        reflection = await bench.reflect(url, aider="/nowhere/aider", engine="aider")
    assert "cannot find aider: /nowhere/aider" in reflection.failure


async def test_an_aider_that_takes_no_interest_in_its_stdin_answers_all_the_same(bench):
    with serving("misbehaving_server.py", "http_500", "chat") as url:
        reflection = await bench.reflect(url, aider=bench.aider("takes_no_interest"))
    assert reflection.failure is None
    assert reflection.facts.engine == "aider"


async def test_an_answer_cut_at_its_limit_is_kept_and_marked_partial(bench):
    with serving("misbehaving_server.py", "http_500", "chat") as url:
        reflection = await bench.reflect(url, aider=bench.aider("hits_its_limit"))
    assert reflection.failure is None
    assert reflection.facts.partial
    assert "token limit" not in reflection.text
    assert reflection.facts.answer_tokens == 390


async def test_an_answer_without_the_word_from_the_head_is_not_trusted(bench):
    with serving("misbehaving_server.py", "http_500", "chat") as url:
        reflection = await bench.reflect(url, aider=bench.aider("forgets_the_word"))
    assert reflection.facts.truncated
    assert reflection.text == ""
    assert "head of the prompt did not come back" in reflection.failure


@pytest.mark.parametrize("deed", ["ignores_term", "stops_itself"])
async def test_an_aider_that_will_not_end_is_ended_at_the_deadline(bench, deed):
    with serving("misbehaving_server.py", "http_500", "chat") as url:
        with anyio.fail_after(NEVER_SECONDS):
            reflection = await bench.reflect(url, aider=bench.aider(deed), timeout=Duration(3))
    assert reflection.timed_out
    assert reflection.text == ""
    assert "gave none within 3.0 s" in reflection.failure
    assert not any(map(lives, bench.noted_pids()))


async def test_grandchildren_that_escape_are_gone_when_the_answer_is_there(bench):
    with serving("misbehaving_server.py", "http_500", "chat") as url:
        become_subreaper()  # from now on; the server is a child from before
        reflection = await bench.reflect(url, aider=bench.aider("escapes"))
    assert reflection.failure is None
    assert len(bench.noted_pids()) == 3
    assert not any(map(lives, bench.noted_pids()))


async def test_what_was_streamed_before_the_deadline_is_kept(bench):
    with serving("misbehaving_server.py", "http_500", "chat") as url:
        reflection = await bench.reflect(
            url, aider=bench.aider("stalls_in_mid_answer"), timeout=Duration(3)
        )
    assert reflection.timed_out
    assert reflection.facts.partial
    assert reflection.failure is None
    assert reflection.text.startswith('{"session_word":')
    assert reflection.facts.peak_rss_bytes > 1 << 20


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("ends_in_an_error", "litellm.InternalServerError"),
        ("breaks_in_mid_answer", "out of breath"),
    ],
)
async def test_where_aider_breaks_we_ask_ourselves_and_say_so(bench, deed, reason):
    with serving("ollama_server.py") as url:
        reflection = await bench.reflect(url, provider="ollama", aider=bench.aider(deed))
    assert reflection.failure is None
    assert reflection.facts.engine == "direct"
    assert "scripted server" in msgspec.json.decode(reflection.text)["insights"][0]["title"]
    assert reason in dict(bench.notices)["aider not used"]["reason"]


async def test_where_aider_is_absent_we_ask_ourselves(bench):
    with serving("ollama_server.py") as url:
        reflection = await bench.reflect(url, provider="ollama", aider="/nowhere/aider")
    assert (reflection.failure, reflection.facts.engine) == (None, "direct")


async def test_aider_is_confined_to_its_scratch_and_its_server(bench):
    (bench.directory / "secret").write_text("of the owner")
    bench.scratch.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as other:
        (bench.scratch / "port").write_text(str(other.getsockname()[1]))
        with serving("misbehaving_server.py", "http_500", "chat") as url:
            reflection = await bench.reflect(url, aider=bench.aider("looks_around"))
            free = await bench.reflect(url, aider=bench.aider("looks_around"), confine=False)
            assert free.failure is None
            seen_free = msgspec.json.decode((bench.scratch / "cwd/seen.json").read_bytes())
            await bench.reflect(url, aider=bench.aider("looks_around"))
    assert reflection.failure is None
    seen = msgspec.json.decode((bench.scratch / "cwd/seen.json").read_bytes())
    walls = landlock_abi()  # as far as this kernel has them
    assert seen["secret"] == ("PermissionError" if walls else "of the owner")
    assert seen["other port"] == ("PermissionError" if walls >= 4 else "connected")
    assert (seen_free["secret"], seen_free["other port"]) == ("of the owner", "connected")
    assert seen["cwd"] == str(bench.scratch / "cwd")
    environment = seen["environment"]
    assert environment["HOME"] == str(bench.scratch / "home")
    assert environment["DAYDREAMD_SESSION_ID"] == "20261122-184601-7f3a"
    assert not {"PYTEST_CURRENT_TEST", "SSH_AUTH_SOCK", "HTTP_PROXY"} & environment.keys()
    assert "--no-git" in seen["argv"]
