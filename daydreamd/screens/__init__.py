"""Everything drawn on a terminal: live phases, tables, pages, and the document of `--json`.

Screens are handed typed records and print them. They ask no daemon, no history and no machine.
"""
