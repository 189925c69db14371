"""Effects, one after the other, and what each of them may return."""

import contextlib
import functools
import inspect
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

# The global generators are one for all threads.
_lock = threading.RLock()


def apply(
    effects: Iterable[Callable[..., Any]],
    samples: NDArray[Any],
    sample_rate: float,
    rng: Generator,
    others: Callable[[Generator], NDArray[Any]] | None = None,
) -> NDArray[Any]:
    """Apply effects to a clip, one after the other, and check what each returns.

    Parameters
    ----------
    effects : iterable of callables
        Each is called as ``effect(samples, sample_rate, rng)``, and with a fourth argument,
        `others`, where its attribute `needs_others` is true. A callable without a third parameter
        (required, or named `rng`) is called as ``effect(samples, sample_rate)``, with a copy in
        float32, as all transforms of audiomentations are: `random` and `numpy.random` are
        seeded by `rng` before, and continue after as if nothing had been drawn.
    samples : ndarray of shape (n_samples,)
        Mono, of float32 or float64. It is not written to.
    sample_rate : float
        In hertz.
    rng : Generator
        Source of all random numbers.
    others : callable, default=None
        ``others(rng)`` returns the samples of another clip at `sample_rate`.

    Returns
    -------
    samples : ndarray
        A new array of the same type, and of shape (n_samples,) unless an effect has a true
        attribute `changes_length`.

    Raises
    ------
    ValueError
        If an effect returns anything but finite floats of that shape.
    TypeError, ValueError
        If an effect raises one. The message names the effect.
    """
    samples = samples.copy()
    for effect in effects:
        name = name_of(effect)
        try:
            result = _call(effect, samples, sample_rate, rng, others)
        except (TypeError, ValueError) as error:  # whose text alone is passed on
            kind = ValueError if isinstance(error, ValueError) else TypeError
            raise kind(_name_effect(name, str(error))) from error
        except Exception as error:
            error.add_note(f"The effect that raised this is {name}.")
            raise
        fault = find_fault(result)
        if fault:
            raise ValueError(f"{name}: returned {fault}")
        if len(result) != len(samples) and not getattr(effect, "changes_length", False):
            raise ValueError(
                f"{name}: returned {len(result)} samples for {len(samples)}; an effect that may "
                "do so must have an attribute changes_length = True"
            )
        samples = result.astype(samples.dtype, copy=False)
    return samples


def name_of(effect: Callable[..., Any]) -> str:
    """Return the name of a function, or of an object's class."""
    while isinstance(effect, functools.partial):
        effect = effect.func
    return str(getattr(effect, "__name__", type(effect).__name__))


def find_fault(samples: Any) -> str:
    """Return what keeps a value from being a clip's samples, or nothing."""
    if not isinstance(samples, np.ndarray):
        kind = "nothing (None)" if samples is None else f"a {type(samples).__name__}"
        return f"{kind}, and not an array"
    if samples.ndim != 1:
        return f"an array of shape {samples.shape}, and not of shape (n_samples,)"
    if samples.dtype.kind != "f":
        return f"an array of {samples.dtype}, and not of floats"
    if not len(samples):
        return "an empty array"
    is_finite = np.isfinite(samples)
    if not is_finite.all():
        first = int(np.argmin(is_finite))
        return f"samples that are not finite: sample {first} is {samples[first]}"
    return ""


def _name_effect(name: str, message: str) -> str:
    """Return the message of an effect's error with the name of the effect."""
    is_named = message.startswith(f"{name}: ") or f" of {name} " in message
    return message if is_named else f"{name}: {message}"


def _call(
    effect: Callable[..., Any],
    samples: NDArray[Any],
    sample_rate: float,
    rng: Generator,
    others: Callable[[Generator], NDArray[Any]] | None,
) -> Any:
    """Call an effect with what it takes."""
    if getattr(effect, "needs_others", False):
        return effect(samples, sample_rate, rng, others)
    if _takes_rng(effect):
        return effect(samples, sample_rate, rng)
    with _seeded_globals(int(rng.integers(1 << 32))):
        return effect(samples.astype(np.float32), sample_rate)


def _takes_rng(effect: Callable[..., Any]) -> bool:
    """Return whether an effect has a third positional parameter for a generator."""
    if hasattr(effect, "needs_others"):  # signatures take as long as a simple effect
        return True
    try:
        parameters = inspect.signature(effect).parameters.values()
    except (TypeError, ValueError):  # of some functions in C
        return False
    positional = [
        parameter
        for parameter in parameters
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return len(positional) > 2 and (
        positional[2].default is inspect.Parameter.empty or positional[2].name == "rng"
    )


@contextlib.contextmanager
def _seeded_globals(seed: int) -> Iterator[None]:
    """Seed the global generators, and restore their states in the end."""
    with _lock:
        states = random.getstate(), np.random.get_state()  # noqa: NPY002, others draw from it
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002
