"""What the machine has left: memory, disk, processors, power.

It reads and does not judge. What cannot be read raises HostError with the reason, or is None where
a kernel may simply not have it.
"""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from daydreamd.errors import HostError

_POWER: Final = Path("/sys/class/power_supply")
_PRESSURE: Final = Path("/proc/pressure/memory")
_LOAD_SECONDS: Final = 60.0


class Power(NamedTuple):
    """Where the power comes from; `on_battery` is None where that cannot be told."""

    on_battery: bool | None
    says: str


def available_memory() -> int:
    """Bytes that can be had without swapping."""
    with _reported("memory"):
        return int(psutil.virtual_memory().available)


def free_disk(path: Path) -> int:
    """Bytes that we may still write where `path` is, or will be."""
    with _reported(f"the disk at {path}"):
        there = next(place for place in (path, *path.parents) if place.exists())
        return shutil.disk_usage(there).free


def load_by_others() -> float:
    """Load of the last minute per processor, without our own share of it.

    Our share is the processor time of this process and its ended children, spread over the minute
    (or over our whole life, if that is longer).
    """
    own = sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
    with _reported("the load"):
        alive = time.time() - psutil.Process().create_time()
        others = os.getloadavg()[0] - own / max(alive, _LOAD_SECONDS)
    return max(0.0, others) / (os.cpu_count() or 1)


def memory_pressure(file: Path = _PRESSURE) -> float | None:
    """Percent of the last 10 s in which something waited for memory; None without PSI."""
    try:
        words = file.read_text().split()
    except OSError:  # a kernel without PSI, or with psi=0, where reading it is refused
        return None
    averages = [word.removeprefix("avg10=") for word in words if word.startswith("avg10=")]
    return float(averages[0]) if averages else None


def power(directory: Path = _POWER) -> Power:
    """Whether the machine runs on its battery. A mouse's battery is not the machine's."""
    supplies = [_supply(place) for place in directory.iterdir()] if directory.is_dir() else []
    batteries = [s for s in supplies if s["type"] == "Battery" and s["scope"] != "Device"]
    mains = [s["online"] for s in supplies if s["type"] not in ("Battery", "")]
    if not batteries:
        return Power(False, "no battery found, counted as mains")
    charge = f", {batteries[0]['capacity']} % charged" if batteries[0]["capacity"] else ""
    states = {battery["status"] for battery in batteries}
    if "1" in mains:
        return Power(False, "on mains" + charge)
    if mains or "Discharging" in states:
        return Power(True, "on battery" + charge)
    if states <= {"Charging", "Full", "Not charging"}:
        return Power(False, "on mains" + charge)
    return Power(None, "a battery that does not say whether it is in use")


def _supply(place: Path) -> dict[str, str]:
    return {name: _word(place / name) for name in ("type", "scope", "online", "status", "capacity")}


def _word(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:  # most supplies have only some of these
        return ""


@contextmanager
def _reported(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, psutil.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise HostError(f"cannot read {what}: {reason}") from error
