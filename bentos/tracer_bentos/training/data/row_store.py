"""A compact store of rows in memory: columns of numbers, and compressed texts.

A million traces as objects take gigabytes. Here a row takes about 80 bytes and its
compressed text, and each access builds the row. Nothing is written to disk.
"""

import json
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any, Self

import numpy as np
import zstandard
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tracer_bentos.surrogate.base.ngrams import MAX_CHARACTERS
from tracer_bentos.training.data.row import Row

__all__ = ["RowStore", "microseconds"]

_DIGEST_BYTES = 32
"""Length of the digest of a row."""

_BLOCK = 512
"""Rows in one compressed part: small enough to decompress it for one row."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNTIMED = np.iinfo(np.int64).min


class RowStore:
    """Rows in an order; a selection of rows shares the data."""

    def __init__(self, data: "_Columns", places: NDArray[np.intp]) -> None:
        self._data = data
        self._places = places

    @classmethod
    def from_rows(cls, rows: Iterable[Row]) -> Self:
        """Return a store of rows in the given order; the rows are read one by one."""
        data = _Columns.from_rows(rows)
        return cls(data, np.arange(len(data.times)))

    def take(self, positions: NDArray[np.intp]) -> "RowStore":
        """Return some of the rows, or all rows in another order, by position."""
        return RowStore(self._data, self._places[positions])

    def gather(self, positions: Iterable[int]) -> dict[int, Row]:
        """Return rows by position; each compressed part is opened once."""
        wanted = np.fromiter(positions, np.intp)
        stored = self._places[wanted]
        order = np.argsort(stored, kind="stable")
        rows = map(self._data.row, stored[order].tolist())
        return dict(zip(wanted[order].tolist(), rows, strict=True))

    def digests(self) -> Iterator[bytes]:
        """Yield the digest of each row."""
        digests = self._data.digests
        for place in self._places.tolist():
            yield bytes(digests[place * _DIGEST_BYTES : (place + 1) * _DIGEST_BYTES])

    @property
    def uniform(self) -> NDArray[np.bool_]:
        """Whether each row is in the uniform sample of traffic, shape (n,)."""
        return self._data.uniform[self._places]

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Whether each row has a usable label, shape (n,)."""
        return self._data.labelled[self._places]

    @property
    def timed(self) -> NDArray[np.bool_]:
        """Whether each row has a time, shape (n,)."""
        return np.asarray(self.times != _UNTIMED)

    @property
    def times(self) -> NDArray[np.int64]:
        """Microseconds since 1970, shape (n,); the smallest integer without a time."""
        return self._data.times[self._places]

    @property
    def tasks(self) -> tuple[list[str], NDArray[np.int32]]:
        """Names of the tasks, and the index of the task of each row, shape (n,)."""
        return self._data.names, self._data.tasks[self._places]

    @property
    def characters(self) -> NDArray[np.int32]:
        """Number of used characters of each text, shape (n,)."""
        return self._data.characters[self._places]

    @property
    def names(self) -> NDArray[np.uint64]:
        """Hash of the text of each row, the same for copies, shape (n,).

        Texts with the same hash count as copies, which never makes a certificate
        less valid.
        """
        return self._data.texts[self._places]

    @property
    def sessions(self) -> NDArray[np.uint64]:
        """Hash of the session of each row, shape (n,); 0 without a session."""
        return self._data.sessions[self._places]

    def ordered(self, *, timed: bool) -> "RowStore":
        """Return the rows sorted by time or `Row.place`, and then by digest."""
        first = self.times if timed else self._data.orders[self._places]
        digests = np.frombuffer(self._data.digests, ">u8").reshape(-1, 4)
        return self.take(np.lexsort((digests[self._places, 0], first)))

    @cached_property
    def groups(self) -> NDArray[np.intp]:
        """Group of each row, shape (n,): the position of the first row of the group.

        Copies of a text and rows of a session are in the same group.
        """
        texts, sessions = self.names, self.sessions
        rows, named = np.arange(len(self)), np.flatnonzero(sessions)
        shared = np.unique(texts, return_inverse=True)[1]
        others = np.unique(sessions[named], return_inverse=True)[1]
        ends = np.concatenate([shared, others + len(self)]) + len(self)
        links = (np.concatenate([rows, named]), ends)
        size = 3 * len(self)
        graph = coo_array((np.ones(len(ends), np.int8), links), shape=(size, size))
        found = connected_components(graph, directed=False)[1][: len(self)]
        first, members = np.unique(found, return_index=True, return_inverse=True)[1:]
        return np.asarray(first[members])

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, at: int) -> Row:
        return self._data.row(int(self._places[at]))

    def __iter__(self) -> Iterator[Row]:
        return map(self._data.row, self._places.tolist())


