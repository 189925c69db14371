"""Laws of the comparison of two sets of clips."""

import re

import numpy as np
import pytest
import scipy.signal
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from skxent import MFCCTransformer
from skxent.audio import Deferred
from skxent.features import compare_clips
from tests.features.strategies import RATE, int16_of

NAMES = ["duration", "level", "pause", "noise", "bandwidth", "clipping"]
few = settings(max_examples=settings().max_examples // 5)


def word(rng, n_samples=None):
    """Noise that swells and fades, of a random length and level, between noise that is quiet."""
    n_samples = n_samples or int(rng.integers(2000, 4000))
    sound = np.hanning(n_samples) ** 2 * rng.normal(size=n_samples)
    room = 1e-3 * rng.normal(size=n_samples + 400)
    room[200:-200] += 0.05 * sound * 10 ** rng.normal(scale=0.1)
    return room


def words(n_clips=30, seed=0):
    rng = np.random.default_rng(seed)
    return [word(rng) for _ in range(n_clips)]


WORDS, OTHERS = words(), words(seed=1)


def compare(reference, clips, **settings):
    return compare_clips(reference, clips, sample_rate=RATE, **settings)


def measure(clip):
    """Properties of a single clip."""
    found = compare(WORDS[:1], [clip]).clips
    return {name: values.item() for name, values in found.items()}


def padded(clip, seconds=0.3):
    silence = np.zeros(round(seconds * RATE))
    return np.concatenate([silence, clip, silence])


def low_passed(clip, hertz=2000):
    sections = scipy.signal.butter(8, hertz, fs=RATE, output="sos")
    return scipy.signal.sosfilt(sections, clip)


def clipped(clip, share=0.4):
    limit = share * np.abs(clip).max()
    return np.clip(clip, -limit, limit)


def test_a_set_compared_with_itself_or_its_like_differs_in_nothing():
    for clips in (WORDS, OTHERS):
        comparison = compare(WORDS, clips)
        assert comparison.differences == {}
        assert comparison.outliers == {}
        assert comparison.problems == {}
        assert list(comparison.reference) == list(comparison.clips) == NAMES
        assert {values.shape for values in comparison.clips.values()} == {(30,)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda clip: 10 * clip, {"level": 20}),
        (lambda clip: clip / 10, {"level": -20}),
        (padded, {"duration": 0.6, "pause": None}),
        (lambda clip: padded(clip, 0.02), {}),
        (low_passed, {"bandwidth": None}),
        (clipped, {"clipping": None}),
        (lambda clip: clip + 0.1, {}),
        (np.negative, {}),
        (lambda clip: clip[::-1], {}),
        (lambda clip: 1.2 * clip, {}),
    ],
)
def test_what_is_done_to_all_clips_is_found_and_nothing_else(change, expected):
    comparison = compare(WORDS, [change(clip) for clip in OTHERS])
    assert set(comparison.differences) == set(expected)
    for name, amount in expected.items():
        medians = [np.median(table[name]) for table in (comparison.reference, comparison.clips)]
        assert comparison.differences[name] == pytest.approx(np.diff(medians).item())
        if amount is not None:
            tolerance = 2.0 if name == "level" else 0.02
            assert comparison.differences[name] == pytest.approx(amount, abs=tolerance)


@pytest.mark.parametrize("snr", [0, 10])
def test_noise_is_found_as_noise(snr):
    rng = np.random.default_rng(0)
    noise = [10 ** (-snr / 20) * np.std(clip) * rng.normal(size=len(clip)) for clip in OTHERS]
    comparison = compare(WORDS, [*map(np.add, OTHERS, noise)])
    assert comparison.differences["noise"] > 6


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda clip: clip / 30, ["level"]),
        (lambda clip: padded(clip, 0.8), ["duration", "pause"]),
        (lambda clip: 2 * low_passed(clip, 1000), ["bandwidth"]),
        (clipped, ["clipping"]),
        (lambda clip: 0 * clip, None),
    ],
)
def test_a_single_strange_clip_is_named(change, expected):
    clips = list(OTHERS)
    clips[7] = change(clips[7])
    comparison = compare(WORDS, clips)
    assert comparison.differences == {}
    assert list(comparison.outliers) == [7]
    if expected:
        assert comparison.outliers[7] == expected
        line = f"  clip 7: {expected[0]} "
        assert line in str(comparison)


@few
@given(st.floats(1e-3, 1e3))
def test_level_alone_depends_on_the_volume(gain):
    one, other = measure(OTHERS[0]), measure(gain * OTHERS[0])
    assert other.pop("level") - one.pop("level") == pytest.approx(20 * np.log10(gain))
    assert other == pytest.approx(one, rel=1e-6)


