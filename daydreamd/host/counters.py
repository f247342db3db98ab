"""What the kernel counts: the bytes a process moved, and how short memory is.

What cannot be read is None.
"""

from __future__ import annotations

from pathlib import Path


def read_io_bytes(pid: int) -> int | None:
    """Bytes that a process has read and written since it began, files and pipes alike."""
    counts = _numbers(Path(f"/proc/{pid}/io"))
    return counts["rchar"] + counts["wchar"] if {"rchar", "wchar"} <= counts.keys() else None


def memory_pressure() -> float | None:
    """Percent of the last ten seconds in which something waited for memory (PSI `some`)."""
    try:
        line = Path("/proc/pressure/memory").read_text().split("\n", 1)[0]
        return float(line.split("avg10=")[1].split()[0])
    except (OSError, IndexError, ValueError):  # a kernel without PSI
        return None


def memory_available() -> float | None:
    """The share of memory, from 0 to 1, that programs can still be given."""
    counts = _numbers(Path("/proc/meminfo"))
    total = counts.get("MemTotal")
    return counts["MemAvailable"] / total if total and "MemAvailable" in counts else None


def _numbers(path: Path) -> dict[str, int]:
    try:
        lines = path.read_text().splitlines()
    except OSError:  # gone, or not ours to read
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name: int(value.split()[0]) for name, _, value in pairs if value.split()}
