"""From recordings to a cross-validated classifier of spoken words.

Run it on the synthetic voices that come with skxent, on real recordings, or on
your own::

    python examples/spoken_digits.py
    python examples/spoken_digits.py --data fsdd
    python examples/spoken_digits.py --data FOLDER

FOLDER has one folder for each word, with its recordings: ``yes/anna_1.wav``,
``no/ben_1.mp3``. The part of a file's name before the last underscore is its
speaker. What is left out is printed with the reason: files that aren't in the
folder of a word, that can't be used, or whose names don't say who speaks, and
words with too few recordings. Hidden files and folders are ignored.

A classifier for new speakers must be chosen and tested on speakers that it was
not trained on. So the folds of the grid search keep speakers apart, and the last
figures are those of leaving out each speaker in turn.
"""

import argparse
import sys
import time
import warnings
from collections import Counter
from glob import glob
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")  # the figure is written to a file, no screen is needed

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import (
    GridSearchCV,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import fetch_fsdd, load_spoken_digits
from skxent.plotting import LearningRateDisplay, LossCurveDisplay

LEARNING_RATES = [0.0001, 0.001, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0]
MIN_RECORDINGS = 10  # of a word
MIN_SPEAKERS = 3
FEATURES = {"trim": 35, "deltas": 1, "n_segments": 5, "cache": "memory"}


def main():
    args = parse_arguments()
    # A search tries rates that are too small or too large on purpose.
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    began = time.perf_counter()

    clips, words, speakers, sample_rate, train, test = load_data(args.data)
    names = list(dict.fromkeys(words))
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=sample_rate, **FEATURES),
        StandardScaler(),
        SoftmaxClassifier(solver="gd", alpha=0.02, max_iter=150),
    )

    groups = take(speakers, train)
    if groups is None:
        cv = StratifiedKFold(5, shuffle=True, random_state=0)
    else:
        cv = StratifiedGroupKFold(min(5, len(np.unique(groups))))
    print(f"\nGrid search over {len(LEARNING_RATES)} learning rates x {cv.n_splits} folds")
    search = GridSearchCV(
        pipeline,
        {"softmaxclassifier__learning_rate": LEARNING_RATES},
        cv=cv,
        n_jobs=args.jobs,
    ).set_callbacks(ProgressBar(max_propagation_depth=0))
    search.fit(take(clips, train), words[train], groups=groups)
    print_search(search)

    predicted = search.predict(take(clips, test))
    accuracy = np.mean(predicted == words[test])
    print(f"\nTest accuracy: {accuracy:.3f} ({len(test)} clips)")

    if speakers is not None:
        print("\nAccuracy for each speaker, left out of the training:")
        scores = cross_val_score(
            clone(search.best_estimator_),
            clips,
            words,
            groups=speakers,
            cv=LeaveOneGroupOut(),
            n_jobs=args.jobs,
        )
        for name, score in zip(np.unique(speakers), scores, strict=True):
            print(f"    {name:<12} {score:.3f}")
        print(f"    {'mean':<12} {np.mean(scores):.3f}")

    draw(search, words[test], predicted, names, args.figure)
    print(f"\nFigure: {args.figure.resolve()}")
    print(f"Time: {time.perf_counter() - began:.0f} s")


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data",
        default="synthetic",
        metavar="synthetic|fsdd|FOLDER",
        help="recordings to use (default: the synthetic ones)",
    )
    parser.add_argument(
        "--figure", type=Path, default=Path("spoken_digits.png"), help="where to save the figure"
    )
    parser.add_argument(
        "--jobs", type=int, default=-1, help="number of processes (default: one for each core)"
    )
    return parser.parse_args()


def load_data(source):
    """Return clips, words, speakers (or None), the sample rate, and a split."""
    if source == "fsdd":
        bunch = fetch_fsdd()
        takes = np.array([int(Path(name).stem.rpartition("_")[2]) for name in bunch.filenames])
        # The official test set is the first five takes of each word and speaker.
        train, test = np.flatnonzero(takes >= 5), np.flatnonzero(takes < 5)
        print("Free Spoken Digit Dataset (real recordings), official split")
        clips, words, speakers = bunch.data, words_of(bunch), bunch.speaker
        sample_rate = bunch.sample_rate
    elif source == "synthetic":
        bunch = load_spoken_digits()
        print("Spoken digits by synthetic voices, tested on a quarter of the voices")
        clips, words, speakers = bunch.data, words_of(bunch), bunch.speaker
        sample_rate = bunch.sample_rate
        train, test = split(words, speakers)
    else:
        sample_rate = 16000
        clips, words, speakers = find_recordings(Path(source), sample_rate)
        train, test = split(words, speakers)
    n_speakers = "unknown" if speakers is None else len(np.unique(speakers))
    print(f"{len(clips)} clips, {len(np.unique(words))} words, speakers: {n_speakers}")
    return clips, words, speakers, sample_rate, train, test


def words_of(bunch):
    return np.array(bunch.target_names)[bunch.target]


