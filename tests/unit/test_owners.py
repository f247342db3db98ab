"""The table of owners: whoever is there speaks, what cannot be read is unknown, never nobody."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daydreamd.cleanup.owners import OWNERS, Owner, Signs, find_owner, unit_of

NOBODY = Owner("nobody", "its parent is gone, init has adopted it")
USERS = "/user.slice/user-1000.slice/user@1000.service"
HEX = "c" * 64
ALONE = Signs(parent=NOBODY)
SEEN = {
    "namespaces": ("pid", "mount"),
    "cgroup": "/system.slice/agent.service",
    "frozen": True,
    "tracer": "strace (pid 7)",
    "remote": "Claude runs it in the background",
    "person": "gvim (pid 8) below it is a person's program",
    "multiplexer": "tmux (pid 9)",
    "terminal": "pts/3",
    "connected": Owner("client", "a client is connected to port 3000"),
}


def test_with_nothing_around_it_the_parents_have_the_last_word():
    assert find_owner(ALONE) == NOBODY
    assert find_owner(replace(ALONE, parent=Owner("parent", "works for code"))).kind == "parent"
    assert find_owner(Signs()).kind == "unknown", "whose parents nobody looked at is not nobody's"


@pytest.mark.parametrize("sign", SEEN)
def test_each_owner_is_enough(sign):
    owner = find_owner(replace(ALONE, **{sign: SEEN[sign]}))
    assert owner.kind not in ("nobody", "unknown")
    assert owner.says
    assert "\n" not in owner.says


@pytest.mark.parametrize("sign", ["namespaces", "cgroup", "tracer"])
def test_a_source_that_cannot_be_read_is_unknown(sign):
    assert find_owner(replace(ALONE, **{sign: None})).kind == "unknown"


def test_every_row_is_reached_by_some_sign():
    reached = {
        next(row.name for row in OWNERS if row.asks(replace(ALONE, **{sign: value})))
        for sign, value in SEEN.items()
    }
    assert reached == {row.name for row in OWNERS}
    assert SEEN.keys() | {"our_cgroup", "parent"} == {field.name for field in fields(Signs)}


@given(st.dictionaries(st.sampled_from(list(SEEN)), st.none(), max_size=len(SEEN)))
def test_more_owners_never_make_it_nobodys(chosen):
    signs = replace(ALONE, **{sign: SEEN[sign] for sign in chosen})
    assert (find_owner(signs).kind == "nobody") == (not chosen)


@pytest.mark.parametrize(
    ("cgroup", "kind"),
    [
        ("/system.slice/agent.service", "service"),
        ("/system.slice/system-agent.slice/agent@1.service", "service"),
        (f"{USERS}/app.slice/mcp.service", "service"),
        (f"{USERS}/app.slice/mcp.service/sub", "service"),
        ("/system.slice/docker-" + "a" * 64 + ".scope", "elsewhere"),
        ("/docker/" + "b" * 64, "elsewhere"),
        (f"{USERS}/user.slice/libpod-{HEX}.scope", "elsewhere"),
        ("/machine.slice/libpod-" + "c" * 64 + ".scope/container", "elsewhere"),
        ("/machine.slice/machine-x.scope", "elsewhere"),
        ("/kubepods.slice/kubepods-burstable.slice/pod1/cri-containerd-1.scope", "elsewhere"),
        ("/kubepods/besteffort/pod1/1", "elsewhere"),
        ("/lxc.payload.web/init.scope", "elsewhere"),
        ("/lxc/web", "elsewhere"),
        ("/user.slice/user-1000.slice/session-3.scope/../work.scope", "scope"),
        ("/system.slice/nightly.scope", "scope"),
        (f"{USERS}/app.slice/nightly.scope", "scope"),
        ("/user.slice/user-1000.slice/session-3.scope", None),
        ("/user.slice/user-1000.slice/session-c2.scope", None),
        (f"{USERS}/app.slice/run-r0123456789abcdef0123456789abcdef.scope", None),
        ("/system.slice/run-u42.scope", None),
        ("/system.slice/run-p123-i456.scope", None),
        (f"{USERS}/app.slice/app-org.kde.konsole-1.scope", None),
        (f"{USERS}/app.slice/vte-spawn-1-2.scope", None),
        (f"{USERS}/tmux-spawn-1-2.scope", None),
        (f"{USERS}/init.scope", None),
        ("/init.scope", None),
        ("/", None),
    ],
)  # fmt: skip
def test_a_control_group_says_whose_it_is(cgroup, kind):
    owner = unit_of(cgroup)
    assert (owner.kind if owner else None) == kind


def test_a_group_in_which_we_are_too_says_nothing():
    ours = "/system.slice/ssh.service"
    assert unit_of(ours, ours) is None
    assert unit_of("/docker/" + "b" * 64, "/docker/" + "b" * 64) is None
    assert unit_of("/docker/" + "b" * 64 + "/web.service", "/docker/" + "b" * 64) is not None
    assert unit_of("/system.slice/ssh.service2.service", ours) is not None


@pytest.mark.root
def test_a_frozen_group_is_seen_in_the_old_hierarchy_too(tmp_path, need_here):
    """A real freezer of the first kind, mounted for ourselves alone."""
    script = f"""
    mkdir -p {tmp_path}/cg && mount -t tmpfs tmpfs /sys/fs/cgroup && mkdir /sys/fs/cgroup/freezer
    mount -t cgroup -o freezer freezer /sys/fs/cgroup/freezer || exit 42
    group=/sys/fs/cgroup/freezer/{tmp_path.name}; mkdir $group
    sleep 1000 & echo $! >$group/cgroup.procs
    is_frozen="from daydreamd.host.processes.cgroups import is_frozen; print(is_frozen($!))"
    ask() {{ {sys.executable} -c "$is_frozen"; }}
    ask; echo FROZEN >$group/freezer.state; ask; echo THAWED >$group/freezer.state
    kill $!; wait; rmdir $group
    """
    argv = ["unshare", "--mount", "sh", "-c", script]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    need_here(done.returncode != 42, "freezer of the first kind in its kernel")
    assert done.stdout.split() == ["False", "True"], done.stderr
