#!/bin/bash
# Installs daydreamd, or takes it away: `make install` and `make uninstall` call this.
# Below DESTDIR (for packages) nothing outside it is touched: no user made, nothing started.
set -euo pipefail

DESTDIR=${DESTDIR-} PREFIX=${PREFIX-/usr/local}
EXTRAS=${EXTRAS-embedded,analyzers} # of daydreamd itself; none is possible
AIDER=${AIDER-auto}       # in an environment of its own, about 690 MB; "no" does without, "yes" insists
PERSON=${PERSON-}         # who the daemon of the machine is, if not the user daydreamd
PYTHON=${PYTHON-} AIDER_PYTHON=${AIDER_PYTHON-}

AIDER_PACKAGE=aider-chat==0.86.2

cd "$(dirname "$0")/.."
engine_packages=$(sed -n 's/^ENGINE_PACKAGES := //p' Makefile)
lib=$PREFIX/lib/daydreamd
wheels=$lib/wheels # of the last installation: for the next, if it has no registry
manual=$PREFIX/share/man/man1/daydreamd.1
doc=$PREFIX/share/doc/daydreamd
declare -A completions=(
    [bash]=$PREFIX/share/bash-completion/completions/daydreamd
    [zsh]=$PREFIX/share/zsh/site-functions/_daydreamd
    [fish]=$PREFIX/share/fish/vendor_completions.d/daydreamd.fish
)
settings=/etc/daydreamd/daydreamd.toml
person_conf=/etc/systemd/system/daydreamd.service.d/user.conf
case $PREFIX in
/usr | /usr/local) conf=$PREFIX/lib ;; # systemd looks there by itself
*) conf=/etc ;;
esac
live=no
if [[ -z $DESTDIR && -d /run/systemd/system ]]; then live=yes; fi

say() { echo "daydreamd: $*"; }
fail() {
    echo "make: $*" >&2
    exit 1
}

# The first Python that has ensurepip and fits the expression. One that everybody may run is asked
# before the caller's: below a home it is closed to the daemon's user.
find_python() { # TEST CANDIDATE…
    local test=$1 python
    shift
    for python in "$@"; do
        if "$python" -c "import sys, ensurepip; sys.exit(not ($test))" 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    return 1
}
no_python() { fail "no Python with ensurepip fits ($1); Debian: apt-get install python3-venv"; }

# A new environment is made beside the old one and takes its place when it is whole; the paths in
# it (first lines of scripts) are then those of its place, without DESTDIR.
begin_environment() { # NAME PYTHON
    new=$DESTDIR$lib/$1.new
    rm -rf "$new"
    mkdir -p "$DESTDIR$lib"
    "$2" -m venv "$new"
}
# pep517: Debian's own pip builds source packages without it only where `wheel` happens to be there.
pip() { "$new/bin/python" -m pip "$1" --quiet --disable-pip-version-check --use-pep517 "${@:2}"; }

# All that is installed is kept as wheels, with what builds them; not below DESTDIR: a package of a
# distribution has no use for them. Without a registry those of the last time serve.
pip_install() { # [--no-deps] WHAT…
    if [[ -n $DESTDIR ]]; then
        pip install --retries 5 "$@"
        return
    fi
    mkdir -p "$wheels"
    if [[ -z ${PIP_NO_INDEX-} ]] && ! pip download --no-deps --retries 1 --dest "$new/tried" hatchling 2>/dev/null; then
        say "no registry answers: taking what the last installation kept in $wheels"
        export PIP_NO_INDEX=1
    fi
    local from=${PIP_FIND_LINKS-}
    PIP_FIND_LINKS="$from $wheels" pip wheel --retries 5 --wheel-dir "$wheels" hatchling setuptools wheel
    PIP_FIND_LINKS="$from $wheels" pip wheel --retries 5 --wheel-dir "$wheels" "$@"
    PIP_NO_INDEX=1 PIP_FIND_LINKS="$wheels" pip install "$@"
    rm -rf "$new/tried"
}
finish_environment() { # NAME
    grep -rlIF "$new" "$new/bin" "$new/pyvenv.cfg" | xargs sed -i "s#$new#$lib/$1#g"
    rm -rf "$DESTDIR$lib/$1"
    mv "$new" "$DESTDIR$lib/$1"
}

