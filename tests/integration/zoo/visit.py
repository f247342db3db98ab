"""The real program visits the zoo, as a rule with thresholds of seconds where people have days."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from daydreamd.host.processes import Identity, is_alive, memory_bytes
from tests.integration.zoo.keeper import Zoo

_LOOK_SECONDS = 0.1
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
    """What a run said, and the least and the most memory that each held while it ran.

    A page that is shared with strangers weighs less as soon as one more of them starts.
    """

    said: dict[str, Any]
    held: Mapping[Identity, tuple[int, int]]

    @property
    def gone(self) -> frozenset[Identity]:
        """Who was there before the run and is no more."""
        return frozenset(one for one in self.held if not is_alive(one))

    def says_the_memory_of(self, gone: Iterable[Identity]) -> bool:
        """Whether the memory said to come back is what these had, within 5 %."""
        least, most = (sum(sizes) for sizes in zip(*(self.held[one] for one in gone), strict=True))
        said = self.said["memory_freed_bytes"]
        print(f"said {said}, had {least} to {most}")
        known = self.said["memory_unknown"] == 0
        return bool(known and 0.95 * least <= said <= 1.05 * most)


def clean_and_weigh(zoo: Zoo, *options: str) -> Cleaned:
    held = {one: (size, size) for one, size in zoo.memory().items()}
    with ThreadPoolExecutor(1) as beside:
        run = beside.submit(clean, zoo, *options)
        while not run.done():
            for one, (least, most) in held.items():
                size = memory_bytes(one.pid) if is_alive(one) else None
                held[one] = (min(least, size), max(most, size)) if size else (least, most)
            wait([run], _LOOK_SECONDS)
        return Cleaned(run.result(), held)
