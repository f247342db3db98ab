"""One question to a model: through Aiders and servers that are real programs, most of them bad."""

import socket
import sys
import time
from pathlib import Path

import msgspec
import pytest

from daydreamd.analysis.reflection import Material, reflect
from daydreamd.events import AnalysisProgress, AnswerChunk, Emitter, Notice
from daydreamd.host.confinement import landlock_abi
from daydreamd.host.processes import become_subreaper, read_stat
from daydreamd.session import Excerpt, ModelChoice
from daydreamd.settings.model import Analysis, Model
from daydreamd.units import Duration, Size
from tests.integration.world import serving

FAKES = Path(__file__).parents[1] / "fakes"
CODE = "\n".join(f"total_{n} = price_of_item({n}) * quantity" for n in range(1, 60))
MATERIAL = Material(
    workspace_analysis={"shop": {}},
    excerpts=(Excerpt(workspace="shop", path="cart/price.py", text=CODE),),
)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


class Bench:
    """Asks, and keeps what was said on the way."""

    def __init__(self, directory):
        self.directory = directory
        self.scratch = directory / "scratch"
        self.events = []

    async def reflect(self, url, *, provider="openai", context=8192, material=MATERIAL, **analysis):
        analysis.setdefault("timeout", Duration(60))
        choice = ModelChoice(
            provider=provider,
            name="tiny:latest" if provider == "ollama" else "tiny",
            base_url=url,
            context_tokens=context,
        )
        return await reflect(
            material,
            choice=choice,
            model=Model(),
            analysis=Analysis(**analysis),
            scratch=self.scratch,
            session_id="20261122-184601-7f3a",
            emitter=Emitter("20261122-184601-7f3a", self.events.append),
        )

    def aider(self, deed):
        """A fake Aider, installed."""
        program = self.directory / "bin" / deed
        program.parent.mkdir(exist_ok=True)
        source = (FAKES / "fake_aider.py").read_text()
        program.write_text(f"#!{sys.executable} -S\n{source}")
        program.chmod(0o755)
        return str(program)

    @property
    def streamed(self):
        return "".join(e.text for e in self.events if isinstance(e, AnswerChunk))

    @property
    def notices(self):
        return [(e.what, e.facts) for e in self.events if isinstance(e, Notice)]

    def noted_pids(self):
        return list(map(int, (self.scratch / "cwd" / "pids").read_text().split()))


def lives(pid):
    stat = read_stat(pid)
    return stat is not None and stat.state not in "ZX"


# Aider, well and badly


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
    assert facts.peak_rss_bytes > 1 << 20
    assert facts.workspaces == ["shop"]
    assert (facts.truncated, facts.partial) == (False, False)
    stages = [e.stage for e in bench.events if isinstance(e, AnalysisProgress)]
    assert stages == ["starting", "reading", "answering"]
    assert "through aider" in reflection.one_line()


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
        began = time.monotonic()
        reflection = await bench.reflect(url, aider=bench.aider(deed), timeout=Duration(3))
        seconds = time.monotonic() - began
    assert reflection.timed_out
    assert reflection.text == ""
    assert "gave none within 3.0 s" in reflection.failure
    assert seconds < 3 + 5
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


# Asked directly


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
    asked = msgspec.json.decode(log.read_text().splitlines()[-1])
    assert asked["path"] == "/api/chat"
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
    assert refused.keys() - asked.keys() == {"format"}


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
        began = time.monotonic()
        reflection = await bench.reflect(url, engine="direct", timeout=Duration(1))
        seconds = time.monotonic() - began
    assert reflection.timed_out
    assert reflection.failure
    assert reflection.text == ""
    assert seconds < 1 + 5


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
    assert reflection.one_line() == "there is no code to reflect on"
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
