import io
import itertools
import pickle
import tracemalloc

import numpy as np
import pytest
import sklearn
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skxent import FramewiseClassifier, LexiconClassifier
from skxent.sequences import GaussianClassifier
from skxent.words._prediction import mean_lead
from tests.alignment.oracles import scores_of_paths
from tests.sequences.strategies import as_objects
from tests.words.speech import LEXICON, NEW, PHONES, draw_words, speak

TRAIN = speak(draw_words(90), seed=0)
TEST = speak(draw_words(40, seed=1), seed=1)
UNHEARD = speak(draw_words(30, tuple(NEW), seed=2), seed=2)
ROWS = speak([["no", "moon"], ["mow", "on", "noon"], ["own"], ["moon", "no"]] * 4, seed=3)
# Gaussians of single frames are quick, and know enough of made-up speech.
QUICK = {"estimator": GaussianClassifier(), "context": 0}
WORDS = LexiconClassifier(**QUICK).fit(TRAIN.clips, TRAIN.words)
SOUNDS = LexiconClassifier(LEXICON, **QUICK).fit(TRAIN.clips, TRAIN.words)
both = pytest.mark.parametrize("classifier", [WORDS, SOUNDS], ids=["words", "phones"])


# Words


@pytest.mark.parametrize("lexicon", [None, LEXICON])
@pytest.mark.parametrize("silence", [True, False])
def test_new_clips_of_trained_words(lexicon, silence):
    pauses = (0, 4) if silence else (0, 0)
    train, test = speak(TRAIN.words, pauses=pauses), speak(TEST.words, pauses=pauses, seed=1)
    classifier = LexiconClassifier(lexicon, silence=silence).fit(train.clips, train.words)
    assert classifier.score(test.clips, test.words) > 0.95
    assert classifier.n_states_ == (6 if lexicon is None else 3)
    assert classifier.units_.tolist() == (sorted(LEXICON) if lexicon is None else PHONES)
    assert_array_equal(classifier.classes_, sorted(LEXICON))
    assert classifier.change_curve_[0] > 0
    assert classifier.change_curve_[-1] < classifier.change_curve_[0]
    assert_allclose(classifier.state_priors_.sum(), 1.0)
    assert (classifier.state_priors_[-1] > 0) == silence


@pytest.mark.parametrize(
    ("lexicon", "settings"),
    [
        (None, {"n_states": 6, "n_iter": 2, "context": 3, "estimator": GaussianClassifier(50)}),
        (
            LEXICON,
            {
                "n_states": 3,
                "n_iter": 5,
                "context": 0,
                "estimator": GaussianClassifier(50, mix=1.0),
            },
        ),
    ],
)
def test_defaults_by_the_kind_of_unit(lexicon, settings):
    classifier = LexiconClassifier(lexicon).fit(TRAIN.clips, TRAIN.words)
    assert classifier.n_states_ == settings["n_states"]
    assert classifier.context_ == settings["context"]
    assert len(classifier.change_curve_) == settings["n_iter"]
    given = LexiconClassifier(lexicon, **settings).fit(TRAIN.clips, TRAIN.words)
    scores = classifier.decision_function(TEST.clips)
    assert_array_equal(given.decision_function(TEST.clips), scores)
    # A context that is set after fit concerns the next fit.
    classifier.set_params(context=5)
    assert_array_equal(classifier.decision_function(TEST.clips), scores)


def test_words_never_heard():
    classifier = clone(SOUNDS).fit(TRAIN.clips, TRAIN.words).set_params(lexicon=NEW)
    assert_array_equal(classifier.classes_, sorted(NEW))
    assert classifier.score(UNHEARD.clips, UNHEARD.words) > 0.9
    assert classifier.predict_proba(UNHEARD.clips).shape == (30, 3)
    classifier.set_params(lexicon=LEXICON | NEW)
    assert classifier.score(UNHEARD.clips, UNHEARD.words) > 0.9
    assert classifier.score(TEST.clips, TEST.words) > 0.9


def test_words_made_of_whole_words():
    rows = [["no", "own"], ["moon", "no"]] * 5
    speech = speak(rows, pauses=(0, 0), seed=4)
    classifier = clone(WORDS).fit(TRAIN.clips, TRAIN.words)
    classifier.set_params(lexicon={"no-own": "no own", "moon-no": "moon no"})
    assert classifier.score(speech.clips, ["-".join(row) for row in rows]) == 1.0


