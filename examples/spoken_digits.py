"""From recordings to a model, its accuracy for new speakers, and a page to listen to.

Run it on the synthetic voices that come with skxent, or on your own recordings::

    python examples/spoken_digits.py
    python examples/spoken_digits.py FOLDER

FOLDER has one folder for each word, with its recordings: ``yes/anna_1.wav``, ``no/ben_1.mp3``. The
part of a file's name before the last underscore is its speaker. From a terminal, ``skxent train``
does the same, and chooses among several such pipelines.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from skxent import LexiconClassifier, MFCCTransformer
from skxent.datasets import load_recordings, load_spoken_digits
from skxent.report import report

PAGE = "spoken_digits.html"


def main():
    if len(sys.argv) > 1:
        recordings = load_recordings(sys.argv[1])
        print(recordings.DESCR, recordings.problems, sep="\n\n")
        paths, words = recordings.paths, recordings.labels
        # Recordings of unknown speakers stay together: none is on both sides of a split.
        speakers = np.where(recordings.speakers == None, "unknown", recordings.speakers)  # noqa: E711
        rate = min(16000, int(np.median(recordings.sample_rates)))
    else:
        digits = load_spoken_digits()
        words, speakers = np.array(digits.target_names)[digits.target], digits.speaker
        paths, rate = digits.filenames, digits.sample_rate

    # Frames in the order of the word, for states that they pass through.
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=rate, deltas=1, pooling=None, cache="memory"),
        LexiconClassifier(),
    )
    # Each clip is classified by a model that has never heard its speaker.
    probabilities = cross_val_predict(
        pipeline,
        paths,
        words,
        groups=speakers,
        cv=StratifiedGroupKFold(5),
        method="predict_proba",
        n_jobs=-1,
    )
    page = report(
        probabilities,
        paths,
        words,
        speakers,
        classes=np.unique(words),
        model=pipeline.fit(paths, words),
        title="Spoken digits",
    )
    page.save(PAGE)
    low, high = page.accuracy_interval
    print(f"Accuracy for new speakers: {page.accuracy:.1%} (95 % interval {low:.1%} to {high:.1%})")
    print(f"To listen to its mistakes: {Path(PAGE).resolve()}")


if __name__ == "__main__":
    main()
