"""The public function, and what it returns."""

import html
import os
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skxent._writing import replace_file
from skxent.features import compare_clips
from skxent.features._inputs import list_clips
from skxent.report._context import (
    describe_comparison,
    describe_model,
    describe_results,
    describe_versions,
)
from skxent.report._page import render
from skxent.report._results import (
    Results,
    choose_rate,
    find_transformer,
    gather,
    trimming_of,
)

# A page in a notebook is read in a frame of this height, in pixels.
_HEIGHT = 800


@dataclass(frozen=True, eq=False)
class Report:
    """A page about a classifier of clips, as :func:`report` makes it.

    In a notebook, a report that ends a cell is shown.

    Parameters
    ----------
    html : str
        The page.
    accuracy : float
        Share of clips whose likeliest class is their label.
    accuracy_interval : tuple of two floats
        Interval of the accuracy at 95 %, for new speakers if there are several.
    calibration_error : float
        Expected calibration error.
    clips : dict of str to ndarray of shape (n_clips,)
        What is known of each clip, such as for a data frame, in the order of the page's list:
        suspected labels first, and then by falling loss. The keys are "index", "name", "label",
        "predicted", "loss", "is_right" and "is_suspected".
    n_included : int
        Number of clips that can be listened to.

    See Also
    --------
    report : Makes a report.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.report import report
    >>> rng = np.random.default_rng(0)
    >>> clips = [(8000, rng.normal(scale=0.1, size=800)) for _ in range(4)]
    >>> probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.1, 0.9]])
    >>> made = report(probabilities, clips, ["no", "yes", "yes", "yes"], classes=["no", "yes"])
    >>> made
    <Report of 4 clips: accuracy 75.0 % (30.1 to 95.4 %)>
    >>> print(made.clips["name"][0], made.clips["loss"][0].round(2))
    clip 2 1.2
    """

    html: str
    accuracy: float
    accuracy_interval: tuple[float, float]
    calibration_error: float
    clips: dict[str, NDArray[Any]]
    n_included: int

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file.

        Parameters
        ----------
        path : str or os.PathLike
            The file, best with the suffix ``.html``. It is replaced if it exists, once the page
            is written whole.

        Raises
        ------
        OSError
            If it can't be written.
        """
        replace_file(path, self.html.encode())

    def __repr__(self) -> str:
        low, high = self.accuracy_interval
        return (
            f"<Report of {len(self.clips['index'])} clips: accuracy {100 * self.accuracy:.1f} % "
            f"({100 * low:.1f} to {100 * high:.1f} %)>"
        )

    def _repr_html_(self) -> str:
        """Return the page in a frame of its own, so that its style and script stay inside."""
        # In one line, since Sphinx and others indent lines, and the script has its hash.
        page = html.escape(self.html).replace("\n", "&#10;")
        return (
            f'<iframe title="Report" sandbox="allow-scripts" srcdoc="{page}" '
            f'style="width: 100%; height: {_HEIGHT}px; border: 1px solid #8886; '
            'border-radius: 8px"></iframe>'
        )


def report(
    estimator: Any,
    clips: Any,
    y: Any,
    groups: Any = None,
    *,
    classes: Any = None,
    model: Any = None,
    train: Any = None,
    sample_rate: float | None = None,
    title: str | None = None,
    clips_per_class: int = 12,
    max_size: int = 20_000_000,
) -> Report:
    r"""Make a page about a classifier of clips, to look at and to listen to.

    The page is one HTML file that works offline, on a phone and from a mail. It has the accuracy
    with its interval, a confusion matrix whose cells list their clips to listen to, labels that
    may be wrong, tables of classes and speakers, a reliability diagram, and the settings. It
    requires Jinja2: ``pip install "skxent[report]"``.

    Parameters
    ----------
    estimator : estimator or array-like of shape (n_clips, n_classes)
        A fitted classifier of clips with `predict_proba`, such as a pipeline that begins with
        :class:`skxent.MFCCTransformer`; or the probabilities, such as those of
        :func:`sklearn.model_selection.cross_val_predict`. A clip counts as right if its likeliest
        class is its label.
    clips : list of clips, object array, pandas Series or array-like of shape (n_clips, n_samples)
        Clips as :class:`skxent.MFCCTransformer` takes them, that the classifier was not trained
        on. Files are named by their path below the folder that all are in.
    y : array-like of shape (n_clips,)
        The labels. Those that the classifier doesn't know have probability zero.
    groups : array-like of shape (n_clips,), default=None
        Speaker of each clip, or another group. One that is None or NaN is not known, and counts
        as a speaker of its own in the interval.
    classes : array-like of shape (n_classes,), default=None
        Label of each column of probabilities. None is for an estimator, or takes those of
        `model`.
    model : estimator, default=None
        The fitted estimator that the page describes, if `estimator` is probabilities.
    train : list of clips, object array, pandas Series or array-like, default=None
        The clips of the training, which :func:`skxent.features.compare_clips` compares with
        these.
    sample_rate : float, default=None
        Rate in hertz at which clips are heard. None is that of the transformer; without a
        transformer it is 16,000, and must be given for clips that are arrays without a rate.
    title : str, default=None
        Title of the page. None is "Report" and the class of the classifier.
    clips_per_class : int, default=12
        How many of the clips of each class that are right can be listened to, evenly spaced from
        the highest loss to the lowest. Clips that are wrong or have a suspected label come first.
    max_size : int, default=20_000_000
        Largest size of the page in bytes. The least important clips are left out, and so is each
        that takes more than a tenth of it; the page says how many there are.

    Returns
    -------
    report : Report
        The page; its method `save` writes it to a file.

    Raises
    ------
    ModuleNotFoundError
        If Jinja2 is not installed.
    NotFittedError
        If the estimator is not fitted.
    TypeError, ValueError
        If a clip can't be used, which the message names, `clips`, `y`, `groups` and probabilities
        don't match, or a parameter is invalid.

    See Also
    --------
    skxent.features.compare_clips : What `train` is compared by.
    sklearn.calibration.CalibratedClassifierCV : Gives a classifier probabilities.

    Notes
    -----
    The interval of the accuracy is Wilson's. With speakers, it is that of so many independent
    clips as have the variance between the speakers, with the quantile of Student's t: the
    interval of the accuracy with new speakers of the same kind [1]_.

    A label is suspected where another class is at least as likely as it is on average for
    clips with that label [2]_. The expected calibration error is the mean difference
    between the largest probability and the share of clips that are right, in ten bins [3]_. All
    of them need probabilities of clips that the classifier was not trained on.

    Everything that comes from the data is escaped, and the page may load nothing. Clips have
    the rate that the classifier hears; those of more than 64 KB are compressed as MP3.

    References
    ----------
    .. [1] N. Dean and M. Pagano, "Evaluating confidence interval methods for binomial proportions
       in clustered surveys", Journal of Survey Statistics and Methodology 3, 2015.
    .. [2] C. Northcutt, L. Jiang and I. Chuang, "Confident learning: estimating uncertainty in
       dataset labels", Journal of Artificial Intelligence Research 70, 2021.
    .. [3] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural
       networks", ICML 2017.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from skxent import MFCCTransformer, SoftmaxClassifier
    >>> from skxent.datasets import load_spoken_digits
    >>> from skxent.report import report
    >>> digits = load_spoken_digits()
    >>> pipeline = make_pipeline(MFCCTransformer(sample_rate=8000), SoftmaxClassifier())
    >>> pipeline = pipeline.fit(digits.data[::2], digits.target[::2])
    >>> made = report(pipeline, digits.filenames[1::2], digits.target[1::2])
    >>> len(made.clips["loss"])
    240
    >>> made.save("digits.html")  # doctest: +SKIP
    """
    if not isinstance(clips_per_class, Integral) or clips_per_class < 0:
        raise ValueError(f"clips_per_class={clips_per_class!r} must be a whole number, at least 0")
    if not isinstance(max_size, Integral):
        raise ValueError(f"max_size={max_size!r} must be a whole number: it is in bytes")
    if hasattr(estimator, "predict_proba"):
        check_is_fitted(estimator)
        if model is not None:
            raise ValueError("model must be None unless estimator is probabilities")
        model = estimator
    results = gather(estimator, classes, model, clips, y, groups)
    transformer = find_transformer(model)
    rate = choose_rate(sample_rate, transformer, results.clips)
    comparison, n_overlapping = None, 0
    if train is not None:
        comparison = compare_clips(train, results.clips, sample_rate=rate)
        n_overlapping = _count_overlap(train, results.clips)
    context = {
        **describe_results(results),
        **describe_model(model),
        **describe_comparison(comparison, results.names),
        **describe_versions(),
        "overlap": n_overlapping,
        "title": _choose_title(title, model),
    }
    page, n_included = render(
        context,
        results,
        rate,
        trimming_of(transformer),
        clips_per_class=int(clips_per_class),
        max_size=int(max_size),
    )
    overall = context["overall"]
    return Report(
        html=page,
        accuracy=overall.value,
        accuracy_interval=(overall.low, overall.high),
        calibration_error=context["calibration"].error,
        clips=_tabulate(results),
        n_included=n_included,
    )


def _choose_title(title: str | None, model: Any) -> str:
    if title is not None:
        return str(title)
    if model is None:
        return "Report"
    last = getattr(model, "steps", [("", model)])[-1][1]
    return f"Report on {type(last).__name__}"


def _count_overlap(train: Any, clips: Sequence[Any]) -> int:
    """Return how many files are among those of the training, too."""
    known = {os.path.abspath(clip) for clip in list_clips(train) or [] if _is_path(clip)}
    return sum(_is_path(clip) and os.path.abspath(clip) in known for clip in clips)


def _is_path(clip: Any) -> bool:
    return isinstance(clip, str | os.PathLike)


def _tabulate(results: Results) -> dict[str, NDArray[Any]]:
    """Return what is known of each clip, in the order of the page's list."""
    labels = np.array(results.classes)
    if len({type(label) for label in results.classes}) > 1:
        labels = np.array(results.classes, object)  # numbers stay numbers
    order = results.order
    return {
        "index": order,
        "name": np.array(results.names)[order],
        "label": labels[results.targets[order]],
        "predicted": labels[results.predicted[order]],
        "loss": results.losses[order],
        "is_right": results.is_right[order],
        "is_suspected": results.suspected[order],
    }