install_daydreamd() {
    local python test='sys.version_info >= (3, 11)'
    python=$(find_python "$test" ${PYTHON:-/usr/bin/python3 /usr/local/bin/python3 python3}) || no_python "$test"
    say "installing into $DESTDIR$lib with $python"
    begin_environment venv "$python"
    pip_install ".${EXTRAS:+[$EXTRAS]}"
    if [[ ,$EXTRAS, == *,embedded,* || $EXTRAS == all ]]; then
        # shellcheck disable=SC2086 # a list
        pip_install --no-deps $engine_packages
    fi
    finish_environment venv
    install -d "$DESTDIR$PREFIX/bin"
    ln -sfn "$lib/venv/bin/daydreamd" "$DESTDIR$PREFIX/bin/daydreamd"
}

install_aider() {
    local python stamp=$DESTDIR$lib/venv-aider/.installed
    local test='(3, 10) <= sys.version_info[:2] < (3, 13)'
    if ! python=$(find_python "$test" \
        ${AIDER_PYTHON:-/usr/bin/python3 /usr/local/bin/python3 python3.12 python3.11 python3.10}); then
        [[ $AIDER != yes && -z $AIDER_PYTHON ]] || no_python "$test"
        say "without Aider, as it needs Python 3.10 to 3.12 (AIDER_PYTHON=): the model is asked directly"
        return
    fi
    if [[ -f $stamp && $(<"$stamp") == "$AIDER_PACKAGE $python" ]]; then return; fi
    say "installing Aider beside it (about 690 MB; AIDER=no does without)"
    begin_environment venv-aider "$python"
    pip_install "$AIDER_PACKAGE"
    finish_environment venv-aider
    echo "$AIDER_PACKAGE $python" >"$stamp"
}

install_unit() { # SOURCE TARGET
    sed "s#@LIBDIR@#$lib#g; s#@DOCDIR@#$doc#g" "$1" | install -D -m 644 /dev/stdin "$DESTDIR$2"
}

# Whether nobody has changed the settings since they were installed.
are_ours() { cmp --quiet "$DESTDIR$doc/daydreamd.toml" "$DESTDIR$settings"; }

install_completions() {
    local target
    for target in "${completions[@]}"; do
        install -D -m 644 "etc/completions/${target##*/}" "$DESTDIR$target"
    done
}

install_files() {
    install_unit systemd/daydreamd.service "$conf/systemd/system/daydreamd.service"
    install_unit systemd/daydreamd@.service "$conf/systemd/system/daydreamd@.service"
    install_unit systemd/user/daydreamd.service "$conf/systemd/user/daydreamd.service"
    install -D -m 644 systemd/sysusers.d/daydreamd.conf "$DESTDIR$conf/sysusers.d/daydreamd.conf"
    install -D -m 644 systemd/tmpfiles.d/daydreamd.conf "$DESTDIR$conf/tmpfiles.d/daydreamd.conf"
    if [[ ! -e $DESTDIR$settings ]] || are_ours; then
        install -D -m 644 etc/daydreamd.toml "$DESTDIR$settings"
    fi
    install -D -m 644 -t "$DESTDIR$doc" README.md etc/daydreamd.toml
    install -D -m 644 etc/daydreamd.1 "$DESTDIR$manual"
    if [[ -n $PERSON ]]; then
        # Two daemons of one person would tidy up the same things: starting one stops the other.
        printf '# Written by make install USER=%s\n[Unit]\nConflicts=daydreamd@%s.service\n[Service]\nUser=%s\n' \
            "$PERSON" "$PERSON" "$PERSON" | install -D -m 644 /dev/stdin "$DESTDIR$person_conf"
    fi
}

