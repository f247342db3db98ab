"""The system around us: its service manager and journal, signals, what is left, who is there."""
