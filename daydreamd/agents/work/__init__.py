"""What agents did: their transcripts, read as they grow, and their claims held against facts.

One small reader for each agent turns its records into a `Trace`; `reading` finds and follows the
files, `sessions` joins traces to `AgentSession`s, and `verdicts` judges claims. Transcripts are read
only, those of the calling user alone, and nothing of them leaves the machine.
"""
