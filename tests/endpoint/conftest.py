"""A server to ask."""

from __future__ import annotations

import pytest

from chat_server import ChatServer


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv("SAFECRS_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with ChatServer() as server:
        yield server
