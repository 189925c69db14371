"""LexiconClassifier: words from the states of frames."""

from functools import partial
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context, clone
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import has_fit_parameter

from skxent.frames._neighbours import join
from skxent.frames._ragged import lengths_of, split
from skxent.sequences._gaussian import GaussianClassifier
from skxent.sequences._inputs import check_frame_weights, check_sequences
from skxent.words._frame_scores import (
    check_frame_classifier,
    fit_states,
    score_states,
    takes_clips,
)
from skxent.words._lexicon import (
    check_lexicon,
    refuse_unknown_words,
    state_sequences,
    trained_units,
    whole_words,
)
from skxent.words._prediction import WordClassifierMixin
from skxent.words._realign import flat_start, realign
from skxent.words._rows import check_words, group

# Directions that a Gaussian classifier of spliced frames keeps.
_N_COMPONENTS = 50


class _Defaults(NamedTuple):
    """Settings that depend on the kind of unit; `mix` is that of the Gaussian classifiers."""

    n_states: int
    n_iter: int
    context: int
    mix: float


_OF_WORDS = _Defaults(n_states=6, n_iter=2, context=3, mix=0.3)
# Words never heard have their phones among other neighbours than those in training. What is
# learned of neighbouring frames, or of how frames of a state vary, then fits them less.
_OF_PHONES = _Defaults(n_states=3, n_iter=5, context=0, mix=1.0)


