"""The model that a session asks."""

from __future__ import annotations

import msgspec


class ModelChoice(msgspec.Struct, frozen=True, kw_only=True):
    """The model a session uses, as readiness found it and analysis takes it.

    `provider` is `ollama`, `openai` or `embedded`. An embedded engine has no `base_url` until
    analysis has started it, but `weights`: the file of its model. `context_tokens` is what the
    server grants, prompt and answer together. `keep_alive` is how long Ollama keeps the model in
    memory after a question, such as `60s`; empty leaves that to the server.
    """

    provider: str
    name: str
    base_url: str = ""
    api_key: str = ""
    weights: str = ""
    context_tokens: int = 8192
    latency_seconds: float = 0.0
    keep_alive: str = ""
