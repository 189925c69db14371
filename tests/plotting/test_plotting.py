import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
import sklearn
import soundfile
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.mfcc import CONVENTIONS
from skxent.plotting import CepstralDisplay, LossCurveDisplay, _cepstral

RATE = 8000


def noise(n_samples, seed=0):
    return 0.1 * np.random.default_rng(seed).normal(size=n_samples)


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    plt.switch_backend("Agg")
    yield
    plt.close("all")


@pytest.fixture
def transformer():
    return MFCCTransformer(sample_rate=RATE)


@pytest.fixture(params=sorted(CONVENTIONS))
def convention(request):
    return request.param


def frames(transformer, clip, features):
    plain = MFCCTransformer(sample_rate=RATE, pooling=None, features=features)
    return plain.set_params(convention=transformer.convention).transform([clip])[0]


def test_display_holds_what_the_transformer_computes(convention):
    transformer = MFCCTransformer(sample_rate=RATE, convention=convention)
    clip = noise(4000)
    display = CepstralDisplay.from_clip(transformer, clip)
    log_mel = frames(transformer, clip, "log_mel")
    np.testing.assert_array_equal(display.log_mel, log_mel)
    np.testing.assert_array_equal(display.mfcc, frames(transformer, clip, "mfcc"))
    np.testing.assert_array_equal(display.signal, clip)
    assert display.sample_rate == RATE
    assert display.times.shape == log_mel.shape[:1]
    assert display.frequencies.shape == log_mel.shape[1:]
    assert np.all(np.diff(display.frequencies) > 0)


def test_what_is_done_with_frames_does_not_matter_and_the_transformer_is_not_changed(transformer):
    clip = noise(2000)
    expected = CepstralDisplay.from_clip(transformer, clip)
    other = MFCCTransformer(
        sample_rate=RATE,
        features="log_mel",
        deltas=2,
        normalize="mean_std",
        pooling="statistics",
        n_segments=3,
    ).set_output(transform="pandas")
    before = other.get_params()
    display = CepstralDisplay.from_clip(other.fit([clip]), clip)
    np.testing.assert_array_equal(display.log_mel, expected.log_mel)
    np.testing.assert_array_equal(display.mfcc, expected.mfcc)
    assert other.get_params() == before
    with sklearn.config_context(transform_output="pandas"):
        CepstralDisplay.from_clip(transformer, clip)


def test_figure_has_three_labelled_panels_of_one_time_axis(transformer):
    display = CepstralDisplay.from_clip(transformer, noise(4000))
    assert plt.get_fignums() == [display.figure_.number]
    assert display.axes_.shape == (3,)
    assert [ax.get_ylabel() for ax in display.axes_] == [
        "amplitude",
        "frequency (Hz)",
        "coefficient",
    ]
    assert display.axes_[2].get_xlabel() == "time (s)"
    assert [bar.ax.get_ylabel() for bar in display.colorbars_] == ["log energy (base e)", "value"]
    assert len({ax.get_xlim() for ax in display.axes_}) == 1


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_colour_bars_leave_the_panels_above_each_other(transformer, layout):
    figure, axes = plt.subplots(3, 1, layout=layout)
    CepstralDisplay.from_clip(transformer, noise(800), axes=axes)
    figure.canvas.draw()
    assert len({tuple(ax.get_position().intervalx) for ax in axes}) == 1


def test_nothing_is_cut_off_or_drawn_over(transformer):
    display = CepstralDisplay.from_clip(transformer, noise(4000))
    display.figure_.canvas.draw()
    renderer = display.figure_.canvas.get_renderer()
    outer = display.figure_.bbox
    boxes = [ax.get_tightbbox(renderer) for ax in display.axes_]
    for box in boxes:
        assert outer.x0 <= box.x0
        assert box.x1 <= outer.x1
        assert outer.y0 <= box.y0
        assert box.y1 <= outer.y1
    assert boxes[0].y0 >= boxes[1].y1
    assert boxes[1].y0 >= boxes[2].y1


