"""Independent ways to the same numbers: plain loops, mpmath, complex steps.

Nothing here imports skxent, so that no oracle can share a mistake with what it
checks.
"""

import decimal
import math

import numpy as np
from threadpoolctl import ThreadpoolController

# The kernels of OpenBLAS with which the bits of a frame don't depend on its neighbours.
EXACT_KERNELS = {"Prescott", "Nehalem", "Sandybridge", "Haswell", "Zen"}


def has_exact_kernels():
    libraries = ThreadpoolController().select(user_api="blas").info()
    return all(library.get("architecture") in EXACT_KERNELS for library in libraries)


def assert_same_frames(frames, expected):
    """Check that frames are equal, bit for bit where BLAS is known to allow it."""
    if has_exact_kernels():
        np.testing.assert_array_equal(frames, expected)
    else:
        tolerance = 1e-4 if frames.dtype == np.float32 else 1e-11
        np.testing.assert_allclose(frames, expected, rtol=tolerance, atol=tolerance)


def round_half_up(number):
    return int(decimal.Decimal(number).quantize(decimal.Decimal(1), decimal.ROUND_HALF_UP))


def frames_of(signal, length, step):
    """Frames of a signal as lists: as many as hold every sample, the last one padded."""
    frames, start = [], 0
    while True:
        inside = [float(sample) for sample in signal[start : start + length]]
        frames.append(inside + [0.0] * (length - len(inside)))
        if start + length >= len(signal):
            return frames
        start += step


def variance_of(signal, begin, length):
    """Mean square of a frame of `length` samples, from `begin` on, around the mean of its own.

    Before the signal's start and after its end there are none.
    """
    inside = [float(x) for x in signal[max(begin, 0) : max(begin + length, 0)]]
    mean = math.fsum(inside) / max(len(inside), 1)
    return math.fsum((x - mean) ** 2 for x in inside) / length


def mel_bins(n_mels, n_fft, sample_rate):
    """Bins of the filters' edges and centres, n_mels + 2 of them, from 0 to half the rate."""
    top = 2595 * math.log10(1 + sample_rate / 2 / 700)
    hertz = [700 * (10 ** (top * i / (n_mels + 1) / 2595) - 1) for i in range(n_mels + 2)]
    return [math.floor((n_fft + 1) * frequency / sample_rate) for frequency in hertz]


def htk_mfcc(signal, sample_rate, *, n_mels=20, n_mfcc=13, log_mel=False):
    """MFCC_0 (the zeroth coefficient first) of a signal in [-1, 1), by the HTK book's formulas.

    S. Young et al., "The HTK Book", version 3.4: framing and pre-emphasis in section 5.2, the
    filterbank in 5.4, coefficients and lifter in 5.6; 25 ms every 10 ms, a Hamming window, the
    magnitude spectrum, 16-bit samples, and energies of at least one before the logarithm.
    """
    length, step = int(0.025 * sample_rate + 1e-6), int(0.010 * sample_rate + 1e-6)
    n_fft = 2
    while n_fft < length:
        n_fft *= 2
    edges = [
        1127 * math.log(1 + 0.5 * sample_rate / 700) * i / (n_mels + 1) for i in range(n_mels + 2)
    ]
    rows = []
    for start in range(0, len(signal) - length + 1, step):
        frame = [32768.0 * float(sample) for sample in signal[start : start + length]]
        emphasized = [frame[0] * (1 - 0.97)]
        emphasized += [frame[i] - 0.97 * frame[i - 1] for i in range(1, length)]
        windowed = [
            x * (0.54 - 0.46 * math.cos(2 * math.pi * i / (length - 1)))
            for i, x in enumerate(emphasized)
        ]
        magnitudes = np.abs(np.fft.fft(windowed, n_fft))
        channels = [0.0] * (n_mels + 2)
        for k in range(1, n_fft // 2):
            mel = 1127 * math.log(1 + k * sample_rate / n_fft / 700)
            below = max(i for i in range(n_mels + 1) if edges[i] <= mel)
            share = (edges[below + 1] - mel) / (edges[below + 1] - edges[below])
            channels[below] += share * magnitudes[k]
            channels[below + 1] += (1 - share) * magnitudes[k]
        logs = [math.log(max(channel, 1.0)) for channel in channels[1:-1]]
        cepstrum = []
        for i in range(n_mfcc):
            total = math.fsum(
                m * math.cos(math.pi * i / n_mels * (j + 0.5)) for j, m in enumerate(logs)
            )
            lift = 1 + 11 * math.sin(math.pi * i / 22)
            cepstrum.append(math.sqrt(2 / n_mels) * total * lift)
        rows.append(logs if log_mel else cepstrum)
    return np.array(rows)
