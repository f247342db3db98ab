"""What travels between the rooms, into the history and out as JSON: frozen, typed, defined once.

A record knows its own words and nothing of who makes, stores or shows it.
"""
