"""MFCCTransformer: clips to features, with the scikit-learn API."""

from numbers import Integral, Real

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.parallel import Parallel, delayed

from skxent._threads import one_blas_thread
from skxent.features._cache import open_cache
from skxent.features._extraction import extract, in_order, plan
from skxent.features._inputs import check_clips, describe, warn_of_problems
from skxent.features._saving import SavedCacheMixin
from skxent.features._stores import warn_of_small_memory
from skxent.frames import STATISTICS, summarize, trim
from skxent.frames._ragged import split
from skxent.mfcc import CONVENTIONS, Convention
from skxent.mfcc._front_end import SETTINGS, shared_design


class MFCCTransformer(SavedCacheMixin, CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """Turn audio clips into mel-frequency cepstral coefficients.

    Each clip becomes a row of a matrix, by pooling its frames, or with
    ``pooling=None`` a matrix of its own. Nothing is learnt from the data: the features
    of a clip depend on that clip alone (for their last digits, see
    :func:`skxent.mfcc.mfcc`), and `transform` works without `fit`.

    Parameters
    ----------
    sample_rate : float, default=16000
        In hertz. Clips with a rate of their own (files and pairs) are resampled to
        it; arrays are assumed to have it.

    convention : {"psf", "librosa", "kaldi", "htk"} or Convention, default="psf"
        Tool whose features are computed: python_speech_features; librosa (with
        ``top_db=None``); Kaldi, as in kaldi-native-fbank without dither, on 16-bit
        samples; HTK. Parameters that are None take its values, listed in the table
        below. A :class:`~skxent.mfcc.Convention` changes any choice of a tool.

    frame_length, frame_step : float, default=0.025 and 0.010
        Length of a frame, and distance between the starts of frames, in seconds.

    n_fft : int, default=None
        Length of the Fourier transform in samples; None is the smallest power
        of two that holds a frame.

    window : str or tuple, default=None
        Window that frames are multiplied by, as :func:`scipy.signal.get_window`
        takes it, or "povey", Kaldi's.

    preemphasis : float, default=None
        Coefficient c in [0, 1] of the high-pass filter ``y[n] = x[n] - c x[n - 1]``.

    n_mels : int, default=None
        Number of mel filters.

    fmin, fmax : float, default=None
        Edges of the mel filters in hertz. None for `fmax` is half the sample rate.

    n_mfcc : int, default=13
        Number of coefficients, at most `n_mels`. The first is the logarithm of
        the frame's energy with "psf" and "kaldi", the zeroth of the cosine
        transform with "librosa" and "htk".

    lifter : float, default=None
        L of the lifter, which multiplies coefficient n by
        ``1 + L / 2 sin(pi n / L)``; "librosa" uses n + 1 instead of n. 0 for none.

    features : {"mfcc", "log_mel"}, default="mfcc"
        Cepstral coefficients, or the logarithms of the mel filters' energies.

    trim : float, default=None
        Leave out the frames at both ends of a clip that are quieter than its loudest frame by
        more than so many decibels, or no louder than its noise, see
        :func:`skxent.frames.trim`. 35 suits words with pauses around them. Not for sounds that
        fade, or that are told apart by their length or their noise. None keeps all frames.

    deltas : {0, 1, 2}, default=0
        How many orders of slopes over time to append: 1 is the slope of each
        coefficient (its delta), 2 also the slope of that (delta-delta).

    delta_width : int, default=2
        Number of frames on each side that a slope is fitted to.

    normalize : {"mean", "mean_std"}, default=None
        Whether to shift each coefficient (and slope) of a clip to mean zero, or also
        scale it to standard deviation one.

    pooling : {"mean", "mean_std", "statistics"} or None, default="mean_std"
        What to keep of a segment's frames: the mean, also the standard deviation, or
        also minimum and maximum. None keeps the frames.

    n_segments : int, default=1
        Number of equal stretches of a clip that are pooled one by one.

    dtype : {"float32", "float64"}, default=None
        Precision. None is float64 for clips that are arrays of 64-bit numbers,
        and float32 for all others.

    on_error : {"raise", "warn"}, default="raise"
        Whether a clip that can't be used raises an error that names it, or gets NaN as
        features (with ``pooling=None``, one frame), and all such clips one warning.

    n_jobs : int, default=None
        Number of threads that decode and transform clips. None means 1 unless in a
        :func:`joblib.parallel_config` context, -1 means all cores. Clips of less than
        some 65,000 samples on average use one thread, since more would be slower.

    cache : None, "memory", path or object, default=None
        Where to keep the frames of clips, so that a search computes them once: in memory
        (up to 512 MiB, shared by all transformers of the process), in a folder on disk,
        or in an object with methods `get` and `put`, such as a
        :class:`skxent.features.MemoryCache` of another size (an object of your own must
        deep-copy to itself). A clip is identified by its content, a file by its path, size
        and time of modification. Trimming, deltas, normalisation and pooling are done anew.

    Attributes
    ----------
    n_features_in_ : int
        Number of samples of a clip. Only defined if X in `fit` was a 2-D array.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns. Only defined if X in `fit` was a data frame.

    See Also
    --------
    skxent.mfcc.mfcc : Frames of one signal of floats, as a function.
    skxent.SoftmaxClassifier : A classifier for the features.

    Notes
    -----
    Where a parameter is None, the conventions use:

    ============  ========  =============  ========  =========
    parameter     psf       librosa        kaldi     htk
    ============  ========  =============  ========  =========
    window        boxcar    hann           povey     hamming
    preemphasis   0.97      0              0.97      0.97
    n_mels        26        128            23        20
    fmin          0         0              20        0
    lifter        22        0              22        22
    ============  ========  =============  ========  =========

    :data:`skxent.mfcc.CONVENTIONS` lists their other choices, which
    :func:`dataclasses.replace` changes. With callbacks
    (:meth:`set_callbacks`), `fit_transform` reports its progress over batches of
    clips. `transform` does not, and returns the same features.

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
        "convention": [StrOptions(set(CONVENTIONS)), Convention],
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
        "trim": [Interval(Real, 0, None, closed="neither"), None],
        "deltas": [Interval(Integral, 0, 2, closed="both")],
        "delta_width": [Interval(Integral, 1, None, closed="left")],
        "normalize": [StrOptions({"mean", "mean_std"}), None],
        "pooling": [StrOptions(set(STATISTICS)), None],
        "n_segments": [Interval(Integral, 1, None, closed="left")],
        "dtype": [StrOptions({"float32", "float64"}), None],
        "on_error": [StrOptions({"raise", "warn"})],
        "n_jobs": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ],
        "cache": "no_validation",  # open_cache does
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
        trim=None,
        deltas=0,
        delta_width=2,
        normalize=None,
        pooling="mean_std",
        n_segments=1,
        dtype=None,
        on_error="raise",
        n_jobs=None,
        cache=None,
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
        self.trim = trim
        self.deltas = deltas
        self.delta_width = delta_width
        self.normalize = normalize
        self.pooling = pooling
        self.n_segments = n_segments
        self.dtype = dtype
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.cache = cache

    @with_callbacks
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
            Ignored, except that its length is checked.

        Returns
        -------
        self : MFCCTransformer
            The transformer.

        Raises
        ------
        TypeError, ValueError
            If X is not a collection of clips, or y or a parameter is invalid.
        """
        context = self._init_callback_context()
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        self._front_end().warn_of_empty_filters(stacklevel=4)
        self._check_clips(X, y, reset=True)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None):
        """Check the parameters, and compute the features of clips.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            As in `fit`.
        y : array-like of shape (n_clips,), default=None
            Ignored, except that its length is checked.

        Returns
        -------
        features : ndarray of shape (n_clips, n_features_out)
            As in `transform`.

        Raises
        ------
        TypeError, ValueError
            As `fit` and `transform` raise.
        """
        front_end = self._front_end()
        front_end.warn_of_empty_filters(stacklevel=5)
        clips = self._check_clips(X, y, reset=True)
        n_threads, batches = plan(clips, effective_n_jobs(self.n_jobs))
        context = self._init_callback_context(max_subtasks=len(batches))
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)

        def report():
            subcontext = context.subcontext(task_name="clips")
            subcontext.call_on_fit_task_begin(estimator=self)
            subcontext.call_on_fit_task_end(estimator=self)

        features, problems = self._compute(clips, front_end, n_threads, batches, report)
        warn_of_problems(problems, len(clips), stacklevel=5)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return features

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
            If a clip is empty, contains NaN or infinity, or is not a clip, or if a file
            is missing, unreadable or cut short. The message names the clip.
        """
        self._validate_params()
        front_end = self._front_end()
        front_end.warn_of_empty_filters(stacklevel=3)
        clips = self._check_clips(X, reset=False)
        n_threads, batches = plan(clips, effective_n_jobs(self.n_jobs))
        features, problems = self._compute(clips, front_end, n_threads, batches)
        warn_of_problems(problems, len(clips), stacklevel=3)
        return features

    def get_feature_names_out(self, input_features=None):
        """Return the features' names, such as ``"delta_mfcc3_std_seg2"``.

        Parameters
        ----------
        input_features : None
            Not used, present for API consistency by convention.

        Returns
        -------
        names : ndarray of str objects of shape (n_features_out,)
            Coefficients, statistics and segments are counted from zero.
        """
        self._validate_params()
        n_static = self._front_end().n_coefficients
        slopes = ["", "delta_", "delta_delta_"][: self.deltas + 1]
        names = [f"{slope}{self.features}{i}" for slope in slopes for i in range(n_static)]
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
        tags.input_tags.allow_nan = self.on_error == "warn"
        tags.transformer_tags.preserves_dtype = [] if self.dtype else ["float64", "float32"]
        return tags

    def _check_clips(self, X, y=None, *, reset):
        """Return the clips of X; with "warn", its rows need not be finite."""
        return check_clips(self, X, y, reset=reset, finite=self.on_error == "raise")

    def _front_end(self):
        """Return the resolved settings, in float64; a cache holds levels for any `trim`."""
        front_end = shared_design(**{name: getattr(self, name) for name in SETTINGS})
        is_plain = self.trim is None and self.cache is None
        return front_end if is_plain else front_end.with_levels()

    def _compute(self, clips, front_end, n_threads, batches, report=lambda: None):
        """Return the features of all clips, and what is wrong with some, by number."""
        if self.pooling is None and _get_output_config("transform", self)["dense"] != "default":
            raise ValueError(
                "pooling=None gives each clip a matrix of its own, which no data frame holds; "
                "choose a pooling, or set_output(transform='default')"
            )
        cache = open_cache(self.cache, stacklevel=4)
        parts, problems, n_bytes = [], {}, 0
        # The products of a block are too small for a second BLAS thread.
        with one_blas_thread():
            run = Parallel(n_jobs=n_threads, require="sharedmem", return_as="generator")
            task = delayed(self._compute_batch)
            for some, found, size in run(task(clips, some, front_end, cache) for some in batches):
                parts.extend(some)
                problems.update(found)
                n_bytes += size
                report()
        warn_of_small_memory(cache, n_bytes, stacklevel=4)
        if problems:  # rows of NaN
            shape = len(problems), len(self.get_feature_names_out())
            rows = np.full(shape, np.nan, self.dtype or "float32")
            rows = rows if self.pooling else split(rows, np.ones(len(problems), dtype=int))
            parts.append((list(problems), rows))
        return in_order(parts, len(clips)), problems

    def _compute_batch(self, clips, numbers, front_end, cache):
        """Return pairs of numbers and features, what is wrong by number, the frames' bytes."""
        some, parts = {number: clips[number] for number in numbers}, []
        settings = {"dtype": self.dtype, "on_error": self.on_error, "cache": cache}
        found, reasons = extract(some, front_end, **settings)
        for numbers, frames, lengths in found:
            if front_end.has_levels:
                frames, levels = frames[:, :-1], frames[:, -1]
                if self.trim is not None:
                    frames, lengths = trim(frames, levels, self.trim, lengths)
            features = summarize(
                frames,
                lengths,
                deltas=self.deltas,
                delta_width=self.delta_width,
                normalization=self.normalize,
                pooling=self.pooling,
                n_segments=self.n_segments,
            )
            parts.append((numbers, features if self.pooling else split(features, lengths)))
        problems = {n: describe(n, clips[n], reason) for n, reason in reasons.items()}
        return parts, problems, sum(part.frames.nbytes for part in found)
