"""Types of arguments and options that several commands share.

Imports nothing that is slow to import: `--help` imports this module.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "EmbedderFolder",
    "EmbedderModel",
    "EmbedderUrl",
    "Namespace",
    "OutputFormat",
    "OutputOption",
    "RouterName",
    "Seed",
    "TraceOptions",
    "TracesArgument",
    "VectorsOption",
    "parse_duration",
    "parse_percent",
]


class OutputFormat(StrEnum):
    """The format of standard output."""

    TEXT = "text"
    """Text for people."""
    JSON = "json"
    """One JSON document."""


RouterName = Annotated[str, typer.Argument(help="Name of the router.")]
Namespace = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        "-n",
        metavar="NAMESPACE",
        help="Namespace of the router. Default: the namespace of the kube context.",
    ),
]
OutputOption = Annotated[
    OutputFormat, typer.Option("--output", "-o", help="Format of the output.")
]
TracesArgument = Annotated[
    str,
    typer.Argument(
        help="Traces as JSONL: a file, also .gz or .zst, a folder of such files, or"
        " s3://BUCKET/PREFIX."
    ),
]
VectorsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.npy",
        help="Embeddings of the inputs: row i belongs to line i of the traces.",
    ),
]
EmbedderFolder = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="A sentence encoder: one .onnx file and its tokenizer.json.",
    ),
]
EmbedderUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="An OpenAI-compatible embeddings endpoint, including /v1. Its key is read"
        " from the file that TRACER_EMBEDDINGS_KEY_FILE names.",
    ),
]
EmbedderModel = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Embedding model of the endpoint."),
]
Seed = Annotated[
    int,
    typer.Option(
        metavar="N", help="Random seed; the same traces and seed give the same result."
    ),
]


@dataclass(frozen=True, slots=True)
class TraceOptions:
    """The traces of a command and the encoders of their inputs."""

    traces: str
    """File, folder, or URL of the traces."""
    vectors: Path | None
    """Array file with one embedding per trace."""
    embedder: Path | None
    """Folder of a sentence encoder."""
    embedder_url: str | None
    """URL of an embeddings endpoint."""
    embedder_model: str | None
    """Model of the embeddings endpoint."""


def parse_percent(text: str) -> float:
    """Return a percentage such as 95% as a fraction.

    Raises:
        BadParameter: The text is not a percentage.
    """
    from tracer_router.api import Percent  # noqa: PLC0415 - slow to import

    try:
        return Percent(text).fraction
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def parse_duration(text: str) -> timedelta:
    """Return a duration such as 90d.

    Raises:
        BadParameter: The text is not a duration.
    """
    from tracer_router.api import Duration  # noqa: PLC0415 - slow to import

    try:
        return Duration(text).span
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