@pytest.mark.parametrize(
    ("convention", "label"),
    [
        ("psf", "log energy (base e)"),
        ("librosa", "log energy (dB)"),
        ("kaldi", "log energy (base e)"),
        ("htk", "log magnitude (base e)"),
    ],
)
def test_unit_is_that_of_the_convention(convention, label):
    transformer = MFCCTransformer(sample_rate=RATE, convention=convention)
    assert CepstralDisplay.from_clip(transformer, noise(800)).log_mel_label == label


@pytest.mark.parametrize("n_samples", [1, 200, 201, 3999])
def test_pixel_of_a_frame_is_around_its_time_and_as_wide_as_a_step(convention, n_samples):
    transformer = MFCCTransformer(sample_rate=RATE, convention=convention)
    display = CepstralDisplay.from_clip(transformer, noise(n_samples))
    for image, values in zip(display.images_, (display.log_mel, display.mfcc), strict=True):
        np.testing.assert_array_equal(image.get_array(), values.T)
        assert image.origin == "lower"
        left, right, bottom, top = image.get_extent()
        edges = np.linspace(left, right, len(values) + 1)
        np.testing.assert_allclose(np.diff(edges), 0.010)
        np.testing.assert_allclose((edges[:-1] + edges[1:]) / 2, display.times, atol=1e-12)
        assert (bottom, top) == (-0.5, values.shape[1] - 0.5)
    begin, end = display.axes_[0].get_xlim()
    assert begin <= min(0.0, left)
    assert end >= max(n_samples / RATE, right)


def test_click_is_seen_at_its_time(convention):
    # A tapered window is highest in its middle, so the frame around the click is loudest.
    transformer = MFCCTransformer(sample_rate=RATE, convention=convention, window="hann")
    for sample in (1000, 2024, 3040):
        clip = np.zeros(4000)
        clip[sample] = 1.0
        display = CepstralDisplay.from_clip(transformer, clip)
        loudest = display.times[np.argmax(display.log_mel.sum(axis=1))]
        assert abs(loudest - sample / RATE) <= 0.0055
        plt.close(display.figure_)


def test_tone_lights_the_filter_of_its_frequency(convention):
    # Long transforms, as the filters of "psf" begin at bins of the spectrum.
    transformer = MFCCTransformer(sample_rate=RATE, convention=convention, n_mels=16, n_fft=4096)
    frequencies = CepstralDisplay.from_clip(transformer, noise(800)).frequencies
    seconds = np.arange(800) / RATE
    clip = np.concatenate([np.sin(2 * np.pi * hertz * seconds) for hertz in frequencies])
    display = CepstralDisplay.from_clip(transformer, clip)
    for k in range(len(frequencies)):
        inside = np.abs(display.times - 0.1 * (k + 0.5)) < 0.03
        assert inside.sum() >= 5
        assert set(display.log_mel[inside].argmax(axis=1)) == {k}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"sample_rate": 16000},
        {"sample_rate": 44100},
        {"convention": "librosa"},
        {"n_mels": 100, "n_fft": 4096},
        {"n_mels": 2, "n_mfcc": 2},
        {"fmin": 1000.0, "fmax": 1500.0, "n_fft": 4096},
        {"n_mels": 1, "n_mfcc": 1},
    ],
)
def test_frequencies_are_labelled_at_their_rows(settings):
    transformer = MFCCTransformer(**{"sample_rate": RATE} | settings)
    display = CepstralDisplay.from_clip(transformer, noise(4000))
    ax, n_mels = display.axes_[1], len(display.frequencies)
    rows = np.sort(ax.get_yticks())
    labels = sorted(float(label.get_text()) for label in ax.get_yticklabels())
    expected = np.interp(rows, np.arange(n_mels), display.frequencies)
    np.testing.assert_allclose(labels, expected, atol=0.5 if n_mels == 1 else 1e-6)
    assert len(rows) >= (1 if n_mels == 1 else 3)
    assert np.all(np.diff(rows) >= n_mels / 12)
    assert set(display.axes_[2].get_yticks()) <= set(range(display.mfcc.shape[1]))


