"""What listens to a session: the log, and whoever watches in a terminal.

Listeners are sinks of events. They know how to say things, and decide nothing.
"""
