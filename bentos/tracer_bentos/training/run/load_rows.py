"""Reads the rows of trace files and stores for the offline commands."""

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
    """The rows that were read."""

    rows: RowSet
    """The rows of the dominant task."""
    faults: tuple[LineFault, ...]
    """Lines that cannot be read."""
    dimensions: int | None
    """Length of the vectors of the rows; none without vectors."""


def load_rows(source: str, vectors: Path | None = None) -> LoadedRows:
    """Read traces from a path or a URL.

    Args:
        source: A file, a folder, or the URL of a store.
        vectors: A file of embeddings, one row for each line of the traces.

    Raises:
        InputError: There are no traces, or the vectors do not match them.
        StoreError: The store did not answer.
    """
    precomputed = None if vectors is None else open_vectors(vectors)
    reader = _RowReader(precomputed)
    rows = select_rows(reader.rows(source))
    if reader.faults and not rows.rows:
        raise InputError(
            f"{reader.faults[0].text}; no line is a trace, for example"
            ' {"input": TEXT, "teacher": LABEL}'
        )
    if precomputed is not None:
        precomputed.require_row_count(reader.lines, source)
    return LoadedRows(rows, tuple(reader.faults), reader.dimensions)


class _RowReader:
    def __init__(self, precomputed: PrecomputedVectors | None) -> None:
        self.faults: list[LineFault] = []
        self.lines = 0
        self.dimensions: int | None = None
        self._precomputed = precomputed
        self._first = True

    def rows(self, source: str) -> Iterator[Row]:
        redactor = StandardRedactor()
        for source_file in find_sources(source):
            for number, found in served_lines(
                source_file.open(), source_file.name, redactor
            ):
                self.lines += 1
                if isinstance(found, LineFault):
                    self.faults.append(found)
                else:
                    row = build_row(found, source_file.sealed, unmarked=True)
                    yield self._with_vector(row, f"{source_file.name}:{number}")

    def _with_vector(self, row: Row, where: str) -> Row:
        if self._precomputed is not None:
            row = replace(row, vector=self._precomputed.row(self.lines - 1, where))
        length = None if row.vector is None else len(row.vector)
        if self._first:
            self.dimensions, self._first = length, False
        elif length != self.dimensions:
            raise InputError(
                f"{where}: {_describe(length)}, but the first trace"
                f" {_describe(self.dimensions)}; all traces must have vectors of the"
                " same length, or none"
            )
        return row


def _describe(length: int | None) -> str:
    return "has no vector" if length is None else f"has a vector of {length} numbers"