def test_every_kind_of_clip_is_drawn_the_same(transformer, tmp_path):
    clip = noise(4000).astype(np.float32)
    path = tmp_path / "clip.wav"
    soundfile.write(path, clip, RATE, subtype="FLOAT")
    stereo = np.column_stack([clip, clip])
    for form in (clip, (RATE, clip), stereo, path, str(path)):
        display = CepstralDisplay.from_clip(transformer, form)
        np.testing.assert_array_equal(display.signal, clip)
        np.testing.assert_array_equal(display.mfcc, frames(transformer, clip, "mfcc"))
        np.testing.assert_array_equal(display.line_.get_ydata(), clip)
        np.testing.assert_allclose(display.line_.get_xdata(), np.arange(4000) / RATE)
    other_rate = CepstralDisplay.from_clip(transformer, (2 * RATE, clip))
    assert other_rate.signal.shape == (2000,)


@pytest.mark.parametrize(
    "clip", [np.zeros(4000), np.zeros(1), np.ones(50), np.zeros(4000, "int16")]
)
def test_silence_and_clips_of_one_frame_are_drawn(convention, clip):
    transformer = MFCCTransformer(sample_rate=RATE, convention=convention)
    display = CepstralDisplay.from_clip(transformer, clip)
    display.figure_.canvas.draw()
    assert np.isfinite(display.log_mel).all()
    assert np.isfinite(display.mfcc).all()
    assert np.isfinite(display.times).all()


def test_long_clip_keeps_its_peaks(transformer, monkeypatch):
    monkeypatch.setattr(_cepstral, "_MAX_STRETCHES", 50)
    clip = noise(4321)
    clip[[700, 3000]] = 1.0, -1.0
    times, values = CepstralDisplay.from_clip(transformer, clip).line_.get_data()
    assert len(times) == len(values) == 100
    assert abs(times[np.argmax(values)] - 700 / RATE) <= 4321 / 50 / RATE
    assert abs(times[np.argmin(values)] - 3000 / RATE) <= 4321 / 50 / RATE
    assert (values.min(), values.max()) == (-1.0, 1.0)
    # One value a stretch, and none of it outside the signal's own.
    assert set(values) <= set(clip)


def test_colours_span_all_coefficients_but_the_zeroth(transformer):
    display = CepstralDisplay.from_clip(transformer, noise(4000))
    drawn = display.mfcc[:, 1:]
    assert display.images_[1].get_clim() == (drawn.min(), drawn.max())
    assert display.images_[0].get_clim() == (display.log_mel.min(), display.log_mel.max())
    loud = display.mfcc.copy()
    for value, extend in [(1e3, "max"), (-1e3, "min")]:
        loud[:, 0] = value
        display.mfcc = loud
        assert display.plot().colorbars_[1].extend == extend
    loud[0, 0] = 1e3
    assert display.plot().colorbars_[1].extend == "both"


def test_given_axes_are_drawn_on(transformer):
    figure, axes = plt.subplots(3, 2, layout="constrained")
    for column, cmap in zip(axes.T, ("magma", "gray"), strict=True):
        display = CepstralDisplay.from_clip(transformer, noise(800), axes=list(column), cmap=cmap)
        assert display.figure_ is figure
        assert list(display.axes_) == list(column)
        assert {image.get_cmap().name for image in display.images_} == {cmap}
    figure.canvas.draw()
    assert plt.get_fignums() == [figure.number]


