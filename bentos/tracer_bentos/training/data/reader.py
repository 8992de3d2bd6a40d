"""Reading traces line by line: what cannot be read is set aside by name, never lost.

A fault says where and why, never what the line held.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import zstandard
from pydantic import ValidationError
from typing_extensions import override

from tracer_core.contracts.traces import TraceRecord
from tracer_core.errors import InputError

__all__ = [
    "TRACE_ENDINGS",
    "LineFault",
    "numbered_lines",
    "open_traces",
    "read_lines",
    "read_segment",
    "trace_files",
    "unpacked",
]

_LONGEST_LINE = 1_000_000
_EXCHANGE = b'"request":'
"""A field of whole requests and responses; no trace of the data plane has it."""
TRACE_ENDINGS = (
    ".jsonl",
    ".jsonl.gz",
    ".jsonl.zst",
    ".json",
    ".json.gz",
    ".json.zst",
)
"""How the name of a file of traces may end."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """A line, or the rest of a file, that could not be read."""

    source: str
    """The segment or file."""
    line: int
    """Number of the line, from 1."""
    reason: str
    """Why, without any of its content."""

    @property
    def text(self) -> str:
        """Give it in one line, for people."""
        return f"{self.source}:{self.line}: {self.reason}"


def read_segment(
    content: bytes, source: str
) -> Iterator[tuple[int, TraceRecord | LineFault]]:
    """Read a sealed segment, as the data plane writes it, with numbers of lines."""
    return numbered_lines(_unzstd(io.BytesIO(content)), source)


def trace_files(path: Path) -> list[Path]:
    """Give the trace files that a path means: itself, or those below a folder.

    Raises:
        InputError: There is no such path, or no trace file in the folder.
    """
    if path.is_file():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.name.endswith(TRACE_ENDINGS))
    if not found:
        raise InputError(
            f"no traces at {path}: name a .jsonl, .jsonl.gz or .jsonl.zst file,"
            " or a folder of them"
        )
    return found


def open_traces(path: Path) -> BinaryIO:
    """Open a trace file, compressed or not, by its ending."""
    return unpacked(path.open("rb"), path.name)


def unpacked(stream: BinaryIO, name: str) -> BinaryIO:
    """Give what an open file holds, compressed or not, by the ending of its name."""
    if name.endswith(".gz"):
        return cast("BinaryIO", _Gzip(stream))
    return _unzstd(stream) if name.endswith(".zst") else stream


def read_lines(stream: BinaryIO, source: str) -> Iterator[TraceRecord | LineFault]:
    """Read the lines of an open trace file and close it; empty lines are skipped."""
    return (found for _, found in numbered_lines(stream, source))


def numbered_lines(
    stream: BinaryIO, source: str
) -> Iterator[tuple[int, TraceRecord | LineFault]]:
    """Do the same and give the number of each line, from 1."""
    number = 0
    with stream:
        try:
            while line := stream.readline(_LONGEST_LINE):
                number += 1
                if not line.endswith(b"\n") and len(line) == _LONGEST_LINE:
                    _skip_line(stream)
                    yield (
                        number,
                        LineFault(source, number, "longer than a trace may be"),
                    )
                elif line.strip():
                    yield number, _parse(line, source, number)
        except (zstandard.ZstdError, OSError, EOFError, zlib.error) as error:
            cause = f"the rest cannot be read: {type(error).__name__}"
            yield number + 1, LineFault(source, number + 1, cause)


def _parse(line: bytes, source: str, number: int) -> TraceRecord | LineFault:
    try:
        if _EXCHANGE in line:
            return _exchanged(line, source, number)
        return TraceRecord.model_validate_json(line)
    except ValidationError as error:
        # Neither the input nor the message of the JSON parser may repeat a prompt.
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        return LineFault(source, number, f"{where}: {first['msg']}")


def _exchanged(line: bytes, source: str, number: int) -> TraceRecord | LineFault:
    # Imported here: traces of the data plane, the usual case, need none of it.
    from tracer_bentos.training.data.request_logs import LoggedExchange, build_record  # noqa: PLC0415

    record = build_record(LoggedExchange.model_validate_json(line))
    return record or LineFault(source, number, "the request is none that can be learnt")


def _skip_line(stream: BinaryIO) -> None:
    while (rest := stream.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
        pass


class _Gzip(gzip.GzipFile):
    """Closes what it reads from as well."""

    def __init__(self, packed: BinaryIO) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    @override
    def close(self) -> None:
        super().close()
        self._packed.close()


def _unzstd(stream: BinaryIO) -> BinaryIO:
    reader = zstandard.ZstdDecompressor().stream_reader(
        stream, read_across_frames=True, closefd=True
    )
    return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", reader)))