@dataclass(frozen=True, slots=True)
class _Columns:
    """All rows, in the order in which they were read."""

    blocks: list[bytes]
    digests: bytearray
    names: list[str]
    tasks: NDArray[np.int32]
    times: NDArray[np.int64]
    texts: NDArray[np.uint64]
    sessions: NDArray[np.uint64]
    orders: NDArray[np.uint64]
    characters: NDArray[np.int32]
    uniform: NDArray[np.bool_]
    labelled: NDArray[np.bool_]
    vectors: dict[int, NDArray[np.float32]]

    @classmethod
    def from_rows(cls, rows: Iterable[Row]) -> Self:
        builder = _ColumnsBuilder()
        for row in rows:
            builder.add(row)
        return cls(
            builder.finish(),
            builder.digests,
            list(builder.names),
            np.frombuffer(builder.tasks, np.int32),
            np.frombuffer(builder.times, np.int64),
            np.frombuffer(builder.texts, np.uint64),
            np.frombuffer(builder.sessions, np.uint64),
            np.frombuffer(builder.orders, np.uint64),
            np.frombuffer(builder.characters, np.int32),
            np.frombuffer(builder.uniform, np.bool_),
            np.frombuffer(builder.labelled, np.bool_),
            builder.vectors,
        )

    def row(self, place: int) -> Row:
        block, at = divmod(place, _BLOCK)
        text, label, session, model, cost, tokens = _decompress(self.blocks[block])[at]
        time = int(self.times[place])
        return Row(
            text=text,
            label=label,
            task=self.names[self.tasks[place]],
            time=None if time == _UNTIMED else _EPOCH + time * _MICROSECOND,
            session=session,
            uniform=bool(self.uniform[place]),
            model=model,
            vector=self.vectors.get(place),
            cost=cost,
            tokens=tokens,
        )


class _ColumnsBuilder:
    """Builds the columns from rows."""

    def __init__(self) -> None:
        self.digests = bytearray()
        self.names: dict[str, int] = {}
        self.tasks, self.times = array("i"), array("q")
        self.texts, self.sessions = array("Q"), array("Q")
        self.orders = array("Q")
        self.characters = array("i")
        self.uniform, self.labelled = bytearray(), bytearray()
        self.vectors: dict[int, NDArray[np.float32]] = {}
        self._blocks: list[bytes] = []
        self._pending: list[tuple[str | float | None, ...]] = []

    def add(self, row: Row) -> None:
        if row.vector is not None:
            self.vectors[len(self.times)] = row.vector
        self.digests += row.digest
        self.tasks.append(self.names.setdefault(row.task, len(self.names)))
        self.times.append(microseconds(row.time))
        self.texts.append(int.from_bytes(row.name, "little"))
        self.sessions.append(_session(row.session) if row.session else 0)
        # Eight bytes of the hash are sufficient for the order.
        self.orders.append(int.from_bytes(row.place[:8], "big"))
        self.characters.append(min(len(row.text), MAX_CHARACTERS))
        self.uniform.append(row.uniform)
        self.labelled.append(row.label is not None)
        self._pending.append(
            (row.text, row.label, row.session, row.model, row.cost, row.tokens)
        )
        if len(self._pending) == _BLOCK:
            self._compress_block()

    def finish(self) -> list[bytes]:
        self._compress_block()
        return self._blocks

    def _compress_block(self) -> None:
        self._blocks.append(zstandard.compress(json.dumps(self._pending).encode()))
        self._pending = []


def microseconds(time: datetime | None) -> int:
    """Return microseconds since 1970; the smallest integer for no time."""
    return _UNTIMED if time is None else (time - _EPOCH) // _MICROSECOND


def _session(name: str) -> int:
    plain = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(plain, digest_size=8).digest(), "little") or 1


@lru_cache(maxsize=4)
def _decompress(block: bytes) -> list[Any]:
    found: list[Any] = json.loads(zstandard.decompress(block))
    return found