def test_plot_draws_again(transformer):
    display = CepstralDisplay.from_clip(transformer, noise(800))
    first = display.figure_
    assert display.plot() is display
    assert display.figure_ is not first
    assert len(plt.get_fignums()) == 2
    display.plot(first.axes[:3])
    assert display.figure_ is first


@pytest.mark.parametrize(("n_axes", "found"), [(0, "0"), (1, "1"), (2, "2"), (4, "4")])
def test_wrong_number_of_axes_is_an_error(transformer, n_axes, found):
    figure = plt.figure()
    axes = [figure.add_subplot() for _ in range(n_axes)]
    display = CepstralDisplay.from_clip(transformer, noise(800))
    n_figures = len(plt.get_fignums())
    for draw in (display.plot, lambda axes: CepstralDisplay.from_clip(transformer, [1], axes=axes)):
        with pytest.raises(ValueError, match=f"axes must be 3, .* got {found}"):
            draw(axes[0] if n_axes == 1 else axes)
    assert len(plt.get_fignums()) == n_figures


@pytest.mark.parametrize(
    ("clip", "error", "message"),
    [
        ([], ValueError, "clip: empty"),
        ([0.0, np.nan], ValueError, "clip: must be finite, sample 1 is nan"),
        (None, TypeError, "clip: must be an array of numbers"),
        ("none.wav", ValueError, r"clip \(none.wav\): no such file"),
        ((0, [0.0]), ValueError, "clip: a pair's sample rate must be at least 1 Hz"),
    ],
)
def test_error_of_a_clip_names_it_and_leaves_no_figure(transformer, clip, error, message):
    with pytest.raises(error, match=message):
        CepstralDisplay.from_clip(transformer, clip)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("wrong", [None, StandardScaler()])
def test_wrong_transformer_is_an_error(wrong):
    with pytest.raises(TypeError, match=f"must be an MFCCTransformer, got {type(wrong).__name__}"):
        CepstralDisplay.from_clip(wrong, noise(800))


def test_wrong_setting_of_the_transformer_is_an_error():
    with pytest.raises(ValueError, match="n_mfcc=27"):
        CepstralDisplay.from_clip(MFCCTransformer(sample_rate=RATE, n_mfcc=27), noise(800))
    assert plt.get_fignums() == []


def test_missing_matplotlib_is_named(transformer, monkeypatch):
    display = CepstralDisplay.from_clip(transformer, noise(800))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="from_clip requires matplotlib"):
        CepstralDisplay.from_clip(transformer, noise(800))
    with pytest.raises(ImportError, match="plot requires matplotlib"):
        display.plot()


KEYS = ["training", "validation", "lowest validation loss"]


class Trained(ClassifierMixin, BaseEstimator):
    """Has the curves that it is given."""

    def __init__(self, loss=(2.0, 1.0), validation=None, rate=0.1, schedule="constant"):
        self.loss = loss
        self.validation = validation
        self.rate = rate
        self.schedule = schedule

    def fit(self, X=None, y=None):
        self.loss_curve_ = self.loss
        if self.validation is not None:
            self.validation_loss_curve_ = self.validation
        return self

    def score(self, X, y):
        return self.rate


class OtherTrained(Trained):
    pass


@st.composite
def losses(draw, max_value):
    """Draw a curve from a start that a fit may have to anything finite."""
    later = st.lists(st.floats(0.0, max_value), max_size=7)
    return [draw(st.floats(1e-6, 1e3)), *draw(later)]


def trained(**params):
    return Trained(**params).fit()


