"""One question to a model, asked directly of servers that are real programs, most of them bad."""

import socket

import anyio
import msgspec
import pytest

from daydreamd.reflection.reflecting import Material
from daydreamd.units import Duration
from tests.integration.reflecting import Bench
from tests.integration.world import serving

NEVER_SECONDS = 60.0  # what would hang for ever is not waited for, however busy the machine


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


@pytest.mark.parametrize("provider", ["ollama", "openai"])
async def test_a_server_that_is_not_there_is_a_failure_at_once(bench, provider):
    with socket.socket() as taken:  # bound but not listening: it refuses
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        reflection = await bench.reflect(url, provider=provider, aider=bench.aider("answers"))
    assert reflection.failure == f"cannot ask the model: {url} refuses connections"
    assert reflection.text == ""
    assert reflection.facts.engine is None


async def test_ollama_is_asked_with_its_context_pinned_and_the_form_of_the_answer(bench, tmp_path):
    log = tmp_path / "log"
    with serving("ollama_server.py", "--log", log) as url:
        reflection = await bench.reflect(url, provider="ollama", engine="direct")
    assert reflection.failure is None
    assert msgspec.json.decode(reflection.text)["insights"][0]["path"] == "cart/price.py"
    assert bench.streamed == reflection.text
    seen = map(msgspec.json.decode, log.read_text().splitlines())
    asked = next(one for one in seen if one["path"] == "/api/chat")
    assert asked["body"]["options"]["num_ctx"] == 8192
    assert "session_word" in asked["body"]["format"]["properties"]
    assert reflection.facts.answer_tokens > 0


async def test_a_server_that_knows_no_schemas_is_asked_without_one(bench, tmp_path):
    log = tmp_path / "log"
    with serving("ollama_server.py", "--old", "--log", log) as url:
        reflection = await bench.reflect(url, provider="ollama", engine="direct")
    assert reflection.failure is None
    assert msgspec.json.decode(reflection.text)["insights"][0]["path"] == "cart/price.py"
    seen = map(msgspec.json.decode, log.read_text().splitlines())
    refused, asked = (one["body"] for one in seen if one["path"] == "/api/chat")
    assert refused.keys() - asked.keys() == {"format", "think"}


async def test_a_prompt_that_lost_its_front_is_detected(bench, tmp_path):
    """The server grants less than it says, and cuts, as Ollama did in ollama#3839."""
    with serving("ollama_server.py", "--cuts-at", 500) as url:
        reflection = await bench.reflect(url, provider="ollama", engine="direct")
    assert reflection.facts.truncated
    assert reflection.text == ""
    assert "head of the prompt did not come back" in reflection.failure


@pytest.mark.parametrize(
    ("provider", "deed", "reason"),
    [
        ("openai", "http_500", "answers /v1/chat/completions with HTTP 500"),
        ("ollama", "http_500", "answers /api/chat with HTTP 500"),
        ("openai", "garbage", "does not answer in HTTP"),
        ("openai", "resets", "breaks the connection off"),
        ("ollama", "half_closes", "breaks the connection off"),
        ("openai", "packed", "packed"),
        ("openai", "garbage_body", "broke off"),
        ("ollama", "garbage_body", "cannot read the model's answer"),
        ("ollama", "other_json", "it speaks of something else"),
        ("ollama", "deep_json", "cannot read the model's answer"),
        ("ollama", "never_ends", "a line without an end"),
        ("openai", "openai_breaks_off", "it broke off"),
        ("ollama", "ollama_breaks_off", "it broke off"),
        ("openai", "openai_complains", "out of memory"),
        ("ollama", "ollama_complains", "unexpectedly stopped"),
    ],
)
async def test_a_server_that_fails_to_answer_is_a_failure_and_never_an_insight(
    bench, provider, deed, reason
):
    with serving("misbehaving_server.py", deed, "chat") as url:
        reflection = await bench.reflect(url, provider=provider, engine="direct")
    assert reason in reflection.failure
    assert reflection.text == ""
    assert not reflection.timed_out


@pytest.mark.parametrize(
    "deed",
    ["hangs_before_headers", "hangs_in_headers", "hangs_in_mid_body", "sends_a_byte_a_second"],
)
async def test_a_server_that_hangs_costs_no_more_than_the_deadline(bench, deed):
    with serving("misbehaving_server.py", deed, "chat") as url:
        with anyio.fail_after(NEVER_SECONDS):
            reflection = await bench.reflect(url, engine="direct", timeout=Duration(1))
    assert reflection.timed_out
    assert reflection.failure
    assert reflection.text == ""


async def test_a_server_that_hangs_from_the_start_is_asked_once_and_given_up(bench):
    with serving("misbehaving_server.py", "hangs_before_headers") as url:
        reflection = await bench.reflect(url, engine="direct", timeout=Duration(1))
    assert reflection.timed_out


async def test_the_beginning_of_an_answer_without_the_word_is_not_trusted_either(bench):
    with serving("misbehaving_server.py", "openai_stalls", "chat") as url:
        reflection = await bench.reflect(url, engine="direct", timeout=Duration(2))
    assert reflection.timed_out
    assert reflection.facts.truncated
    assert reflection.text == ""


async def test_where_there_is_no_code_nothing_is_asked(bench):
    reflection = await bench.reflect("http://127.0.0.1:9", material=Material())
    assert (reflection.text, reflection.failure) == ("", None)
    assert reflection.facts.engine is None
    assert bench.events == []


async def test_a_context_too_small_for_the_prompt_is_said(bench):
    with serving("ollama_server.py") as url:
        reflection = await bench.reflect(url, provider="ollama", context=1024, engine="direct")
    assert "model.context_tokens" in reflection.failure


async def test_a_scratch_directory_that_cannot_be_made_is_a_failure(bench):
    bench.scratch.write_text("a file in its place")
    with serving("ollama_server.py") as url:
        reflection = await bench.reflect(url, provider="ollama", engine="direct")
    assert "File exists" in reflection.failure


async def test_the_scratch_directory_is_all_that_is_written_and_nobody_else_can_read_it(bench):
    with serving("misbehaving_server.py", "http_500", "chat") as url:
        await bench.reflect(url, aider=bench.aider("answers"))
    assert sorted(path.name for path in bench.directory.iterdir()) == ["bin", "scratch"]
    modes = {path.name: path.stat().st_mode & 0o077 for path in bench.scratch.iterdir()}
    assert modes == dict.fromkeys(modes, 0)
    assert bench.scratch.stat().st_mode & 0o077 == 0