def find_recordings(folder, sample_rate):
    """Return the paths of FOLDER/word/speaker_take.wav that can be used, words, and speakers."""
    if not folder.is_dir():
        sys.exit(f"--data {folder}: no such folder or data set")
    # Unlike Path.rglob, glob skips what is hidden and follows links to folders.
    files = [folder / name for name in sorted(glob("**/*", root_dir=folder, recursive=True))]
    files = [path for path in files if not path.is_dir()]
    usable = [path for path in files if len(path.relative_to(folder).parts) == 2]
    left_out = dict.fromkeys(set(files) - set(usable), "not in the folder of a word")
    left_out |= find_problems(usable, sample_rate)
    usable = [path for path in usable if path not in left_out]

    named = [path for path in usable if speaker_of(path)]
    paths, rare = without_rare_words(named)
    speakers = np.array([speaker_of(path) for path in paths])
    if len(set(speakers)) >= MIN_SPEAKERS:
        left_out |= dict.fromkeys(set(usable) - set(named), "no speaker in its name")
    else:
        paths, rare = without_rare_words(usable)
        speakers = None
    for word, count in rare.items():
        left_out[folder / word] = f"{count} of the {MIN_RECORDINGS} recordings that a word needs"
    if left_out:
        lines = [f"{path}: {reason}" for path, reason in sorted(left_out.items())]
        print("Left out:", *lines, sep="\n    ")

    words = np.array([path.parent.name for path in paths])
    if len(set(words)) < 2:
        sys.exit(
            f"--data {folder}: must have at least two folders, each named after a word and with at "
            f"least {MIN_RECORDINGS} recordings of it that can be used; found "
            f"{describe(Counter(path.parent.name for path in usable))}"
        )
    if speakers is None:
        print(
            "The names of the files (speaker_take.wav) do not distinguish at least three speakers, "
            "so speakers are ignored:\nthe figures are for known speakers, and optimistic for new "
            "ones."
        )
    return paths, words, speakers


def speaker_of(path):
    return path.stem.rpartition("_")[0]


def find_problems(paths, sample_rate):
    """Return the reasons why features of some files can't be computed, by path."""
    transformer = MFCCTransformer(sample_rate=sample_rate, on_error="warn", **FEATURES)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* clips can't be used")
        rows = transformer.transform(paths) if paths else []
    transformer.set_params(on_error="raise")
    problems = {}
    for path in (path for path, row in zip(paths, rows, strict=True) if np.isnan(row).any()):
        try:
            transformer.transform([path])
        except ValueError as error:
            problems[path] = str(error).removeprefix(f"clip 0 ({path}): ")
    return problems


def without_rare_words(paths):
    """Return the paths whose words have enough recordings, and the counts of all other words."""
    counts = Counter(path.parent.name for path in paths)
    rare = {word: count for word, count in counts.items() if count < MIN_RECORDINGS}
    return [path for path in paths if path.parent.name not in rare], rare


def describe(counts):
    return ", ".join(f"{count} of {word!r}" for word, count in counts.items()) or "none"


def split(words, speakers):
    """Hold out a quarter of the speakers or, if they are unknown, of the clips."""
    everything = np.arange(len(words))
    if speakers is None:
        return train_test_split(everything, test_size=0.25, stratify=words, random_state=0)
    splitter = GroupShuffleSplit(1, test_size=0.25, random_state=0)
    return next(splitter.split(everything, words, speakers))


def take(values, indices):
    """Return entries of a list or an array, or None."""
    if values is None or isinstance(values, np.ndarray):
        return values if values is None else values[indices]
    return [values[i] for i in indices]


def print_search(search):
    results = search.cv_results_
    print("\n    learning rate   accuracy   spread over folds")
    for i, rate in enumerate(LEARNING_RATES):
        mark = "  <- best" if i == search.best_index_ else ""
        mean, spread = results["mean_test_score"][i], results["std_test_score"][i]
        print(f"    {rate:<13g}   {mean:.3f}      {spread:.3f}{mark}")


def draw(search, actual, predicted, words, path):
    """Save the confusion matrix, the score against the rate, and the loss curve."""
    plt.style.use(["tableau-colorblind10", {"font.size": 12}])
    figure, axes = plt.subplot_mosaic(
        [["words", "rates"], ["words", "loss"]],
        figsize=(13, 7),
        width_ratios=(1.2, 1),
        layout="constrained",
    )
    matrix = ConfusionMatrixDisplay.from_predictions(
        actual,
        predicted,
        labels=words,
        ax=axes["words"],
        colorbar=False,
        cmap="Blues",
        xticks_rotation="vertical",
    )
    for text in matrix.text_.flat:
        text.set_visible(text.get_text() != "0")
    axes["words"].set(
        xlabel="Recognised word",
        ylabel="Spoken word",
        title=f"{np.mean(actual == predicted):.1%} of {len(actual)} test clips are right",
    )

    LearningRateDisplay.from_search(search, score_name="Accuracy", ax=axes["rates"])
    axes["rates"].axhline(1 / len(words), color="0.4", linestyle="--", label="guessing")
    axes["rates"].set(ylim=(0, 1.02), title="Cross-validation: which learning rate?")

    LossCurveDisplay.from_estimator(search, ax=axes["loss"])
    axes["loss"].axhline(np.log(len(words)), color="0.4", linestyle="--", label="guessing")
    axes["loss"].set(ylim=(0, None), title="Training with the best rate")
    for name in ("rates", "loss"):
        axes[name].legend()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
