"""Process tables of every shape: whatever `/proc` says, reading it ends and says the same."""

import os

from hypothesis import given
from hypothesis import strategies as st

from daydreamd.host.processes import Stat, ancestors, descendants, parse_stat

NAMES = st.binary(max_size=64).filter(lambda name: b"\0" not in name)
NUMBERS = st.integers(0, 1 << 31)
TABLES = st.dictionaries(st.integers(1, 12), st.integers(0, 12), max_size=12)


def stat_line(stat, comm):
    fields = [stat.state, stat.ppid, stat.pgrp, stat.session, stat.tty_nr, *[0] * 6]
    fields += [stat.cpu_ticks, 0, *[0] * 6, stat.start_ticks, 0]
    fields += [stat.rss_bytes // os.sysconf("SC_PAGESIZE"), *[0] * 28]
    return b"%d (%b) %b\n" % (stat.pid, comm, " ".join(map(str, fields)).encode())


def table_of(parents):
    return {pid: Stat(pid, "x", "S", ppid, 0, 0, 0, 0, 0, 0) for pid, ppid in parents.items()}


@given(NAMES, st.sampled_from("RSDTZXI"), st.tuples(*[NUMBERS] * 7), NUMBERS)
def test_a_stat_line_says_what_was_put_into_it(name, state, numbers, pages):
    pid, ppid, pgrp, session, tty, start, cpu = numbers
    rss = pages * os.sysconf("SC_PAGESIZE")
    comm = name.decode("utf-8", "replace")
    stat = Stat(pid, comm, state, ppid, pgrp, session, tty, start, cpu, rss)

    assert parse_stat(stat_line(stat, name)) == stat


@given(TABLES, st.sets(st.integers(1, 12)))
def test_descendants_are_each_told_once_and_after_their_parent(parents, roots):
    found = [stat.pid for stat in descendants(roots, table_of(parents))]

    assert len(found) == len(set(found))
    assert not roots & set(found)
    for at, pid in enumerate(found):
        assert parents[pid] in roots | set(found[:at])
    for pid, ppid in parents.items():
        if ppid in roots | set(found):
            assert pid in roots | set(found)


@given(TABLES, st.integers(1, 12))
def test_ancestors_end_even_where_a_table_goes_in_circles(parents, pid):
    found = [stat.pid for stat in ancestors(pid, table_of(parents))]

    assert len(found) == len(set(found))
    for child, parent in zip([pid, *found], found, strict=False):
        assert parents[child] == parent