@pytest.mark.parametrize("lexicon", [None, LEXICON])
def test_training_on_words_in_a_row(lexicon):
    rows = np.random.default_rng(0).choice(list(LEXICON), (30, 3)).tolist()
    speech = speak(rows, seed=5)
    classifier = LexiconClassifier(lexicon, **QUICK, n_iter=4).fit(speech.clips, rows)
    assert classifier.score(TEST.clips, TEST.words) > 0.9


def test_homophones_and_alternatives():
    lexicon = LEXICON | {"know": "N OW", "no": ["OW N OW", "N OW"]}
    classifier = LexiconClassifier(lexicon, **QUICK).fit(TRAIN.clips, TRAIN.words)
    proba = classifier.predict_proba(TEST.clips)
    classes = classifier.classes_.tolist()
    no, know = proba[:, classes.index("no")], proba[:, classes.index("know")]
    assert (no >= know).all()
    is_no = np.array(TEST.words) == "no"
    assert_array_equal(no[is_no], know[is_no])
    predicted = classifier.predict(TEST.clips)
    assert (predicted == np.where(is_no, "know", TEST.words)).mean() > 0.9


def test_phone_of_an_alternative_that_is_never_used():
    lexicon = LEXICON | {"no": ["N OW", "X X X X"]}
    classifier = LexiconClassifier(lexicon, **QUICK).fit(TRAIN.clips, TRAIN.words)
    assert "X" in classifier.units_
    assert classifier.score(TEST.clips, TEST.words) > 0.9
    with pytest.raises(ValueError, match=r"'ox' of the lexicon has 'X', which was never trained"):
        classifier.set_params(lexicon={"ox": "X"}).predict(TEST.clips)


@pytest.mark.parametrize("labels", [np.arange(6), np.arange(6) / 2 == 1, list("abcdef")])
def test_labels_of_any_type(labels):
    names = np.asarray(labels)[[sorted(LEXICON).index(word) for word in TRAIN.words]]
    classifier = LexiconClassifier(**QUICK).fit(TRAIN.clips, names)
    assert_array_equal(classifier.classes_, np.unique(names))
    assert classifier.predict(TRAIN.clips).dtype == names.dtype
    assert classifier.score(TRAIN.clips, names) > 0.9


# Scores


@both
def test_scores_are_those_of_the_best_paths(classifier):
    clips = [clip[: 12 + i] for i, clip in enumerate(TEST.clips[:3])]
    scores = classifier.decision_function(clips)
    known = classifier.estimator_.classes_
    n_states = classifier.n_states_
    silence = len(classifier.units_) * n_states
    for clip, found in zip(clips, scores, strict=True):
        log_proba = classifier.estimator_.predict_log_proba(clip)
        log_proba = log_proba - np.log(classifier.state_priors_[known])
        expected = []
        for word in sorted(LEXICON):
            units = LEXICON[word].split() if classifier.lexicon else [word]
            first = [classifier.units_.tolist().index(unit) * n_states for unit in units]
            states = [start + k for start in first for k in range(n_states)]
            index = [known.tolist().index(state) for state in states]
            of_silence = known.tolist().index(silence)
            every = scores_of_paths([[index]], of_silence, log_proba)
            expected.append(max(every, default=-np.inf) / len(clip))
        assert_allclose(found, np.subtract(expected, max(expected)), rtol=1e-9, atol=1e-9)


@both
def test_probabilities_are_the_softmax_of_scores(classifier):
    scores = classifier.decision_function(TEST.clips)
    assert_allclose(classifier.predict_log_proba(TEST.clips), log_softmax(scores, axis=1))
    assert_allclose(classifier.predict_proba(TEST.clips).sum(axis=1), 1.0)
    assert_array_equal(classifier.predict(TEST.clips), classifier.classes_[scores.argmax(axis=1)])


def test_two_words_have_one_score():
    is_of_two = [word in ("no", "moon") for word in TRAIN.words]
    clips = [clip for clip, chosen in zip(TRAIN.clips, is_of_two, strict=True) if chosen]
    words = [word for word, chosen in zip(TRAIN.words, is_of_two, strict=True) if chosen]
    classifier = LexiconClassifier(**QUICK).fit(clips, words)
    scores = classifier.decision_function(clips)
    assert scores.shape == (len(clips),)
    log_proba = classifier.predict_log_proba(clips)
    assert_allclose(scores, log_proba[:, 1] - log_proba[:, 0])


