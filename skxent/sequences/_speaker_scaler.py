"""SpeakerScaler: the frames of each speaker with zero mean and unit variance."""

from numbers import Real

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from skxent.frames._ragged import lengths_of, split
from skxent.sequences._inputs import check_groups, check_sequences, is_matrix


class SpeakerScaler(
    OneToOneFeatureMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    r"""Standardise frames speaker by speaker.

    Voices and microphones shift and stretch the features of all that they record. From the
    frames of a speaker, without labels, both are estimated and taken away. With n frames of
    mean :math:`\bar x` and variance :math:`s^2`, a frame x of the speaker becomes

    .. math::
        \frac{x - m}{\sqrt{v}}, \qquad
        m = \frac{n \bar x + \tau \mu}{n + \tau}, \qquad
        v = \frac{n s^2 + \tau \sigma^2}{n + \tau}

    where :math:`\mu` is the mean of all frames in training, :math:`\sigma^2` their mean variance
    within a speaker, and :math:`\tau` is `relevance_factor`: a speaker of few frames is
    standardised by what is known of all [1]_.

    Parameters
    ----------
    relevance_factor : float, default=25.0
        Number of frames for which the training counts beside those of a speaker. Zero trusts
        the speaker's frames alone.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of all frames in training.

    scale_ : ndarray of shape (n_features,)
        Square root of the mean variance of the frames within a speaker in training.

    n_features_in_ : int
        Number of features of a frame.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Defined only if the clips were data frames whose column names
        are all strings.

    See Also
    --------
    skxent.LexiconClassifier : Words by their frames. Those that it has never heard gain most.
    sklearn.preprocessing.StandardScaler : Standardises all rows alike.

    Notes
    -----
    Speakers are given as `groups` to `fit` and to `transform`; a pipeline passes them on with
    metadata routing, without further requests. Without groups, and where a group is None or
    NaN, each clip is standardised on its own. A frame then depends on no other clip. With
    groups it depends on the clips of its speaker in the same call, on no others.

    References
    ----------
    .. [1] D. A. Reynolds, T. F. Quatieri and R. B. Dunn, "Speaker verification using adapted
       Gaussian mixture models", Digital Signal Processing 10, 2000: the relevance factor.

    Examples
    --------
    >>> import sklearn
    >>> from sklearn.pipeline import make_pipeline
    >>> from skxent import LexiconClassifier, MFCCTransformer
    >>> from skxent.datasets import load_spoken_digits
    >>> from skxent.sequences import SpeakerScaler
    >>> digits = load_spoken_digits()
    >>> is_new = digits.speaker == "usf1"
    >>> clips = MFCCTransformer(
    ...     sample_rate=8000, n_mfcc=13, deltas=1, pooling=None
    ... ).fit_transform(digits.data)
    >>> with sklearn.config_context(enable_metadata_routing=True):
    ...     pipeline = make_pipeline(SpeakerScaler(), LexiconClassifier())
    ...     _ = pipeline.fit(
    ...         clips[~is_new], digits.target[~is_new], groups=digits.speaker[~is_new]
    ...     )
    ...     words = pipeline.predict(clips[is_new], groups=digits.speaker[is_new])
    >>> float((words == digits.target[is_new]).mean())
    1.0
    """

    # Groups are what the transformer is for: no set_fit_request is needed for them.
    __metadata_request__fit = {"groups": True}  # noqa: RUF012, the name is scikit-learn's
    __metadata_request__transform = {"groups": True}  # noqa: RUF012
    __metadata_request__fit_transform = {"groups": True}  # noqa: RUF012

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "relevance_factor": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, *, relevance_factor=25.0):
        self.relevance_factor = relevance_factor

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, groups=None):
        """Compute mean and scale of the frames in training.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.
        y : None
            Ignored.
        groups : array-like of shape (n_clips,), default=None
            The speaker of each clip. None or NaN for a clip whose speaker is not known.

        Returns
        -------
        self : SpeakerScaler
            The fitted transformer.

        Raises
        ------
        TypeError, ValueError
            If a clip is malformed, or if there is not one group for each clip.
        """
        clips = check_sequences(self, X, reset=True)
        speakers = check_groups(groups, len(clips))
        counts, means, variances = _moments(clips, speakers)
        self.mean_ = counts @ means / counts.sum()
        self.scale_ = np.sqrt(counts @ variances / counts.sum())
        return self

    def transform(self, X, groups=None):
        """Standardise the frames of each speaker.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.
        groups : array-like of shape (n_clips,), default=None
            The speaker of each clip, who need not have been in training. None or NaN for a
            clip whose speaker is not known.

        Returns
        -------
        X_scaled : ndarray of shape (n_clips,) of object, or (n_clips, n_features)
            The frames of each clip, of shape (n_frames_i, n_features); a matrix, if `X` is one
            with a row for each clip. Features without any variance become zero.

        Raises
        ------
        TypeError, ValueError
            If a clip is malformed, or if there is not one group for each clip.
        """
        check_is_fitted(self)
        clips = check_sequences(self, X, reset=False)
        speakers = check_groups(groups, len(clips))
        counts, means, variances = _moments(clips, speakers)
        prior = self.relevance_factor / counts[:, np.newaxis]
        means = (means + prior * self.mean_) / (1.0 + prior)
        scales = np.sqrt((variances + prior * np.square(self.scale_)) / (1.0 + prior))
        # What is constant, but for rounding, is left alone.
        rounding = 8 * np.finfo(clips[0].dtype).eps * np.abs(means)
        scales[scales <= rounding] = 1.0
        frames = np.concatenate(
            [
                ((clip - means[k]) / scales[k]).astype(clip.dtype)
                for clip, k in zip(clips, speakers.tolist(), strict=True)
            ]
        )
        return frames if is_matrix(X) else split(frames, lengths_of(clips))

    def fit_transform(self, X, y=None, groups=None):
        """Compute mean and scale of the frames, and standardise those of each speaker.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.
        y : None
            Ignored.
        groups : array-like of shape (n_clips,), default=None
            As in `fit`.

        Returns
        -------
        X_scaled : ndarray of shape (n_clips,) of object, or (n_clips, n_features)
            As of `transform`.

        Raises
        ------
        TypeError, ValueError
            As in `fit`.
        """
        return self.fit(X, groups=groups).transform(X, groups=groups)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags


def _moments(clips, speakers):
    """Return the number of frames of each speaker, and their means and variances."""
    n_speakers = speakers.max() + 1
    counts = np.bincount(speakers, lengths_of(clips), minlength=n_speakers)
    means, variances = np.zeros((2, n_speakers, clips[0].shape[1]))
    for clip, k in zip(clips, speakers.tolist(), strict=True):
        means[k] += clip.sum(axis=0, dtype=np.float64)
    means /= counts[:, np.newaxis]
    for clip, k in zip(clips, speakers.tolist(), strict=True):
        variances[k] += np.square(clip - means[k]).sum(axis=0)
    return counts, means, variances / counts[:, np.newaxis]
