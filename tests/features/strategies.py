"""Signals, keys and frames, and threads that share a cache."""

import threading

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

RATE = 8000


def noise(n_samples, seed=0):
    return (0.1 * np.random.default_rng(seed).normal(size=n_samples)).astype(np.float32)


def int16_of(signal):
    return np.round(32767 * np.clip(signal, -1, 1)).astype(np.int16)


signals = hnp.arrays(
    st.sampled_from(["<f4", ">f4", "<f8", "<f2", "<i2", ">i2", "|u1", "<i8"]),
    hnp.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=4),
    elements={"allow_nan": False},
)


def frames_of(seed, shape=(5, 3)):
    return np.random.default_rng(seed).normal(size=shape)


def same_signal(one, other):
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


keys = st.sampled_from("abcdef")


def run_in_threads(n_threads, function):
    """Call function(i) in threads, and raise what one of them raises."""
    errors = []

    def guarded(i):
        try:
            function(i)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    if errors:
        raise errors[0]
