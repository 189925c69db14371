import numpy as np
import pytest
import soundfile

from skxent.features import DiskCache
from tests.features.strategies import RATE, noise


@pytest.fixture
def disk(tmp_path):
    return DiskCache(tmp_path / "cache")


@pytest.fixture
def paths(tmp_path):
    """Files of two words, told apart by their level."""
    for i in range(20):
        level = 1.0 if i % 2 else 0.1
        soundfile.write(tmp_path / f"{i:02}.wav", level * noise(1500 + i, seed=i), RATE)
    return sorted(map(str, tmp_path.glob("*.wav")))


@pytest.fixture
def words():
    return np.array(["quiet", "loud"] * 10)
