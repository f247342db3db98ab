"""Candidates: faults that changed lines give away by themselves, without any model.

Each rule knows one kind of fault and says nothing where it is not sure. What is told to whom, and
whether it is worth telling, is decided elsewhere.
"""
