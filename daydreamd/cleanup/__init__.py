"""Tidying up: what is provably abandoned goes, everything else stays, each with its reason.

`tidy` is the door. `process_tidying` gathers `evidence`, has `decision` decide without acting and
`act` act on identities; `file_tidying` tends temp files, logs and archives. Nobody but the machine
is asked, and nothing of the user's is run.
"""
