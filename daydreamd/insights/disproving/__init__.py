"""Claims held against the code without a model: what can be shown to be false is not said.

Each module knows one family of claims and says what decides against one, or nothing. `grounds` is
what they all ask; `disproof` asks them in turn. What cannot be decided stands.
"""
