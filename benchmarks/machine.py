"""The machine and the versions of a run."""

import importlib.metadata
import os
import platform
from pathlib import Path

import scipy.linalg  # noqa: F401, loads the BLAS libraries that are listed below
import threadpoolctl

BASE = ("numpy", "scipy", "scikit-learn")


def machine():
    """Return facts about this machine that do not identify it."""
    facts = {"processor": _processor(), "cores": f"{os.cpu_count()}"}
    memory = _from_proc("meminfo", "MemTotal")
    if memory:
        facts["memory"] = f"{int(memory.split()[0]) / 1024**2:.1f} GiB"
    facts["system"] = f"{platform.system()} on {platform.machine()}"
    return facts


def versions(peers=()):
    """Return the versions of Python, of skxent and its main dependencies, and of the peers."""
    found = {"Python": platform.python_version()}
    for name in dict.fromkeys(("skxent", *BASE, *peers)):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    libraries = [
        f"{library['internal_api']} {library['version']}"
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    ]
    return found | {"BLAS": " and ".join(dict.fromkeys(libraries))}


def load():
    """Return the load average of the last minute, or None if it is unknown."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def describe(peers=()):
    """Return the machine and the versions in two lines of text."""
    facts = ", ".join(f"{name} {value}" for name, value in machine().items())
    return f"{facts}\n{', '.join(f'{name} {value}' for name, value in versions(peers).items())}"


def _processor():
    return _from_proc("cpuinfo", "model name") or platform.processor() or platform.machine()


def _from_proc(file, name):
    path = Path("/proc") / file
    if not path.exists():
        return ""
    lines = (line.partition(":") for line in path.read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")
