"""What listens to a session: the log, on a terminal, as JSON, or in the journal.

Listeners are sinks of events. They know how to say things, and decide nothing.
"""
