"""Opening a trace store by its URL."""

from pathlib import Path

import pytest

from tracer_bentos.store import open_store
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.errors import StoreError


def test_create_writes_an_object_once(tmp_path: Path) -> None:
    store = open_store(StoreConfig(url=f"file://{tmp_path}/store"))
    assert [store.create("a/1", b"one"), store.create("a/1", b"two")] == [True, False]
    assert (store.read("a/1"), store.list("a/")) == (b"one", ["a/1"])


def test_a_google_store_is_not_contacted_before_the_first_operation() -> None:
    assert open_store(StoreConfig(url="gs://bucket/part")).url == "gs://bucket/part"


def test_an_azure_store_without_an_account_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(StoreError, match=r"az://container/part: .*Account must be"):
        open_store(StoreConfig(url="az://container/part"))


def test_an_unknown_scheme_is_refused_with_the_valid_schemes() -> None:
    with pytest.raises(StoreError, match="must be s3://BUCKET/PREFIX, gs://"):
        open_store(StoreConfig(url="ftp://host"))
