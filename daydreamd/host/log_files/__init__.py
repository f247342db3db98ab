"""Logs that others write: cut, packed and moved on, so that a kill at any moment loses nothing."""
