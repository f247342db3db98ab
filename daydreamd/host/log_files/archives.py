"""Former logs beside a log: `NAME.1.gz` is the newest, and at most so many are kept."""

from __future__ import annotations

import os


def take_in(directory: int, log: str, newest: str, keep: int) -> None:
    """Move former logs up by one, the file `newest` in as number 1, and remove those above `keep`.

    Only those below the first free number move: a run that was killed on the way is carried on.
    """
    os.stat(newest, dir_fd=directory, follow_symlinks=False)
    numbers = _numbers(directory, log)
    for number in sorted(numbers, reverse=True):
        if number > keep:
            os.unlink(_archive(log, number), dir_fd=directory)
    free = next(number for number in range(1, len(numbers) + 2) if number not in numbers)
    if free > keep >= 1:
        os.unlink(_archive(log, keep), dir_fd=directory)
        free = keep
    for number in range(free - 1, 0, -1):
        _move(directory, _archive(log, number), _archive(log, number + 1))
    if keep:
        _move(directory, newest, _archive(log, 1))
    else:
        os.unlink(newest, dir_fd=directory)
    os.fsync(directory)


def _numbers(directory: int, log: str) -> set[int]:
    """N of each `NAME.N.gz`."""
    with os.scandir(directory) as entries:
        names = [entry.name for entry in entries]
    middles = {name: name.removeprefix(f"{log}.").removesuffix(".gz") for name in names}
    numbers = {int(middle): name for name, middle in middles.items() if middle.isdecimal()}
    return {number for number, name in numbers.items() if number and name == _archive(log, number)}


def _archive(log: str, number: int) -> str:
    return f"{log}.{number}.gz"


def _move(directory: int, old: str, new: str) -> None:
    os.rename(old, new, src_dir_fd=directory, dst_dir_fd=directory)
