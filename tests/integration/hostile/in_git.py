"""Workspaces whose repository is the trap: configuration, redirections, references, indexes."""

from __future__ import annotations

import shutil
import struct
import zlib
from hashlib import sha1

from tests.integration.hostile.ground import Ground, workspace


@workspace
def a_filter_process_behind_two_includes(ground: Ground) -> None:
    last, first = ground.outside / "last", ground.outside / "first"
    trap = ground.trap("filter-process")
    ground.configure({"filter.evil.process": trap, "filter.evil.required": "true"}, last)
    ground.configure({"include.path": str(last)}, first)
    ground.configure({"include.path": str(first)})
    ground.write(".gitattributes", "* filter=evil\n")


@workspace
def a_merge_driver_in_the_middle_of_a_merge(ground: Ground) -> None:
    ground.write(".gitattributes", "*.py merge=evil diff=evil\n")
    ground.configure({
        "merge.evil.driver": ground.trap("merge-driver") + " %O %A %B",
        "diff.evil.command": ground.trap("diff-command"),
        "diff.evil.cachetextconv": "true",
    })  # fmt: skip
    ground.dot_git.joinpath("MERGE_HEAD").write_text(ground.git("rev-parse", "HEAD") + "\n")


@workspace
def programs_for_every_transport(ground: Ground) -> None:
    names = ("alternateRefsCommand", "gitProxy", "sshCommand", "askPass", "editor", "pager")
    ground.configure({f"core.{name}": ground.trap(name) for name in names})
    ground.configure({
        "credential.helper": "!" + ground.trap("credential"),
        "gpg.program": ground.trap("gpg"), "gpg.ssh.program": ground.trap("gpg-ssh"),
        "log.showSignature": "true", "sequence.editor": ground.trap("sequence"),
        "uploadpack.packObjectsHook": ground.trap("pack-objects"),
        "mailmap.file": "/dev/zero", "trailer.x.command": ground.trap("trailer"),
    })  # fmt: skip
    (ground.dot_git / "objects/info/alternates").write_text("/etc\n/dev\n../../../outside\n")


@workspace
def an_include_that_depends_on_the_place(ground: Ground) -> None:
    named = ground.outside / "conditional"
    ground.configure({"core.fsmonitor": ground.trap("conditional-fsmonitor")}, named)
    for condition in ("gitdir:/", "gitdir:**", "onbranch:**", "hasconfig:remote.*.url:**"):
        ground.configure({f"includeIf.{condition}.path": str(named)})


@workspace
def a_worktree_configuration(ground: Ground) -> None:
    ground.configure({"core.repositoryFormatVersion": "1", "extensions.worktreeConfig": "true"})
    trapped = {"core.fsmonitor": ground.trap("worktree-fsmonitor"), "core.worktree": "/"}
    ground.configure(trapped, ground.dot_git / "config.worktree")


@workspace
def hooks_in_a_directory_of_their_own(ground: Ground) -> None:
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-auto-gc", "post-checkout"):
        ground.trap_in_it(f".githooks/{hook}")
    ground.configure(
        {"core.hooksPath": ".githooks", "core.fsmonitor": ".githooks/fsmonitor-watchman"}
    )


@workspace
def a_git_file_that_leads_to_another_repository(ground: Ground) -> None:
    elsewhere = ground.outside / "elsewhere.git"
    shutil.move(ground.dot_git, elsewhere)
    ground.configure({"core.fsmonitor": ground.trap("elsewhere-fsmonitor")}, elsewhere / "config")
    ground.dot_git.write_text(f"gitdir: {elsewhere}\n")


@workspace
def a_git_file_that_leads_to_itself(ground: Ground) -> None:
    shutil.rmtree(ground.dot_git)
    ground.dot_git.write_text("gitdir: .git\n")


@workspace
def a_common_directory_elsewhere(ground: Ground) -> None:
    common = ground.outside / "common"
    shutil.copytree(ground.dot_git, common)
    ground.configure({"core.fsmonitor": ground.trap("common-fsmonitor")}, common / "config")
    (ground.dot_git / "commondir").write_text(f"{common}\n")


