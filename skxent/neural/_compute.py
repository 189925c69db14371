"""Between NumPy's side and PyTorch's: devices, seeds, and weights as arrays."""

import contextlib

import numpy as np
import torch

# Below this many weights, the products of a batch are over before a second thread is awake,
# and on a busy machine it makes them ten times slower.
_THREADED_WEIGHTS = 1 << 20


@contextlib.contextmanager
def computing(name, random_state=None):
    """Yield the device to compute on, with gradients on and a generator of the block's own.

    "auto" is the first GPU if there is one, else the CPU. A random state seeds the generator; that
    of the process is left as it was.
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
    """Limit PyTorch to one thread for the time of a block, if the network is small."""
    n_threads = torch.get_num_threads()
    if sum(weights.numel() for weights in network.parameters()) < _THREADED_WEIGHTS:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)


def take_weights(network):
    """Return a copy of a network's weights and buffers by the names that PyTorch gives them."""
    return {
        name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()
    }


def load_weights(network, weights):
    """Give a network the weights of one of the same form."""
    network.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})


def moments_of(optimizer):
    """Return a copy of the optimizer's state of each parameter, by the parameter's number."""
    return {
        number: {name: value.detach().cpu().numpy().copy() for name, value in moments.items()}
        for number, moments in optimizer.state_dict()["state"].items()
    }


def set_moments(optimizer, moments):
    """Give an optimizer a copy of the state of one for the same parameters."""
    state = {  # not torch.as_tensor, whose memory an update would overwrite
        number: {name: torch.tensor(value) for name, value in kept.items()}
        for number, kept in moments.items()
    }
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
