"""The inputs of `predict`: one a line, a text or a JSON object."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from tracer_bentos.training.data.reader import open_traces
from tracer_core.errors import InputError

__all__ = ["PredictInput", "open_inputs", "read_inputs"]

_LONGEST_LINE = 16_000_000
_MARK = b"\xef\xbb\xbf"
"""What some editors write before the first line of UTF-8."""


class PredictInput(NamedTuple):
    """One input, and where it stands."""

    text: str
    """The text."""
    vector: NDArray[np.float32] | None
    """The embedding that came with it, if any."""
    where: str
    """File and line, for people."""


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    input: str
    vector: list[float] | None = None


def open_inputs(path: Path) -> BinaryIO:
    """Open a file of inputs, compressed or not.

    Raises:
        InputError: It cannot be opened.
    """
    try:
        return open_traces(path)
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}: name a file with one input a line"
        ) from error


def read_inputs(stream: BinaryIO, source: str) -> Iterator[PredictInput]:
    r"""Give the input of every line, as soon as it is there; only \n ends a line.

    Raises:
        InputError: A line is neither a text nor such an object; says which and why.
    """
    number = 0
    while line := stream.readline(_LONGEST_LINE):
        number += 1
        if number == 1:
            line = line.removeprefix(_MARK)
        where = f"{source}:{number}"
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            raise InputError(f"{where}: longer than {_LONGEST_LINE:,} bytes: split it")
        content = line.removesuffix(b"\n").removesuffix(b"\r")
        yield _object(content, where) if content[:1] == b"{" else _text(content, where)


def _text(content: bytes, where: str) -> PredictInput:
    try:
        return PredictInput(content.decode(), None, where)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: byte {error.start + 1} is not UTF-8: save the file as UTF-8"
        ) from None


def _object(content: bytes, where: str) -> PredictInput:
    try:
        line = _Line.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the line"
        raise InputError(
            f"{where}: {field}: {first['msg']}: a line that begins with {{ must be a"
            ' JSON object {"input": TEXT}; a text that begins so must be in one'
        ) from None
    vector = None if line.vector is None else np.array(line.vector, np.float32)
    return PredictInput(line.input, vector, where)
