from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def cache(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Use an empty cache with a short path, as Unix sockets require."""
    folder = tmp_path_factory.mktemp("c")
    monkeypatch.setenv("TRACER_CACHE", str(folder))
    monkeypatch.delenv("DEVCLUSTER_NAME", raising=False)
    return folder
