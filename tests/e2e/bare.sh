#!/usr/bin/env bash
# `make run` and the tests as somebody meets them who has Python, git and make, and nothing else: in a
# minimal Debian of its own, made with debootstrap, in namespaces. As root. Called once a release.
#   bare.sh [COMMAND…]   inside, in a clone of HEAD; by default the two commands of the README
set -euo pipefail
cd "$(dirname "$0")/../.."
PACKAGES=python3,python3-venv,git,make,ca-certificates
SUITE=${SUITE:-bookworm}
# What says how this machine reaches its registries comes along; nothing else of it does.
KNOWN="/etc/apt /etc/pip.conf /etc/xdg/pip /etc/npmrc /etc/resolv.conf /etc/hosts /etc/ssl
    /usr/local/share/ca-certificates /usr/share/keyrings"

fail() {
    echo "make: $*" >&2
    exit 1
}
[ "$EUID" = 0 ] || fail "a bare Debian needs root: sudo make bare"
if ! command -v debootstrap >/dev/null; then
    command -v apt-get >/dev/null || fail "debootstrap is missing"
    apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap >/dev/null
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/daydreamd-bare.XXXXXX")
root=$work/root
# The mounts are in a namespace that has ended by then: only files are left.
trap 'rm -rf --one-file-system "$work"' EXIT

# The mirror that this machine itself uses, in either of the two forms that apt reads.
mirror=$(cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '$1 == "URIs:" {print $2; exit}')
mirror=${mirror:-$(awk '$1 == "deb" && $2 !~ /^\[/ {print $2; exit}' /etc/apt/sources.list 2>/dev/null || true)}
echo "make: building a minimal Debian ($SUITE) with $PACKAGES"
debootstrap --variant=minbase --include="$PACKAGES" "$SUITE" "$root" ${mirror:+"$mirror"} >"$work/log" 2>&1 \
    || fail "cannot build a minimal Debian: $(tail -n 3 "$work/log")"

for path in $KNOWN; do
    if [ -e "$path" ]; then
        rm -rf "${root:?}$path"
        mkdir -p "$root$(dirname "$path")"
        cp -aL "$path" "$root$path" 2>/dev/null || true # a dangling link in it is no loss
    fi
done
# The mirrors of this machine, for the Debian that is in there.
ours=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
if [ -n "$ours" ]; then
    find "$root/etc/apt" -name '*.list' -o -name '*.sources' | xargs --no-run-if-empty sed -i "s/\b$ours\b/$SUITE/g"
fi
variables=()
while IFS='=' read -r -d '' name value; do
    case $name in
    PIP_* | NPM_* | npm_* | SSL_CERT_* | REQUESTS_CA_BUNDLE | NODE_EXTRA_CA_CERTS | *_proxy | *_PROXY)
        variables+=("$name=$value")
        if [ -f "$value" ]; then
            mkdir -p "$root$(dirname "$value")"
            cp -aL "$value" "$root$value"
        fi
        ;;
    esac
done </proc/self/environ
git clone --quiet . "$root/src"

[ "$#" -gt 0 ] || set -- sh -c 'make run && make test'
export root
# A fork of its own is the machine's first process: with it, everything in the machine ends.
if ! unshare --mount --pid --fork --kill-child --ipc --uts bash -c '
    set -eu
    mount --make-rprivate /
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mkdir -p "$root/home/new"
    # Not a chroot: whoever enters its namespaces from inside must find this root there, and no other.
    mkdir "$root/.old"
    cd "$root"
    pivot_root . .old
    umount -l /.old
    rmdir /.old
    hash -r
    env --chdir=/src "$@"
' bash -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/home/new \
    LANG=C.UTF-8 CI=true "${variables[@]}" "$@"; then
    fail "in a bare Debian it does not work: $*"
fi
echo "make: in a bare Debian it works: $*"