@few
@given(st.integers(0, 8000), st.integers(0, 8000))
def test_silence_that_is_added_changes_duration_and_pause_alone(before, after):
    clip = OTHERS[1]
    one = measure(clip)
    other = measure(np.concatenate([np.zeros(before), clip, np.zeros(after)]))
    assert other["duration"] == pytest.approx(one["duration"] + (before + after) / RATE)
    assert other["level"] == pytest.approx(one["level"], abs=0.5)
    assert other["noise"] == pytest.approx(one["noise"], abs=4)
    assert other["bandwidth"] == pytest.approx(one["bandwidth"], rel=0.01)
    n_frames = 1 + (len(clip) + before + after - 200) // 80
    kept = (1 - other["pause"]) * n_frames
    assert kept == pytest.approx((1 - one["pause"]) * (1 + (len(clip) - 200) // 80), abs=2.1)


def test_silence_between_sounds_does_not_change_their_level():
    halves = np.array_split(OTHERS[2], 2)
    one = measure(OTHERS[2])
    other = measure(np.concatenate([halves[0], np.zeros(8000), halves[1]]))
    for name in ("level", "noise", "pause"):
        difference = 0.2 if name == "pause" else 1.0
        assert other[name] == pytest.approx(one[name], abs=difference)


def test_pause_is_what_the_transformer_leaves_out():
    whole, trimmed = (
        MFCCTransformer(sample_rate=RATE, convention="kaldi", pooling=None, trim=trim)
        for trim in (None, 35.0)
    )
    clips = [padded(clip) for clip in WORDS[:5]]
    pairs = zip(whole.transform(clips), trimmed.transform(clips), strict=True)
    expected = [1 - len(kept) / len(frames) for frames, kept in pairs]
    np.testing.assert_allclose(compare(WORDS, clips).clips["pause"], expected)


@pytest.mark.parametrize("hertz", [300, 700, 1500, 3000, 3900])
def test_level_of_a_tone_is_its_own_and_bandwidth_ends_near_it(hertz):
    tone = 0.5 * np.sin(2 * np.pi * hertz / RATE * np.arange(RATE))
    found = measure(tone)
    assert found["level"] == pytest.approx(10 * np.log10(0.125), abs=0.1)
    assert found["noise"] == pytest.approx(0, abs=0.1)
    assert found["pause"] == 0
    assert abs(found["bandwidth"] - hertz) < max(110, 0.1 * hertz)


def steps(*decibels_and_seconds):
    """A tone whose level changes in steps: amplitudes of 0 dB have a mean square of one."""
    parts = [np.full(round(s * RATE), np.sqrt(2) * 10 ** (d / 20)) for d, s in decibels_and_seconds]
    envelope = np.concatenate(parts)
    return envelope * np.sin(2 * np.pi * 1000 / RATE * np.arange(len(envelope)))


def test_level_is_of_the_frames_at_most_20_decibels_below_the_loudest():
    expected = 10 * np.log10((1 + 10**-1.5) / 2)
    for quiet in (-25, -60):
        found = measure(steps((0, 1), (-15, 1), (quiet, 1)))
        assert found["level"] == pytest.approx(expected, abs=0.1)


def test_noise_is_below_what_a_tenth_of_the_frames_are():
    for share, expected in [(0.07, 0), (0.13, -40)]:
        found = measure(steps((0, 2 * (1 - share)), (-40, 2 * share)))
        assert found["noise"] == pytest.approx(expected, abs=0.5)


def test_bandwidth_is_what_a_longer_transform_finds():
    def roll_off(clip):
        frequencies, power = scipy.signal.welch(clip, RATE, nperseg=1024)
        power = power * np.abs(1 - 0.97 * np.exp(-2j * np.pi * frequencies / RATE)) ** 2
        return frequencies[np.searchsorted(np.cumsum(power), 0.99 * power.sum())]

    for hertz in (500, 1000, 2000, 3000):
        clip = low_passed(np.random.default_rng(0).normal(size=2 * RATE), hertz)
        assert measure(clip)["bandwidth"] == pytest.approx(roll_off(clip), rel=0.1)
    noise = np.random.default_rng(1).normal(size=2 * RATE)
    clip = low_passed(noise, 1000) + 0.08 * noise[::-1]  # has some 95 % of it below 1500 Hz
    assert roll_off(clip) > 2500
    assert measure(clip)["bandwidth"] == pytest.approx(roll_off(clip), rel=0.1)


def test_the_telephone_is_found_behind_any_sample_rate(tmp_path):
    rng = np.random.default_rng(0)
    wide = [(16000, word(rng, 6000)) for _ in range(30)]
    comparison = compare_clips(wide, [(8000, clip) for clip in OTHERS], sample_rate=16000)
    assert set(comparison.differences) == {"bandwidth"}
    assert comparison.clips["bandwidth"].max() < 4200


def test_clipping_is_counted_before_the_clip_is_resampled_in_each_channel():
    clip = clipped(OTHERS[0])
    limit = np.abs(clip).max()
    share = np.mean(np.abs(clip) == limit)
    assert 0.005 < measure(clip)["clipping"] <= share
    stereo = np.column_stack([clip, OTHERS[0]])
    assert measure((3 * RATE, clip))["clipping"] == measure(clip)["clipping"]
    assert measure(stereo)["clipping"] == pytest.approx(measure(clip)["clipping"] / 2)
    assert measure([0.1, 0.5, 0.5, -0.5, 0.5, -0.5, -0.5, -0.5])["clipping"] == 5 / 8
    assert measure(np.array([0, 0, 255, 255, 128, 128, 7, 128], np.uint8))["clipping"] == 0.5
    assert measure([0.0, 0.0, 0.0, 0.5])["clipping"] == 0


def test_every_kind_of_clip_gives_the_same(tmp_path):
    clips = [clipped(clip) for clip in OTHERS]
    expected = compare(WORDS, [int16_of(clip) for clip in clips])
    paths = [tmp_path / f"{i}.wav" for i in range(len(clips))]
    for path, clip in zip(paths, clips, strict=True):
        soundfile.write(path, int16_of(clip), RATE)
    others = [
        [int16_of(clip) / np.float32(32768) for clip in clips],
        [int16_of(clip) / 32768 for clip in clips],
        [(RATE, int16_of(clip)) for clip in clips],
        paths,
    ]
    for some in others:
        found = compare(WORDS, some)
        assert found.differences.keys() == expected.differences.keys() == {"clipping"}
        for name in NAMES:
            np.testing.assert_allclose(found.clips[name], expected.clips[name], rtol=1e-9)
    for name in NAMES:  # and the noise of rounding to 16 bits is small
        found = compare(WORDS, clips).clips[name]
        np.testing.assert_allclose(found, expected.clips[name], rtol=0.02, atol=0.003)
    matrix = np.array([clip[:2000] for clip in clips])
    rows, listed = compare(matrix, matrix), compare(list(matrix), list(matrix))
    for name in NAMES:
        np.testing.assert_array_equal(rows.clips[name], listed.clips[name])


@few
@given(st.permutations(range(30)))
def test_order_of_clips_does_not_matter(order):
    clips = [clip / 30 if i % 9 == 0 else clip for i, clip in enumerate(OTHERS)]
    expected = compare(WORDS, clips)
    found = compare(WORDS[::-1], [clips[i] for i in order])
    assert found.differences == expected.differences
    assert {order[i]: names for i, names in found.outliers.items()} == expected.outliers


def test_input_is_not_changed():
    clips = [clip.copy() for clip in WORDS[:3]]
    for clip in clips:
        clip.flags.writeable = False
    compare(clips, clips)


def test_random_halves_hardly_ever_differ():
    rng, clips = np.random.default_rng(0), words(100, seed=2)
    n_differences, n_outliers = 0, 0
    for _ in range(10):
        order = rng.permutation(100)
        one, other = ([clips[i] for i in some] for some in (order[:50], order[50:]))
        comparison = compare(one, other)
        n_differences += len(comparison.differences)
        n_outliers += sum(map(len, comparison.outliers.values()))
    assert n_differences == 0
    assert n_outliers < 0.01 * 10 * 50 * len(NAMES)


def test_longer_words_differ_in_duration():
    rng = np.random.default_rng(3)
    comparison = compare(WORDS, [word(rng, 8000) for _ in range(30)])
    assert comparison.differences.keys() == {"duration"}
    assert len(comparison.outliers) == 30


def test_few_clips_never_differ_but_lie_outside():
    quiet = [clip / 100 for clip in OTHERS[:3]]
    comparison = compare(WORDS, quiet)
    assert comparison.differences == {}
    assert list(comparison.outliers.values()) == [["level"]] * 3
    assert compare(WORDS, [clip / 100 for clip in OTHERS[:6]]).differences.keys() == {"level"}


def lasting(*durations):
    """Noise of these durations in seconds."""
    rng = np.random.default_rng(0)
    return [0.1 * rng.normal(size=round(seconds * RATE)) for seconds in durations]


def test_three_of_four_pairs_must_differ():
    reference = lasting(*[0.1] * 100)
    for n_longer, expected in [(74, set()), (76, {"duration"})]:
        clips = lasting(*[0.2] * n_longer, *[0.05] * (100 - n_longer))
        assert set(compare(reference, clips).differences) == expected


def test_of_few_clips_nearly_all_pairs_must_differ():
    # With 8 clips each, 3.3 standard errors are 0.491, and with 9 each 0.461.
    for n_clips, expected in [(8, set()), (9, {"duration"})]:
        reference = lasting(*[0.1] * (n_clips - 1), 0.25)
        clips = lasting(*[0.3] * (n_clips - 1), 0.2)  # one pair of 64 or 81 is the other way round
        assert set(compare(reference, clips).differences) == expected


def test_outliers_are_half_an_interquartile_range_beyond_the_percentiles():
    reference = lasting(*[0.04] * 20, *[0.4] * 20)  # and the margin is 0.18 s
    comparison = compare(reference, lasting(0.2, 0.54, 0.62))
    assert [i for i, names in comparison.outliers.items() if "duration" in names] == [2]
    expected = np.quantile(comparison.reference["duration"], [0.01, 0.99])
    assert comparison.ranges["duration"] == tuple(expected)
    spread = compare(lasting(*np.linspace(0.1, 0.5, 41)), reference)
    np.testing.assert_allclose(spread.ranges["duration"], (0.104, 0.496), atol=1e-3)


def test_silence_and_tiny_clips_are_finite():
    clips = [
        np.zeros(4000),
        np.array([0.5]),
        np.full(100, 0.1),
        1e-30 * OTHERS[0],
        1e30 * OTHERS[0],
    ]
    comparison = compare(WORDS, clips)
    for values in comparison.clips.values():
        assert np.isfinite(values).all()
    assert comparison.clips["level"][0] == -120
    assert {0, 1, 2, 3, 4} == comparison.outliers.keys()
    compare(clips[:1], clips)
    assert compare(clips[:1], clips[:1]).differences == {}


def test_clips_that_can_not_be_used_are_errors_or_left_out(tmp_path):
    missing = tmp_path / "missing.wav"
    clips = [*OTHERS[:20], missing, np.array([np.nan, 1.0])]
    with pytest.raises(ValueError, match=re.escape(f"clips: clip 20 ({missing}): no such file")):
        compare(WORDS, clips)
    with pytest.raises(TypeError, match="reference: clip 1: must be an array"):
        compare([WORDS[0], None], OTHERS)
    with pytest.warns(UserWarning, match="2 of 22 clips can't be used") as warned:
        comparison = compare(WORDS, clips, on_error="warn")
    assert warned[0].filename == __file__
    assert comparison.problems.keys() == {20, 21}
    assert comparison.differences == {}
    assert comparison.outliers == {}
    for values in comparison.clips.values():
        assert np.flatnonzero(np.isnan(values)).tolist() == [20, 21]
    assert "can't be used: 2" in str(comparison)
    assert f"clip 20 ({missing}): no such file" in str(comparison)
    with pytest.raises(ValueError, match="clips: no clip can be used: clip 0"):
        compare(WORDS, [missing], on_error="warn")


@pytest.mark.parametrize(
    ("reference", "clips", "message"),
    [
        ([], WORDS, "reference: .* at least one clip"),
        (WORDS, "a.wav", "clips: .* got a single path"),
        (WORDS, WORDS[0], "clips: .* got a single signal"),
        (WORDS, 3, "clips: .* got int"),
    ],
)
def test_what_is_no_list_of_clips_is_refused(reference, clips, message):
    with pytest.raises((TypeError, ValueError), match=message):
        compare(reference, clips)


def test_parameters_are_checked():
    with pytest.raises(ValueError, match="on_error='ignore' must be"):
        compare(WORDS, WORDS, on_error="ignore")
    with pytest.raises(ValueError, match="sample_rate=0 must be positive"):
        compare_clips(WORDS, WORDS, sample_rate=0)


def test_text_says_what_differs():
    loud = [10 * clip for clip in OTHERS]
    text = str(compare(WORDS, loud))
    lines = text.splitlines()
    assert lines[0] == "30 clips, compared with 30 of the reference"
    assert [line.split()[0] for line in lines[2:8]] == NAMES
    assert [line for line in lines if line.endswith("louder")] == [lines[3]]
    assert lines[8] == "outside the reference: 30"
    assert lines[-1] == "  ..."
    assert len(lines) == 20
    assert "  clip 0: level " in text
    assert str(compare(WORDS, [0.1 * clip for clip in WORDS])).count("quieter") == 1


def test_deferred_clips_are_computed_once():
    class Counted(Deferred):
        n_calls = 0

        def compute(self):
            self.n_calls += 1
            return OTHERS[0]

    clips = [Counted(), (RATE, Counted())]
    comparison = compare(WORDS, clips)
    for name in NAMES:
        assert set(comparison.clips[name]) == {measure(OTHERS[0])[name]}
    assert [clips[0].n_calls, clips[1][1].n_calls] == [1, 1]
