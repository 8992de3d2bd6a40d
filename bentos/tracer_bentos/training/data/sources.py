"""Locations of traces: a file, a folder, or a store of the data plane."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from obstore.store import LocalStore

from tracer_bentos.segments import live_segments
from tracer_bentos.store import TraceStore, open_store
from tracer_bentos.training.data.reader import (
    TRACE_ENDINGS,
    decompressed,
    open_traces,
    trace_files,
)
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.contracts.store.layout import TRACES, segment_time
from tracer_core.errors import InputError, StoreError

__all__ = ["TraceSource", "find_sources"]


@dataclass(frozen=True, slots=True)
class TraceSource:
    """One file or object of traces."""

    name: str
    """Path or URL."""
    open: Callable[[], BinaryIO]
    """Opens the decompressed content."""
    sealed: datetime | None = None
    """Time when the data plane sealed it: the time of traces without a time."""


def find_sources(named: str) -> Sequence[TraceSource]:
    """Return the sources of a path, or of the URL of a store or of one object in it.

    A folder or prefix with segments below `traces/` is a store of the data plane: only
    its segments are read, each record once.

    Raises:
        InputError: There are no traces, or they cannot be opened.
        StoreError: The store did not answer.
    """
    if "://" in named:
        return _url_sources(named)
    path = Path(named)
    if path.is_dir() and (path / TRACES).is_dir():
        store = TraceStore(LocalStore(prefix=path.resolve()), named)
        if keys := _segments(store):
            return [_object_source(store, key) for key in keys]
    return [TraceSource(str(file), partial(_open, file)) for file in trace_files(path)]


def _url_sources(url: str) -> Sequence[TraceSource]:
    parent, _, name = url.rpartition("/")
    if name.endswith(TRACE_ENDINGS):
        return [_object_source(_store(parent), name)]
    store = _store(url)
    keys = _segments(store) or [
        key for key in store.list("") if key.endswith(TRACE_ENDINGS)
    ]
    if not keys:
        raise InputError(
            f"no traces at {url}; set the prefix of the data plane, or a prefix with"
            f" objects that end in {', '.join(TRACE_ENDINGS[:3])}"
        )
    return [_object_source(store, key) for key in keys]


def _store(url: str) -> TraceStore:
    try:
        return open_store(StoreConfig.from_environment(url, os.environ))
    except StoreError as error:
        raise InputError(str(error)) from error


def _segments(store: TraceStore) -> list[str]:
    return [key for key in live_segments(store) if _sealed(key)]


def _sealed(key: str) -> datetime | None:
    try:
        return segment_time(key) if key.startswith(TRACES) else None
    except ValueError:
        return None  # an object of another program under the prefix


def _object_source(store: TraceStore, key: str) -> TraceSource:
    name = f"{store.url}/{key}"
    return TraceSource(name, partial(_stream, store, key), _sealed(key))


def _stream(store: TraceStore, key: str) -> BinaryIO:
    try:
        return decompressed(store.open(key), key)
    except FileNotFoundError as error:
        raise InputError(f"{error}: object not found") from error


def _open(file: Path) -> BinaryIO:
    try:
        return open_traces(file)
    except OSError as error:
        raise InputError(
            f"{file}: {error.strerror}; the file must be readable"
        ) from error
