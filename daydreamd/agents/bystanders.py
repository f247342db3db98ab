"""What kinds of programs stand around an agent: who adopts, who only waits, who only passes on.

By the executable's name, or the script's where that is an interpreter. A name never makes anybody
an agent and never ends anything; here it only tells whether somebody alive is an owner of his own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from daydreamd.host.processes import Stat, read_argv, read_exe

MULTIPLEXERS: Final = (
    "tmux", "screen", "zellij", "dtach", "abduco", "byobu", "shpool", "mosh-server", "etserver",
    "etterminal", "wezterm-mux", "dvtm", "ttyd", "gotty", "tmate", "upterm", "sshx",
)  # fmt: skip
ADOPTERS: Final = frozenset({"init", "systemd", "Relay", "SessionLeader"})
# They start somebody else's command and wait for it: whoever owns them owns it.
WRAPPERS: Final = frozenset({
    "sh", "bash", "dash", "ash", "zsh", "fish", "ksh", "ksh93", "mksh", "busybox", "nu", "elvish",
    "env", "nohup", "timeout", "nice", "ionice", "chrt", "taskset", "stdbuf", "setsid", "script",
    "flock", "time", "prlimit", "setarch", "setpriv", "unbuffer", "expect", "choom", "numactl",
    "sudo", "sudo-rs", "doas", "su", "runuser", "pkexec", "gosu", "su-exec", "capsh",
    "npx", "npm", "pnpm", "pnpx", "yarn", "bunx", "corepack", "uv", "uvx", "pipx", "rye", "hatch",
    "poetry", "pdm", "pixi", "conda", "mamba", "micromamba", "mise", "rtx", "direnv", "asdf",
    "volta", "volta-shim", "fnm", "nodenv", "nix", "nix-shell", "devbox", "devenv", "just", "task",
    "op", "doppler", "infisical", "aws-vault", "chamber", "envchain", "teller", "summon", "sops",
    "dotenvx", "dotenv", "berglas", "akeyless", "varlock",
    "systemd-inhibit", "systemd-run", "systemd-cat", "caffeinate", "gnome-session-inhibit",
    "bwrap", "firejail", "unshare", "nsenter", "chroot", "fakeroot", "proot", "faketime", "srt",
    "xvfb-run", "dbus-run-session", "dbus-launch", "proxychains4", "proxychains", "torsocks",
    "catchsegv", "cage", "ssh-agent", "start-stop-daemon", "with-contenv", "chpst", "softlimit",
    "dumb-init", "tini", "catatonit",
    "docker-init", "podman-init",
})  # fmt: skip
_SHORT: Final = re.compile(r"-[A-Za-z0-9]+")
_SHELLS: Final = frozenset({
    "sh", "bash", "dash", "ash", "zsh", "fish", "ksh", "ksh93", "mksh", "nu", "elvish",
})  # fmt: skip
_WRAPPER_SCRIPTS: Final = frozenset({
    "npx-cli.js", "npm-cli.js", "npx", "npm", "pnpm", "pnpm.cjs", "pnpm.js", "pnpm.mjs", "pnpx",
    "pnpx.cjs", "yarn", "yarn.js", "yarn.cjs", "corepack", "corepack.js", "bunx", "cli-wrapper.cjs",
    "dotenvx", "dotenv", "cross-env", "cross-env.js", "env-cmd", "tsx", "uvx", "uv", "pipx",
    "xvfb-run", "poetry", "hatch", "pdm", "unbuffer", "mise", "direnv", "asdf", "srt",
})  # fmt: skip
_WRAPPER_MODULES: Final = frozenset({"pipx", "uv", "poetry", "hatch", "pdm", "dotenv"})
# They pass on what they read. In a pipeline of orphans they want nothing for themselves.
FILTERS: Final = frozenset({
    "tee", "cat", "sleep", "grep", "egrep", "rg", "sed", "awk", "gawk", "mawk", "head", "tail",
    "ts", "logger", "systemd-cat", "sort", "uniq", "jq", "pv", "mbuffer", "tr", "cut", "fold",
    "xargs", "yes", "rotatelogs", "multilog", "svlogd", "cronolog", "split", "base64", "gzip",
    "zstd", "xz", "stdbuf", "column", "less", "more", "dd", "nl", "rev", "tac", "wc", "unbuffer",
})  # fmt: skip
# What a person works in: it may hold what exists nowhere else.
_PERSONAL: Final = frozenset({
    "vi", "vim", "nvim", "gvim", "vim.basic", "vim.tiny", "vim.gtk3", "vimx", "neovide", "emacs",
    "emacs-gtk", "emacs-nox", "emacsclient", "nano", "pico", "micro", "hx", "helix", "kak", "joe",
    "jed", "mcedit", "ne", "code", "code-insiders", "codium", "cursor", "windsurf", "zed",
    "zed-editor", "subl", "sublime_text", "gedit", "gnome-text-editor", "kate", "kwrite",
    "mousepad", "xed", "pluma", "geany", "idea", "pycharm", "webstorm", "goland", "clion", "rider",
    "studio", "eclipse", "netbeans", "obsidian", "libreoffice", "soffice.bin", "gimp", "inkscape",
    "gnome-terminal-server", "konsole", "alacritty", "kitty", "foot", "wezterm-gui", "ghostty",
    "xterm", "urxvt", "terminator", "tilix", "ptyxis", "st", "meld", "kdiff3", "gitk", "git-gui",
})  # fmt: skip
# Parts of editors that an interpreter runs, by what stands in their command line.
_EDITOR_WORDS: Final = ("server-main.js", "--type=extensionHost", "com.intellij.idea")
_BROWSERS: Final = frozenset({
    "chrome", "chromium", "chromium-browser", "google-chrome", "firefox", "firefox-bin",
    "firefox-esr", "brave", "brave-browser", "msedge", "opera", "vivaldi", "vivaldi-bin",
    "epiphany",
    "librewolf", "zen", "arc", "thunderbird", "thunderbird-bin", "electron",
})  # fmt: skip
_DRIVEN: Final = ("--headless", "--remote-debugging", "--type=", "-headless", "--marionette")


def program_name(stat: Stat) -> str:
    """The executable's name, or where that cannot be read what the process calls itself."""
    return os.path.basename(read_exe(stat.pid)) or stat.comm  # noqa: PTH119 - a name, not a path


