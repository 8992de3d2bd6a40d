"""The traces that a command reads, and the lines that it skips."""

import sys
from collections.abc import Sequence
from typing import Any

from tracer_cli.optional_dependencies import import_optional
from tracer_cli.options import TraceOptions

__all__ = ["load_traces", "print_line_faults"]

_MAX_PRINTED = 20


def load_traces(source: TraceOptions) -> tuple[Any, Any]:
    """Return the traces and the encoders of a source.

    Raises:
        InputError: A file or line cannot be used; the message names it.
    """
    encoders = import_optional("tracer_bentos.training.fit.named_encoders", "train")
    rows = import_optional("tracer_bentos.training.run.load_rows", "train")
    named = encoders.parse_encoder_names(
        source.embedder, source.embedder_url, source.embedder_model
    )
    return rows.load_rows(source.traces, source.vectors), named


def print_line_faults(faults: Sequence[Any]) -> None:
    """Print the skipped lines and their faults on standard error."""
    for fault in faults[:_MAX_PRINTED]:
        print(f"skipped, cannot be read: {fault.text}", file=sys.stderr)
    if len(faults) > _MAX_PRINTED:
        more = len(faults) - _MAX_PRINTED
        print(f"skipped, cannot be read: {more} more lines", file=sys.stderr)
