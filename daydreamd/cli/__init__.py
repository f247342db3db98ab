"""What people type: one file per command, and no decision that a room could make."""
