"""Reuse one pid again and again between decision and signal: `python pid_reuse.py ROUNDS`.

Run as root in a pid namespace of its own, where the next pid can be chosen. In each round a victim
is identified, ends, and an innocent process of the same program takes over its pid; then the victim
is signalled. Prints rounds, how often the innocent was born in the victim's own clock tick, wrong
kills, and how many victims whose pid was not taken were killed rightly.
"""

import os
import sys
import time
from pathlib import Path

from daydreamd.host.processes import Signals, identify, is_alive, send


def start():
    pid = os.fork()
    if pid == 0:
        time.sleep(600)
        os._exit(0)
    return pid


def end(pid):
    os.kill(pid, Signals.SIGKILL)
    os.waitpid(pid, 0)


def one_round():
    victim = identify(start())
    end(victim.pid)
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(victim.pid - 1))
    innocent = identify(start())
    assert innocent.pid == victim.pid, "the pid was not reused"
    told = send(victim, Signals.SIGKILL)
    wrong = told or not is_alive(innocent) or is_alive(victim)
    end(innocent.pid)
    right = identify(start())
    killed = send(right, Signals.SIGKILL)
    os.waitpid(right.pid, 0)
    return innocent.start_ticks == victim.start_ticks, wrong, killed


if __name__ == "__main__":
    outcomes = [one_round() for _ in range(int(sys.argv[1]))]
    print(len(outcomes), *(sum(column) for column in zip(*outcomes, strict=True)))
