"""Which model can be asked right now?

Servers are asked a few small questions and given three seconds in all, whatever they do with the
connection. No model is loaded here: the embedded engine is only tried, in a child. What the model
is asked later is not this module's business.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import anyio
import msgspec

from daydreamd.errors import ModelMissing, ServerFault
from daydreamd.readiness.embedded import ModelFinding, find_embedded, that_loads
from daydreamd.readiness.listener import distrusted_listener
from daydreamd.records.model_choice import ModelChoice
from daydreamd.settings.schema import Model
from daydreamd.units import say_duration

if TYPE_CHECKING:
    import httpx

_USUAL_CONTEXT: Final = 8192
_MARGIN_TOKENS: Final = 512


async def find_model(settings: Model, *, deadline: float = 2.2) -> ModelFinding:
    """Find the model that the settings ask for, within `deadline` seconds. Never raises."""
    if settings.provider == "embedded":
        return await that_loads(find_embedded(settings))
    if settings.provider == "openai":
        return await _ask_ours(settings, "openai", deadline)
    ollama = await _ask_ours(settings, "ollama", deadline)
    if ollama.choice is not None or settings.provider == "ollama":
        return ollama
    embedded = await that_loads(find_embedded(settings))
    if embedded.choice is not None:
        why_not = ollama.reason.removeprefix("cannot ask the model: ")
        return msgspec.structs.replace(
            embedded,
            reason=f"{embedded.reason}; {why_not}",
            instead_of=why_not if settings.name else "",
        )
    reason = f"{ollama.reason} And there is no embedded engine: {embedded.reason}"
    return ModelFinding(choice=None, provider="auto", reason=reason)


async def _ask_ours(settings: Model, provider: str, deadline: float) -> ModelFinding:
    """Ask the server; with no address of the owner's own, only where the listener can be trusted.

    Any user of this machine can listen where Ollama would, and be sent the code. An address that
    the owner has set is the owner's word; the reason names a stranger all the same.
    """
    stranger = distrusted_listener(settings)
    is_default = settings.base_url == Model().base_url
    if stranger and is_default and settings.provider == "auto":
        reason = f"cannot ask the model: {stranger}; see model.trusted_users."
        return ModelFinding(choice=None, provider=provider, reason=reason)
    found = await _ask_within(settings, provider, deadline)
    if stranger and found.choice is not None:
        return msgspec.structs.replace(found, reason=f"{found.reason} ({stranger})")
    return found


async def _ask_within(settings: Model, provider: str, deadline: float) -> ModelFinding:
    """Ask the server of this provider, and turn whatever goes wrong into a reason."""
    from daydreamd.host import web  # noqa: PLC0415 - httpx takes 125 ms; most gates do without

    question = _ask_ollama if provider == "ollama" else _ask_openai
    advice = _ADVICE[provider]
    try:
        with anyio.fail_after(deadline):
            async with web.client(settings.base_url, api_key=settings.api_key) as server:
                choice = await question(server, settings)
    except ModelMissing as missing:
        return ModelFinding(choice=None, provider=provider, reason=str(missing))
    except TimeoutError:
        reason = f"{settings.base_url} does not answer within {say_duration(deadline)}"
    except ServerFault as fault:
        reason = str(fault)
        if provider == "ollama" and fault.status == 404:
            advice = 'It is no Ollama; if it speaks OpenAI\'s API, set model.provider = "openai".'
    else:
        answers = f"{provider} answers in {choice.latency_seconds * 1000:.0f} ms, {choice.name}"
        return ModelFinding(choice=choice, provider=provider, reason=answers)
    reason = f"cannot ask the model: {reason}. {advice}"
    return ModelFinding(choice=None, provider=provider, reason=reason)


_ADVICE: Final = {
    "ollama": "Is Ollama running? `ollama serve`, or set model.provider.",
    "openai": "Is it the right model.base_url, and model.api_key?",
}


async def _ask_ollama(server: httpx.AsyncClient, settings: Model) -> ModelChoice:
    """Version, models, and what the chosen one's context is."""
    started = time.monotonic()
    version = await _ask(server, "/api/version")
    latency = time.monotonic() - started
    if not isinstance(version.get("version"), str):
        raise ServerFault(settings.base_url, "answers /api/version, but not as Ollama does")
    tags = await _ask(server, "/api/tags")
    models = {
        str(model.get("name")): model
        for model in _listed(tags, "models")
        if "bert" not in str(_within(model, "details", "family"))  # those only embed
    }
    name = _pick(settings, list(models), f"`ollama pull {settings.name}`, or set model.name")
    wanted = settings.max_prompt_tokens + settings.max_answer_tokens + _MARGIN_TOKENS
    context = settings.context_tokens
    if not context:
        # Ollama grants what the request pins: as much as is needed, up to what the model knows.
        shown = await _ask_briefly(server, "/api/show", {"model": name})
        limits = [
            count
            for key, count in _mapping(shown.get("model_info")).items()
            if key.endswith(".context_length") and isinstance(count, int)
        ]
        context = min(wanted, limits[0] if limits else _USUAL_CONTEXT)
    return ModelChoice(
        provider="ollama",
        name=name,
        base_url=settings.base_url.rstrip("/"),
        api_key=settings.api_key,
        context_tokens=context,
        latency_seconds=latency,
    )


