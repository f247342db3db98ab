"""Finding the model: real servers that behave, and every way in which they do not."""

import socket
import sys
from pathlib import Path

import anyio
import pytest

from daydreamd.readiness.model_server import find_model
from daydreamd.settings.schema import Model
from tests.integration.world import serving

FAKES = Path(__file__).parents[1] / "fakes"
NEVER_SECONDS = 60.0  # what would hang for ever is not waited for, however busy the machine


@pytest.fixture
def dead_address():
    with socket.socket() as taken:  # bound but not listening: it refuses, and nobody else gets it
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def test_ollama_is_found_with_its_first_model():
    with serving("ollama_server.py", "--model", "coder:7b", "--context", 32768) as url:
        finding = await find_model(Model(provider="ollama", base_url=url + "/"))
    assert finding.choice.provider == "ollama"
    assert finding.choice.name == "coder:7b"
    assert finding.choice.base_url == url
    assert finding.choice.latency_seconds > 0
    assert finding.reason.startswith("ollama answers in ")


async def test_the_context_is_what_is_needed_and_no_more_than_the_model_knows():
    settings = Model(provider="ollama", max_prompt_tokens=5000, max_answer_tokens=500)
    for known, granted in ((32768, 5000 + 500 + 512), (2048, 2048)):
        with serving("ollama_server.py", "--context", known) as url:
            finding = await find_model(_at(settings, url))
        assert finding.choice.context_tokens == granted


async def test_a_context_from_the_settings_stands():
    with serving("ollama_server.py") as url:
        finding = await find_model(Model(provider="ollama", base_url=url, context_tokens=1234))
    assert finding.choice.context_tokens == 1234


@pytest.mark.parametrize(
    ("wanted", "there"), [("m", "m:latest"), ("m:latest", "m"), ("m:7b", "m:7b")]
)
async def test_latest_may_be_said_or_left_out(wanted, there):
    with serving("ollama_server.py", "--model", there) as url:
        finding = await find_model(Model(provider="ollama", base_url=url, name=wanted))
    assert finding.choice.name == there


async def test_a_missing_model_is_named_with_those_that_are_there():
    with serving("ollama_server.py", "--model", "other:1b") as url:
        finding = await find_model(Model(provider="ollama", base_url=url, name="coder:7b"))
    assert finding.choice is None
    assert "does not have coder:7b, only other:1b; `ollama pull coder:7b`" in finding.reason


async def test_an_openai_server_is_found_with_v1_in_its_address_or_without():
    with serving("ollama_server.py", "--model", "m") as url:
        for base_url in (url, f"{url}/v1", f"{url}/v1/"):
            finding = await find_model(Model(provider="openai", base_url=base_url))
            assert (finding.choice.name, finding.choice.base_url) == ("m", url)


async def test_auto_takes_ollama_where_it_answers():
    with serving("ollama_server.py") as url:
        finding = await find_model(Model(base_url=url))
    assert finding.provider == "ollama"


async def test_auto_takes_the_embedded_engine_where_ollama_does_not_answer(dead_address):
    finding = await find_model(Model(base_url=dead_address))
    assert finding.choice.provider == "embedded"
    assert finding.choice.weights.endswith(".gguf")
    assert "refuses connections" in finding.reason
    assert "xllamacpp" not in sys.modules  # only looked for, never loaded


async def test_weights_that_are_missing_are_said():
    finding = await find_model(Model(provider="embedded", name="/nowhere/model.gguf"))
    assert finding.choice is None
    assert "/nowhere/model.gguf" in finding.reason


async def test_a_server_that_refuses_is_told_in_the_words_of_the_manual(dead_address):
    finding = await find_model(Model(provider="ollama", base_url=dead_address))
    assert finding.choice is None
    assert finding.reason == (
        f"cannot ask the model: {dead_address} refuses connections. "
        "Is Ollama running? `ollama serve`, or set model.provider."
    )


MISDEEDS = {
    "hangs_before_headers": "does not answer within",
    "hangs_in_headers": "does not answer within",
    "hangs_in_mid_body": "does not answer within",
    "sends_a_byte_a_second": "does not answer within",
    "garbage": "does not answer in HTTP",
    "garbage_body": "not JSON",
    "other_json": "JSON of another kind",
    "deep_json": "not JSON",
    "http_500": "HTTP 500",
    "http_401": "HTTP 401",
    "redirects": "HTTP 302",
    "resets": "breaks the connection off",
    "resets_in_mid_body": "breaks the connection off",
    "half_closes": "breaks the connection off",
    "never_ends": "more than 8 MiB",
    "packed": "packed",
    "closes_at_once": "breaks the connection off",
}


@pytest.mark.parametrize("deed", MISDEEDS)
@pytest.mark.parametrize("provider", ["ollama", "openai"])
async def test_a_server_that_misbehaves_is_no_model_and_costs_no_more_than_the_deadline(
    deed, provider
):
    deadline = 0.5 if MISDEEDS[deed].endswith("within") else 3.0
    with serving("misbehaving_server.py", deed) as url:
        with anyio.fail_after(NEVER_SECONDS):
            finding = await find_model(Model(provider=provider, base_url=url), deadline=deadline)
    assert finding.choice is None
    assert MISDEEDS[deed] in finding.reason
    assert finding.reason.startswith(f"cannot ask the model: {url}")


async def test_what_speaks_openai_is_not_taken_for_ollama():
    with serving("misbehaving_server.py", "hangs_before_headers", "chat") as url:
        finding = await find_model(Model(provider="ollama", base_url=url + "/x"))
    assert 'set model.provider = "openai"' in finding.reason


async def test_proxies_of_the_environment_are_not_obeyed():
    script = (
        "import anyio, sys; from daydreamd.readiness.model_server import *;"
        "print(anyio.run(find_model, Model(provider='ollama', base_url=sys.argv[1])).choice.name)"
    )
    proxies = {"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}
    with serving("ollama_server.py", "--model", "near") as url:
        done = await anyio.run_process([sys.executable, "-c", script, url], env=proxies)
    assert done.stdout.strip() == b"near"


def _at(settings, url):
    return Model(
        provider=settings.provider,
        base_url=url,
        max_prompt_tokens=settings.max_prompt_tokens,
        max_answer_tokens=settings.max_answer_tokens,
    )
