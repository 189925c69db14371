import matplotlib.pyplot as plt
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skxent import LexiconClassifier, MFCCTransformer
from skxent.mfcc import CONVENTIONS
from skxent.plotting import AlignmentDisplay
from skxent.sequences import GaussianClassifier
from skxent.words import Alignment, Interval

RATE = 8000
ALIGNMENT = Alignment(
    words=[Interval(0.10, 0.25, "no"), Interval(0.25, 0.40, 7)],
    phones=[Interval(0.10, 0.20, "N"), Interval(0.20, 0.25, "OW"), Interval(0.25, 0.40, "S")],
    states=[],
    duration=0.5,
)
NOISE = 0.1 * np.random.default_rng(0).normal(size=4000)


def tone(frequency, duration=0.2, pause=0.2):
    """A tone between faint pauses."""
    n_pause = round(pause * RATE)
    samples = 0.3 * np.sin(2 * np.pi * frequency / RATE * np.arange(round(duration * RATE)))
    padded = np.pad(samples, n_pause)
    return padded + 1e-4 * np.random.default_rng(round(frequency)).normal(size=len(padded))


def pipeline(**settings):
    """A pipeline that was fitted to tones, low and high."""
    frequencies = np.random.default_rng(0).uniform(0.9, 1.1, 20) * np.resize([400, 2000], 20)
    return make_pipeline(
        MFCCTransformer(sample_rate=RATE, pooling=None, **settings),
        LexiconClassifier(None, GaussianClassifier(), context=0, n_states=2),
    ).fit([tone(f) for f in frequencies], np.resize(["low", "high"], 20))


def draw(alignment=ALIGNMENT, clip=NOISE, ax=None, **settings):
    transformer = MFCCTransformer(sample_rate=RATE, **settings)
    return AlignmentDisplay.from_alignment(alignment, transformer, clip, ax=ax)


def spans(display, name):
    return [(box.get_x(), box.get_x() + box.get_width()) for box in display.boxes_[name]]


def test_each_interval_is_a_labelled_box():
    display = draw()
    assert plt.get_fignums() == [display.figure_.number]
    assert list(display.boxes_) == ["phones", "words"]
    for name, labels in (("words", ["no", "7"]), ("phones", ["N", "OW", "S"])):
        assert [text.get_text() for text in display.texts_[name]] == labels
        expected = [(part.start, part.end) for part in getattr(ALIGNMENT, name)]
        assert_allclose(spans(display, name), expected)
        for box, text in zip(display.boxes_[name], display.texts_[name], strict=True):
            x, y = text.get_position()
            assert_allclose(x, box.get_x() + box.get_width() / 2)
            assert_allclose(y, box.get_y() + box.get_height() / 2)
    ticks = dict(
        zip(
            [label.get_text() for label in display.ax_.get_yticklabels()],
            display.ax_.get_yticks(),
            strict=True,
        )
    )
    for name, boxes in display.boxes_.items():
        assert boxes[0].get_y() < ticks[name] < boxes[0].get_y() + boxes[0].get_height()
    below = display.boxes_["phones"][0].get_y()
    assert display.boxes_["words"][0].get_y() < below < -0.5
    assert display.ax_.get_ylim()[0] <= display.boxes_["words"][0].get_y()
    edges = [line.get_xdata()[0] for line in display.ax_.lines if np.ptp(line.get_xdata()) == 0]
    assert edges == [0.10, 0.25, 0.40]


def test_words_that_are_units_are_drawn_once():
    words = ALIGNMENT.words
    display = draw(Alignment(words, list(words), [], 0.5))
    assert list(display.boxes_) == ["words"]
    assert display.ax_.get_ylim()[0] <= display.boxes_["words"][0].get_y()


@pytest.mark.parametrize("convention", sorted(CONVENTIONS))
def test_levels_are_in_decibels_whatever_the_convention(convention):
    display = draw(convention=convention)
    assert display.levels.max() == 0.0
    quieter = np.concatenate([NOISE, 0.1 * NOISE])
    both = draw(clip=quieter, convention=convention).levels
    first, second = both[5:40], both[-45:-5]
    assert_allclose(first.mean() - second.mean(), 20.0, atol=1.0)
    assert_array_equal(display.image_.get_array(), display.levels.T)
    left, right, bottom, top = display.image_.get_extent()
    edges = np.linspace(left, right, len(display.levels) + 1)
    assert_allclose((edges[:-1] + edges[1:]) / 2, display.times, atol=1e-12)
    assert (bottom, top) == (-0.5, display.levels.shape[1] - 0.5)


@pytest.mark.parametrize("settings", [{}, {"trim": 35}, {"convention": "librosa"}])
def test_pipelines_align_clips_where_the_words_are(settings):
    display = AlignmentDisplay.from_estimator(pipeline(**settings), tone(410, 0.3, 0.4), "low")
    assert [text.get_text() for text in display.texts_["words"]] == ["low"]
    assert_allclose(spans(display, "words"), [(0.4, 0.7)], atol=0.05)
    assert display.ax_.get_xlim()[0] <= 0.0
    assert display.ax_.get_xlim()[1] >= 1.1 - 0.02


def test_frames_of_other_steps_and_words_in_a_row():
    model = pipeline(frame_step=0.02, frame_length=0.04)
    clip = np.concatenate([tone(390), tone(2010, 0.3), tone(400)])
    display = AlignmentDisplay.from_estimator(model, clip, ["low", "high", "low"])
    assert [text.get_text() for text in display.texts_["words"]] == ["low", "high", "low"]
    assert_allclose(spans(display, "words"), [(0.2, 0.4), (0.8, 1.1), (1.5, 1.7)], atol=0.06)


def test_given_axes_and_other_colours():
    _, ax = plt.subplots()
    display = draw(ax=ax)
    assert display.ax_ is ax
    assert display.plot(cmap="viridis") is display
    assert display.ax_ is not ax
    assert display.image_.get_cmap().name == "viridis"


def test_estimators_and_clips_that_do_not_fit():
    transformer = MFCCTransformer(sample_rate=RATE)
    with pytest.raises(TypeError, match=r"must be a Pipeline.*got LexiconClassifier"):
        AlignmentDisplay.from_estimator(LexiconClassifier(), NOISE, "low")
    with pytest.raises(TypeError, match=r"must be a Pipeline.*got one to a LogisticRegression"):
        AlignmentDisplay.from_estimator(
            make_pipeline(transformer, LogisticRegression()), NOISE, "low"
        )
    with pytest.raises(TypeError, match="transformer must be an MFCCTransformer, got str"):
        AlignmentDisplay.from_alignment(ALIGNMENT, "low", NOISE)
    with pytest.raises(ValueError, match="clip: "):
        AlignmentDisplay.from_alignment(ALIGNMENT, transformer, [np.nan] * 100)
    with pytest.raises(ValueError, match="word 'middle' of clip 0 is not in the lexicon"):
        AlignmentDisplay.from_estimator(pipeline(), NOISE, "middle")
