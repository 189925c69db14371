import numpy as np
import pytest

from skxent.mfcc import CONVENTIONS
from skxent.mfcc._filters import cepstrum_matrix, mel_filterbank, mel_frequencies
from tests.mfcc.strategies import CONVENTION_NAMES

# The settings that are drawn may be anything.
pytestmark = pytest.mark.filterwarnings("ignore:.* of the mel filters are narrower")


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100])
def test_filters_are_not_negative_and_cover_what_lies_between_the_edges(convention, sample_rate):
    choices = CONVENTIONS[convention]
    fmin, fmax, n_fft = 200.0, 0.4 * sample_rate, 2048
    filters = mel_filterbank(choices, 24, n_fft, sample_rate, fmin, fmax)
    assert (filters >= 0.0).all()
    assert (filters.max(axis=0) > 0.0).all()
    frequencies = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    inside = filters.any(axis=1)
    width = 2 * sample_rate / n_fft
    assert inside[(frequencies > fmin + width) & (frequencies < fmax - width)].all()
    assert not inside[(frequencies < fmin - width) | (frequencies > fmax + width)].any()
    centres = mel_frequencies(choices, 24, fmin, fmax)[1:-1]
    np.testing.assert_allclose(frequencies[filters.argmax(axis=0)], centres, rtol=0, atol=width)


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
def test_the_cosine_transform_goes_back_and_forth(convention):
    choices = CONVENTIONS[convention]
    matrix = cepstrum_matrix(choices, 20, 20, 0.0)[:20] / choices.unit
    if choices.energy is not None:  # its column is the energy's
        product = matrix[:, 1:].T @ matrix[:, 1:]
        np.testing.assert_allclose(product, np.eye(19), rtol=0, atol=1e-12)
    else:
        expected = np.eye(20)
        expected[0, 0] = 2.0 if choices.dct == "htk" else 1.0
        np.testing.assert_allclose(matrix.T @ matrix, expected, rtol=0, atol=1e-12)
