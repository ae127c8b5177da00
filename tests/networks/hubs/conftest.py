"""What the tests of all hubs share."""

import socket

import pytest


@pytest.fixture
def no_network(monkeypatch):
    """Every attempt to open a socket is noted, and fails."""
    tried = []

    def refuse(*args, **_):
        tried.append(args)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return tried
