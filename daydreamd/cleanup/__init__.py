"""Tidying up: what is provably abandoned goes, everything else stays, each with its reason.

`evidence` gathers what is known of agent processes, `decision` decides without acting, `act` acts
on identities, and `tidy` puts it together. It asks nobody but the machine, and runs nothing of the
user's.
"""
