import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
import sklearn
import soundfile
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer
from skxent.mfcc import CONVENTIONS
from skxent.plotting import CepstralDisplay
from skxent.plotting._cepstral import _outline

RATE = 8000


def noise(n_samples, seed=0):
    return 0.1 * np.random.default_rng(seed).normal(size=n_samples)


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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_trimmed_is_marked(convention, dtype):
    clip = np.concatenate([np.zeros(2400), noise(1600), np.zeros(4000)]).astype(dtype)
    transformer = MFCCTransformer(sample_rate=RATE, convention=convention)
    display = CepstralDisplay.from_clip(transformer, clip)
    assert display.kept is None
    assert [len(ax.lines) for ax in display.axes_] == [1, 0, 0]
    display = CepstralDisplay.from_clip(transformer.set_params(trim=35.0), clip)
    np.testing.assert_allclose(display.kept, [0.3, 0.5], atol=0.02)
    for ax in display.axes_:
        assert [line.get_xdata()[0] for line in ax.lines[-2:]] == list(display.kept)
    n_kept = len(transformer.set_params(pooling=None).transform([clip])[0])
    assert np.ptp(display.kept) == pytest.approx(n_kept * display.frame_step)


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


def test_long_clip_is_drawn_with_fewer_points(transformer):
    clip = noise(20_001)
    times, _ = CepstralDisplay.from_clip(transformer, clip).line_.get_data()
    assert len(times) == 20_000
    assert len(_outline(clip[1:], RATE)[0]) == 20_000


def test_outline_of_a_long_clip_keeps_its_peaks():
    clip = noise(4321)
    clip[[700, 3000]] = 1.0, -1.0
    times, values = _outline(clip, RATE, max_segments=50)
    assert len(times) == len(values) == 100
    assert abs(times[np.argmax(values)] - 700 / RATE) <= 4321 / 50 / RATE
    assert abs(times[np.argmin(values)] - 3000 / RATE) <= 4321 / 50 / RATE
    assert (values.min(), values.max()) == (-1.0, 1.0)
    # One value a segment, and none of it outside the signal's own.
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
