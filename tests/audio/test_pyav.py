"""What phones and browsers record, written by PyAV itself."""

import contextlib
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from skxent import MFCCTransformer
from skxent.audio import _files, chunks, count_samples, load, read
from skxent.audio._files import read_blocks, read_samples
from skxent.audio._pyav import decode_foreign
from tests.audio.strategies import tone
from tests.audio.test_files import BrokenFile

av = pytest.importorskip("av")

# Container, codec, the encoder's type of samples, rate, and how many samples more or less there
# may be: of an MP4 file, whose length is in milliseconds, some; of formats that don't tell the
# delay of their encoder, or leave out its last frame, a frame or two.
LOSSY = [
    ("ipod", "aac", "fltp", 16000, 0),
    ("ipod", "aac", "fltp", 44100, 44),
    ("mp4", "aac", "fltp", 48000, 0),
    ("3gp", "aac", "fltp", 8000, 0),
    ("webm", "libopus", "flt", 48000, 0),
    ("adts", "aac", "fltp", 16000, 2048),
    ("asf", "wmav2", "fltp", 44100, 2048),
]
LOSSLESS = [
    ("ipod", "alac", "s16p", 2**15),
    ("ipod", "alac", "s32p", 2**31),
    ("matroska", "flac", "s16", 2**15),
    ("matroska", "pcm_u8", "u8", 2**7),
    ("mov", "pcm_s24le", "s32", 2**31),
    ("mov", "pcm_s32le", "s32", 2**31),
    ("mov", "pcm_f32le", "flt", 1),
    ("matroska", "pcm_f64le", "dbl", 1),
    ("wv", "wavpack", "s32p", 2**31),
    ("tta", "tta", "s16", 2**15),
]


def write(path, container, codec, kind, samples, rate=16000, **options):
    """Write samples (n_samples, n_channels) of the type that `kind` holds."""
    n_channels = samples.shape[1]
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[n_channels]
    values = samples.T if kind.endswith("p") else samples.reshape(1, -1)
    with av.open(str(path), "w", format=container, options=options) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        stream.codec_context.format = kind
        stream.bit_rate = 64000 * n_channels
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(values), kind, layout)
        frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def sound(n_samples=12000, rate=16000, n_channels=1):
    """Tones with a swell, different in each channel: any shift or swap is seen."""
    t = np.arange(n_samples) / rate
    swell = 0.2 + 0.3 * np.sin(np.pi * np.arange(n_samples) / n_samples) ** 2
    pitches = 300 * (1 + np.arange(n_channels))
    return (swell * np.sin(2 * np.pi * pitches[:, None] * t * (1 + t))).T.astype("float32")


@pytest.mark.parametrize(("container", "codec", "kind", "rate", "slack"), LOSSY)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_a_lossy_file_sounds_alike(tmp_path, container, codec, kind, rate, slack, n_channels):
    path = tmp_path / "clip.wav"  # its name does not matter
    expected = sound(rate=rate, n_channels=n_channels)
    write(path, container, codec, kind, expected, rate)
    signal, found_rate = read(path)
    assert found_rate == rate
    assert signal.dtype == np.float32
    assert abs(len(signal) - len(expected)) <= slack
    assert count_samples(path, rate) == pytest.approx(len(signal), abs=2 * slack + 400)
    delays = range(-slack, slack + 1) if slack > 1000 else [0]
    inside = expected[3000:7000]
    correlations = [
        np.corrcoef(signal[3000 + delay : 7000 + delay].ravel(), inside.ravel())[0, 1]
        for delay in delays
    ]
    assert max(correlations) > 0.95
    mono = load(path, rate)
    np.testing.assert_allclose(mono, signal.mean(axis=1), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("container", "codec", "kind", "scale"), LOSSLESS)
@pytest.mark.parametrize("n_channels", [1, 2])
def test_a_lossless_file_holds_the_samples_to_the_bit(
    tmp_path, container, codec, kind, scale, n_channels
):
    path = tmp_path / "clip"
    expected = sound(n_channels=n_channels).astype("float64")
    if scale > 1:
        n_bits = 24 if codec in ("alac", "pcm_s24le", "wavpack") and scale > 2**15 else 32
        step = 2.0 ** -(min(n_bits, int(np.log2(scale)) + 1) - 1)
        expected = np.round(expected / step) * step
    values = expected * scale + (scale if kind == "u8" else 0)
    types = {"u8": "u1", "s1": "i2", "s3": "i4", "fl": "f4", "db": "f8"}
    write(path, container, codec, kind, values.astype(types[kind[:2]]))
    signal, rate = read(path, dtype="float64")
    assert rate == 16000
    np.testing.assert_array_equal(signal, expected)
    np.testing.assert_array_equal(load(path, 16000, dtype="float64"), expected.mean(axis=1))
    assert count_samples(path, 16000) == pytest.approx(len(expected), abs=16)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """One file of each kind, of two channels."""
    folder = tmp_path_factory.mktemp("files")
    paths = {}
    for container, codec, kind, rate, _ in LOSSY:
        paths[container] = folder / f"{container}.{codec}"
        write(paths[container], container, codec, kind, sound(rate=rate, n_channels=2), rate)
    return paths


@settings(max_examples=20)
@given(st.integers(500, 30_000), st.sampled_from([8000, 16000, 44100]))
def test_pieces_are_the_whole_to_the_bit(files, n_samples, sample_rate):
    for path in (files["ipod"], files["webm"]):
        pieces = list(chunks(path, sample_rate, n_samples=n_samples))
        np.testing.assert_array_equal(np.concatenate(pieces), load(path, sample_rate))


