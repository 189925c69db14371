"""The data set of synthetic spoken digits that comes with the package."""

from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import validate_params

from skxent.datasets._recordings import make_bunch

DESCRIPTION = """\
Synthetic spoken digits
=======================

SYNTHETIC speech: no human being spoke these words. The English digits "zero" to "nine" were
made with the speech synthesizer espeak-ng, two takes each by 24 voices, for examples and tests
that load at once and work offline. An accuracy on these clips says nothing about real speech:
a synthetic voice pronounces a word in the same way each time. For real recordings see
`skxent.datasets.fetch_fsdd`.

:Number of recordings: 480 (10 digits, 24 voices, 2 takes)
:Length: 0.28 to 0.70 s
:Sample rate: 8000 Hz, mono, 13 bits stored as 16
:Target: the digit, 0 to 9, 48 recordings each
:Speaker: the voice, 20 recordings each

The voices are eight English accents by three voices of espeak-ng; a voice's name is its
accent, f or m, and a number: us (General American), ny (New York City), gb (British), rp
(Received Pronunciation), sc (Scotland), la (Lancaster), wm (West Midlands) and ca (Caribbean).
The two takes of a digit differ in pitch, rate and level. Eight voices, one of each accent,
were made noisy or reverberant: white or pink noise 17 to 28 dB below the voice, an echo that
falls by 60 dB in 0.15 to 0.30 s, or both. Silence before and after the word is cut to about
30 ms. Keep all recordings of a speaker in one part of a split, for instance with
`sklearn.model_selection.StratifiedGroupKFold` and ``groups=speaker``.

The script that made them is tools/make_spoken_digits.py in the source repository. Licence:
BSD-3-Clause, as the package.
"""


@validate_params({"return_X_y": ["boolean"]}, prefer_skip_nested_validation=True)
def load_spoken_digits(*, return_X_y: bool = False) -> Bunch | tuple[list[np.ndarray], np.ndarray]:
    """Load the synthetic spoken digits that come with the package.

    The data set has the ten English digits by 24 voices of a speech synthesizer, two takes each:
    480 clips of 0.28 to 0.70 seconds. The speech is SYNTHETIC, made with espeak-ng [1]_: an
    accuracy on it says nothing about real speech. Nothing is downloaded.

    Parameters
    ----------
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    Bunch or (data, target)
        With these keys; all but `target_names`, `sample_rate` and `DESCR` have one entry per
        clip, in the order of digit, voice and take.

        data : list of ndarray of shape (n_samples_of_the_clip,), float32
            The clips, in [-1, 1).
        target : ndarray of shape (480,), int64
            The digit, 0 to 9.
        target_names : list of str
            The ten words, "zero" to "nine".
        speaker : ndarray of shape (480,), str
            The voice. Use it as `groups` to test on voices that were not trained on.
        sample_rate : int
            8000 hertz.
        filenames : list of str
            The absolute paths of the FLAC files. They exist unless the package is imported
            from a zip file.
        DESCR : str
            Description of the data set, how it was made, and its licence.

    Raises
    ------
    ValueError
        If `return_X_y` is not a bool.

    See Also
    --------
    fetch_fsdd : Real recordings, downloaded once.

    References
    ----------
    .. [1] eSpeak NG, https://github.com/espeak-ng/espeak-ng

    Examples
    --------
    >>> from skxent.datasets import load_spoken_digits
    >>> digits = load_spoken_digits()
    >>> len(digits.data), digits.sample_rate
    (480, 8000)
    >>> digits.target_names[digits.target[0]], str(digits.speaker[0])
    ('zero', 'caf1')
    >>> len(set(digits.speaker))
    24
    """
    files = {
        entry.name: (str(entry), entry.read_bytes())
        for entry in spoken_digits_folder().iterdir()
        if entry.name.endswith(".flac")
    }
    bunch = make_bunch(files, DESCRIPTION)
    return (bunch.data, bunch.target) if return_X_y else bunch


def spoken_digits_folder() -> Traversable:
    """Return the folder of the recordings, in the package."""
    return resources.files(__package__) / "spoken_digits"
