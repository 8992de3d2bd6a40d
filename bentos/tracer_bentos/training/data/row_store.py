"""Many rows in little memory: columns of numbers, and texts compressed in blocks.

A million traces as objects take gigabytes; here a row takes about eighty bytes and its
compressed text, and is made anew when it is asked for. Nothing is written to disk.
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
"""Length of a row's own digest."""

_BLOCK = 512
"""Rows compressed together: small enough to be opened for one of them."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNTIMED = np.iinfo(np.int64).min


class RowStore:
    """Rows in some order; taking some of them shares everything."""

    def __init__(self, shelf: "_Block", places: NDArray[np.intp]) -> None:
        self._shelf = shelf
        self._places = places

    @classmethod
    def from_rows(cls, rows: Iterable[Row]) -> Self:
        """Keep rows, read one by one, in the order given."""
        shelf = _Block.from_rows(rows)
        return cls(shelf, np.arange(len(shelf.times)))

    def take(self, positions: NDArray[np.intp]) -> "RowStore":
        """Give some of the rows, or all of them in another order."""
        return RowStore(self._shelf, self._places[positions])

    def gather(self, positions: Iterable[int]) -> dict[int, Row]:
        """Give some rows by their position, each block opened once."""
        wanted = np.fromiter(positions, np.intp)
        stored = self._places[wanted]
        order = np.argsort(stored, kind="stable")
        rows = map(self._shelf.row, stored[order].tolist())
        return dict(zip(wanted[order].tolist(), rows, strict=True))

    def digests(self) -> Iterator[bytes]:
        """Give the digest of each row."""
        held = self._shelf.digests
        for place in self._places.tolist():
            yield bytes(held[place * _DIGEST_BYTES : (place + 1) * _DIGEST_BYTES])

    @property
    def uniform(self) -> NDArray[np.bool_]:
        """Tell which rows belong to the uniform sample of traffic."""
        return self._shelf.uniform[self._places]

    @property
    def labelled(self) -> NDArray[np.bool_]:
        """Tell which rows have a usable label."""
        return self._shelf.labelled[self._places]

    @property
    def timed(self) -> NDArray[np.bool_]:
        """Tell which rows say when they were received."""
        return np.asarray(self.times != _UNTIMED)

    @property
    def times(self) -> NDArray[np.int64]:
        """Give microseconds since 1970; the least number where no time is known."""
        return self._shelf.times[self._places]

    @property
    def tasks(self) -> tuple[list[str], NDArray[np.int32]]:
        """Give the names of the tasks and, for each row, the index of its own."""
        return self._shelf.names, self._shelf.tasks[self._places]

    @property
    def characters(self) -> NDArray[np.int32]:
        """Give how many characters of each text count."""
        return self._shelf.characters[self._places]

    @property
    def names(self) -> NDArray[np.uint64]:
        """Give what copies share: a hash of the text.

        Where two collide, their rows are held to be copies, which never makes a
        certificate less true.
        """
        return self._shelf.texts[self._places]

    @property
    def sessions(self) -> NDArray[np.uint64]:
        """Give what the rows of a session share; 0 where none is named."""
        return self._shelf.sessions[self._places]

    def ordered(self, *, timed: bool) -> "RowStore":
        """Give the rows oldest first, or by `Row.place`; equal ones by their digest."""
        first = self.times if timed else self._shelf.orders[self._places]
        digests = np.frombuffer(self._shelf.digests, ">u8").reshape(-1, 4)
        return self.take(np.lexsort((digests[self._places, 0], first)))

    @cached_property
    def groups(self) -> NDArray[np.intp]:
        """Give the group of each row, named by its first: copies and sessions share."""
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
        return self._shelf.row(int(self._places[at]))

    def __iter__(self) -> Iterator[Row]:
        return map(self._shelf.row, self._places.tolist())


@dataclass(frozen=True, slots=True)
class _Block:
    """All rows that were read, in the order they came."""

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
        filling = _BlockBuilder()
        for row in rows:
            filling.add(row)
        return cls(
            filling.closed(),
            filling.digests,
            list(filling.names),
            np.frombuffer(filling.tasks, np.int32),
            np.frombuffer(filling.times, np.int64),
            np.frombuffer(filling.texts, np.uint64),
            np.frombuffer(filling.sessions, np.uint64),
            np.frombuffer(filling.orders, np.uint64),
            np.frombuffer(filling.characters, np.int32),
            np.frombuffer(filling.uniform, np.bool_),
            np.frombuffer(filling.labelled, np.bool_),
            filling.vectors,
        )

    def row(self, place: int) -> Row:
        block, at = divmod(place, _BLOCK)
        text, label, session, model, cost, tokens = _opened(self.blocks[block])[at]
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


class _BlockBuilder:
    """A shelf while rows come in."""

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
        self._open: list[tuple[str | float | None, ...]] = []

    def add(self, row: Row) -> None:
        if row.vector is not None:
            self.vectors[len(self.times)] = row.vector
        self.digests += row.digest
        self.tasks.append(self.names.setdefault(row.task, len(self.names)))
        self.times.append(microseconds(row.time))
        self.texts.append(int.from_bytes(row.name, "little"))
        self.sessions.append(_session(row.session) if row.session else 0)
        # The first of its bytes order rows as all of them do.
        self.orders.append(int.from_bytes(row.place[:8], "big"))
        self.characters.append(min(len(row.text), MAX_CHARACTERS))
        self.uniform.append(row.uniform)
        self.labelled.append(row.label is not None)
        self._open.append(
            (row.text, row.label, row.session, row.model, row.cost, row.tokens)
        )
        if len(self._open) == _BLOCK:
            self._close()

    def closed(self) -> list[bytes]:
        self._close()
        return self._blocks

    def _close(self) -> None:
        self._blocks.append(zstandard.compress(json.dumps(self._open).encode()))
        self._open = []


def microseconds(time: datetime | None) -> int:
    """Give a time as rows keep it; the least number where none is known."""
    return _UNTIMED if time is None else (time - _EPOCH) // _MICROSECOND


def _session(name: str) -> int:
    plain = name.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(plain, digest_size=8).digest(), "little") or 1


@lru_cache(maxsize=4)
def _opened(block: bytes) -> list[Any]:
    found: list[Any] = json.loads(zstandard.decompress(block))
    return found
