"""MFCCTransformer: from clips to features, with the scikit-learn API."""

import functools
import os
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _num_samples, validate_data
from threadpoolctl import ThreadpoolController

from skxent.audio import load
from skxent.conventions import CONVENTIONS
from skxent.frames import STATISTICS, delta, normalize, pool
from skxent.frontend import design
from skxent.mfcc import compute

__all__ = ["MFCCTransformer"]

# Clips are loaded and transformed in groups of about this many samples: enough
# to share the cost of each call, little enough to bound the memory.
_GROUP_SAMPLES = 1 << 19

_threadpools = functools.cache(ThreadpoolController)


class MFCCTransformer(TransformerMixin, BaseEstimator):
    """Turn audio clips into mel-frequency cepstral coefficients.

    Each clip becomes a row of a matrix, by pooling its frames, or with
    ``pooling=None`` a matrix of its own. Nothing is learnt from the data: what
    comes out of a clip depends on that clip alone, and `transform` works without
    `fit`.

    Parameters
    ----------
    sample_rate : float, default=16000
        In hertz. Clips that come with a rate of their own (files and pairs) are
        resampled to it; arrays are taken to be at it.

    convention : {"psf"}, default="psf"
        Tool whose features are computed: "psf" is python_speech_features. The
        parameters that are None take its values.

    frame_length, frame_step : float, default=0.025 and 0.010
        Length of a frame, and from one frame's start to the next's, in seconds.

    n_fft : int, default=None
        Length of the Fourier transform in samples; None is the smallest power
        of two that holds a frame.

    window : str or tuple, default=None
        Window that frames are multiplied by, as :func:`scipy.signal.get_window`
        takes it; symmetric. "psf" has none ("boxcar").

    preemphasis : float, default=None
        Coefficient c of the high-pass filter ``y[n] = x[n] - c x[n - 1]``, in
        [0, 1]. "psf": 0.97.

    n_mels : int, default=None
        Number of mel filters. "psf": 26.

    fmin, fmax : float, default=None
        Lowest and highest frequency of the mel filters in hertz. "psf": 0 and
        half the sample rate.

    n_mfcc : int, default=13
        Number of coefficients, at most `n_mels`. The first is the logarithm of
        the frame's energy.

    lifter : float, default=None
        L of the lifter ``1 + L / 2 sin(pi n / L)``; 0 for none. "psf": 22.

    features : {"mfcc", "log_mel"}, default="mfcc"
        Cepstral coefficients, or the logarithms of the mel filters' energies.

    deltas : {0, 1, 2}, default=0
        Whether to append the coefficients' slopes over time, and their slopes.

    delta_width : int, default=2
        Number of frames on each side that a slope is fitted to.

    normalize : {"mean", "mean_std"}, default=None
        Whether to shift each coefficient (and slope) of a clip to mean zero, and
        to scale it to standard deviation one.

    pooling : {"mean", "mean_std", "statistics"} or None, default="mean_std"
        What to keep of the frames of a segment: their mean; and their standard
        deviation; and their minimum and maximum. None keeps the frames.

    n_segments : int, default=1
        Number of equal stretches of a clip that are pooled one by one.

    dtype : {"float32", "float64"}, default=None
        Precision. None is float64 for clips that are arrays of 64-bit numbers,
        and float32 for all others.

    Attributes
    ----------
    n_features_in_ : int
        Number of samples of a clip, only if X in fit was a 2-D array.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns, only if X in fit was a data frame with such.

    See Also
    --------
    skxent.mfcc.mfcc : The same for one signal, as a function.
    skxent.SoftmaxClassifier : A classifier for the features.

    References
    ----------
    .. [1] S. Davis and P. Mermelstein, "Comparison of parametric
       representations for monosyllabic word recognition in continuously spoken
       sentences", IEEE Trans. ASSP 28, 1980.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent import MFCCTransformer
    >>> rng = np.random.default_rng(0)
    >>> clips = [rng.normal(size=8000), (16000, rng.normal(size=4000))]
    >>> transformer = MFCCTransformer(sample_rate=8000, n_segments=2)
    >>> transformer.fit_transform(clips).shape
    (2, 52)
    >>> transformer.get_feature_names_out()[[0, 13, 26]]
    array(['mfcc0_mean_seg0', 'mfcc0_std_seg0', 'mfcc0_mean_seg1'], dtype=object)
    >>> frames = MFCCTransformer(sample_rate=8000, pooling=None).fit_transform(clips)
    >>> [clip.shape for clip in frames]
    [(99, 13), (24, 13)]
    """

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "sample_rate": [Interval(Real, 0, None, closed="neither")],
        "convention": [StrOptions(set(CONVENTIONS))],
        "frame_length": [Interval(Real, 0, None, closed="neither")],
        "frame_step": [Interval(Real, 0, None, closed="neither")],
        "n_fft": [Interval(Integral, 1, None, closed="left"), None],
        "window": [str, tuple, None],
        "preemphasis": [Interval(Real, 0, 1, closed="both"), None],
        "n_mels": [Interval(Integral, 1, None, closed="left"), None],
        "fmin": [Interval(Real, 0, None, closed="left"), None],
        "fmax": [Interval(Real, 0, None, closed="neither"), None],
        "n_mfcc": [Interval(Integral, 1, None, closed="left")],
        "lifter": [Interval(Real, 0, None, closed="left"), None],
        "features": [StrOptions({"mfcc", "log_mel"})],
        "deltas": [Interval(Integral, 0, 2, closed="both")],
        "delta_width": [Interval(Integral, 1, None, closed="left")],
        "normalize": [StrOptions({"mean", "mean_std"}), None],
        "pooling": [StrOptions(set(STATISTICS)), None],
        "n_segments": [Interval(Integral, 1, None, closed="left")],
        "dtype": [StrOptions({"float32", "float64"}), None],
    }

    def __init__(
        self,
        *,
        sample_rate=16000,
        convention="psf",
        frame_length=0.025,
        frame_step=0.010,
        n_fft=None,
        window=None,
        preemphasis=None,
        n_mels=None,
        fmin=None,
        fmax=None,
        n_mfcc=13,
        lifter=None,
        features="mfcc",
        deltas=0,
        delta_width=2,
        normalize=None,
        pooling="mean_std",
        n_segments=1,
        dtype=None,
    ):
        self.sample_rate = sample_rate
        self.convention = convention
        self.frame_length = frame_length
        self.frame_step = frame_step
        self.n_fft = n_fft
        self.window = window
        self.preemphasis = preemphasis
        self.n_mels = n_mels
        self.fmin = fmin
        self.fmax = fmax
        self.n_mfcc = n_mfcc
        self.lifter = lifter
        self.features = features
        self.deltas = deltas
        self.delta_width = delta_width
        self.normalize = normalize
        self.pooling = pooling
        self.n_segments = n_segments
        self.dtype = dtype

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters and the form of X; learn nothing.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            A clip is an array of shape (n_samples,) or (n_samples, n_channels)
            at `sample_rate`, a ``(rate, signal)`` pair, or the path of a sound
            file.
        y : array-like of shape (n_clips,), default=None
            Only counted.

        Returns
        -------
        self : MFCCTransformer
            The transformer.

        Raises
        ------
        TypeError, ValueError
            If X is no collection of clips, y has not as many entries, or a
            parameter is wrong.
        """
        front_end = self._design("float64")
        if front_end.n_empty:
            warnings.warn(
                f"{front_end.n_empty} of the mel filters are narrower than the spectrum's "
                f"resolution, and constant: raise n_fft (now {front_end.n_fft}) or lower n_mels",
                UserWarning,
                stacklevel=3,
            )
        n_clips = len(self._as_clips(X, reset=True))
        if y is not None and _num_samples(y) != n_clips:
            raise ValueError(
                f"y must have one label for each of {n_clips} clips, got {_num_samples(y)}"
            )
        return self

    def transform(self, X):
        """Compute the features of clips.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            As in `fit`.

        Returns
        -------
        features : ndarray of shape (n_clips, n_features_out)
            One row for each clip. With ``pooling=None`` an object array of shape
            (n_clips,) of arrays of shape (n_frames_i, n_features_out).

        Raises
        ------
        TypeError, ValueError
            If a clip is empty, holds NaN or infinity, or is no clip, or a file
            is missing, unreadable or cut short; the message names the clip.
        """
        self._validate_params()
        if self.pooling is None and _get_output_config("transform", self)["dense"] != "default":
            raise ValueError(
                "pooling=None gives each clip a matrix of its own, which no data frame holds; "
                "choose a pooling, or set_output(transform='default')"
            )
        clips = self._as_clips(X, reset=False)
        front_end = functools.cache(self._design)
        parts = []
        # The products of a block are too small for a second BLAS thread.
        with _threadpools().limit(limits=1, user_api="blas"):
            for signals in self._load_in_groups(clips):
                parts.extend(self._transform_group(signals, front_end(signals[0].dtype.name)))
        if self.pooling is not None:
            return np.vstack(parts)
        frames = np.empty(len(parts), dtype=object)
        frames[:] = parts
        return frames

    def get_feature_names_out(self, input_features=None):
        """Return the features' names, such as ``"delta_mfcc3_std_seg2"``.

        Parameters
        ----------
        input_features : None
            Not used; here by convention.

        Returns
        -------
        names : ndarray of str objects of shape (n_features_out,)
            Coefficients, statistics and segments are counted from zero.
        """
        self._validate_params()
        stem, n_static = "mfcc", self.n_mfcc
        if self.features == "log_mel":
            stem, n_static = "log_mel", self._design("float64").n_coefficients
        slopes = ["", "delta_", "delta_delta_"][: self.deltas + 1]
        names = [f"{slope}{stem}{i}" for slope in slopes for i in range(n_static)]
        if self.pooling is not None:
            segments = [f"_seg{i}" for i in range(self.n_segments)] if self.n_segments > 1 else [""]
            names = [
                f"{name}_{statistic}{segment}"
                for segment in segments
                for statistic in STATISTICS[self.pooling]
                for name in names
            ]
        return np.array(names, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = [] if self.dtype else ["float64", "float32"]
        return tags

    def _design(self, dtype):
        return design(
            self.sample_rate,
            convention=self.convention,
            frame_length=self.frame_length,
            frame_step=self.frame_step,
            n_fft=self.n_fft,
            window=self.window,
            preemphasis=self.preemphasis,
            n_mels=self.n_mels,
            fmin=self.fmin,
            fmax=self.fmax,
            n_mfcc=self.n_mfcc,
            lifter=self.lifter,
            features=self.features,
            dtype=dtype,
        )

    def _as_clips(self, X, reset):
        """Return X as a sequence of clips; X that looks like a matrix is checked as one."""
        if isinstance(X, str | bytes | os.PathLike):
            raise TypeError(f"X must be a list of clips, got a single path: give [{X!r}]")
        if isinstance(X, tuple) and len(X) == 2 and isinstance(X[0], Real):
            raise TypeError("X must be a list of clips, got a single pair: give [X]")
        shape = getattr(X, "shape", None)
        is_column = shape is not None and len(shape) == 1
        if is_column and getattr(getattr(X, "dtype", None), "kind", "O") in "iufc":
            raise ValueError(
                f"X must be a list of clips, got a single signal of shape {shape}. Reshape your "
                "data: give [X]"
            )
        if is_column or isinstance(X, list | tuple):
            clips = list(X)
            if not clips:
                raise ValueError("X must hold at least one clip, got none")
            if reset:  # of an earlier fit, whose clips were rows of a matrix
                self.__dict__.pop("n_features_in_", None)
                self.__dict__.pop("feature_names_in_", None)
            return clips
        if shape is None and not hasattr(X, "__array__"):
            raise TypeError(f"X must be a list of clips or a 2-D array, got {type(X).__name__}")
        return validate_data(self, X, reset=reset, dtype="numeric")

    def _load_in_groups(self, clips):
        """Yield lists of signals of one type, some seconds long in all."""
        group, n_samples = [], 0
        for index, clip in enumerate(clips):
            try:
                signal = load(clip, self.sample_rate, dtype=self.dtype)
            except (TypeError, ValueError) as error:
                name = f" ({os.fspath(clip)})" if isinstance(clip, str | os.PathLike) else ""
                raise type(error)(f"clip {index}{name}: {error}") from error
            if group and (n_samples > _GROUP_SAMPLES or signal.dtype != group[0].dtype):
                yield group
                group, n_samples = [], 0
            group.append(signal)
            n_samples += len(signal)
        yield group

    def _transform_group(self, signals, front_end):
        """Return the features of each signal."""
        frames, lengths = compute(signals, front_end)
        columns = [frames]
        for _ in range(self.deltas):
            columns.append(delta(columns[-1], self.delta_width, lengths))
        if self.deltas:
            frames = np.hstack(columns)
        if self.normalize is not None:
            frames = normalize(frames, self.normalize, lengths)
        if self.pooling is not None:
            return pool(frames, self.pooling, self.n_segments, lengths)
        ends = np.cumsum(lengths).tolist()
        return [frames[start:end] for start, end in zip([0, *ends], ends, strict=False)]
