"""What travels between rooms, processes and faces: frozen, typed, and made in one place each.

Records know no machine and no room. Where one crosses a process or a socket it is JSON, written
and read by its type.
"""