# As a figure takes a moment.
few = settings(max_examples=settings().max_examples // 5)


def legend(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.fixture(scope="module")
def classifiers():
    X, y = load_iris(return_X_y=True)
    return [
        SoftmaxClassifier(learning_rate=rate, early_stopping=True, tol=0.01, random_state=0).fit(
            X, y
        )
        for rate in (0.01, 0.1, 0.3)
    ]


def test_lines_hold_the_curves_of_a_classifier(classifiers):
    display = LossCurveDisplay.from_estimator(classifiers[1])
    (lines,) = display.lines_
    for key, expected in [
        ("training", classifiers[1].loss_curve_),
        ("validation", classifiers[1].validation_loss_curve_),
    ]:
        np.testing.assert_array_equal(display.curves[0][key], expected)
        np.testing.assert_array_equal(lines[key].get_ydata(), expected)
        np.testing.assert_array_equal(lines[key].get_xdata(), np.arange(len(expected)))
    assert (lines["training"].get_linestyle(), lines["validation"].get_linestyle()) == ("-", "--")
    assert len({line.get_color() for line in lines.values()}) == 1
    assert legend(display) == KEYS
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == (
        "Iteration",
        "Cross-entropy (nats)",
    )
    assert plt.get_fignums() == [display.figure_.number]


def test_marker_is_at_the_epoch_whose_coefficients_early_stopping_keeps():
    X, y = load_iris(return_X_y=True)
    # Most samples of the last class are held out, so that the validation loss rises again.
    samples, held_out = (X[:110:2], y[:110:2]), {"X_val": X[1::2], "y_val": y[1::2]}
    classifier = SoftmaxClassifier(learning_rate=0.2, early_stopping=True, alpha=0.01)
    classifier.fit(*samples, **held_out)
    (lines,) = LossCurveDisplay.from_estimator(classifier).lines_
    ((epoch,), (loss,)) = lines["lowest"].get_data()
    log_proba = classifier.predict_log_proba(held_out["X_val"])
    kept = -np.mean(log_proba[np.arange(len(log_proba)), held_out["y_val"]])
    np.testing.assert_allclose(loss, kept, rtol=1e-12)
    assert loss == classifier.validation_loss_curve_[epoch]
    assert 0 < epoch < classifier.n_iter_


@few
@given(losses(1e6), losses(1e6))
def test_marker_is_at_the_first_of_the_lowest_validation_losses(loss, validation):
    (lines,) = LossCurveDisplay.from_estimator(trained(loss=loss, validation=validation)).lines_
    assert lines["lowest"].get_xdata()[0] == validation.index(min(validation))
    assert lines["lowest"].get_ydata()[0] == min(validation)
    plt.close("all")


def test_estimator_without_validation_has_one_line():
    display = LossCurveDisplay.from_estimator(trained())
    assert [*display.lines_[0]] == ["training"]
    assert legend(display) == ["training"]
    several = LossCurveDisplay.from_estimator({"a": trained(), "b": trained()})
    assert legend(several) == ["a", "b"]


def test_estimators_differ_by_colour_and_are_told_apart_by_what_differs(classifiers):
    display = LossCurveDisplay.from_estimator(iter(classifiers))
    names = ["learning_rate=0.01", "learning_rate=0.1", "learning_rate=0.3"]
    assert display.names == names
    assert legend(display) == names + KEYS
    for lines in display.lines_:
        assert len({line.get_color() for line in lines.values()}) == 1
    assert len({lines["training"].get_color() for lines in display.lines_}) == 3


def test_many_estimators_differ_by_colour_too():
    display = LossCurveDisplay.from_estimator([trained(rate=rate) for rate in range(30)])
    assert len({tuple(lines["training"].get_color()) for lines in display.lines_}) == 30


def of_rate(rate, first=None):
    return make_pipeline(first or StandardScaler(), Trained(rate=rate)).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize(
    ("estimators", "expected"),
    [
        ([trained(rate=0.1), trained(rate=0.1 + 0.2)], ["rate=0.1", "rate=0.3"]),
        ([trained(rate=np.float64(1e-3)), trained(rate=1)], ["rate=0.001", "rate=1"]),
        (
            [trained(), trained(rate=1.0, schedule=max)],
            ["rate=0.1, schedule=constant", "rate=1, schedule=max"],
        ),
        ([trained(), OtherTrained(rate=1.0).fit()], ["Trained", "OtherTrained"]),
        (
            [trained(), OtherTrained().fit(), trained(rate=1.0)],
            ["Trained, rate=0.1", "OtherTrained", "Trained, rate=1"],
        ),
        ([trained(), trained()], ["Trained (1)", "Trained (2)"]),
        ([of_rate(0.1), of_rate(1.0), trained(rate=2.0)], ["rate=0.1", "rate=1", "rate=2"]),
        (
            [of_rate(0.1), of_rate(0.1, StandardScaler(with_mean=False))],
            ["standardscaler__with_mean=True", "standardscaler__with_mean=False"],
        ),
        ([of_rate(0.1), of_rate(0.2, RobustScaler())], ["rate=0.1", "rate=0.2"]),
    ],
)
def test_default_names_are_what_differs(estimators, expected):
    assert LossCurveDisplay.from_estimator(estimators).names == expected


def test_names_are_those_of_a_mapping_or_given():
    estimators = [trained(), trained(rate=1.0, validation=[1.0])]
    for display in (
        LossCurveDisplay.from_estimator(dict(zip("ab", estimators, strict=True))),
        LossCurveDisplay.from_estimator(estimators, names=["a", "b"]),
    ):
        assert display.names == ["a", "b"]
        assert legend(display) == ["a", "b", *KEYS]
    one = LossCurveDisplay.from_estimator(trained(), names="mine")
    assert legend(one) == ["mine"]


def test_what_a_pipeline_or_a_search_trained_is_drawn():
    loss = [3.0, 2.0, 1.0]
    grid = {"trained__rate": [0.5, 0.1], "trained__loss": [loss]}
    X, y = np.arange(8.0)[:, None], np.arange(8) % 2
    search = GridSearchCV(make_pipeline(StandardScaler(), Trained()), grid, cv=2).fit(X, y)
    in_a_pipeline = make_pipeline(StandardScaler(), search).fit(X, y)
    for estimator in (search, search.best_estimator_, in_a_pipeline):
        display = LossCurveDisplay.from_estimator(estimator)
        np.testing.assert_array_equal(display.lines_[0]["training"].get_ydata(), loss)
    pair = LossCurveDisplay.from_estimator([search, trained(rate=0.1, loss=loss)])
    assert pair.names == ["rate=0.5", "rate=0.1"]


@pytest.mark.parametrize("log_scale", [False, True])
@pytest.mark.parametrize("end", [np.nan, np.inf, 1e308])
@pytest.mark.parametrize("growth", [1.0, 10.0, 1e100])
def test_curve_that_diverges_does_not_hide_the_others(log_scale, end, growth):
    wild = [2.0, 2.0 * growth, 2.0 * growth**2, end]
    calm = [2.0, 1.0, 0.5, 0.1]
    with_it = LossCurveDisplay.from_estimator(
        [trained(loss=calm), trained(loss=wild, rate=1.0)], log_scale=log_scale
    )
    with_it.figure_.canvas.draw()
    alone = LossCurveDisplay.from_estimator(trained(loss=calm), log_scale=log_scale)
    height = np.log if log_scale else np.asarray
    spans = [np.ptp(height(display.ax_.get_ylim())) for display in (with_it, alone)]
    assert spans[0] < 2.0 * spans[1]
    bottom, top = with_it.ax_.get_ylim()
    assert bottom < 0.1
    assert top > 2.0
    np.testing.assert_array_equal(with_it.curves[1]["training"], wild)


@pytest.mark.parametrize("loss", [[1.0, np.nan], [1.0, 5.0, np.inf], [np.nan], [1.0, np.nan, 2.0]])
def test_curve_that_diverges_is_called_so_and_marked_at_its_last_loss(loss):
    display = LossCurveDisplay.from_estimator(trained(loss=loss, validation=[np.nan]))
    display.figure_.canvas.draw()
    assert legend(display)[0] == "training (diverged)"
    line = display.lines_[0]["training"]
    assert line.get_marker() == "x"
    assert line.get_markevery() == np.flatnonzero(np.isfinite(loss))[-1:].tolist()
    assert "lowest" not in display.lines_[0]
    several = LossCurveDisplay.from_estimator({"a": trained(loss=loss), "b": trained()})
    assert legend(several) == ["a (diverged)", "b"]


@few
@given(st.lists(losses(1e6), min_size=1, max_size=4), st.booleans())
def test_curves_that_end_within_reach_of_a_start_are_seen_whole(curves, log_scale):
    start = max(loss[0] for loss in curves)
    curves = [[min(value, 10.0 * start) for value in loss] for loss in curves]
    display = LossCurveDisplay(curves=[{"training": np.array(loss)} for loss in curves])
    bottom, top = display.plot(log_scale=log_scale).ax_.get_ylim()
    values = [value for loss in curves for value in loss if value > 0.0 or not log_scale]
    assert all(bottom <= value <= top for value in values)
    plt.close("all")


@few
@given(losses(1e308), st.booleans())
@example(loss=[1.0, 1e150, 1e308], log_scale=True)
@example(
    loss=[
        491.4777963862991,
        3.6814752485282813e307,
        4.29319302684144e16,
        8.705403254190216e161,
        9.015812530383834e307,
        1.0,
        6.145646233285077e307,
        9007199254740992.0,
    ],
    log_scale=False,
)  # one that the renderer can't draw as it is
@example(loss=[1.0, 0.0], log_scale=True)
def test_every_finite_curve_is_drawn_and_the_start_is_seen(loss, log_scale):
    display = LossCurveDisplay.from_estimator(trained(loss=loss), log_scale=log_scale)
    display.figure_.canvas.draw()
    bottom, top = display.ax_.get_ylim()
    assert bottom <= loss[0] <= top
    plt.close("all")


@pytest.mark.parametrize("loss", [[2.0, 1e20, 1.0], [2.0, np.inf, 1e20, 1.0]])
def test_peak_beyond_any_scale_is_cut_off(loss):
    top = LossCurveDisplay.from_estimator(trained(loss=loss)).ax_.get_ylim()[1]
    assert 2.0 < top < 1e5


def test_rising_validation_loss_is_seen_whole():
    overfitted = trained(loss=[2.0, 0.1, 0.01], validation=[2.0, 1.0, 9.0])
    assert LossCurveDisplay.from_estimator(overfitted).ax_.get_ylim()[1] > 9.0


def test_one_epoch_is_seen_as_a_point():
    (lines,) = LossCurveDisplay.from_estimator(trained(loss=[1.0], validation=[1.0])).lines_
    assert lines["training"].get_marker() == "."
    assert lines["training"].get_markevery() == [0]


def test_partial_fits_are_drawn_as_they_are():
    X, y = load_iris(return_X_y=True)
    classifier = SoftmaxClassifier()
    for n_passes in (1, 2, 3):
        classifier.partial_fit(X, y, classes=[0, 1, 2])
        (lines,) = LossCurveDisplay.from_estimator(classifier).lines_
        assert len(lines["training"].get_ydata()) == n_passes


def test_display_keeps_its_curves_when_the_estimator_learns_on():
    loss = [2.0, 1.0]
    display = LossCurveDisplay.from_estimator(trained(loss=loss))
    loss.append(0.5)
    np.testing.assert_array_equal(display.curves[0]["training"], [2.0, 1.0])


def test_labels_of_a_loss_axis_are_not_cut_off():
    estimators = [trained(loss=[2.3, 1.4]), trained(loss=[2.3, 1e9], rate=1.0)]
    with plt.rc_context({"figure.figsize": (4, 3)}):
        display = LossCurveDisplay.from_estimator(estimators, names=["a", "b"], log_scale=True)
    display.figure_.canvas.draw()
    box = display.ax_.get_tightbbox(display.figure_.canvas.get_renderer())
    assert display.figure_.bbox.x0 <= box.x0
    assert display.figure_.bbox.y0 <= box.y0


def test_displays_share_axes():
    figure, ax = plt.subplots()
    first = LossCurveDisplay.from_estimator(
        trained(loss=[50.0, 40.0], validation=[60.0, 50.0]), ax=ax, names=["a"]
    )
    second = LossCurveDisplay.from_estimator(
        trained(loss=[1.0, 1e5], validation=[1.0]), ax=ax, names=["b"]
    )
    assert first.ax_ is second.ax_ is ax
    assert second.figure_ is figure
    assert legend(second) == ["a", *KEYS, "b"]
    assert first.lines_[0]["training"].get_color() != second.lines_[0]["training"].get_color()
    assert 60.0 < ax.get_ylim()[1] < 100.0
    assert plt.get_fignums() == [figure.number]


def test_keywords_reach_all_lines_and_epochs_are_whole_numbers():
    several = [trained(validation=[2.0, 1.0]), trained(rate=1.0)]
    display = LossCurveDisplay.from_estimator(several, log_scale=True, lw=3.0, c="k", alpha=0.5)
    for lines in display.lines_:
        for key in lines.keys() - {"lowest"}:
            assert (lines[key].get_linewidth(), lines[key].get_alpha()) == (3.0, 0.5)
        assert {line.get_color() for line in lines.values()} == {"k"}
    assert display.ax_.get_yscale() == "log"
    ticks = display.ax_.get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))
    again = display.plot()
    assert again is display
    assert display.ax_.get_yscale() == "linear"
    assert len(plt.get_fignums()) == 2


