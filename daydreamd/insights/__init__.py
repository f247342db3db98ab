"""The fifth phase: from a model's answer to a few checked, new insights, and a report of them.

Facts are stated without the model (`observations`); the answer is read (`proposals`), held against
the code it cites (`verification`) and against what was said before (`novelty`) by one judge
(`judgement`); a page is made of both (`report`) and put away (`archive`).
"""