@both
def test_batch_mates_change_nothing(classifier):
    together = classifier.decision_function(TEST.clips)
    alone = [classifier.decision_function([clip])[0] for clip in TEST.clips]
    assert_allclose(together, alone, rtol=1e-9, atol=1e-9)


@both
def test_pauses_do_no_harm(classifier):
    quiet = np.random.default_rng(0).normal(-3.0, 0.5, (100, TEST.clips[0].shape[1]))
    longer = [np.concatenate([quiet, clip, quiet[:40]]) for clip in TEST.clips]
    assert_array_equal(classifier.predict(longer), classifier.predict(TEST.clips))


# Words in a row, and where they are


@both
def test_transcription(classifier):
    # Made-up words are short: some have six frames.
    classifier = clone(classifier).set_params(word_penalty=2.0).fit(TRAIN.clips, TRAIN.words)
    rows = classifier.transcribe(ROWS.clips)
    assert np.mean([found == given for found, given in zip(rows, ROWS.words, strict=True)]) > 0.8
    pause = np.full((30, 5), -3.0)
    assert classifier.transcribe([pause, pause[:1]]) == [[], []]


def test_penalty_and_bigram():
    lavish = clone(SOUNDS).fit(TRAIN.clips, TRAIN.words).set_params(word_penalty=-1000.0)
    count = sum(map(len, ROWS.words))
    assert sum(map(len, lavish.transcribe(ROWS.clips))) > count
    frugal = lavish.set_params(word_penalty=1e6)
    assert all(len(row) <= 1 for row in frugal.transcribe(ROWS.clips))
    words = SOUNDS.classes_.tolist()
    bigram = np.zeros((len(words), len(words)))
    lavish.set_params(word_penalty=2.0)
    plain = lavish.transcribe(ROWS.clips)
    assert lavish.transcribe(ROWS.clips, bigram) == plain
    bigram[words.index("mow"), words.index("on")] = -np.inf
    without = lavish.transcribe(ROWS.clips, bigram)
    assert ["mow", "on", "noon"] in plain
    for row in without:
        assert ("mow", "on") not in itertools.pairwise(row)
    with pytest.raises(ValueError, match=r"bigram must have shape \(6, 6\).*got shape \(2, 2\)"):
        SOUNDS.transcribe(ROWS.clips, np.zeros((2, 2)))


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100.0))
def test_lead_has_the_scale_of_the_scores(seed, factor):
    rng = np.random.default_rng(seed)
    scores, shifts, lengths = rng.normal(size=(6, 3)), rng.normal(size=(6, 1)), np.array([2, 4])
    lead = mean_lead(scores, lengths)
    assert (lead > 0.0).all()
    assert_allclose(mean_lead(factor * scores + shifts, lengths), factor * lead)
    assert_allclose(mean_lead(scores[2:], lengths[1:]), lead[1:])
    never = np.insert(scores, 1, -np.inf, axis=1)
    assert_array_equal(mean_lead(never, lengths), lead)
    assert_array_equal(mean_lead(never[:, 1:2], lengths), [0.0, 0.0])


def test_lead_of_the_best_state_over_the_median():
    assert_array_equal(mean_lead(np.array([[1.0, 5.0, 3.0], [0.0, -9.0, 4.0]]), [2]), [3.0])


@both
def test_penalty_has_the_scale_of_the_scores(classifier):
    class Louder(type(classifier.estimator_)):
        def score_classes(self, X, classes=None):
            return 7.0 * super().score_classes(X, classes)

    scaled = clone(classifier).fit(TRAIN.clips, TRAIN.words)
    scaled.estimator_.__class__ = Louder
    # Priors, which are no part of the scores of the classifier, would not be scaled.
    scaled.state_priors_ = scaled.state_priors_**7.0
    for penalty in (2.0, 8.0, 32.0):
        expected = clone(classifier).fit(TRAIN.clips, TRAIN.words).set_params(word_penalty=penalty)
        scaled.set_params(word_penalty=penalty)
        assert scaled.transcribe(ROWS.clips) == expected.transcribe(ROWS.clips)


