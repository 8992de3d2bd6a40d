"""Proxies from environment variables."""

import pytest

from tracer_bentos.proxies import cached_proxy_for, proxy_for


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cached_proxy_for.cache_clear()


def test_the_environment_is_read_once_for_each_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    monkeypatch.setenv("no_proxy", "internal.example")
    assert cached_proxy_for("https", "a.example") == "http://proxy.example:3128"
    assert cached_proxy_for("https", "internal.example") is None
    monkeypatch.setenv("https_proxy", "other.example:3128")
    assert cached_proxy_for("https", "a.example") == "http://proxy.example:3128"
    assert cached_proxy_for("https", "b.example") == "http://other.example:3128"
    assert proxy_for("https", "a.example") == "http://other.example:3128"
