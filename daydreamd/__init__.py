"""daydreamd tidies up after AI coding agents and reflects on code while its owner is away.

A session flows through `sessions`, which calls one room a phase: `readiness`, `cleanup`,
`context`, `reflection`, `insights`, and `cleanup` again. What travels between them is defined in
`records`. `host` is the machine, `history` the memory, `daemon` the long life around sessions,
`cli` what people type.
"""

__version__ = "0.1.0"
