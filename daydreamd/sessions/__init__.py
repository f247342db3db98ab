"""One session, seen whole: holding it, its phases in order, what they hand on, what it recalls.

`holding` takes the lock, `recovery` ends what dead sessions left, `system` calls one room a phase,
`phases` keeps budgets and records, `findings` what a phase found for the next, `recollection` asks
the history.
"""
