"""Asking a disk that may never answer: a dead network mount, a FUSE server that has stopped.

A question is asked in a thread that can be left behind. A path that has not answered in time is not
asked again until that one thread comes back. So a silent disk costs one deadline and one thread,
however often it is asked, and counts again as soon as it answers.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any, Final, TypeVar

from daydreamd.host.threads import begin_aside

T = TypeVar("T")

NO_ANSWER: Final = "its disk does not answer"
_ANSWER_SECONDS: Final = 5.0
_GLANCE_SECONDS: Final = 2.0
_waiting: Final[dict[Path, Future[Any]]] = {}
"""The questions that were given up, and have not come back, by what they are about."""


def ask_disk(path: Path | str, question: Callable[[], T], *, seconds: float = _ANSWER_SECONDS) -> T:
    """What `question` about `path` returns or raises. Blocks for `seconds` at most.

    TimeoutError, an OSError with `NO_ANSWER` as its `strerror`, where the disk does not answer.
    """
    (answer,) = ask_disks({str(path): question}, seconds=seconds).values()
    if isinstance(answer, Exception):
        raise answer
    return answer


def glance(path: Path | str, question: Callable[[], T], *, unknown: T) -> T:
    """What a short `question` about `path` returns, or `unknown` where the disk does not answer."""
    try:
        return ask_disk(path, question, seconds=_GLANCE_SECONDS)
    except TimeoutError:
        return unknown


def ask_disks(
    questions: Mapping[str, Callable[[], T]], *, seconds: float = _ANSWER_SECONDS
) -> dict[str, T | Exception]:
    """All at once: what each question returned, or raised, by the path that it is about."""
    give_up = time.monotonic() + seconds
    begun = {
        path: None if _is_silent(Path(path)) else begin_aside(question)
        for path, question in questions.items()
    }
    answers: dict[str, T | Exception] = {}
    for path, future in begun.items():
        answer = _answer(Path(path), future, give_up)
        answers[path] = answer
    return answers


def _answer(path: Path, future: Future[T] | None, give_up: float) -> T | Exception:
    if future is None:
        return _no_answer(path)
    wait([future], max(0.0, give_up - time.monotonic()))
    if not future.done():
        _waiting[path] = future
        return _no_answer(path)
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - the question's own, for whoever asked it
        return error


def _no_answer(path: Path) -> TimeoutError:
    return TimeoutError(errno.ETIMEDOUT, NO_ANSWER, str(path))


def _is_silent(path: Path) -> bool:
    if not _waiting:  # as it is on most machines: then no path has to be taken apart
        return False
    for place in (path, *path.parents):
        given_up = _waiting.get(place)
        if given_up is not None and not given_up.done():
            return True
        _waiting.pop(place, None)
    return False
