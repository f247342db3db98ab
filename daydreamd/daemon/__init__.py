"""The supervisor: decides when a session runs, watches over it, and runs none itself.

Idle it must stay tiny, so nothing in here imports what only a session needs.
"""