@pytest.mark.parametrize(
    ("estimator", "names", "error", "message"),
    [
        (SoftmaxClassifier(), None, NotFittedError, "SoftmaxClassifier instance is not fitted"),
        ([trained(), Trained()], None, NotFittedError, "Trained instance is not fitted"),
        (make_pipeline(StandardScaler(), Trained()), None, NotFittedError, "Pipeline .* not fit"),
        (GridSearchCV(Trained(), {}), None, NotFittedError, "GridSearchCV .* not fitted"),
        (
            LogisticRegression().fit([[0.0], [1.0]], [0, 1]),
            None,
            TypeError,
            "must have a loss_curve_, LogisticRegression has none",
        ),
        (
            GridSearchCV(Trained(), {}, refit=False, cv=2).fit(np.ones((4, 1)), [0, 1, 0, 1]),
            None,
            TypeError,
            "must have a loss_curve_, GridSearchCV has none",
        ),
        (SoftmaxClassifier, None, TypeError, "is a class, not an instance"),
        (None, None, TypeError, "None is not an estimator"),
        ([trained(), 3], None, TypeError, "3 is not an estimator"),
        ([], None, ValueError, "must hold at least one estimator, got none"),
        (trained(), ["a", "b"], ValueError, "as many as the estimators, 1, got 2"),
        ([trained(), trained()], "softmax", ValueError, "as many as the estimators, 2, got 1"),
        ({"a": trained()}, ["a", "b"], ValueError, "as many as the estimators, 1, got 2"),
    ],
)
def test_error_says_what_is_wrong_and_leaves_no_figure(estimator, names, error, message):
    with pytest.raises(error, match=message):
        LossCurveDisplay.from_estimator(estimator, names=names)
    assert plt.get_fignums() == []


def test_missing_matplotlib_is_named_for_loss_curves(monkeypatch):
    display = LossCurveDisplay(curves=[{"training": np.array([1.0])}])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="from_estimator requires matplotlib"):
        LossCurveDisplay.from_estimator(trained())
    with pytest.raises(ImportError, match="plot requires matplotlib"):
        display.plot()
