"""Proxies from environment variables."""

import pytest

from tracer_bentos.proxies import proxy_for


def test_a_proxy_applies_to_servers_that_are_not_excluded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    monkeypatch.setenv("no_proxy", "internal.example")
    assert proxy_for("https", "a.example") == "http://proxy.example:3128"
    assert proxy_for("https", "internal.example") is None
