"""Measure time and memory, and run functions in processes of their own."""

import multiprocessing
import os
import threading
import time
import traceback
from pathlib import Path


class ChildError(Exception):
    """A function in a process of its own raised an error, or the process died.

    Parameters
    ----------
    kind : str
        Name of the error.
    trace : str
        Traceback of the error.
    """

    def __init__(self, kind, trace=""):
        super().__init__(f"{kind}\n{trace}")
        self.kind = kind


def timed(run, clock=time.perf_counter):
    """Return the seconds that a function without arguments takes, and its result.

    With ``clock=time.process_time`` they are those of the processor, whatever else it has to do.
    """
    start = clock()
    result = run()
    return clock() - start, result


def in_turns(runs, turns, clock=time.perf_counter):
    """Return the seconds of each run in each turn, after a warm-up turn.

    The runs take turns, so that other load on the machine affects all of them alike. The clock is
    as in `timed`.
    """
    times = {name: [] for name in runs}
    for _ in range(turns + 1):
        for name, run in runs.items():
            times[name].append(timed(run, clock)[0])
    return {name: taken[1:] for name, taken in times.items()}


def resident():
    """Return the resident memory of this process in bytes."""
    return _from_status("VmRSS")


def reset_peak():
    """Reset the peak memory of this process."""
    Path("/proc/self/clear_refs").write_text("5")


def peak():
    """Return the peak resident memory in bytes since the last `reset_peak`."""
    return _from_status("VmHWM")


def in_process(function, arguments, limit):
    """Yield the values of a generator function that runs in a new process, as they come.

    After `limit` seconds, the process is ended and TimeoutError raised. If the function or the
    process fails, ChildError is raised.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_all, args=(sender, function, arguments))
    process.start()
    sender.close()
    deadline = time.monotonic() + limit
    try:
        while receiver.poll(max(0.0, deadline - time.monotonic())):
            try:
                what, value = receiver.recv()
            except EOFError:
                raise ChildError("its process died") from None
            if what == "end":
                return
            if what == "error":
                raise ChildError(*value)
            yield value
        raise TimeoutError(f"not finished after {limit:g} s")
    finally:
        process.kill()
        process.join()
        receiver.close()


def _send_all(sender, function, arguments):
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    try:
        for value in function(*arguments):
            sender.send(("value", value))
        sender.send(("end", None))
    except Exception as error:
        sender.send(("error", (type(error).__name__, traceback.format_exc())))


def _leave_with_parent():
    """End this process when its parent ends, since a killed parent cannot end it."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _from_status(name):
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split(f"{name}:")[1].split()[0])
