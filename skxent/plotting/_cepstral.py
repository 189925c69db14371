"""CepstralDisplay: waveform, log-mel energies and cepstral coefficients of a clip."""

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skxent.mfcc._blocks import compute
from skxent.mfcc._front_end import shared_design
from skxent.plotting._log_mel import (
    compute_log_mel,
    frequency_ticks,
    resolve_clip,
    settings_of,
)


class CepstralDisplay:
    """Waveform, log-mel energies and cepstral coefficients of one clip, over time.

    :meth:`from_clip` computes them as a transformer does. All parameters are stored as
    attributes.

    Parameters
    ----------
    signal : ndarray of shape (n_samples,)
        Mono signal of the clip.

    sample_rate : float
        Sample rate of the signal, in hertz.

    log_mel : ndarray of shape (n_frames, n_mels)
        Logarithms of the mel filters' energies.

    mfcc : ndarray of shape (n_frames, n_mfcc)
        Cepstral coefficients.

    times : ndarray of shape (n_frames,)
        Centres of the frames, in seconds from the beginning of the signal.

    frequencies : ndarray of shape (n_mels,)
        Centres of the mel filters, in hertz, in ascending order.

    frame_step : float
        Time from one frame to the next, in seconds: the width of a frame in the images.

    log_mel_label : str, default="log energy"
        Label of `log_mel`, with its unit.

    kept : tuple of two floats, default=None
        Where the frames that are not trimmed begin and end, in seconds, to be marked in
        all panels; None marks nothing.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that holds the panels.

    axes_ : ndarray of matplotlib Axes of shape (3,)
        Panels of the waveform, the log-mel energies and the coefficients.

    line_ : matplotlib Line2D
        The waveform.

    images_ : tuple of two matplotlib AxesImage
        Log-mel energies and coefficients. Each column is a frame, and the lowest row is
        the first filter or coefficient. The colours of the second image span the values of
        all coefficients except the zeroth.

    colorbars_ : tuple of two matplotlib Colorbar
        Colour bars of the images.

    See Also
    --------
    skxent.MFCCTransformer : Computes such features for many clips.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> import numpy as np
    >>> from skxent import MFCCTransformer
    >>> from skxent.plotting import CepstralDisplay
    >>> clip = np.sin(2 * np.pi * 440 / 8000 * np.arange(4000))
    >>> display = CepstralDisplay.from_clip(MFCCTransformer(sample_rate=8000), clip)
    >>> display.log_mel.shape, display.mfcc.shape
    ((49, 26), (49, 13))
    >>> display.times[:3], display.frequencies[:3].round()
    (array([0.0125, 0.0225, 0.0325]), array([ 51., 106., 165.]))
    >>> plt.close(display.figure_)
    """

    def __init__(
        self,
        *,
        signal,
        sample_rate,
        log_mel,
        mfcc,
        times,
        frequencies,
        frame_step,
        log_mel_label="log energy",
        kept=None,
    ):
        self.signal = signal
        self.sample_rate = sample_rate
        self.log_mel = log_mel
        self.mfcc = mfcc
        self.times = times
        self.frequencies = frequencies
        self.frame_step = frame_step
        self.log_mel_label = log_mel_label
        self.kept = kept

    @classmethod
    def from_clip(cls, transformer, clip, *, axes=None, cmap="viridis"):
        """Compute the features of a clip as a transformer does, and draw them.

        Parameters
        ----------
        transformer : MFCCTransformer
            Transformer whose settings determine the sample rate, the frames, the filters
            and the coefficients. What its `trim` keeps is marked. Its slopes, normalisation
            and pooling are not applied. It need not be fitted and is not changed.
        clip : array-like, tuple or path
            An array of shape (n_samples,) or (n_samples, n_channels) at the
            transformer's `sample_rate`, a ``(rate, signal)`` pair, or the path of a
            sound file.
        axes : array-like of matplotlib Axes of shape (3,), default=None
            Axes of the waveform, the log-mel energies and the coefficients. In a figure with
            ``layout="constrained"`` there is room for the colour bars beside them. If None,
            a new figure is created.
        cmap : str or matplotlib Colormap, default="viridis"
            Colours of the images.

        Returns
        -------
        display : CepstralDisplay
            Display with the computed features and the figure.

        Raises
        ------
        TypeError, ValueError
            If `transformer` is not an MFCCTransformer, if `clip` is not a clip, is empty,
            contains NaN or infinity, or its file cannot be read, or if the number of axes
            is not three.
        """
        check_matplotlib_support(f"{cls.__name__}.from_clip")
        if axes is not None:
            _as_three(axes)
        front_end, signal = resolve_clip(transformer, clip)
        of_mfcc = shared_design(**settings_of(transformer) | {"features": "mfcc"})
        mfcc, _ = compute([signal], of_mfcc.as_type(signal.dtype))
        log_mel, times, kept = compute_log_mel(front_end, signal, transformer.trim)
        step, convention = front_end.n_step / front_end.sample_rate, front_end.convention
        display = cls(
            signal=signal,
            sample_rate=transformer.sample_rate,
            log_mel=log_mel,
            mfcc=mfcc,
            times=times,
            frequencies=front_end.frequencies,
            frame_step=step,
            log_mel_label=(
                f"log {'energy' if convention.power == 2 else 'magnitude'} "
                f"({'base e' if convention.unit == 1.0 else 'dB'})"
            ),
            kept=(
                None
                if transformer.trim is None
                else (float(times[kept][0] - 0.5 * step), float(times[kept][-1] + 0.5 * step))
            ),
        )
        return display.plot(axes, cmap=cmap)

    def plot(self, axes=None, *, cmap="viridis"):
        """Draw the display.

        Parameters
        ----------
        axes : array-like of matplotlib Axes of shape (3,), default=None
            Axes of the waveform, the log-mel energies and the coefficients. In a figure with
            ``layout="constrained"`` there is room for the colour bars beside them. If None,
            a new figure is created.
        cmap : str or matplotlib Colormap, default="viridis"
            Colours of the images.

        Returns
        -------
        display : CepstralDisplay
            The display itself.

        Raises
        ------
        ValueError
            If the number of axes is not three.
        """
        check_matplotlib_support(f"{type(self).__name__}.plot")
        import matplotlib.pyplot as plt

        if axes is None:
            _, axes = plt.subplots(3, 1, sharex=True, figsize=(8, 6.5), layout="constrained")
        axes = _as_three(axes)
        waveform, spectrogram, cepstrogram = axes
        (line,) = waveform.plot(*_outline(self.signal, self.sample_rate), linewidth=0.7)
        begin, end = self.times[[0, -1]] + np.array([-0.5, 0.5]) * self.frame_step
        images, colorbars = [], []
        for ax, values, seen, label in [
            (spectrogram, self.log_mel, self.log_mel, self.log_mel_label),
            # The zeroth coefficient, loudness, often has another order of magnitude.
            (cepstrogram, self.mfcc, self.mfcc[:, 1:], "value"),
        ]:
            seen = seen if seen.size else values
            image = ax.imshow(
                values.T,
                cmap=cmap,
                origin="lower",
                aspect="auto",
                extent=(begin, end, -0.5, values.shape[1] - 0.5),
                vmin=seen.min(),
                vmax=seen.max(),
            )
            below, above = int(values.min() < seen.min()), int(values.max() > seen.max())
            colorbar = ax.figure.colorbar(
                image,
                # Outside the panel, so that the time axes of the panels stay aligned.
                cax=ax.inset_axes((1.02, 0.0, 0.02, 1.0)),
                extend=("neither", "min", "max", "both")[below + 2 * above],
            )
            colorbar.set_label(label)
            images.append(image)
            colorbars.append(colorbar)
        rows, labels = frequency_ticks(self.frequencies)
        spectrogram.set_yticks(rows, labels)
        n_mfcc = self.mfcc.shape[1]
        cepstrogram.set_yticks(np.arange(0, n_mfcc, 1 + n_mfcc // 10))
        waveform.set(title="Waveform", ylabel="amplitude")
        spectrogram.set(title="Log-mel", ylabel="frequency (Hz)")
        cepstrogram.set(title="MFCC", ylabel="coefficient", xlabel="time (s)")
        limits = min(0.0, begin), max(len(self.signal) / self.sample_rate, end)
        for ax in axes:
            ax.set_xlim(limits)
            for time in self.kept or ():
                ax.axvline(time, color="tab:red", linestyle="--", linewidth=1.0)
        self.figure_, self.axes_, self.line_ = axes[0].figure, axes, line
        self.images_, self.colorbars_ = tuple(images), tuple(colorbars)
        return self


def _as_three(axes):
    """Return axes as an array of shape (3,)."""
    axes = np.asarray(axes, dtype=object).ravel()
    if len(axes) != 3:
        raise ValueError(
            f"axes must be 3, of the waveform, the log-mel energies and the MFCCs, got {len(axes)}"
        )
    return axes


def _outline(signal, sample_rate, max_segments=10_000):
    """Return times and values of a line that looks like the signal.

    A long signal is drawn by the minimum and maximum of each of its segments: that looks the
    same, is much faster, and does not exceed the limits of the renderer.
    """
    if len(signal) <= 2 * max_segments:
        return np.arange(len(signal)) / sample_rate, signal
    starts = np.linspace(0, len(signal), max_segments, endpoint=False, dtype=np.intp)
    lowest, highest = np.minimum.reduceat(signal, starts), np.maximum.reduceat(signal, starts)
    return np.repeat(starts, 2) / sample_rate, np.column_stack([lowest, highest]).ravel()
