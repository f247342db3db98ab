"""What is remembered: sessions, insights, kills, and when the next session is due.

It knows the tables and no room: it is told what happened and never asks why.
"""
