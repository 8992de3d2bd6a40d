"""The inputs of `predict`: one per line, a text or a JSON object."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from tracer_bentos.training.data.reader import open_traces
from tracer_core.errors import InputError

__all__ = ["PredictInput", "open_inputs", "read_inputs"]

_MAX_LINE_BYTES = 16_000_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some editors write it before the first line of a UTF-8 file."""


class PredictInput(NamedTuple):
    """One input and its position."""

    text: str
    """The text."""
    vector: NDArray[np.float32] | None
    """The embedding that came with it, if any."""
    where: str
    """File and line, for messages."""


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    input: str
    vector: list[float] | None = None


def open_inputs(path: Path) -> BinaryIO:
    """Open a file of inputs, compressed or not.

    Raises:
        InputError: The file cannot be opened.
    """
    try:
        return open_traces(path)
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}; name a file with one input per line"
        ) from error


def read_inputs(stream: BinaryIO, source: str) -> Iterator[PredictInput]:
    r"""Yield the input of each line as soon as it arrives; only \n ends a line.

    Args:
        stream: The lines.
        source: Name of the stream, for messages.

    Raises:
        InputError: A line is neither a text nor a JSON object with an input; names the
            line and the cause.
    """
    number = 0
    while line := stream.readline(_MAX_LINE_BYTES):
        number += 1
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        where = f"{source}:{number}"
        if len(line) == _MAX_LINE_BYTES and not line.endswith(b"\n"):
            raise InputError(
                f"{where}: the line must not exceed {_MAX_LINE_BYTES:,} bytes; split it"
            )
        content = line.removesuffix(b"\n").removesuffix(b"\r")
        parse = _parse_object if content[:1] == b"{" else _parse_text
        yield parse(content, where)


def _parse_text(content: bytes, where: str) -> PredictInput:
    try:
        return PredictInput(content.decode(), None, where)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: byte {error.start + 1} is not UTF-8; save the file as UTF-8"
        ) from None


def _parse_object(content: bytes, where: str) -> PredictInput:
    try:
        line = _Line.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the line"
        raise InputError(
            f"{where}: {field}: {first['msg']}; a line that begins with {{ must be a"
            ' JSON object {"input": TEXT}, even if the text itself begins with {'
        ) from None
    vector = None if line.vector is None else np.array(line.vector, np.float32)
    return PredictInput(line.input, vector, where)
