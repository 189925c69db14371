import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from skxent import MFCCTransformer
from skxent.report._media import encode_sound, make_media, to_pixels
from skxent.report._png import N_COLORS, encode_png
from skxent.report._results import trimming_of
from tests.report.strategies import RATE, tones


@given(
    hnp.arrays(
        np.uint8,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
        elements=st.integers(0, N_COLORS - 1),
    )
)
def test_png_has_the_pixels_in_colours_that_grow_lighter(pixels):
    image = Image.open(io.BytesIO(encode_png(pixels)))
    image.load()  # checks the sums
    np.testing.assert_array_equal(np.asarray(image), pixels)
    palette = np.array(image.getpalette()).reshape(-1, 3)[:N_COLORS]
    lightness = palette @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()


@given(hnp.arrays(np.float32, st.integers(1, 300), elements=st.floats(-1, 0.9990234375, width=32)))
def test_short_sounds_are_the_signal_but_for_16_bits(signal):
    kind, content = encode_sound(signal, RATE)
    decoded, rate = soundfile.read(io.BytesIO(content), dtype="float32")
    assert (kind, rate) == ("audio/wav", RATE)
    np.testing.assert_allclose(decoded, signal, atol=2.0**-15)


@pytest.mark.parametrize("rate", [4000, 8000, 10000, 96000])
def test_long_sounds_are_compressed_to_the_same_length(rate):
    times = np.arange(70_000) / rate
    signal = np.sin(2 * np.pi * rate / 50 * times).astype(np.float32)
    kind, content = encode_sound(signal, rate)
    assert kind == "audio/mpeg"
    assert len(content) < 70_000 * max(1, 8000 / rate)
    decoded, found = soundfile.read(io.BytesIO(content))
    assert len(decoded) / found == pytest.approx(times[-1], rel=2e-3)
    assert np.sqrt(np.mean(decoded**2)) == pytest.approx(0.5**0.5, rel=0.05)


def test_sound_beyond_full_scale_is_not_clipped():
    signal = np.array([3.0, -1.5, 0.0, 0.75], np.float32)
    decoded, _ = soundfile.read(io.BytesIO(encode_sound(signal, RATE).content))
    np.testing.assert_allclose(decoded, signal / 3, atol=2.0**-14)


def test_pixels_are_of_the_loudest_sixty_decibels_with_low_filters_below():
    energies = np.array([[0.0, -30.0, -60.0], [-90.0, -15.0, -45.0]])  # in decibels
    pixels = to_pixels(energies * np.log(10.0) / 10.0 - 7.0)
    shares = np.array([[0.0, 0.25], [0.5, 0.75], [1.0, 0.0]])
    np.testing.assert_array_equal(pixels, np.round(shares * (N_COLORS - 1)))


def test_pictures_of_long_clips_have_means_of_columns():
    log_mel = np.repeat(np.linspace(-9.0, 0.0, 400), 5)[:, np.newaxis] * np.ones(3)
    pixels = to_pixels(log_mel)
    assert pixels.shape == (3, 400)
    np.testing.assert_array_equal(pixels, to_pixels(log_mel[::5]))


@pytest.mark.parametrize("convention", ["psf", "librosa", "htk"])
def test_what_is_kept_is_what_the_transformer_keeps(convention):
    settings = {"sample_rate": RATE, "convention": convention, "pooling": None}
    transformer = MFCCTransformer(trim=20, **settings)
    clips = tones(5)
    all_frames = MFCCTransformer(**settings).transform(clips)
    kept_frames = transformer.transform(clips)
    front_end = transformer._front_end()
    media = make_media(clips, range(5), RATE, trimming_of(transformer), together=2)
    for frames, kept, made in zip(all_frames, kept_frames, media, strict=True):
        (first,) = [i for i in range(len(frames)) if np.array_equal(frames[i:][: len(kept)], kept)]
        half = front_end.n_length / RATE / 2
        centres = front_end.frame_times(len(frames))
        start, end = centres[first] - half, centres[first + len(kept) - 1] + half
        expected = max(0.0, start), min(made.duration, end)
        assert made.kept == pytest.approx(expected, abs=1e-9)
        assert made.kept[0] > 0.02  # the silence before the tone


def test_sound_is_at_the_rate_of_the_classifier():
    (made,) = make_media([(16000, np.ones(1600, np.float32))], [0], RATE, None)
    decoded, rate = soundfile.read(io.BytesIO(made.sound.content))
    assert (rate, len(decoded), made.duration, made.kept) == (8000, 800, 0.1, None)


def test_numbered_clips_come_in_the_order_of_the_numbers():
    clips = [(RATE, np.ones(n, np.float32)) for n in (80, 160, 240)]
    durations = [made.duration for made in make_media(clips, [2, 0, 1], RATE, None)]
    assert durations == [0.03, 0.01, 0.02]


@pytest.mark.parametrize("rate", [100, 1000.5, 44100, 192000])
def test_clips_of_any_rate_and_length_have_a_picture(rate):
    for n_samples in (1, 2000):
        (made,) = make_media([np.ones(n_samples, np.float32)], [0], rate, None)
        image = Image.open(io.BytesIO(made.picture))
        assert image.height == 48
        assert image.width >= 1


def test_a_clip_that_cant_be_read_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"clip 1 \(.*none\.wav\): no such file"):
        list(make_media([np.ones(9), tmp_path / "none.wav"], [1], RATE, None))
