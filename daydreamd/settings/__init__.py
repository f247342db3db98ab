"""What the user may set: every setting with its default, and how files and environment become one.

It knows no room: a room is handed its group and never asks here.
"""
