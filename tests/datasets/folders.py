"""A folder of recordings with everything that goes wrong in one."""

import shutil

import numpy as np
import soundfile

RATE = 8000


def sound(seed=0, seconds=0.5, rate=RATE):
    """A tone in noise, which no other seed has."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    return 0.3 * np.sin(2 * np.pi * (200 + 20 * seed) * times) + rng.uniform(-0.1, 0.1, len(times))


def write(path, seed=0, seconds=0.5, rate=RATE, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound(seed, seconds, rate), rate, **options)
    return path


def write_folder(
    folder, labels=("no", "yes"), speakers=("anna", "ben", "cleo", "dan", "eve"), seed=0
):
    """Write one recording of each label by each speaker, without a problem."""
    for label in labels:
        for speaker in speakers:
            seed += 1
            write(folder / label / f"{speaker}_1.wav", seed)
    return folder


def write_messy_folder(folder):
    """Write a folder with all problems; return what is expected, by the names of files.

    A pair of the first words of what is wrong, and whether the file is kept.
    """
    write_folder(folder)
    yes, no = folder / "yes", folder / "no"
    write(yes / "fay_1.WAV", 11)
    write(yes / "fay 2 ü_1.Flac", 12)
    write(yes / "gus_1.opus", 13, format="OGG", subtype="OPUS")
    (yes / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (yes / "._anna_1.wav").write_bytes(b"\0\5\x16\7")
    write(folder / ".trash" / "old_1.wav", 14)
    (folder / "notes.txt").write_text("The disk was full.")
    (folder / "cover.JPG").write_bytes(b"\xff\xd8\xff")
    write(folder / "astray_1.wav", 15)
    whole = (yes / "anna_1.wav").read_bytes()
    (no / "cut_1.wav").write_bytes(whole[:3000])
    (no / "nothing_1.wav").write_bytes(b"")
    (no / "text_1.mp3").write_text("not found")
    (no / "gone_1.wav").symlink_to("nowhere.wav")
    (no / "self_1.wav").symlink_to("self_1.wav")
    (no / "circle").symlink_to(folder)
    soundfile.write(no / "silent_1.wav", np.zeros(4000), RATE)
    soundfile.write(no / "loud_1.wav", np.clip(4 * sound(16), -0.9, 0.9), RATE)
    soundfile.write(no / "huge_1.wav", 30_000 * sound(17), RATE, subtype="FLOAT")
    soundfile.write(no / "nan_1.wav", np.full(4000, np.nan), RATE, subtype="FLOAT")
    write(no / "short_1.wav", 18, 0.05)
    write(no / "long_1.wav", 19, 12)
    write(no / "nameless.wav", 20)
    shutil.copy(no / "anna_1.wav", no / "zoe_1.wav")
    soundfile.write(yes / "zoe_1.flac", soundfile.read(no / "ben_1.wav")[0], RATE)
    write(folder / "maybe" / "anna_1.wav", 21, rate=16000)
    write(folder / "No" / "anna_1.wav", 22)
    return {
        "astray_1.wav": ("it has no label", False),
        "circle": ("a link to a folder that is read already", False),
        "cut_1.wav": ("cut short", False),
        "nothing_1.wav": ("can't be read as sound (the file is empty)", False),
        "text_1.mp3": ("can't be read as sound", False),
        "gone_1.wav": ("a link to no file", False),
        "self_1.wav": ("can't be opened", False),
        "nan_1.wav": ("must be finite, sample 0 is nan", False),
        "silent_1.wav": ("silent", True),
        "loud_1.wav": ("clipped: ", True),
        "huge_1.wav": ("louder than full scale: ", True),
        "short_1.wav": ("very short: 0.050 s", True),
        "long_1.wav": ("very long: 12.0 s, where others have 0.50 s", True),
        "nameless.wav": ("it has no speaker", True),
        "zoe_1.wav": (f"the same sound as {no / 'anna_1.wav'}", True),
        "zoe_1.flac": (f"the same sound as {no / 'ben_1.wav'}, whose label is 'no'", True),
    }
