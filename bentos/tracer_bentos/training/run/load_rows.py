"""The rows of a person's traces, for the offline verbs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tracer_bentos.redaction.standard import StandardRedactor
from tracer_bentos.training.data.reader import LineFault
from tracer_bentos.training.data.redaction_filter import served_lines
from tracer_bentos.training.data.rows import Row, RowSet, build_row, select_rows
from tracer_bentos.training.data.sources import find_sources
from tracer_bentos.training.data.vectors import PrecomputedVectors, open_vectors
from tracer_core.errors import InputError

__all__ = ["LoadedRows", "load_rows"]


@dataclass(frozen=True, slots=True)
class LoadedRows:
    """What was read."""

    rows: RowSet
    """The rows of the task with the most of them."""
    faults: tuple[LineFault, ...]
    """Lines that were left out."""
    dimensions: int | None
    """Length of the vectors that came with the rows, if any did."""


def load_rows(named: str, vectors: Path | None = None) -> LoadedRows:
    """Read traces from a path or a URL.

    Args:
        named: A file, a folder, or the URL of a store.
        vectors: A file of embeddings, row by row as the lines of the traces.

    Raises:
        InputError: There are no traces, or the vectors do not belong to them.
        StoreError: The store did not answer.
    """
    beside = None if vectors is None else open_vectors(vectors)
    reading = _Reading(beside)
    rows = select_rows(reading.rows(named))
    if reading.faults and not rows.rows:
        raise InputError(
            f"{reading.faults[0].text}: no line is a trace; one is"
            ' {"input": TEXT, "teacher": LABEL}'
        )
    if beside is not None:
        beside.expect(reading.lines, named)
    return LoadedRows(rows, tuple(reading.faults), reading.dimensions)


class _Reading:
    def __init__(self, beside: PrecomputedVectors | None) -> None:
        self.faults: list[LineFault] = []
        self.lines = 0
        self.dimensions: int | None = None
        self._beside = beside
        self._first = True

    def rows(self, named: str) -> Iterator[Row]:
        redactor = StandardRedactor()
        for source in find_sources(named):
            for number, found in served_lines(source.open(), source.name, redactor):
                self.lines += 1
                if isinstance(found, LineFault):
                    self.faults.append(found)
                else:
                    row = build_row(found, source.sealed, unmarked=True)
                    yield self._embedded(row, f"{source.name}:{number}")

    def _embedded(self, row: Row, where: str) -> Row:
        if self._beside is not None:
            row = replace(row, vector=self._beside.row(self.lines - 1, where))
        length = None if row.vector is None else len(row.vector)
        if self._first:
            self.dimensions, self._first = length, False
        elif length != self.dimensions:
            raise InputError(
                f"{where}: {_said(length)}, the first trace {_said(self.dimensions)}:"
                " give every trace a vector of one model, or none"
            )
        return row


def _said(length: int | None) -> str:
    return "has no vector" if length is None else f"has a vector of {length} numbers"