def test_blocks_are_of_one_length_but_for_the_last(files):
    lengths = [len(block) for block, _ in read_blocks(files["mp4"], "float32", 5000)]
    assert sum(lengths) == 12000
    assert lengths == [2500] * 4 + [2000]


def test_a_transformer_takes_paths_of_all_kinds(files):
    rows = MFCCTransformer(sample_rate=8000).fit_transform([*files.values()])
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(rows[0], rows[1], rtol=0.2, atol=3)


def test_a_transformer_names_a_damaged_clip(files, tmp_path):
    path = tmp_path / "clip.m4a"
    path.write_bytes(files["ipod"].read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"clip 1 \(.*clip.m4a\): cut short: an M4A file of"):
        MFCCTransformer(sample_rate=8000).transform([files["ipod"], path])


@pytest.mark.parametrize("name", ["ipod", "3gp", "mp4", "webm", "asf"])
@pytest.mark.parametrize("options", [{}, {"movflags": "faststart"}, {"movflags": "frag_keyframe"}])
def test_a_file_that_ends_early_is_an_error(tmp_path, name, options):
    container, codec, kind, rate, _ = next(one for one in LOSSY if one[0] == name)
    if options and container not in ("ipod", "3gp", "mp4"):
        pytest.skip("an option of MP4")
    path = tmp_path / "clip"
    write(path, container, codec, kind, sound(rate=rate), rate, **options)
    content = path.read_bytes()
    end = len(content) - (3000 if name == "asf" else 1)  # which may end with padding
    for cut in np.linspace(40, end, 25).astype(int).tolist():
        path.write_bytes(content[:cut])
        if options.get("movflags") == "frag_keyframe" and not _is_cut(content, cut):
            continue
        with pytest.raises(ValueError, match=r"cut short|can't be read as sound|empty"):
            load(path, rate)


def _is_cut(content, cut):
    """Whether a place lies within a box of an MP4 file."""
    start = 0
    while start < cut:
        start += int.from_bytes(content[start : start + 4], "big")
    return start != cut


@given(st.data())
def test_a_damaged_file_decodes_or_is_one_clear_error(files, tmp_path_factory, data):
    name = data.draw(st.sampled_from([*files]))
    content = bytearray(files[name].read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(12, len(content) - 1) | st.integers(12, 200))
        content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("damaged") / "clip"
    path.write_bytes(bytes(content))
    outcomes = []
    for function in (load, lambda *args: np.concatenate([*chunks(*args, n_samples=3000)])):
        try:
            outcomes.append(function(path, 16000).tobytes())
        except ValueError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]


def test_a_video_without_sound_says_so(tmp_path):
    path = tmp_path / "clip.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 16
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), dtype="uint8"))
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(ValueError, match="it is an MP4 file without sound"):
        load(path, 8000)


def test_a_file_that_names_others_opens_none_of_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # FFmpeg would look there
    soundfile.write("secret.wav", np.zeros(800), 8000)
    (tmp_path / "list").write_text("ffconcat version 1.0\nfile secret.wav\n")
    with (
        open("list", "rb", buffering=0) as file,
        pytest.raises(ValueError, match=r"can't be read as sound \(it is a list; FFmpeg"),
    ):
        list(decode_foreign(file, "a list"))


def test_a_long_file_goes_through_in_little_memory(tmp_path):
    path = tmp_path / "clip.m4a"
    n_samples = 400_000
    samples = tone(440, 16000, n_samples / 16000).astype("float32")[:, None]
    samples *= 0.5
    write(path, "ipod", "aac", "fltp", samples)
    n_found = 0
    tracemalloc.start()
    for piece in chunks(path, 16000, n_samples=8_000):
        n_found += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n_found == n_samples
    assert peak < n_samples  # a quarter of what it holds


@pytest.mark.parametrize("n_good", [200, 20_000])
@pytest.mark.parametrize("options", [{}, {"movflags": "faststart"}])
def test_what_the_system_reports_is_an_error_of_the_clip(tmp_path, monkeypatch, n_good, options):
    path = tmp_path / "clip.m4a"
    write(path, "ipod", "aac", "fltp", sound(100_000), **options)
    assert path.stat().st_size > 30_000
    monkeypatch.setattr(BrokenFile, "n_good", n_good)
    monkeypatch.setattr(_files, "open", lambda path, *_, **__: BrokenFile(path), raising=False)
    for function in (load, lambda *args: list(chunks(*args))):
        with pytest.raises(ValueError, match=r"^can't be read \(Input/output error\)"):
            function(path, 16000)


def test_a_damaged_file_is_no_reason_to_print(tmp_path, capfd):
    path = tmp_path / "clip.wma"
    write(path, "asf", "wmav2", "fltp", sound())
    content = path.read_bytes()
    for start in range(0, len(content) - 100, 97):
        path.write_bytes(content[:start] + content[start + 50 :])
        with contextlib.suppress(ValueError):
            load(path, 16000)
        with contextlib.suppress(ValueError):
            count_samples(path, 16000)
    assert capfd.readouterr() == ("", "")


def test_a_track_that_changes_its_rate_is_an_error(monkeypatch, files):
    blocks = [(np.zeros((10, 1), "float32"), 8000), (np.zeros((10, 1), "float32"), 16000)]
    monkeypatch.setattr(_files, "decode_foreign", lambda *_: iter(blocks))
    with pytest.raises(
        ValueError, match=r"1 channels at 8000 Hz, and from sample 10 on 1 channels"
    ):
        read_samples(files["ipod"], "float32")
