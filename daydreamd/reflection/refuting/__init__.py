"""The second pass: each claim by itself, to be refuted by what it is shown with.

`tally` decides when looks are enough; `known_truths` makes claims whose truth is known, by which
`qualifying` decides whether a judge has a vote; `look_page` lays out what a judge is shown and
reads what it answers; `pace` measures the model, and `planning` fits the looks into the time that
is left; `judge` asks over HTTP, and `refutation` is the pass itself.
"""
