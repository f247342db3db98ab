"""Children of ours: which programs may be started, within which limits, and how they end."""