async def _ask_openai(server: httpx.AsyncClient, settings: Model) -> ModelChoice:
    """The list of models, and the context where the server offers it in one of the known ways."""
    base_url = settings.base_url.rstrip("/").removesuffix("/v1")
    server.base_url = type(server.base_url)(base_url)
    started = time.monotonic()
    listed = _listed(await _ask(server, "/v1/models"), "data")
    latency = time.monotonic() - started
    models = {str(model.get("id")): model for model in listed}
    name = _pick(settings, list(models), "set model.name")
    context = settings.context_tokens
    if not context:
        model = models[name]
        offered = [model.get("max_model_len"), model.get("context_length")]
        props = await _ask_briefly(server, "/props")  # llama.cpp: per slot, as it was started
        offered.insert(0, _within(props, "default_generation_settings", "n_ctx"))
        context = next((n for n in offered if isinstance(n, int) and n > 0), _USUAL_CONTEXT)
    return ModelChoice(
        provider="openai",
        name=name,
        base_url=base_url,
        api_key=settings.api_key,
        context_tokens=context,
        latency_seconds=latency,
    )


def _pick(settings: Model, offered: list[str], advice: str) -> str:
    """The wanted one of the offered models, with `:latest` understood; ModelMissing if none."""
    if not offered:
        raise ModelMissing(
            f"cannot ask the model: {settings.base_url} has no models; {advice}.",
            base_url=settings.base_url,
        )
    if not settings.name:
        return offered[0]
    for name in (settings.name, f"{settings.name}:latest", settings.name.removesuffix(":latest")):
        if name in offered:
            return name
    shown = ", ".join(offered[:5]) + (" …" if len(offered) > 5 else "")
    raise ModelMissing(
        f"cannot ask the model: {settings.base_url} does not have {settings.name},"
        f" only {shown}; {advice}.",
        base_url=settings.base_url,
    )


async def _ask(server: httpx.AsyncClient, path: str, body: Any = None) -> Mapping[str, Any]:
    """The JSON object that the server answers with."""
    from daydreamd.host import web  # noqa: PLC0415 — see _ask_within

    answer = await web.ask_json(server, path, body)
    if not isinstance(answer, dict):
        raise ServerFault(str(server.base_url), f"answers {path} with JSON of another kind")
    return answer


async def _ask_briefly(server: httpx.AsyncClient, path: str, body: Any = None) -> Mapping[str, Any]:
    """The same for what is only good to know: nothing where it fails or takes over a second."""
    with anyio.move_on_after(1.0):
        try:
            return await _ask(server, path, body)
        except ServerFault:  # many servers do not have this question; the usual context serves
            return {}
    return {}


def _listed(answer: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects in a list of the answer; whatever else stands there is passed over."""
    items = answer.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _within(value: Mapping[str, Any], *keys: str) -> Any:
    """A value deep in an answer, `None` where anything on the way is missing."""
    found: Any = value
    for key in keys:
        found = _mapping(found).get(key)
    return found
