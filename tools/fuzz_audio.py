"""Damage sound files of every format that libsndfile writes, and see what becomes of them.

    python tools/fuzz_audio.py                             # 3,000 mutations, about a minute
    python tools/fuzz_audio.py --mutations 50000 --seed 7
    python tools/fuzz_audio.py --formats OGG FLAC          # of these formats alone
    python tools/fuzz_audio.py --seed 7 --only 1234 5678   # repeats two of them
    python tools/fuzz_audio.py --keep failures             # keeps the files that fail

A mutation flips bits, edits words of the header, cuts, deletes, inserts, overwrites, swaps or
repeats bytes, or does two of these. A damaged file must decode, or raise a ValueError that names
it. These are failures:

crash    the process dies
hang     it takes longer than --timeout seconds
slow     it takes more than --cpu seconds of a processor
memory   it takes more than --memory MiB
error    another error, or one that does not name the clip
loss     fewer samples, without an error, where the format has a checksum or tells its length
change   other samples or another rate, without an error, where the format has a checksum
nan      features that are not finite
pieces   `skxent.audio.chunks` gives other samples, or another error, than `skxent.audio.load`
output   a library writes to the standard error

Half of the mutations are of common formats. The report counts, for each format, files that decode
as before ("same"), files that decode to other samples ("other") and errors. The exit status is 1
if anything fails; the numbers in the report, with the same --seed and --formats, repeat it.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import io
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache

import numpy as np
import soundfile

from skxent import MFCCTransformer
from skxent.audio import chunks, load, read

RATE = 16000
COMMON = [
    ("WAV", "PCM_16"),
    ("WAV", "FLOAT"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]
UNREADABLE = {"RAW", "SD2"}  # without a header, or with a second file for it
HAS_CHECKSUM = {"FLAC", "OGG"}
# A file of these that is cut anywhere, and not otherwise damaged, is an error.
HAS_LENGTH = HAS_CHECKSUM | {"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "NIST"}
N_VARIANTS = 4


# Whole files


@cache
def formats(wanted=()):
    """Return the formats that can be written: the common ones, and all."""
    every = [
        (name, subtype)
        for name in soundfile.available_formats()
        if name not in UNREADABLE and name in (wanted or [name])
        for subtype in soundfile.available_subtypes(name)
        if encode(name, subtype, np.zeros(RATE // 10)) is not None
    ]
    return [kind for kind in COMMON if kind in every], every


def encode(name, subtype, samples, **settings):
    """Return the bytes of a sound file, None if the format does not take such samples."""
    file = io.BytesIO()
    try:
        soundfile.write(file, samples, RATE, subtype, format=name, **settings)
    except (soundfile.LibsndfileError, ValueError):
        return None
    if name == "OGG":
        return with_serial_number(file.getvalue())
    return TIMES.sub(lambda time: bytes(len(time[0])), file.getvalue(), count=1)


# When it was written: in the PEAK chunk of floats, and in the header of MAT5.
TIMES = re.compile(rb"(?<=PEAK.{8}).{4}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?= UTC)", re.DOTALL)


def with_serial_number(content, serial=b"skxe"):
    """Return an Ogg file with this serial number, where libsndfile takes one at random."""
    pages = [b"OggS" + page for page in content.split(b"OggS")[1:]]
    for i, page in enumerate(pages):
        page = page[:14] + serial + page[18:22] + bytes(4) + page[26:]
        pages[i] = page[:22] + ogg_checksum(page).to_bytes(4, "little") + page[26:]
    return b"".join(pages)


def ogg_checksum(page):
    checksum = 0
    for byte in page:
        checksum = (checksum << 8 & 0xFFFFFFFF) ^ OGG_TABLE[checksum >> 24 ^ byte]
    return checksum


def ogg_table():
    table = []
    for value in range(256):
        value <<= 24
        for _ in range(8):
            value = value << 1 ^ (0x104C11DB7 if value >> 31 else 0)
        table.append(value)
    return table


OGG_TABLE = ogg_table()


@cache
def original(name, subtype, variant):
    """Return the bytes of a whole file: short, of two channels, long, or unusual."""
    seconds = (0.3, 0.3, 3, 1)[variant]
    rng = np.random.default_rng(variant)
    times = np.arange(round(seconds * RATE)) / RATE
    samples = 0.3 * np.sin(2 * np.pi * 440 * times) + rng.uniform(-0.3, 0.3, len(times))
    content = None
    if variant == 1:
        content = encode(name, subtype, np.column_stack([samples, samples[::-1]]))
    content = content or encode(name, subtype, samples)
    if variant == 3 and name == "OGG":  # one stream after the other
        content += encode(name, subtype, samples[::-1])
    if variant == 3 and name == "MP3":  # without a length
        content = content.replace(b"Info", bytes(4), 1).replace(b"Xing", bytes(4), 1)
    return content


# Damage


def flip(content, rng):
    for place in rng.integers(len(content), size=rng.integers(1, 9)):
        content[place] ^= 1 << int(rng.integers(8))


def edit_header(content, rng):
    n_bytes = int(rng.choice([1, 2, 4]))
    word = int(
        rng.choice([0, 1, 2, 255, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, rng.integers(1 << 32)])
    )
    place = int(rng.integers(min(len(content), 256)))
    word = (word & (1 << 8 * n_bytes) - 1).to_bytes(n_bytes, str(rng.choice(["little", "big"])))
    content[place : place + n_bytes] = word


def cut(content, rng):
    del content[rng.integers(1, len(content)) :]


def some_range(content, rng):
    """Return where a block of mostly few bytes begins and ends."""
    size = min(int(2 ** rng.uniform(0, 13)), len(content) // 2)
    start = int(rng.integers(len(content) - size + 1))
    return start, start + size


def some_bytes(n_bytes, rng):
    return bytes([rng.choice([0, 255])]) * n_bytes if rng.random() < 0.5 else rng.bytes(n_bytes)


def delete(content, rng):
    start, end = some_range(content, rng)
    del content[start:end]


def insert(content, rng):
    start, end = some_range(content, rng)
    content[start:start] = some_bytes(end - start, rng)


def overwrite(content, rng):
    start, end = some_range(content, rng)
    content[start:end] = some_bytes(end - start, rng)


def repeat(content, rng):
    start, end = some_range(content, rng)
    content[end:end] = content[start:end]


def swap(content, rng):
    (start, end), (other, _) = some_range(content, rng), some_range(content, rng)
    block = content[start:end]
    del content[start:end]
    content[other:other] = block


def twice(content, rng):
    for damage in rng.choice(np.array(DAMAGES[:-1]), 2):
        if len(content) > 1:
            damage(content, rng)


DAMAGES = [flip, edit_header, cut, delete, insert, overwrite, repeat, swap, twice]


def mutate(number, seed, wanted=()):
    """Return the format, the kind of damage, and the bytes of a file before and after it."""
    common, every = formats(wanted)
    rng = np.random.default_rng([seed, number])
    kinds = common if common and rng.random() < 0.5 else every
    name, subtype = kinds[rng.integers(len(kinds))]
    before = original(name, subtype, int(rng.integers(N_VARIANTS)))
    damage = DAMAGES[rng.integers(len(DAMAGES))]
    after = bytearray(before)
    damage(after, rng)
    return (name, subtype), damage.__name__, before, bytes(after)


# What becomes of a file


def transform(path):
    return MFCCTransformer(sample_rate=RATE).fit_transform([path])


def examine(
    kind, damage, before, after, path, *, read=read, load=load, chunks=chunks, transform=transform
):
    """Return what became of a file, as in the report, and what is wrong with that."""
    path.write_bytes(before)
    expected, expected_rate = read(path)
    path.write_bytes(after)
    wrong = {}
    result = attempt(read, path)
    if isinstance(result, tuple):
        found, rate = result
        is_same = rate == expected_rate and np.array_equal(found, expected)
        outcome = "same" if is_same else "other"
        has_length = kind[0] in HAS_CHECKSUM or (damage == "cut" and kind[0] in HAS_LENGTH)
        if has_length and len(found) < len(expected):
            wrong["loss"] = f"{len(found)} of {len(expected)} samples"
        elif kind[0] in HAS_CHECKSUM and not is_same:
            wrong["change"] = f"{found.shape} at {rate} Hz, not {expected.shape} at {expected_rate}"
    else:
        outcome = "error"
    features = attempt(transform, path)
    if isinstance(features, ValueError):
        if not str(features).startswith(f"clip 0 ({path}): "):
            wrong["error"] = f"it does not name the clip: {features}"
    elif not isinstance(features, Exception) and not np.isfinite(features).all():
        wrong["nan"] = f"{np.isnan(features).sum()} of {features.size} features"
    whole = attempt(load, path, RATE)
    pieces = attempt(lambda: np.concatenate(list(chunks(path, RATE, n_samples=5000))))
    if isinstance(whole, Exception) or isinstance(pieces, Exception):
        is_same = repr(whole) == repr(pieces)
    else:
        is_same = np.array_equal(whole, pieces)
    if not is_same:
        wrong["pieces"] = f"{pieces!r}, not {whole!r}"
    for other in (result, features, whole, pieces):
        if isinstance(other, Exception) and not isinstance(other, ValueError):
            wrong["error"] = repr(other)
    return outcome, wrong


def attempt(function, *args):
    """Return what a function returns or raises."""
    try:
        return function(*args)
    except Exception as error:
        return error


# Processes that may die


def work(args):
    """Examine the numbered mutations that come in, and tell what became of each."""
    answers = os.fdopen(os.dup(1), "w")
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)  # where libsndfile writes of damaged SDS files
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "clip"
        n_written, most = 0, None
        for line in sys.stdin:
            kind, damage, before, after = mutate(int(line), args.seed, args.formats)
            start = time.process_time()
            outcome, wrong = examine(kind, damage, before, after, path)
            seconds = time.process_time() - start
            if seconds > args.cpu:
                wrong["slow"] = f"{seconds:.2f} s of a processor"
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            most = peak if most is None else most  # once everything is loaded
            if peak > most + args.memory:
                wrong["memory"] = f"{peak - most:.0f} MiB"
                most = peak  # it never falls
            if os.fstat(2).st_size > n_written:
                wrong["output"] = os.pread(2, 500, n_written).decode(errors="replace").strip()
                n_written = os.fstat(2).st_size
            print(json.dumps([outcome, wrong]), file=answers, flush=True)


class Worker:
    """A process that examines mutations, and is started anew when it dies."""

    def __init__(self, command, folder, timeout):
        self.command, self.timeout = command, timeout
        self.process = None
        self.output = pathlib.Path(tempfile.mkstemp(dir=folder)[1])

    def examine(self, number):
        """Return the number of a mutation, what became of it, and what is wrong with that."""
        if self.process is None:
            with self.output.open("r+b") as output:
                pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": output}
                self.process = subprocess.Popen(self.command, text=True, **pipes)
        timer = threading.Timer(self.timeout, self.process.kill)
        timer.start()
        try:
            print(number, file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        is_late = not timer.is_alive()
        timer.cancel()
        if answer:
            return number, *json.loads(answer)
        status = self.close()
        what = f"status {status}, {self.output.read_text(errors='replace')[-500:].strip()}"
        return number, "died", {"hang": f"over {self.timeout:g} s"} if is_late else {"crash": what}

    def close(self):
        """End the process, and return its status."""
        with contextlib.suppress(BrokenPipeError):  # what it has not read
            self.process.stdin.close()
        self.process.stdout.close()
        process, self.process = self.process, None
        return process.wait()


def examine_all(numbers, command, *, jobs=2, timeout=20.0):
    """Yield numbers of mutations, what became of each, and what is wrong with that."""
    own, workers = threading.local(), []

    def run(number):
        if not hasattr(own, "worker"):
            own.worker = Worker(command, folder, timeout)
            workers.append(own.worker)
        return own.worker.examine(number)

    with tempfile.TemporaryDirectory() as folder:
        with concurrent.futures.ThreadPoolExecutor(jobs) as threads:
            yield from threads.map(run, numbers)
        for worker in workers:
            if worker.process is not None:
                worker.close()


def report(results, seed, wanted=(), keep=None):
    """Print what became of mutations; return the numbers of those that fail."""
    counts = collections.defaultdict(collections.Counter)
    failures = {}
    for number, outcome, wrong in results:
        kind, damage, _, after = mutate(number, seed, wanted)
        counts[" ".join(kind)].update([outcome, *wrong])
        if wrong:
            failures[number] = wrong
            print(f"{number}: {' '.join(kind)}, {damage}")
            for problem, text in wrong.items():
                print(f"    {problem}: {text}", flush=True)
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}_{number}_{'_'.join(kind)}").write_bytes(after)
    total = sum(counts.values(), collections.Counter())
    columns = ["same", "other", "error", *sorted(set(total) - {"same", "other", "error"})]
    print(f"{'':24}" + "".join(f"{column:>8}" for column in columns))
    for kind, some in [*sorted(counts.items()), ("all", total)]:
        print(f"{kind:24}" + "".join(f"{some[column]:8}" for column in columns))
    return sorted(failures)


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mutations", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--formats", nargs="+", default=[], help="such as WAV FLAC OGG MP3")
    parser.add_argument("--only", nargs="+", type=int, help="numbers of mutations")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="number of processes")
    parser.add_argument("--timeout", type=float, default=20, help="seconds")
    parser.add_argument("--cpu", type=float, default=0.5, help="seconds of a processor")
    parser.add_argument("--memory", type=float, default=256, help="MiB")
    parser.add_argument("--keep", type=pathlib.Path, help="a folder for files that fail")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    args.formats = tuple(args.formats)
    if args.worker:
        work(args)
        return
    start = time.perf_counter()
    arguments = sys.argv[1:] if argv is None else argv
    command = [sys.executable, __file__, *arguments, "--worker"]
    numbers = range(args.mutations) if args.only is None else args.only
    results = examine_all(numbers, command, jobs=args.jobs, timeout=args.timeout)
    failures = report(results, args.seed, args.formats, args.keep)
    print(f"{len(numbers)} mutations in {time.perf_counter() - start:.0f} s, {len(failures)} fail")
    if failures:
        chosen = " ".join(["--formats", *args.formats]) if args.formats else ""
        shown = " ".join(map(str, failures[:20]))
        sys.exit(f"repeat: python {sys.argv[0]} --seed {args.seed} {chosen} --only {shown}")


if __name__ == "__main__":
    main()
