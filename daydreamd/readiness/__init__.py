"""Is the machine ready for a session?"""