# Settings are for everybody who has a daemon, a key is not.
warn_of_a_shown_key() {
    local shown
    shown=$(find "$DESTDIR/etc/daydreamd" -name '*.toml' -perm /o=r -exec grep -lE '^[[:space:]]*(model\.)?api_key[[:space:]]*=[[:space:]]*["'"'"']?[^"'"'"'[:space:]]' {} + || true)
    if [[ -n $shown ]]; then
        say "everybody may read the key in $shown: move it to /etc/daydreamd/api_key (root, mode 600)" >&2
    fi
}

install_all() {
    if [[ -z $DESTDIR && $EUID != 0 && ! -w $PREFIX ]]; then
        fail "cannot write to $PREFIX: use sudo make install, or PREFIX="
    fi
    if [[ $PERSON == root || $PERSON == 0 ]]; then
        fail "USER=root: what reads untrusted repositories does not run as root; name a person, or nobody"
    fi
    if [[ -n $PERSON && -z $DESTDIR ]] && ! id "$PERSON" >/dev/null; then
        fail "USER=$PERSON: there is nobody of that name"
    fi
    install_daydreamd
    if [[ $AIDER != no ]]; then install_aider; fi
    install_files
    install_completions
    if [[ $live == yes ]]; then
        systemd-sysusers "$conf/sysusers.d/daydreamd.conf"
        systemd-tmpfiles --create "$conf/tmpfiles.d/daydreamd.conf"
        systemctl daemon-reload
        # After an upgrade whoever runs goes on as the new version.
        systemctl try-restart daydreamd.service 'daydreamd@*.service'
    fi
    warn_of_a_shown_key
    say "installed; the settings are $settings"
}

# Of daydreamd@.service: those that run, and those that are enabled.
instances() {
    systemctl list-units --all --plain --no-legend 'daydreamd@*.service' | awk '{print $1}'
    find /etc/systemd/system -name 'daydreamd@?*.service' -type l -printf '%f\n' 2>/dev/null || true
}

# A daemon in a person's own manager would go on, on an environment that is gone.
stop_of_users() {
    local directory uid
    for directory in /run/user/*/systemd/private; do
        uid=$(cut -d/ -f4 <<<"$directory")
        if [[ $uid =~ ^[0-9]+$ ]] && id "$uid" >/dev/null 2>&1; then
            setpriv --reuid="$uid" --regid="$(id -g "$uid")" --init-groups \
                env XDG_RUNTIME_DIR="/run/user/$uid" systemctl --user stop --quiet daydreamd.service 2>/dev/null || true
        fi
    done
}

# State, logs, cache and the user who owns them stay, and so do settings that differ from ours.
uninstall_all() {
    if [[ $live == yes ]]; then
        # An instance has to be named; of the template itself there is nothing to stop.
        systemctl disable --quiet --now daydreamd.service $(instances) 2>/dev/null || true # not there
        stop_of_users
    fi
    if are_ours; then rm "$DESTDIR$settings"; fi
    rm -rf "$DESTDIR$lib" "$DESTDIR$doc"
    (
        cd "$DESTDIR/"
        rm -f ".$PREFIX/bin/daydreamd" ".$manual" "${completions[@]/#/.}" ".$person_conf" ".$conf"/systemd/system/daydreamd{,@}.service \
            ".$conf/systemd/user/daydreamd.service" ".$conf"/{sysusers,tmpfiles}.d/daydreamd.conf
        rmdir --ignore-fail-on-non-empty ".$(dirname $person_conf)" ./etc/daydreamd/conf.d \
            ./etc/daydreamd 2>/dev/null || true # not there
    )
    if [[ $live == yes ]]; then systemctl daemon-reload; fi
    say "uninstalled; sessions and insights stay in /var/lib/daydreamd* and /var/log/daydreamd*"
}

case ${1-} in
install) install_all ;;
uninstall) uninstall_all ;;
*) fail "usage: $0 install|uninstall" ;;
esac
