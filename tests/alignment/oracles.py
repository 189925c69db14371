"""Independent ways to the same numbers: all paths, one by one.

Nothing here imports skxent, so that no oracle can share a mistake with what it
checks.
"""

import math
from itertools import combinations, pairwise, product


def durations(n_frames, n_states):
    """All ways to give n_states at least one frame each, of n_frames."""
    for cuts in combinations(range(1, n_frames), n_states - 1):
        yield [b - a for a, b in zip((0, *cuts), (*cuts, n_frames), strict=True)]


def state_sequences(words, silence):
    """All sequences of states of words in a row, with and without silence at each place."""
    pauses = [[]] if silence is None else [[], [silence]]
    places = [pauses]
    for pronunciations in words:
        places += [[list(states) for states in pronunciations], pauses]
    for parts in product(*places):
        yield [state for part in parts for state in part]


def paths(words, silence, n_frames):
    """All paths (a state for each frame) through words in a row."""
    for states in state_sequences(words, silence):
        for counts in durations(n_frames, len(states)):
            yield [s for s, count in zip(states, counts, strict=True) for _ in range(count)]


def score(path, scores):
    return math.fsum(float(scores[t][state]) for t, state in enumerate(path))


def scores_of_paths(words, silence, scores):
    return [score(path, scores) for path in paths(words, silence, len(scores))]


def log_sum(values):
    top = max(values, default=-math.inf)
    if top == -math.inf:
        return top
    return top + math.log(math.fsum(math.exp(value - top) for value in values))


def best_row(words, silence, scores, penalty, bigram):
    """Score and indices of the best row of words, of all that fit."""
    best, row = -math.inf, []
    for n_words in range(1, len(scores) + 1):
        for indices in product(range(len(words)), repeat=n_words):
            found = max(
                scores_of_paths([words[i] for i in indices], silence, scores), default=-math.inf
            )
            found -= penalty * (n_words - 1)
            if bigram is not None:
                found += sum(bigram[i][j] for i, j in pairwise(indices))
            if found > best:
                best, row = found, list(indices)
    return best, row
