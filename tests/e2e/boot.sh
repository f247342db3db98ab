#!/bin/sh
# Turns the namespaces it was started in into a machine of its own and becomes its systemd.
# The whole disk is an overlay on a tmpfs: nothing that happens inside reaches the real one.
# usage: boot.sh BASE REPOSITORY [LAYER…]; BASE/door is what both sides see (inside: /run/door).
set -eu
base=$1
repository=$2
shift 2

mount --make-rprivate /
mkdir "$base/disk"
mount -t tmpfs -o mode=0755 tmpfs "$base/disk"
mkdir "$base/disk/upper" "$base/disk/work" "$base/disk/root"
root=$base/disk/root
mount -t overlay -o "lowerdir=/,upperdir=$base/disk/upper,workdir=$base/disk/work" overlay "$root"

mount -t proc proc "$root/proc"
# The kernel is shared with the host: its knobs are for looking at.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mkdir "$root/run/door"
mount --bind "$base/door" "$root/run/door"

mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"

# Services that somebody enabled on the host are none of this machine's.
units=$root/etc/systemd/system
rm -rf "$units" "$root/etc/machine-id"
# Before /tmp and /var/tmp of the host are hidden: its layers may lie there.
for layer in "$@"; do
    cp -a "$layer/." "$root/"
done
chmod --reference=/ "$root"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs -o mode=1777 tmpfs "$root/var/tmp"

# Wherever the repository is mounted from, it is there, and cannot be written.
mkdir -p "$root$repository"
mount --bind "$repository" "$root$repository"
mount -o remount,bind,ro "$root$repository"

mkdir -p "$units" "$root/etc/systemd/journald.conf.d"
tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' \
    >"$root/etc/systemd/journald.conf.d/volatile.conf"
# What belongs to real hardware, or would turn a knob of the shared kernel.
for unit in dev-hugepages.mount dev-mqueue.mount kmod-static-nodes.service \
    proc-sys-fs-binfmt_misc.automount sys-fs-fuse-connections.mount sys-kernel-config.mount \
    sys-kernel-debug.mount sys-kernel-tracing.mount systemd-ask-password-console.path \
    systemd-journal-flush.service systemd-journald-audit.socket \
    systemd-modules-load.service systemd-random-seed.service systemd-remount-fs.service \
    systemd-sysctl.service systemd-sysusers.service systemd-tmpfiles-clean.timer \
    systemd-tmpfiles-setup-dev.service systemd-tmpfiles-setup.service \
    systemd-udev-trigger.service systemd-udevd.service systemd-udevd-control.socket \
    systemd-udevd-kernel.socket systemd-update-utmp.service; do
    ln -s /dev/null "$units/$unit"
done
cat >"$units/machine.target" <<'UNIT'
[Unit]
Description=A machine for tests
Requires=sysinit.target dbus.socket
Wants=systemd-journald.service dbus.service machine-up.service
UNIT
cat >"$units/machine-up.service" <<'UNIT'
[Unit]
Description=Tell the outside that the machine is up
After=sysinit.target dbus.service
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo up >/run/door/up'
UNIT

mkdir "$root/old"
cd "$root"
pivot_root . old
umount -l /old
rmdir /old
# As on a real machine: what systemd mounts for a unit (its credentials) is seen by the unit.
mount --make-rshared /
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    container=daydreamd-test /lib/systemd/systemd --system --unit=machine.target --show-status=false
