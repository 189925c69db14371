"""AlignmentDisplay: words and phones of a clip under its spectrogram."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skxent.plotting._log_mel import compute_log_mel, frequency_ticks, resolve_clip
from skxent.words import LexiconClassifier

# Levels that are shown, in decibels below the loudest, and the height of a row of intervals as
# a share of that of the image.
_RANGE = 60.0
_ROW_HEIGHT = 0.16


class AlignmentDisplay:
    """Where the words and phones of a clip are, under its log-mel spectrogram.

    :meth:`from_estimator` aligns a clip with a fitted pipeline, :meth:`from_alignment` draws
    what :meth:`skxent.LexiconClassifier.align` has found. All parameters are stored as
    attributes.

    Parameters
    ----------
    alignment : Alignment
        Where words and phones are. Phones are not drawn where each word is its own unit.

    levels : ndarray of shape (n_frames, n_mels)
        Levels of the mel filters in decibels, relative to the loudest.

    times : ndarray of shape (n_frames,)
        Centres of the frames, in seconds from the beginning of the signal.

    frequencies : ndarray of shape (n_mels,)
        Centres of the mel filters, in hertz, in ascending order.

    frame_step : float
        Seconds from one frame to the next.

    start : float, default=0.0
        Where the alignment begins in the signal, in seconds.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that holds the axes.

    ax_ : matplotlib Axes
        Axes of the spectrogram, and of the intervals below it.

    image_ : matplotlib AxesImage
        The spectrogram.

    boxes_ : dict of str to list of matplotlib Rectangle
        Boxes of the intervals, by the name of their row: "words" and "phones".

    texts_ : dict of str to list of matplotlib Text
        Labels in these boxes.

    See Also
    --------
    skxent.LexiconClassifier.align : Finds where words and phones are.
    CepstralDisplay : Shows a clip and its features.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.pipeline import make_pipeline
    >>> from skxent import LexiconClassifier, MFCCTransformer
    >>> from skxent.datasets import load_spoken_words
    >>> from skxent.plotting import AlignmentDisplay
    >>> words = load_spoken_words()
    >>> y = words.target
    >>> pipeline = make_pipeline(
    ...     MFCCTransformer(sample_rate=words.sample_rate, pooling=None),
    ...     LexiconClassifier(words.lexicon, n_iter=1, n_states=1),
    ... ).fit(words.data[:80], y[:80])
    >>> display = AlignmentDisplay.from_estimator(pipeline, words.data[4], y[4])
    >>> [text.get_text() for text in display.texts_["phones"]]
    ['AH', 'B', 'S', 'ER', 'D']
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, alignment, levels, times, frequencies, frame_step, start=0.0):
        self.alignment = alignment
        self.levels = levels
        self.times = times
        self.frequencies = frequencies
        self.frame_step = frame_step
        self.start = start

    @classmethod
    def from_estimator(cls, estimator, clip, words, *, ax=None, cmap="Greys"):
        """Align a clip with its words, and draw where they are.

        Parameters
        ----------
        estimator : Pipeline
            Fitted pipeline, from an MFCCTransformer to a LexiconClassifier.
        clip : array-like, tuple or path
            A clip, as for :meth:`CepstralDisplay.from_clip`.
        words : str, int or list
            The word that the clip holds, or its words in a row.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        cmap : str or matplotlib Colormap, default="Greys"
            Colours of the spectrogram.

        Returns
        -------
        display : AlignmentDisplay
            Display with the alignment and the figure.

        Raises
        ------
        TypeError, ValueError
            If `estimator` is no such pipeline, if `clip` is not a clip, or if its words cannot
            be aligned with it, as in :meth:`skxent.LexiconClassifier.align`.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        is_pipeline = isinstance(estimator, Pipeline)
        if not (is_pipeline and isinstance(estimator[-1], LexiconClassifier)):
            kind = type(estimator[-1] if is_pipeline else estimator).__name__
            raise TypeError(
                "estimator must be a Pipeline from an MFCCTransformer to a LexiconClassifier, "
                f"got {f'one to a {kind}' if is_pipeline else kind}"
            )
        front_end, _ = resolve_clip(estimator[0], clip)
        (alignment,) = estimator[-1].align(
            estimator[:-1].transform([clip]),
            [words],
            frame_step=front_end.n_step / front_end.sample_rate,
            frame_length=front_end.n_length / front_end.sample_rate,
        )
        return cls.from_alignment(alignment, estimator[0], clip, ax=ax, cmap=cmap)

    @classmethod
    def from_alignment(cls, alignment, transformer, clip, *, ax=None, cmap="Greys"):
        """Draw an alignment under the spectrogram of its clip.

        Parameters
        ----------
        alignment : Alignment
            An entry of what :meth:`skxent.LexiconClassifier.align` returns.
        transformer : MFCCTransformer
            The transformer of the clips that were aligned. If it trims clips, the alignment is
            drawn from where it begins. It is not changed.
        clip : array-like, tuple or path
            The clip, as for :meth:`CepstralDisplay.from_clip`.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        cmap : str or matplotlib Colormap, default="Greys"
            Colours of the spectrogram.

        Returns
        -------
        display : AlignmentDisplay
            Display with the spectrogram and the figure.

        Raises
        ------
        TypeError, ValueError
            If `transformer` is not an MFCCTransformer, or if `clip` is not a clip.
        """
        check_matplotlib_support(f"{cls.__name__}.from_alignment")
        front_end, signal = resolve_clip(transformer, clip)
        log_mel, times, kept = compute_log_mel(front_end, signal, transformer.trim)
        convention = front_end.convention
        per_unit = 20.0 / (np.log(10.0) * convention.power * convention.unit)
        display = cls(
            alignment=alignment,
            levels=(log_mel - log_mel.max()) * per_unit,
            times=times,
            frequencies=front_end.frequencies,
            frame_step=front_end.n_step / front_end.sample_rate,
            # An alignment counts from where the first frame begins.
            start=float(times[kept][0]) - 0.5 * front_end.n_length / front_end.sample_rate,
        )
        return display.plot(ax, cmap=cmap)

    def plot(self, ax=None, *, cmap="Greys"):
        """Draw the display.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        cmap : str or matplotlib Colormap, default="Greys"
            Colours of the spectrogram.

        Returns
        -------
        display : AlignmentDisplay
            The display itself.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        if ax is None:
            _, ax = plt.subplots(figsize=(8, 4), layout="constrained")
        n_mels = self.levels.shape[1]
        begin, end = self.times[[0, -1]] + np.array([-0.5, 0.5]) * self.frame_step
        self.image_ = ax.imshow(
            self.levels.T,
            cmap=cmap,
            origin="lower",
            aspect="auto",
            extent=(begin, end, -0.5, n_mels - 0.5),
            vmin=-_RANGE,
            vmax=0.0,
        )
        rows = {"words": self.alignment.words}
        phones = self.alignment.phones
        if [phone.label for phone in phones] != [word.label for word in rows["words"]]:
            rows = {"phones": phones} | rows
        height = _ROW_HEIGHT * n_mels
        ticks, labels = map(list, frequency_ticks(self.frequencies))
        self.boxes_, self.texts_ = {}, {}
        for number, (name, intervals) in enumerate(rows.items(), start=1):
            bottom = -0.5 - number * height
            self.boxes_[name], self.texts_[name] = _draw_row(
                ax, intervals, self.start, bottom, height
            )
            ticks.append(bottom + height / 2)
            labels.append(name)
        for edge in np.unique([(word.start, word.end) for word in self.alignment.words]):
            ax.axvline(self.start + edge, color="tab:blue", linewidth=1.0)
        ax.axhline(-0.5, color="black", linewidth=0.8)
        ax.set_yticks(ticks, labels)
        ax.set(
            xlabel="time (s)",
            ylabel="frequency (Hz)",
            xlim=(min(begin, self.start, 0.0), max(end, self.start + self.alignment.duration)),
            ylim=(-0.5 - len(rows) * height, n_mels - 0.5),
        )
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _draw_row(ax, intervals, start, bottom, height):
    """Draw intervals as labelled boxes, and return the boxes and labels."""
    from matplotlib.patches import Rectangle

    boxes, texts = [], []
    for begin, end, label in intervals:
        box = Rectangle(
            (start + begin, bottom),
            end - begin,
            height,
            facecolor="tab:blue",
            edgecolor="tab:blue",
            alpha=0.25,
        )
        boxes.append(ax.add_patch(box))
        texts.append(
            ax.text(
                start + (begin + end) / 2,
                bottom + height / 2,
                str(label),
                horizontalalignment="center",
                verticalalignment="center",
                fontsize="small",
                clip_on=True,
            )
        )
    return boxes, texts
