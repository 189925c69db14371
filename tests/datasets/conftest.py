"""No test of data sets may use the network."""

import contextlib
import socket

import pytest

with contextlib.suppress(ImportError):
    import requests  # noqa: F401, it derives classes from socket.socket, which is replaced below


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a test opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