@both
def test_alignment_finds_words_where_they_are(classifier):
    alignments = classifier.align(ROWS.clips, ROWS.words, frame_step=1.0, frame_length=1.0)
    errors = []
    for alignment, clip, row, spans in zip(
        alignments, ROWS.clips, ROWS.words, ROWS.spans, strict=True
    ):
        assert [word.label for word in alignment.words] == row
        assert alignment.duration == len(clip)
        for word, span in zip(alignment.words, spans, strict=True):
            errors += [abs(word.start - span[0]), abs(word.end - span[1])]
        for parts in (alignment.words, alignment.phones, alignment.states):
            assert all(part.start < part.end for part in parts)
            assert all(a.end <= b.start for a, b in itertools.pairwise(parts))
        assert [(p.start, p.end) for p in (alignment.phones[0], alignment.phones[-1])] == [
            (alignment.states[0].start, alignment.phones[0].end),
            (alignment.phones[-1].start, alignment.states[-1].end),
        ]
        labels = [phone.label for phone in alignment.phones]
        if classifier.lexicon:
            assert labels == " ".join(LEXICON[word] for word in row).split()
        else:
            assert labels == row
        n_states = classifier.n_states_
        assert [state.label for state in alignment.states] == [
            k for _ in labels for k in range(n_states)
        ]
    assert np.mean(np.array(errors) <= 1) > 0.9


def test_times_of_boundaries():
    clip, word = TEST.clips[0], TEST.words[0]
    (frames,) = SOUNDS.align([clip], [word], frame_step=1.0, frame_length=1.0)
    (seconds,) = SOUNDS.align([clip], [word])
    assert_allclose(seconds.duration, 0.01 * len(clip) + 0.015)
    inner = [state for state in frames.states if state.start > 0 and state.end < len(clip)]
    shifted = [s for s, f in zip(seconds.states, frames.states, strict=True) if f in inner]
    # A boundary is between the centres of two frames, 12.5 ms after they begin.
    assert_allclose([s.start for s in shifted], [0.01 * f.start + 0.0075 for f in inner])


def test_textgrid(tmp_path):
    textgrid = pytest.importorskip("praatio.textgrid")
    (alignment,) = SOUNDS.align(ROWS.clips[:1], ROWS.words[:1])
    alignment.save_textgrid(tmp_path / "clip.TextGrid")
    grid = textgrid.openTextgrid(str(tmp_path / "clip.TextGrid"), includeEmptyIntervals=False)
    for name in ("words", "phones"):
        entries = grid.getTier(name).entries
        expected = getattr(alignment, name)
        assert [entry.label for entry in entries] == [part.label for part in expected]
        assert_allclose([entry.start for entry in entries], [part.start for part in expected])
        assert_allclose([entry.end for entry in entries], [part.end for part in expected])
    assert_allclose(grid.maxTimestamp, alignment.duration)


def test_alignment_holds_the_frames_of_a_block_of_clips():
    clip = np.random.default_rng(0).normal(size=(400, 100))  # a block has some 200 of these
    classifier = LexiconClassifier(None, GaussianClassifier(1), context=0, n_states=1, n_iter=0)
    classifier.fit([clip, clip], ["no", "on"])

    def peak(n_clips):
        tracemalloc.start()
        classifier.align([clip] * n_clips, ["no"] * n_clips)
        _, taken = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return taken

    assert peak(600) < 1.3 * peak(200)


# Classifiers of frames


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(tol=0.01, max_iter=1000),
        make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()),
        GaussianNB(),
        RandomForestClassifier(10, random_state=0),  # which gives zeros
        FramewiseClassifier(GaussianNB()),  # of whole clips
    ],
)
@pytest.mark.parametrize("lexicon", [None, LEXICON])
def test_any_classifier_of_frames(estimator, lexicon):
    classifier = LexiconClassifier(lexicon, estimator, context=1, n_iter=1, n_refits=1)
    assert classifier.fit(TRAIN.clips, TRAIN.words).score(TEST.clips, TEST.words) > 0.8
    assert not hasattr(estimator, "classes_")
    n_features = 5 if isinstance(estimator, FramewiseClassifier) else 15
    assert classifier.estimator_.n_features_in_ == n_features
    assert np.isfinite(classifier.decision_function(TEST.clips)).all()


