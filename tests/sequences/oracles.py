"""Independent ways to the same numbers: loops in mpmath.

Nothing here imports skxent, so that no oracle can share a mistake with what it
checks.
"""

from mpmath import mp, mpf


def aggregated_by_loops(frames, aggregate):
    """Log-probabilities of a sequence in 60 digits; those of no frame are zero."""
    with mp.workdps(60):
        scores = [mp.fsum([mpf(float(value)) for value in column]) for column in frames.T]
        if aggregate == "mean_log_proba":
            scores = [score / len(frames) for score in scores]
        top = max(scores)
        normaliser = mp.log1p(mp.fsum([mp.exp(score - top) for score in scores]) - 1)
        return [float(score - top - normaliser) for score in scores]
