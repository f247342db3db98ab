"""The fourth phase: one prompt, one question to a local model, one answer or a stated failure.

The prompt is composed within a budget (`composition`, `tokens`, `answer_schema`); a model is made
to serve (`embedded_engine`, `served_model`); it is asked through Aider (`aider`) or over HTTP
(`direct`); its answer is picked out of what comes back (`answer_stream`); `reflecting` holds the
deadline over all of it.
"""
