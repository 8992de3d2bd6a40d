"""Where traces lie: a file, a folder, a store of the data plane, on a disk or in S3."""

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
    open_traces,
    trace_files,
    unpacked,
)
from tracer_core.contracts.layout import TRACES, segment_time
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.errors import InputError, StoreError

__all__ = ["TraceSource", "find_sources"]


@dataclass(frozen=True, slots=True)
class TraceSource:
    """One file or object of traces."""

    name: str
    """Where it is, for people."""
    open: Callable[[], BinaryIO]
    """Opens it, unpacked."""
    sealed: datetime | None = None
    """When the data plane sealed it: the time of a trace that records none."""


def find_sources(named: str) -> Sequence[TraceSource]:
    """Give what a name means: a path, or the URL of a store or of one object in it.

    A folder or prefix with segments below `traces/` is a store of the data plane: its
    segments alone are read, each record once, whatever else lies there.

    Raises:
        InputError: There are no traces, or they cannot be opened.
        StoreError: The store did not answer.
    """
    if "://" in named:
        return _of_url(named)
    path = Path(named)
    if path.is_dir() and (path / TRACES).is_dir():
        store = TraceStore(LocalStore(prefix=path.resolve()), named)
        if keys := _segments(store):
            return [_object(store, key) for key in keys]
    return [TraceSource(str(file), partial(_open, file)) for file in trace_files(path)]


def _of_url(url: str) -> Sequence[TraceSource]:
    parent, _, name = url.rpartition("/")
    if name.endswith(TRACE_ENDINGS):
        return [_object(_store(parent), name)]
    store = _store(url)
    keys = _segments(store) or [
        key for key in store.list("") if key.endswith(TRACE_ENDINGS)
    ]
    if not keys:
        raise InputError(
            f"no traces at {url}: name the prefix that the data plane writes to, or one"
            f" with objects that end in {', '.join(TRACE_ENDINGS[:3])}"
        )
    return [_object(store, key) for key in keys]


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
        return None  # somebody else's object under the prefix


def _object(store: TraceStore, key: str) -> TraceSource:
    name = f"{store.url}/{key}"
    return TraceSource(name, partial(_stream, store, key), _sealed(key))


def _stream(store: TraceStore, key: str) -> BinaryIO:
    try:
        return unpacked(store.open(key), key)
    except FileNotFoundError as error:
        raise InputError(f"{error}: there is no such object") from error


def _open(file: Path) -> BinaryIO:
    try:
        return open_traces(file)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}: it must be readable") from error
