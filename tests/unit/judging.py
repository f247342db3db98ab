"""The judge's two doors at once, as where nobody looks at the claims again."""

from daydreamd.insights.judgement import settle, sift


def judge(answer, *, max_new, known=(), taken=(), **asked):
    """What is kept of a model's answer."""
    sifted = sift(answer, known=known, **asked)
    return settle(sifted, max_new=max_new, taken=(*taken, *(item.id for item in known)))
