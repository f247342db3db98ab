"""Everything the rooms may know of processes, behind one door.

`procfs` reads, `identity` tells one process from another, `orphans` adopts, `trees` ends families.
"""

from signal import Signals

from daydreamd.host.processes.identity import (
    Identity,
    age_seconds,
    identify,
    identify_all,
    is_alive,
    is_same_process,
    marked,
    send,
)
from daydreamd.host.processes.orphans import become_subreaper, reap_orphans
from daydreamd.host.processes.procfs import (
    TICKS_PER_SECOND,
    Stat,
    environ_mentions,
    memory_bytes,
    parse_memory,
    parse_stat,
    read_argv,
    read_children,
    read_cwd,
    read_environ,
    read_exe,
    read_io_bytes,
    read_stat,
    read_tracer,
    read_uid,
    scan,
)
from daydreamd.host.processes.trees import (
    EndReport,
    Reprieve,
    ancestors,
    descendants,
    end_tree,
    living_descendants,
)

__all__ = [
    "TICKS_PER_SECOND",
    "EndReport",
    "Identity",
    "Reprieve",
    "Signals",
    "Stat",
    "age_seconds",
    "ancestors",
    "become_subreaper",
    "descendants",
    "end_tree",
    "environ_mentions",
    "identify",
    "identify_all",
    "is_alive",
    "is_same_process",
    "living_descendants",
    "marked",
    "memory_bytes",
    "parse_memory",
    "parse_stat",
    "read_argv",
    "read_children",
    "read_cwd",
    "read_environ",
    "read_exe",
    "read_io_bytes",
    "read_stat",
    "read_tracer",
    "read_uid",
    "reap_orphans",
    "scan",
    "send",
]
