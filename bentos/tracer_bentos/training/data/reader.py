"""Reads traces line by line, and reports each line that cannot be read.

A fault states the line and the reason, never the content of the line.
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
    "decompressed",
    "numbered_lines",
    "open_traces",
    "read_lines",
    "read_segment",
    "trace_files",
]

_MAX_LINE_BYTES = 1_000_000
_TOO_LONG = f"the line must have at most {_MAX_LINE_BYTES:,} bytes"
_LOG_FIELD = b'"request":'
"""A field of logs of whole requests; no trace of the data plane has it."""
TRACE_ENDINGS = (
    ".jsonl",
    ".jsonl.gz",
    ".jsonl.zst",
    ".json",
    ".json.gz",
    ".json.zst",
)
"""Endings of the names of trace files."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """A line, or the rest of a file, that cannot be read."""

    source: str
    """The segment or file."""
    line: int
    """Number of the line, from 1."""
    reason: str
    """The reason, without content of the line."""

    @property
    def text(self) -> str:
        """The fault in one line."""
        return f"{self.source}:{self.line}: {self.reason}"


def read_segment(
    content: bytes, source: str
) -> Iterator[tuple[int, TraceRecord | LineFault]]:
    """Read a sealed segment of the data plane; yield line numbers and traces."""
    return numbered_lines(_decompressed_zstd(io.BytesIO(content)), source)


def trace_files(path: Path) -> list[Path]:
    """Return the trace files of a path: the file itself, or those below a folder.

    Raises:
        InputError: The path does not exist, or the folder has no trace file.
    """
    if path.is_file():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.name.endswith(TRACE_ENDINGS))
    if not found:
        raise InputError(
            f"no traces at {path}; set the path of a .jsonl, .jsonl.gz, or .jsonl.zst"
            " file, or of a folder of such files"
        )
    return found


def open_traces(path: Path) -> BinaryIO:
    """Open a trace file; the ending of its name states the compression."""
    return decompressed(path.open("rb"), path.name)


def decompressed(stream: BinaryIO, name: str) -> BinaryIO:
    """Return the decompressed stream of an open file, by the ending of its name."""
    if name.endswith(".gz"):
        return cast("BinaryIO", _Gzip(stream))
    return _decompressed_zstd(stream) if name.endswith(".zst") else stream


def read_lines(stream: BinaryIO, source: str) -> Iterator[TraceRecord | LineFault]:
    """Yield the traces of an open file, and close it; empty lines are skipped."""
    return (found for _, found in numbered_lines(stream, source))


def numbered_lines(
    stream: BinaryIO, source: str
) -> Iterator[tuple[int, TraceRecord | LineFault]]:
    """Yield line numbers, from 1, and traces of an open file, and close it."""
    number = 0
    with stream:
        try:
            while line := stream.readline(_MAX_LINE_BYTES):
                number += 1
                if not line.endswith(b"\n") and len(line) == _MAX_LINE_BYTES:
                    _skip_line(stream)
                    yield (
                        number,
                        LineFault(source, number, _TOO_LONG),
                    )
                elif line.strip():
                    yield number, _parse(line, source, number)
        except (zstandard.ZstdError, OSError, EOFError, zlib.error) as error:
            cause = f"the rest of the file cannot be read: {type(error).__name__}"
            yield number + 1, LineFault(source, number + 1, cause)


def _parse(line: bytes, source: str, number: int) -> TraceRecord | LineFault:
    try:
        if _LOG_FIELD in line:
            return _parse_log_line(line, source, number)
        return TraceRecord.model_validate_json(line)
    except ValidationError as error:
        # The fault must not include the input: it can contain a prompt.
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        return LineFault(source, number, f"{where}: {first['msg']}")


def _parse_log_line(line: bytes, source: str, number: int) -> TraceRecord | LineFault:
    # Imported here, because traces of the data plane, the usual case, do not need it.
    from tracer_bentos.training.data.request_logs import LoggedExchange, build_record  # noqa: PLC0415

    record = build_record(LoggedExchange.model_validate_json(line))
    return record or LineFault(source, number, "the request cannot be classified")


def _skip_line(stream: BinaryIO) -> None:
    while (rest := stream.readline(_MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


class _Gzip(gzip.GzipFile):
    """A gzip reader that also closes the file that it reads."""

    def __init__(self, compressed: BinaryIO) -> None:
        super().__init__(fileobj=compressed, mode="rb")
        self._compressed = compressed

    @override
    def close(self) -> None:
        super().close()
        self._compressed.close()


def _decompressed_zstd(stream: BinaryIO) -> BinaryIO:
    reader = zstandard.ZstdDecompressor().stream_reader(
        stream, read_across_frames=True, closefd=True
    )
    return cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", reader)))