def test_networks():
    neural = pytest.importorskip("skxent.neural")
    settings = {"max_iter": 8, "learning_rate": 0.02, "batch_size": 16, "random_state": 0}
    for network in (
        neural.DNNClassifier(hidden_layer_sizes=(16,), context=1, **settings | {"batch_size": 64}),
        neural.RNNClassifier(hidden_size=8, targets="frame", **settings),
    ):
        classifier = LexiconClassifier(LEXICON, network, n_iter=1).fit(TRAIN.clips, TRAIN.words)
        assert classifier.score(TEST.clips, TEST.words) > 0.6
    with pytest.raises(ValueError, match="probabilities of frames"):
        LexiconClassifier(LEXICON, neural.RNNClassifier()).fit(TRAIN.clips, TRAIN.words)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Ridge(), "estimator must be a classifier, got Ridge"),
        (LinearSVC(), "must have predict_log_proba or predict_proba, but LinearSVC"),
        (FramewiseClassifier(LinearSVC(), aggregate="vote"), "probabilities of frames"),
    ],
)
def test_unfit_estimators_are_errors(estimator, message):
    with pytest.raises(ValueError, match=message):
        LexiconClassifier(None, estimator).fit(TRAIN.clips, TRAIN.words)


def test_rounds():
    flat = LexiconClassifier(**QUICK, n_iter=0).fit(TRAIN.clips, TRAIN.words)
    assert len(flat.change_curve_) == 0
    more = LexiconClassifier(**QUICK, n_iter=6, n_refits=2).fit(TRAIN.clips, TRAIN.words)
    assert len(more.change_curve_) == 8
    assert more.change_curve_[-1] < more.change_curve_[0]


# Weights


@pytest.mark.parametrize("lexicon", [None, LEXICON])
def test_weights_are_repetitions(lexicon):
    counts = np.random.default_rng(0).integers(0, 3, len(TRAIN.clips))
    chosen = np.repeat(np.arange(len(counts)), counts)
    classifier = LexiconClassifier(lexicon, **QUICK)
    weighted = clone(classifier).fit(TRAIN.clips, TRAIN.words, counts)
    repeated = classifier.fit([TRAIN.clips[i] for i in chosen], [TRAIN.words[i] for i in chosen])
    assert_allclose(
        weighted.decision_function(TEST.clips), repeated.decision_function(TEST.clips), atol=1e-8
    )
    assert_allclose(weighted.state_priors_, repeated.state_priors_)


def test_weights_that_are_refused():
    with pytest.raises(ValueError, match="LinearDiscriminantAnalysis takes no sample_weight"):
        LexiconClassifier(None, LinearDiscriminantAnalysis()).fit(
            TRAIN.clips, TRAIN.words, np.ones(len(TRAIN.clips))
        )
    with pytest.raises(ValueError, match="must not be zero for all clips"):
        LexiconClassifier().fit(TRAIN.clips, TRAIN.words, np.zeros(len(TRAIN.clips)))
    with pytest.raises(ValueError, match="one number for each clip, got lists"):
        LexiconClassifier().fit(
            TRAIN.clips, TRAIN.words, [np.ones(len(clip)) for clip in TRAIN.clips]
        )


def test_weights_are_routed():
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(TRAIN.clips))
    plain = LexiconClassifier(**QUICK).fit(TRAIN.clips, TRAIN.words, weights)
    with sklearn.config_context(enable_metadata_routing=True):
        asking = GaussianClassifier().set_fit_request(sample_weight=True)
        routed = LexiconClassifier(None, asking, context=0)
        routed.fit(TRAIN.clips, TRAIN.words, sample_weight=weights)
    assert_array_equal(plain.decision_function(TEST.clips), routed.decision_function(TEST.clips))


# scikit-learn's habits


@both
def test_pickles_and_skops(classifier):
    expected = classifier.decision_function(TEST.clips)
    copy = pickle.loads(pickle.dumps(classifier))
    assert_array_equal(copy.decision_function(TEST.clips), expected)
    file = skops.io.dumps(classifier)
    trusted = skops.io.get_untrusted_types(data=file)
    assert all(name.startswith("skxent.") for name in trusted)
    copy = skops.io.load(io.BytesIO(file), trusted=trusted)
    assert_array_equal(copy.decision_function(TEST.clips), expected)


