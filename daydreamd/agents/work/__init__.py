"""What agents did: their transcripts, read as they grow, and their claims held against facts.

One small reader for each agent turns its records into a `Trace`; `reading` finds and follows the
files, `stories` joins traces to sessions, and `verdicts` judges claims. Transcripts are only read,
those of the calling user alone, and nothing of them leaves the machine.
"""
