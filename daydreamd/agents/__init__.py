"""Coding agents as processes: what they are, what they say of themselves, how long they are quiet.

`kinds` recognises them and `nameless` what they left, `claude_files` reads what Claude Code keeps
of its sessions, `sampling` looks at all of them once and `idle_watch` over hours, `idleness` weighs
both. Nothing here decides about a process, or acts on one.
"""