def test_search_and_cross_validation_by_speakers():
    words = np.array(TRAIN.words)
    search = GridSearchCV(LexiconClassifier(LEXICON, **QUICK), {"n_states": [1, 3]}, cv=2)
    search.fit(as_objects(TRAIN.clips), words)
    assert search.score(as_objects(TEST.clips), TEST.words) > 0.9
    predicted = cross_val_predict(
        LexiconClassifier(**QUICK),
        as_objects(TRAIN.clips),
        words,
        groups=TRAIN.speakers,
        cv=GroupKFold(3),
    )
    assert np.mean(predicted == words) > 0.9


def test_votes_over_whole_words():
    vote = VotingClassifier(
        [("one", LexiconClassifier(**QUICK)), ("two", LexiconClassifier(n_states=4, **QUICK))],
        voting="soft",
    )
    vote.fit(as_objects(TRAIN.clips), TRAIN.words)
    assert vote.score(as_objects(TEST.clips), TEST.words) > 0.9


def test_callbacks_see_each_round():
    monitor = ScoringMonitor(scoring="accuracy")
    classifier = LexiconClassifier(**QUICK, n_iter=3).set_callbacks(monitor)
    classifier.fit(TRAIN.clips, TRAIN.words)
    scores = [row["accuracy"] for row in monitor.get_logs().data]
    assert len(scores) == 4
    assert scores[-1] == classifier.score(TRAIN.clips, TRAIN.words)


def test_parameters_may_change_after_fit():
    classifier = clone(WORDS).fit(TRAIN.clips, TRAIN.words).set_params(n_states=2)
    assert_array_equal(classifier.predict(TEST.clips), WORDS.predict(TEST.clips))
    # Where all frames must be of the word, pauses make it less likely.
    before = WORDS._score_words(TEST.clips).max(axis=1)
    after = classifier.set_params(silence=False)._score_words(TEST.clips).max(axis=1)
    assert (after <= before).all()
    assert (after < before).any()


def test_estimators_that_predict_nan_are_errors():
    class Broken(GaussianNB):
        def predict_log_proba(self, X):
            return (
                super().predict_log_proba(X) * np.where(np.arange(len(X)) == 3, np.nan, 1)[:, None]
            )

    with pytest.raises(ValueError, match="Broken predicts NaN for the states of some frames"):
        LexiconClassifier(None, Broken()).fit(TRAIN.clips, TRAIN.words).predict(TEST.clips)


# Bad input


def test_unfitted():
    for method in ("predict", "transcribe", "decision_function"):
        with pytest.raises(NotFittedError):
            getattr(LexiconClassifier(), method)(TEST.clips)
    with pytest.raises(NotFittedError):
        LexiconClassifier().align(TEST.clips, TEST.words)
    assert not hasattr(LexiconClassifier(), "classes_")


def test_clips_that_are_too_short():
    clips = [*TRAIN.clips[:-1], TRAIN.clips[-1][:4]]
    with pytest.raises(ValueError, match="clip 89 has 4 frames, fewer than the 6 states"):
        LexiconClassifier().fit(clips, TRAIN.words)
    with pytest.raises(ValueError, match="clip 1 has 5 frames, fewer than each word has states"):
        WORDS.predict([TEST.clips[0], TEST.clips[1][:5]])
    with pytest.raises(ValueError, match=r"clip 1 has 7 frames, fewer than the states.*noon"):
        SOUNDS.align([TEST.clips[0], TEST.clips[1][:7]], ["no", "noon"])
    short = SOUNDS.decision_function([TEST.clips[0][:7]])[0]
    assert np.isneginf(short[SOUNDS.classes_.tolist().index("noon")])
    assert short.max() == 0.0


def test_a_single_state_is_an_error():
    with pytest.raises(ValueError, match=r"frames of all clips have the same state.*n_states"):
        LexiconClassifier({"oh": "OW"}, n_states=1, silence=False).fit(TRAIN.clips[:2], ["oh"] * 2)


