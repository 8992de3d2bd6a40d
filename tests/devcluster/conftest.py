from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """No test touches this machine's cache; sockets in it need a short path."""
    folder = tmp_path_factory.mktemp("c")
    monkeypatch.setenv("TRACER_CACHE", str(folder))
    return folder