@workspace
def a_common_directory_that_is_a_device(ground: Ground) -> None:
    (ground.dot_git / "commondir").write_text("/dev\n")


@workspace
def alternates_that_hang(ground: Ground) -> None:
    ground.fifo(".git/objects/info/alternates")


@workspace
def packs_that_hang(ground: Ground) -> None:
    for name in ("pack-" + "0" * 40 + ending for ending in (".idx", ".pack")):
        ground.fifo(f".git/objects/pack/{name}")


@workspace
def a_promised_object_behind_a_command(ground: Ground) -> None:
    oid = ground.git("rev-parse", "HEAD:app.py")
    (ground.dot_git / "objects" / oid[:2] / oid[2:]).unlink()
    ground.configure({
        "core.repositoryFormatVersion": "1", "extensions.partialClone": "origin",
        "remote.origin.url": f"ext::{ground.trap('ext-transport')}",
        "remote.origin.promisor": "true", "remote.origin.uploadpack": ground.trap("uploadpack"),
        "protocol.ext.allow": "always",
    })  # fmt: skip


@workspace
def objects_and_parents_replaced(ground: Ground) -> None:
    head = ground.git("rev-parse", "HEAD")
    ground.git("update-ref", f"refs/replace/{head}", head)
    (ground.dot_git / "info/grafts").write_text(f"{head} {head}\n")
    ground.sparse(ground.dot_git / "shallow", 1 << 30)


@workspace
def submodules_with_commands_for_names(ground: Ground) -> None:
    trap = ground.trap("submodule-update")
    ground.write(
        ".gitmodules",
        f'[submodule "-u./x"]\n\tpath = -u./x\n\turl = -u{trap}\n\tupdate = !{trap}\n'
        f'[submodule "../../.git/hooks"]\n\tpath = lib\n\turl = ext::{trap}\n',
    )
    head = ground.git("rev-parse", "HEAD")
    ground.git("update-index", "--add", "--cacheinfo", f"160000,{head},lib")
    (ground.path / "lib").mkdir()
    (ground.path / "lib/.git").write_text("gitdir: /dev/zero\n")


@workspace
def a_million_packed_references(ground: Ground) -> None:
    head = ground.git("rev-parse", "HEAD")
    lines = (f"{head} refs/heads/b{number:07}\n" for number in range(1_000_000))
    (ground.dot_git / "packed-refs").write_text("".join(lines))


@workspace
def references_in_a_circle(ground: Ground) -> None:
    heads = ground.dot_git / "refs/heads"
    for number in range(50):
        (heads / f"r{number}").write_text(f"ref: refs/heads/r{(number + 1) % 50}\n")
    (ground.dot_git / "HEAD").write_text("ref: refs/heads/r0\n")
    (heads / "here").symlink_to(".")
    (heads / "up").symlink_to("../../..")


@workspace
def files_of_git_without_end(ground: Ground) -> None:
    for name in ("config", "HEAD", "packed-refs", "logs/refs/stash", "info/sparse-checkout"):
        ground.sparse(ground.dot_git / name)


@workspace
def files_of_git_that_are_devices(ground: Ground) -> None:
    for name in ("config", "packed-refs", "info/exclude", "info/attributes", "shallow", "index"):
        ground.link(f".git/{name}", "/dev/zero")


@workspace
def an_index_of_four_gigabytes(ground: Ground) -> None:
    ground.sparse(ground.dot_git / "index", begins=b"DIRC\0\0\0\2\0\0\0\1")


@workspace
def shared_indexes_of_four_gigabytes(ground: Ground) -> None:
    ground.git("update-index", "--split-index")
    for shared in ground.dot_git.glob("sharedindex.*"):
        ground.sparse(shared, begins=b"DIRC\0\0\0\2\0\0\0\1")
    for number in range(8):
        ground.sparse(ground.dot_git / f"sharedindex.{number:040x}", begins=b"DIRC")