def test_words_and_lexicons_that_do_not_fit():
    with pytest.raises(ValueError, match="word 'mood' of clip 1 is not in the lexicon"):
        LexiconClassifier(LEXICON).fit(TRAIN.clips[:2], ["moon", "mood"])
    with pytest.raises(ValueError, match="word 'mood' of clip 0 is not in the lexicon"):
        SOUNDS.align(TEST.clips[:1], ["mood"])
    classifier = clone(SOUNDS).fit(TRAIN.clips, TRAIN.words)
    with pytest.raises(ValueError, match=r"'shy' of the lexicon has 'SH'.*'M', 'N', 'OW', 'UW'"):
        classifier.set_params(lexicon={"shy": "SH AY"}).predict(TEST.clips)
    with pytest.raises(ValueError, match="at least one word, got none"):
        classifier.set_params(lexicon={}).predict(TEST.clips)
    with pytest.raises(ValueError, match="lexicon is None, but the classifier was fitted to phone"):
        classifier.set_params(lexicon=None).predict(TEST.clips)
    with pytest.raises(ValueError, match="score needs a word for each clip"):
        SOUNDS.score(ROWS.clips, ROWS.words)
    with pytest.raises(ValueError, match="frame_step must be a positive number of seconds, got 0"):
        SOUNDS.align(TEST.clips[:1], ["no"], frame_step=0)
    with pytest.raises(TypeError, match="y must be of one kind, got int and str"):
        LexiconClassifier().fit(TRAIN.clips[:2], [["no", 1], ["no"]])
    with pytest.raises(TypeError, match="y must be strings or numbers, got None"):
        LexiconClassifier().fit(TRAIN.clips[:2], [[None], [None]])
    with pytest.raises(ValueError, match="'word_penalty' parameter"):
        clone(WORDS).fit(TRAIN.clips, TRAIN.words).set_params(word_penalty=np.nan).transcribe(
            TEST.clips
        )


@pytest.mark.parametrize(
    ("bigram", "message"),
    [
        ([], r"bigram must have shape \(6, 6\).*got shape \(0,\)"),
        (np.zeros((7, 7)), r"bigram must have shape \(6, 6\).*got shape \(7, 7\)"),
        (np.full((6, 6), np.nan), "bigram must be finite or -inf"),
        ([["a"] * 6] * 6, "bigram must be a matrix of numbers, got"),
    ],
)
def test_malformed_bigrams(bigram, message):
    with pytest.raises(ValueError, match=message):
        SOUNDS.transcribe(ROWS.clips, bigram)


def test_rows_that_cannot_be_aligned():
    clips = TEST.clips[:2]
    for row, message in [
        ([["no"], []], r"y\[1\] is a list of no words"),
        ([["no"], ["on", "mood"]], "word 'mood' of clip 1 is not in the lexicon"),
        ([["no"], "on"], r"y\[0\] is a list of words, but y\[1\] is a word"),
        ([["no"]], "one entry for each of 2 clips, got 1"),
        ([["no"], ["on"] * 99], "clip 1 has .* fewer than the states of its words"),
    ]:
        with pytest.raises(ValueError, match=message):
            SOUNDS.align(clips, row)
    for name in ("frame_step", "frame_length"):
        with pytest.raises(TypeError, match=f"{name} must be an instance of"):
            SOUNDS.align(clips, ["no", "on"], **{name: "10 ms"})
        with pytest.raises(ValueError, match=f"{name} must be a positive number.*got inf"):
            SOUNDS.align(clips, ["no", "on"], **{name: np.inf})


@both
def test_words_are_aligned_with_silence_alone(classifier):
    (alignment,) = classifier.align([np.full((40, 5), -3.0)], [["no", "on"]])
    assert [word.label for word in alignment.words] == ["no", "on"]


def test_clips_without_room_for_a_word_have_none():
    clips = [TEST.clips[0][:1], TEST.clips[0][:5]]
    assert WORDS.transcribe(clips) == [[], []]
    mute = LexiconClassifier(**QUICK, silence=False).fit(TRAIN.clips, TRAIN.words)
    assert mute.transcribe(clips) == [[], []]
    assert len(mute.transcribe([np.full((40, 5), -3.0)])[0]) > 0


def test_clips_that_have_room_for_a_shorter_pronunciation():
    lexicon = LEXICON | {"no": [["N", "OW"] * 9, ["N", "OW"]]}
    classifier = LexiconClassifier(lexicon, **QUICK).fit(TRAIN.clips, TRAIN.words)
    assert classifier.score(TEST.clips, TEST.words) > 0.9
