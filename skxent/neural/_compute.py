"""Between NumPy's side and PyTorch's: devices, seeds, and weights as arrays."""

import contextlib

import numpy as np
import torch

__all__ = [
    "computing",
    "fewest_threads",
    "load_weights",
    "moments_of",
    "set_moments",
    "take_weights",
]

# Below this many weights, the products of a batch are over before a second thread is awake,
# and on a busy machine it makes them ten times slower.
_THREADED_WEIGHTS = 1 << 20


@contextlib.contextmanager
def computing(name, random_state=None):
    """Settle where and how PyTorch computes for the time of a block, and nothing beyond it.

    Parameters
    ----------
    name : str
        A device of PyTorch, or "auto": the first GPU where there is one, else the CPU.
    random_state : numpy.random.RandomState, default=None
        Seeds what PyTorch draws. The process's generator is left as it was.

    Yields
    ------
    device : torch.device
        Where to compute.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    try:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        if name != "auto":
            device = torch.device(name)
            torch.empty(0, device=device)
    except (AssertionError, RuntimeError) as error:  # what a PyTorch without CUDA raises
        reason = str(error).partition("\n")[0]
        raise ValueError(f"device={name!r} can't be used: {reason}") from error
    generators = torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
    with generators, torch.inference_mode(False), torch.enable_grad():
        if random_state is not None:
            torch.manual_seed(random_state.randint(np.iinfo(np.int32).max))
        yield device


@contextlib.contextmanager
def fewest_threads(network):
    """Limit PyTorch to one thread for the time of a block, if the network is small.

    Parameters
    ----------
    network : torch.nn.Module
        What is computed in the block.

    Yields
    ------
    None
        Nothing.
    """
    n_threads = torch.get_num_threads()
    if sum(weights.numel() for weights in network.parameters()) < _THREADED_WEIGHTS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def take_weights(network):
    """Return a copy of a network's weights.

    Parameters
    ----------
    network : torch.nn.Module
        The network.

    Returns
    -------
    weights : dict of str to ndarray
        By the names that PyTorch gives them; what is not learned by descent too.
    """
    return {
        name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()
    }


def load_weights(network, weights):
    """Give a network its weights.

    Parameters
    ----------
    network : torch.nn.Module
        Is changed.
    weights : dict of str to ndarray
        From a network of the same form.
    """
    network.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})


def moments_of(optimizer):
    """Return a copy of the optimizer's memory of each parameter.

    Parameters
    ----------
    optimizer : torch.optim.AdamW
        The optimizer.

    Returns
    -------
    moments : dict of int to dict of str to ndarray
        By the number of the parameter; none of those that had no gradient yet.
    """
    return {
        number: {name: value.detach().cpu().numpy().copy() for name, value in moments.items()}
        for number, moments in optimizer.state_dict()["state"].items()
    }


def set_moments(optimizer, moments):
    """Give an optimizer its memory.

    Parameters
    ----------
    optimizer : torch.optim.AdamW
        Is changed.
    moments : dict of int to dict of str to ndarray
        From one for the same parameters.
    """
    state = {
        number: {name: torch.as_tensor(value) for name, value in kept.items()}
        for number, kept in moments.items()
    }
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
