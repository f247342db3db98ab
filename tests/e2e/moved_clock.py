"""Hours that pass for a daydreamd at once: in its unit it looks at all agents when it starts."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

from tests.e2e.household import UNIT, Household, until
from tests.e2e.machine import REPOSITORY

_CLOCK = REPOSITORY / "tests/integration/zoo/later.c"
_HOUR = 3600


def bring_clock(house: Household) -> None:
    """Make it the library that `later` speaks of."""
    library = house.door / "later.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, _CLOCK], check=True)


def later(hours: float) -> dict[str, str]:
    """The environment of a program for which so much time has passed."""
    return {"LD_PRELOAD": "/run/door/later.so", "LATER_SECONDS": str(int(hours * _HOUR))}


def look_at(
    house: Household, hours: float, *, manager: str, state: str, systemctl: Callable[..., object]
) -> None:
    """Have the unit's daemon look at all agents, for which so many hours have passed.

    `systemctl` speaks to its `manager`; what the daemon saw it writes below `state`.
    """
    before = _last_look(house, state)
    lines = "\n".join(f'Environment="{name}={value}"' for name, value in later(hours).items())
    house.write(f"/etc/systemd/{manager}/{UNIT}.d/later.conf", f"[Service]\n{lines}\n")
    systemctl("daemon-reload")
    systemctl("restart", UNIT)
    systemctl("reload", UNIT)
    until(lambda: _last_look(house, state) > before, "the daemon has looked")


def _last_look(house: Household, state: str) -> float:
    seen = house.path(f"{state}/agents.json")
    agents = json.loads(seen.read_text())["agents"] if seen.exists() else []
    return max((agent["seen_at"] for agent in agents), default=0.0)
