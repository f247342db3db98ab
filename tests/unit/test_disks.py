"""A disk that does not answer costs one deadline and one thread, and counts again when it does."""

import errno
import os
import threading
from contextlib import contextmanager

import pytest

from daydreamd.host.files.disks import NO_ANSWER, ask_disk, ask_disks, glance

MOMENT = 0.05


@contextmanager
def silent(path):
    """A question about `path` that is answered after this block: a FIFO that nobody writes to."""
    os.mkfifo(path)
    try:
        yield lambda: path.open("rb").close()
    finally:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))


def answers(path):
    return ask_disk(path, lambda: True)


def test_a_silent_disk_is_given_up(tmp_path):
    with silent(tmp_path / "disk") as question, pytest.raises(TimeoutError) as caught:
        ask_disk(tmp_path / "disk", question, seconds=MOMENT)
    assert caught.value.errno == errno.ETIMEDOUT
    assert caught.value.strerror == NO_ANSWER


def test_nothing_below_a_silent_place_is_asked_meanwhile(tmp_path):
    asked = []
    with silent(tmp_path / "disk") as question:
        assert glance(tmp_path, question, unknown="unknown") == "unknown"
        for place in (tmp_path, tmp_path / "below" / "file"):
            with pytest.raises(TimeoutError):
                ask_disk(place, lambda place=place: asked.append(place))
        assert answers(tmp_path.parent)
    assert not asked


def test_a_disk_that_answers_again_is_asked_again(tmp_path):
    with silent(tmp_path / "disk") as question:
        ask_disks({str(tmp_path): question}, seconds=MOMENT)
        begun = os.open(tmp_path / "disk", os.O_WRONLY)  # the question comes back
    os.close(begun)
    while glance(tmp_path, lambda: True, unknown=False) is False:
        pass  # its thread is about to end
    assert answers(tmp_path)


def test_a_silent_disk_holds_up_no_other(tmp_path):
    with silent(tmp_path / "disk") as question:
        places = {str(tmp_path / "silent"): question, str(tmp_path / "other"): lambda: None}
        silence, answer = ask_disks(places, seconds=MOMENT).values()
    assert isinstance(silence, TimeoutError)
    assert answer is None


def test_questions_that_are_answered_share_a_thread(tmp_path):
    took = {ask_disk(tmp_path, threading.current_thread) for _ in range(100)}
    assert len(took) < 100


def test_a_forked_child_has_threads_of_its_own(tmp_path):
    assert answers(tmp_path)
    child = os.fork()  # while the thread of that question waits for another
    if not child:
        os._exit(not glance(tmp_path, lambda: True, unknown=False))
    assert os.waitpid(child, 0)[1] == 0


def test_a_question_that_fails_fails_for_whoever_asked(tmp_path):
    with pytest.raises(FileNotFoundError):
        ask_disk(tmp_path, (tmp_path / "nothing").stat)
    with pytest.raises(TimeoutError, match="its own"):
        ask_disk(tmp_path, failing)
    assert answers(tmp_path)


def failing():
    raise TimeoutError("its own")