@workspace
def an_index_that_promises_four_billion_entries(ground: Ground) -> None:
    body = b"DIRC" + struct.pack(">II", 2, 0xFFFFFFFF) + bytes(200)
    (ground.dot_git / "index").write_bytes(body + sha1(body).digest())


@workspace
def an_index_with_paths_that_lead_out(ground: Ground) -> None:
    entries = b""
    names = [b"../../outside/x", b"/etc/passwd", b".git/config", b"a//b", b"\x1b[2J", b"x" * 5000]
    for name in sorted(names):
        entry = bytes(40) + bytes.fromhex(ground.git("rev-parse", "HEAD:app.py"))
        entry += struct.pack(">H", min(len(name), 0xFFF)) + name
        entries += entry + bytes(8 - len(entry) % 8)
    entries = entries.replace(bytes(24) + b"\0\0\0\0", bytes(24) + b"\0\0\x81\xa4")
    body = b"DIRC" + struct.pack(">II", 2, len(names)) + entries
    (ground.dot_git / "index").write_bytes(body + sha1(body).digest())


@workspace
def references_in_a_table(ground: Ground) -> None:
    ground.configure({"core.repositoryFormatVersion": "1", "extensions.refStorage": "reftable"})
    (ground.dot_git / "reftable").mkdir()
    ground.sparse(ground.dot_git / "reftable/tables.list", 1 << 30)


@workspace
def an_object_that_unpacks_to_a_gigabyte(ground: Ground) -> None:
    size = 1 << 30
    digest, packer = sha1(), zlib.compressobj(9)
    head = b"blob %d\0" % size
    packed = packer.compress(head)
    digest.update(head)
    zeros = b"a\n" * (1 << 19)
    for _ in range(size // len(zeros)):
        digest.update(zeros)
        packed += packer.compress(zeros)
    oid = digest.hexdigest()
    place = ground.dot_git / "objects" / oid[:2]
    place.mkdir(exist_ok=True)
    (place / oid[2:]).write_bytes(packed + packer.flush())
    ground.git("update-index", "--add", "--cacheinfo", f"100644,{oid},bomb.py")
    ground.git("commit", "-q", "-m", "bomb")
    ground.write("bomb.py", "x = 1  # TODO\n")


@workspace
def a_tree_of_ten_billion_files(ground: Ground) -> None:
    blob = ground.git("hash-object", "-w", "--stdin", stdin=b"x = 1  # TODO\n")
    entry = f"100644 blob {blob}\tf%d"
    for _ in range(10):
        listed = "\n".join(entry % number for number in range(10)).encode()
        tree = ground.git("mktree", stdin=listed)
        entry = f"040000 tree {tree}\tf%d"
    head = ground.git("rev-parse", "HEAD")
    commit = ground.git("commit-tree", tree, "-p", head, stdin=b"bomb")
    ground.git("update-ref", "refs/heads/main", commit)


@workspace
def a_commit_message_without_end(ground: Ground) -> None:
    head = ground.git("rev-parse", "HEAD")
    tree = ground.git("rev-parse", "HEAD^{tree}")
    message = b"TODO " * (12 << 20)
    commit = ground.git("commit-tree", tree, "-p", head, stdin=message)
    ground.git("update-ref", "refs/heads/main", commit)


@workspace
def a_state_under_way_that_is_a_pipe(ground: Ground) -> None:
    for name in ("MERGE_HEAD", "rebase-merge/head-name", "rebase-merge/onto", "ORIG_HEAD"):
        ground.fifo(f".git/{name}")
    (ground.dot_git / "BISECT_LOG").symlink_to("/dev/zero")


@workspace
def an_index_beside_a_link_to_itself(ground: Ground) -> None:
    shutil.move(ground.dot_git, ground.path / "real")
    (ground.path / ".git").symlink_to("link2")
    (ground.path / "link2").symlink_to(".git")