class LexiconClassifier(
    CallbackSupportMixin, MetaEstimatorMixin, WordClassifierMixin, BaseEstimator
):
    r"""Classifier of words by the states that their frames pass through, from left to right.

    A word is a row of phones, or a single unit of its own, and each of these units is a row of
    states. A classifier of frames tells the states apart. The score of a word is that of the
    best path through its states,

    .. math::
        V_w = \frac1T \max_{q \in Q_w} \sum_{t=1}^{T}
            \bigl( \log p(q_t \mid x_t) - \log p(q_t) \bigr)

    over the paths :math:`Q_w` that visit its states in order, each for one frame or more. This
    is hybrid speech recognition [1]_. What a frame's state is in training is not known: at
    first, all states of a clip get equal shares of it. Then, in turn, a classifier is fitted to
    the frames, and the best path of each clip gives the frames new states.

    With a lexicon, words share their phones. So it classifies words that it has never heard,
    from how they are pronounced: their lexicon can be set after `fit`.

    Parameters
    ----------
    lexicon : dict, default=None
        Words and their pronunciations: a string of phones with spaces between them, a list of
        phones, or a list of several pronunciations. None makes each word a unit of its own,
        which suits words that are all trained.

    estimator : classifier, default=None
        Classifier of frames with the scikit-learn API, which tells the states apart. None is a
        ``GaussianClassifier(50)`` for whole words, and ``GaussianClassifier(50, mix=1.0)``, of
        a single covariance, for phones. Classifiers of sequences that predict frames, such as
        ``RNNClassifier(targets="frame")``, are given whole clips.

    n_states : int, default=None
        Number of states of a unit; None for six of a whole word, or three of a phone.

    n_iter : int, default=None
        Rounds in which a Gaussian classifier, as that of `estimator` None, is fitted and gives
        the frames new states, before `estimator` is fitted. None for two of whole words, or
        five of phones.

    n_refits : int, default=0
        Rounds in which `estimator` itself gives the frames new states and is fitted to them.

    context : int, default=None
        Number of neighbours on each side that are spliced to each frame, but for classifiers of
        sequences. None for three with whole words, or none with phones, which have other
        neighbours in words that are new. A linear classifier as `estimator`, such as
        `SoftmaxClassifier`, gains from three, with a `context_step` of one, for phones as well.

    context_step : int, default=2
        Distance in frames from one such neighbour to the next.

    silence : bool, default=True
        Whether there may be silence before, between and after words. It is a state of its own.
        Like `lexicon` and `word_penalty`, it can be set after `fit`; the other parameters then
        have no effect until the next `fit`.

    word_penalty : float, default=10.0
        What `transcribe` subtracts for each word after the first. A larger one finds fewer
        words. The unit is a clip's own: how far the score of a frame's best state is above the
        median of the states, on average over the frames. Scores of other classifiers, or with
        more neighbours, have another scale, but need no other penalty. To choose it, take rows
        of words of speakers who are not trained on.

    Attributes
    ----------
    estimator_ : classifier
        The fitted classifier of frames. Its classes are indices of states: those of unit u
        begin at u times the number of states, the last is that of silence.

    classes_ : ndarray of shape (n_words,)
        The words that can be predicted, sorted: those of `lexicon` as it is now.

    units_ : ndarray of shape (n_units,)
        The phones, or words, that occurred in training, sorted.

    n_states_ : int
        Number of states of a unit.

    context_ : int
        Number of neighbours on each side that are spliced to each frame.

    state_priors_ : ndarray of shape (n_units * n_states_ + 1,)
        Share of each state in the frames. The last is silence.

    change_curve_ : ndarray of shape (n_rounds - 1,)
        Share of the frames whose state changed, after each round but the last.

    n_features_in_ : int
        Number of features of a frame.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Defined only if the clips were data frames whose column names
        are all strings.

    See Also
    --------
    skxent.MFCCTransformer : With ``pooling=None``, computes such sequences from recordings.
    skxent.FramewiseClassifier : Frames of a clip in any order, all of one class.

    Notes
    -----
    Training on words in a row, with the pauses that are to be expected, teaches what silence is.
    Clips that are cut to their words teach little about it.

    A word with more states than a clip has frames gets a score of minus infinity. A clip of
    silence alone is classified as any other: as the word that fits best.

    scikit-learn's `VotingClassifier`, `StackingClassifier` and, for probabilities,
    `cross_val_predict` number the words of y before they call `fit`. A lexicon then needs these
    numbers as its words; without a lexicon there is nothing to do.

    References
    ----------
    .. [1] H. Bourlard and N. Morgan, "Connectionist speech recognition: a hybrid
       approach", Kluwer 1994.

    Examples
    --------
    >>> from skxent import LexiconClassifier, MFCCTransformer
    >>> from skxent.datasets import load_spoken_digits
    >>> digits = load_spoken_digits()
    >>> transformer = MFCCTransformer(sample_rate=8000, n_mfcc=13, deltas=1, pooling=None)
    >>> clips, words = transformer.fit_transform(digits.data), digits.target
    >>> is_new = digits.speaker == "usf1"
    >>> classifier = LexiconClassifier().fit(clips[~is_new], words[~is_new])
    >>> classifier.score(clips[is_new], words[is_new])
    1.0
    """

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "lexicon": [dict, None],
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_states": [Interval(Integral, 1, None, closed="left"), None],
        "n_iter": [Interval(Integral, 0, None, closed="left"), None],
        "n_refits": [Interval(Integral, 0, None, closed="left")],
        "context": [Interval(Integral, 0, None, closed="left"), None],
        "context_step": [Interval(Integral, 1, None, closed="left")],
        "silence": ["boolean"],
        "word_penalty": [Interval(Real, None, None, closed="neither")],
    }

    # Weights are only passed on: the estimator's own request decides whether it gets them.
    __metadata_request__fit = {"sample_weight": UNUSED}  # noqa: RUF012

    def __init__(
        self,
        lexicon=None,
        estimator=None,
        *,
        n_states=None,
        n_iter=None,
        n_refits=0,
        context=None,
        context_step=2,
        silence=True,
        word_penalty=10.0,
    ):
        self.lexicon = lexicon
        self.estimator = estimator
        self.n_states = n_states
        self.n_iter = n_iter
        self.n_refits = n_refits
        self.context = context
        self.context_step = context_step
        self.silence = silence
        self.word_penalty = word_penalty

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)  # of the estimator
    def fit(self, X, y, sample_weight=None):
        """Fit the classifier of frames, and find the states of the frames, in turn.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips of finite numbers. Each row of a matrix or data frame is a clip of a single
            frame.
        y : array-like of shape (n_clips,), or list of list
            The word of each clip, or the words in a row that it holds.
        sample_weight : array-like of shape (n_clips,), default=None
            Weights of the clips, if `estimator` supports weights. With metadata routing they
            are passed on if it requests them.

        Returns
        -------
        self : LexiconClassifier
            The fitted classifier.

        Raises
        ------
        TypeError, ValueError
            If a clip, its words or the lexicon are malformed, if a word is not in the lexicon,
            if a clip has fewer frames than its words have states, or if `estimator` is no
            classifier with probabilities. The message names the clip by its index.
        """
        defaults = _OF_WORDS if self.lexicon is None else _OF_PHONES
        n_iter = defaults.n_iter if self.n_iter is None else self.n_iter
        n_neighbours = defaults.context if self.context is None else self.context
        estimators = self._make_estimators(n_iter, defaults.mix)
        context = self._init_callback_context(max_subtasks=len(estimators))
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        clips, rows, numbers, weights = self._check_fit(X, y, sample_weight)
        n_states = defaults.n_states if self.n_states is None else self.n_states
        units, by_row = self._find_states(rows, numbers, n_states)
        lengths = lengths_of(clips)
        silence = len(units) * n_states if self.silence else None
        states = flat_start(lengths, [by_row[row] for row in rows], silence, numbers)
        groups = [(indices, by_row[row]) for row, indices in group(rows).items()]
        per_frame = None if weights is None else np.repeat(weights, lengths)
        spliced = list(split(join(clips, n_neighbours, step=self.context_step), lengths))
        changes = []
        for number, estimator in enumerate(estimators, start=1):
            subtask = context.subcontext(task_name="round")
            subtask.call_on_fit_task_begin(estimator=self, X=X, y=y)
            params = self._fit_params(estimator, number > n_iter, weights, per_frame)
            given = clips if takes_clips(estimator) else spliced
            with subtask.propagate_callback_context(estimator):
                fit_states(estimator, given, states, params)
            counts = np.bincount(states, per_frame, minlength=len(units) * n_states + 1)
            learned = {
                "estimator_": estimator,
                "units_": units,
                "n_states_": n_states,
                "context_": n_neighbours,
                "state_priors_": counts / counts.sum(),
                "change_curve_": np.array(changes),
                "_has_whole_words": self.lexicon is None,
            }
            is_last = subtask.call_on_fit_task_end(
                estimator=self, X=X, y=y, reconstruction_attributes=partial(dict, learned)
            )
            if is_last or number == len(estimators):
                break
            before = states
            score = partial(score_states, estimator, learned["state_priors_"], given)
            states = realign(score, lengths, groups, silence)
            changes.append(np.mean(before != states))
        for name, value in learned.items():
            setattr(self, name, value)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def get_metadata_routing(self):
        """Return the routing of metadata.

        Returns
        -------
        routing : MetadataRouter
            `fit` passes `sample_weight` on to the estimator, `score` uses it itself.
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        if self.estimator is None:
            return router
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    def _make_estimators(self, n_iter, mix):
        """Return the classifiers of frames to be fitted one after the other."""
        gaussian = GaussianClassifier(_N_COMPONENTS, mix=mix)
        last = gaussian if self.estimator is None else self.estimator
        check_frame_classifier(last)
        return [clone(gaussian) for _ in range(n_iter)] + [
            clone(last) for _ in range(self.n_refits + 1)
        ]

    def _check_fit(self, X, y, sample_weight):
        """Return clips, their words, their indices in X and their weights.

        Clips without weight are left out.
        """
        clips = check_sequences(self, X, reset=True)
        _, rows = check_words(y, len(clips))
        numbers = np.arange(len(clips))
        if sample_weight is None:
            return clips, rows, numbers, None
        of_frames, weights = check_frame_weights(sample_weight, lengths_of(clips))
        if of_frames:
            raise ValueError("sample_weight must hold one number for each clip, got lists")
        numbers = numbers[weights != 0]
        if len(numbers) == 0:
            raise ValueError("sample_weight must not be zero for all clips")
        return [clips[i] for i in numbers], [rows[i] for i in numbers], numbers, weights[numbers]

    def _find_states(self, rows, numbers, n_states):
        """Return the units of some rows of words, and the states of each row."""
        words = {word for row in rows for word in row}
        lexicon = whole_words(words) if self.lexicon is None else check_lexicon(self.lexicon)
        refuse_unknown_words(lexicon, rows, numbers)
        units = trained_units(lexicon, words)
        by_row = {
            row: [state_sequences(lexicon, word, units.tolist(), n_states) for word in row]
            for row in set(rows)
        }
        return units, by_row

    def _fit_params(self, estimator, is_given, weights, per_frame):
        """Return the arguments of the fit of `estimator`, if it is given, or of a Gaussian one."""
        if weights is None:
            return {}
        params = {"sample_weight": weights if takes_clips(estimator) else per_frame}
        is_routed = sklearn.get_config()["enable_metadata_routing"]
        if is_given and self.estimator is not None and is_routed:
            return process_routing(self, "fit", **params)["estimator"]["fit"]
        if not has_fit_parameter(estimator, "sample_weight"):
            raise ValueError(
                f"{type(estimator).__name__} takes no sample_weight; steps of a pipeline "
                "take it with metadata routing (sklearn.set_config)"
            )
        return params
