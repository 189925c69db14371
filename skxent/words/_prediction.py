"""Predictions of LexiconClassifier: words, words in a row, and where they are."""

from numbers import Real

import numpy as np
from scipy.special import log_softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted, check_scalar

from skxent.alignment import sequence_graph, viterbi_paths, viterbi_scores, viterbi_words
from skxent.alignment import word_graph as make_word_graph
from skxent.frames._neighbours import join
from skxent.frames._ragged import lengths_of, offsets, split
from skxent.sequences._inputs import check_sequences
from skxent.words._forced import boundaries, make_alignment
from skxent.words._frame_scores import score_states, takes_clips
from skxent.words._lexicon import (
    check_lexicon,
    leave_out_unknown,
    refuse_unknown_words,
    sorted_words,
    state_sequences,
    whole_words,
)
from skxent.words._rows import check_words, group

# Scores of frames that are held at a time.
_BLOCK_SIZE = 1 << 23


class WordClassifierMixin(ClassifierMixin):
    """Predictions from the lexicon as it is now, and from a fitted classifier of frames."""

    @property
    def classes_(self):
        """Words that can be predicted, sorted: those of `lexicon` as it is now."""
        check_is_fitted(self, "estimator_")
        return sorted_words(self._get_lexicon(), "the words of lexicon")

    def predict(self, X):
        """Predict the word of each clip.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.

        Returns
        -------
        words : ndarray of shape (n_clips,)
            Entries of `classes_`.

        Raises
        ------
        ValueError
            If a clip has fewer frames than each word has states, or if a word of the lexicon
            has a phone that was never trained.
        """
        scores = self._score_words(X)
        return self.classes_[scores.argmax(axis=1)]

    def decision_function(self, X):
        """Compute the score of each word for each clip.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.

        Returns
        -------
        scores : ndarray of shape (n_clips, n_words) or, of two words, (n_clips,)
            Mean over the frames, on the best path, of the log-probability of the state divided
            by its prior, relative to the best word. Of two words the score of the second minus
            that of the first. Minus infinity for words that have more states than the clip has
            frames.
        """
        scores = self._score_words(X)
        if scores.shape[1] == 2:
            return scores[:, 1] - scores[:, 0]
        return scores - scores.max(axis=1, keepdims=True)

    def predict_proba(self, X):
        """Predict the probability of each word, for each clip.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.

        Returns
        -------
        probabilities : ndarray of shape (n_clips, n_words)
            In the order of `classes_`: the softmax of the scores.
        """
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X):
        """Predict the natural logarithm of each word's probability, for each clip.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.

        Returns
        -------
        log_probabilities : ndarray of shape (n_clips, n_words)
            In the order of `classes_`.
        """
        return log_softmax(self._score_words(X), axis=1)

    def score(self, X, y, sample_weight=None):
        """Return the share of clips whose word is predicted.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.
        y : array-like of shape (n_clips,)
            The word of each clip.
        sample_weight : array-like of shape (n_clips,), default=None
            Weights of the clips.

        Returns
        -------
        accuracy : float
            Weighted share of correct predictions.

        Raises
        ------
        ValueError
            If y holds words in a row, which `transcribe` finds.
        """
        predicted = self.predict(X)
        are_rows, rows = check_words(y, len(predicted))
        if are_rows:
            raise ValueError("score needs a word for each clip, but y holds words in a row")
        words = np.array([word for (word,) in rows])
        return float(accuracy_score(words, predicted, sample_weight=sample_weight))

    def transcribe(self, X, bigram=None):
        """Find the words in a row that each clip holds.

        Any number of words of the lexicon may follow one another, each with silence after it.
        :func:`skxent.words.word_error_rate` counts how many are wrong.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.
        bigram : array-like of shape (n_words, n_words), default=None
            Added to the score for each pair of neighbours, in the order of `classes_`: entry
            ``[i, j]`` where word j follows word i, for instance the logarithm of its
            probability. Minus infinity rules a pair out.

        Returns
        -------
        words : list of list
            The words of each clip in order. Empty for a clip of silence alone, or one that has
            fewer frames than each word has states.

        Raises
        ------
        ValueError
            If a word of the lexicon has a phone that was never trained, or if `bigram` is
            malformed.
        """
        check_is_fitted(self, "estimator_")
        self._validate_params()  # word_penalty may have been set after fit
        words = self.classes_.tolist()
        sequences = self._get_states(words)
        silence = self._get_silence()
        has_silence = silence is not None
        weights = _check_bigram(bigram, len(words), len(words) + has_silence)
        graph = make_word_graph(
            sequences,
            silence=silence,
            may_be_empty=has_silence,
            share_prefixes=weights is None,
        )
        found = []
        clips = check_sequences(self, X, reset=False)
        for scores, lengths, nodes_graph in self._blocks(clips, graph):
            penalties = self.word_penalty * mean_lead(scores, lengths)
            found += viterbi_words(scores, nodes_graph, lengths, penalty=penalties, bigram=weights)
        return [[words[k] for k, _, _ in row if k < len(words)] for row in found]

    def align(self, X, y, *, frame_step=0.01, frame_length=0.025):
        """Find where the words of each clip are, and their phones and states.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.
        y : array-like of shape (n_clips,), or list of list
            The word of each clip, or the words in a row that it holds.
        frame_step : float, default=0.01
            Seconds from one frame to the next, as of the transformer of the clips.
        frame_length : float, default=0.025
            Length of a frame in seconds. A boundary between two frames is halfway between
            their centres.

        Returns
        -------
        alignments : list of Alignment
            Of each clip: the start and end in seconds of its words, of their phones (or the
            words, without a lexicon), and of the states of these.

        Raises
        ------
        TypeError, ValueError
            If a word is not in the lexicon, if a row holds no word, or has more states than the
            clip has frames; the message names the clip by its index. If `frame_step` or
            `frame_length` is not a positive number.

        Notes
        -----
        The words are found in any clip that has frames enough, in silence alone, too.

        A frame that is spliced with its neighbours, or has slopes over them, tells of a word
        before the word begins. So words seem longer, at each end by up to that distance. For
        the most exact times, fit a classifier with ``context=0`` to frames without slopes.

        Clips are processed in blocks of bounded size, of some 100 MB.
        """
        check_is_fitted(self, "estimator_")
        for name, value in (("frame_step", frame_step), ("frame_length", frame_length)):
            check_scalar(value, name, Real)
            if not 0.0 < value < np.inf:
                raise ValueError(f"{name} must be a positive number of seconds, got {value!r}")
        clips = check_sequences(self, X, reset=False)
        _, rows = check_words(y, len(clips))
        lexicon = self._get_lexicon()
        refuse_unknown_words(lexicon, rows, range(len(rows)))
        lexicon = leave_out_unknown({w: lexicon[w] for row in rows for w in row}, self._known)
        alignments = [None] * len(clips)
        for row, indices in group(rows).items():
            units = [lexicon[word] for word in row]
            states = [
                state_sequences(lexicon, word, self.units_.tolist(), self.n_states_) for word in row
            ]
            graph, places = sequence_graph(states, silence=self._get_silence())
            start = 0
            for scores, lengths, nodes_graph in self._blocks([clips[i] for i in indices], graph):
                best, nodes = viterbi_paths(scores, nodes_graph, lengths)
                for path, score in zip(split(nodes, lengths), best.tolist(), strict=True):
                    clip, start = indices[start], start + 1
                    if score == -np.inf:
                        raise ValueError(
                            f"clip {clip} has {len(path)} frames, fewer than the states of its "
                            f"words {row}"
                        )
                    times = boundaries(len(path), frame_step, frame_length)
                    alignments[clip] = make_alignment(
                        path, places, list(row), units, self.n_states_, times
                    )
        return alignments

    @property
    def _known(self):
        """The units that some frame was of in training."""
        firsts = self.state_priors_[: -1 : self.n_states_]
        return self.units_[firsts > 0.0].tolist()

    def _get_lexicon(self):
        """Return the words as they are now, and their pronunciations."""
        if self.lexicon is not None:
            return check_lexicon(self.lexicon)
        if not self._has_whole_words:
            raise ValueError("lexicon is None, but the classifier was fitted to phones: set one")
        return whole_words(self.units_.tolist())

    def _get_states(self, words):
        """Return the states of each pronunciation of the words."""
        lexicon = leave_out_unknown(self._get_lexicon(), self._known)
        units = self.units_.tolist()
        return [state_sequences(lexicon, word, units, self.n_states_) for word in words]

    def _get_silence(self):
        """Return the state of silence, or None if there is none."""
        return len(self.units_) * self.n_states_ if self.silence else None

    def _blocks(self, clips, graph):
        """Yield scores of blocks of clips, their lengths, and the graph of these scores."""
        states, columns = np.unique(graph.states, return_inverse=True)
        graph = graph.with_states(columns)
        lengths = lengths_of(clips)
        n_columns = max(len(self.state_priors_), (2 * self.context_ + 1) * self.n_features_in_)
        # A clip belongs to the block in which it ends.
        block_of_clip = (np.cumsum(lengths) - 1) // max(1, _BLOCK_SIZE // n_columns)
        for block in np.unique(block_of_clip):
            chosen = np.flatnonzero(block_of_clip == block)
            given = [clips[i] for i in chosen]
            if not takes_clips(self.estimator_):
                given = [join(given, self.context_, step=self.context_step)]
            scores = score_states(
                self.estimator_, self.state_priors_, given, range(len(given)), states
            )
            yield scores, lengths[chosen], graph

    def _score_words(self, X):
        """Return the scores of the words for each clip, of which one is finite at least."""
        check_is_fitted(self, "estimator_")
        clips = check_sequences(self, X, reset=False)
        graph = make_word_graph(
            self._get_states(self.classes_.tolist()), silence=self._get_silence()
        )
        scores = np.concatenate(
            [
                viterbi_scores(of_states, graph_of_block, lengths) / lengths[:, np.newaxis]
                for of_states, lengths, graph_of_block in self._blocks(clips, graph)
            ]
        )
        is_short = np.isneginf(scores).all(axis=1)
        if is_short.any():
            clip = int(is_short.argmax())
            raise ValueError(
                f"clip {clip} has {len(clips[clip])} frames, fewer than each word has states"
            )
        return scores


def mean_lead(scores, lengths):
    """Return how far the best state is ahead of the median one, on average over each clip.

    `scores` are those of states for frames, shape (n_frames, n_states). States that the
    classifier was never fitted to, with scores of minus infinity, count for nothing.
    """
    known = scores[:, np.isfinite(scores[0])]
    if known.shape[1] == 0:
        return np.zeros(len(lengths))
    leads = known.max(axis=1) - np.median(known, axis=1)
    return np.add.reduceat(leads, offsets(lengths)[0]) / lengths


def _check_bigram(bigram, n_words, n_outputs):
    """Return weights of pairs of outputs, of which silence alone has no neighbours in any case."""
    if bigram is None:
        return None
    try:
        bigram = np.asarray(bigram, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"bigram must be a matrix of numbers, got {bigram!r:.40}") from error
    if bigram.shape != (n_words, n_words):
        raise ValueError(
            f"bigram must have shape {(n_words, n_words)}, one row and column for each word, got "
            f"shape {bigram.shape}"
        )
    weights = np.zeros((n_outputs, n_outputs))
    weights[:n_words, :n_words] = bigram
    return weights
