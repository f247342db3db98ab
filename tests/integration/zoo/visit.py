"""The real program visits the zoo, as a rule with thresholds of seconds where people have days."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from daydreamd.host.processes import is_alive
from tests.integration.zoo.keeper import Zoo

SETTINGS = """
[cleanup]
observe = "1s"
grace = "2s"
[cleanup.claude]
max_age = "1s"
idle_for = "500ms"
max_count = 1000
protect = ["*--keep-me*"]
[cleanup.aider]
max_age = "1s"
idle_for = "500ms"
[cleanup.mcp]
max_age = "1s"
idle_for = "500ms"
[cleanup.other_agents]
max_age = "1s"
idle_for = "500ms"
[cleanup.temp]
enabled = false
"""


def clean(
    zoo: Zoo,
    *options: str,
    more: str = "",
    settings: str = SETTINGS,
    env: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    """What `clean --json` says; `more` settings come behind the others."""
    path = zoo.write("settings.toml", settings + more)
    argv = [sys.executable, "-m", "daydreamd", "--config", path, "--user", "clean", "--json"]
    env = {"PATH": os.environ["PATH"], "HOME": str(zoo.home), **env}
    done = subprocess.run([*argv, *options], env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Cleaned:
    """What a real run said, and the memory of all that were there before it and are no more."""

    said: dict[str, Any]
    gone_bytes: int


def clean_and_weigh(zoo: Zoo) -> Cleaned:
    held = zoo.memory()
    said = clean(zoo)
    return Cleaned(said, sum(size for one, size in held.items() if not is_alive(one)))