def is_wrapper(stat: Stat) -> bool:
    """Whether a process only waits for a command that it was given."""
    name = program_name(stat)
    argv = read_argv(stat.pid)
    if name in _SHELLS:
        return _only_waits(argv)
    if name in WRAPPERS:
        return name != "busybox" or os.path.basename(argv[0] if argv else "") in WRAPPERS  # noqa: PTH119 - a word, no path
    if name.startswith(("node", "bun", "deno")) and argv and argv[0].startswith(("npm ", "pnpm ")):
        return True  # npm writes what it executes into its own command line
    if not name.startswith(("node", "bun", "deno", "python", "perl", "tclsh", "expect")):
        return False
    words = [word for word in argv[1:] if word and not word.startswith("-")]
    if "-m" in argv[1:3]:
        return bool(words) and words[0] in _WRAPPER_MODULES
    return bool(words) and os.path.basename(words[0]) in _WRAPPER_SCRIPTS  # noqa: PTH119 - a word, no path


def _only_waits(argv: Sequence[str]) -> bool:
    """Whether a shell runs one command line, or is a person's own; a script is a program itself."""
    words = [word for word in argv[1:] if not word.startswith(("-", "+"))]
    with_command = any(word.startswith("-") and "c" in word for word in argv[1:])
    return with_command or not words or os.path.basename(words[0]) in _WRAPPER_SCRIPTS  # noqa: PTH119 - a word, no path


def is_daydreamd(argv: Sequence[str]) -> bool:
    """Whether a command line starts one of our programs: `python -m daydreamd session`."""
    names = [os.path.basename(word) for word in argv[:6]]  # noqa: PTH119 - words, no paths
    return "daydreamd" in names[:2] or ("-m", "daydreamd") in pairwise(names)


def is_filter(stat: Stat) -> bool:
    """Whether a process only passes on what it reads; one that follows a file waits for more."""
    name = program_name(stat)
    return name in FILTERS and not (name == "tail" and _follows_a_file(read_argv(stat.pid)))


def _follows_a_file(argv: Sequence[str]) -> bool:
    words, values = argv[1:], [word for word in argv[1:] if not word.startswith(("-", "+"))]
    follows = any(
        word.startswith("--follow") or (_SHORT.fullmatch(word) and {*word} & {"f", "F"})
        for word in words
    )
    return follows and any(not word.isdecimal() and word != "/dev/null" for word in values)


def personal_program(name: str, argv: Sequence[str]) -> bool:
    """Whether somebody works in it: an editor, a browser that no program drives, a terminal."""
    if name in _PERSONAL:
        return not any(word.startswith("--type=") for word in argv)
    return name in _BROWSERS and not any(word.startswith(_DRIVEN) for word in argv[1:])


def is_of_an_editor(stat: Stat) -> bool:
    """Whether a process is an editor, a person's browser, or one of their many processes."""
    name, argv = program_name(stat), read_argv(stat.pid)
    by_words = any(word in argument for argument in argv for word in _EDITOR_WORDS)
    return by_words or name in _PERSONAL or personal_program(name, argv)
