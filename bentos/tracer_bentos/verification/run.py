"""One verification of files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracer_bentos.training.data.reader import LineFault
from tracer_bentos.verification.evidence import (
    open_bundle,
    read_certificate,
    read_traces,
)
from tracer_bentos.verification.statements import refuted
from tracer_bentos.verification.verdict import VerificationReport, verify_certificate
from tracer_core.errors import DocumentError

__all__ = ["VerifiedFiles", "verify_files"]


@dataclass(frozen=True, slots=True)
class VerifiedFiles:
    """The verdict, and what of the traces could not be read."""

    verdict: VerificationReport
    """Yes, or no and why."""
    faults: Sequence[LineFault] = ()
    """Lines that were left out, as by the attempt."""


def verify_files(
    certificate: Path,
    bundle: Path,
    traces: str,
    scratch: Path,
    vectors: Path | None = None,
) -> VerifiedFiles:
    """Verify a certificate with the bundle and the traces that it is about.

    Args:
        certificate: The certificate, or the result of a training attempt.
        bundle: A folder or an exported Bento.
        traces: A file, a folder, or the URL of a store.
        scratch: An empty folder to unpack in.
        vectors: Embeddings, row by row as the lines of the traces.

    Raises:
        InputError: One of them is not there, or is not what it should be.
        StoreError: The store did not answer.
    """
    said = read_certificate(certificate)
    found = read_traces(traces, said, vectors)
    try:
        predictor = open_bundle(bundle, scratch)
    except DocumentError as error:
        # A bundle that its own manifest contradicts is an answer, not a wrong call.
        broken = refuted("bundle", str(error))
        return VerifiedFiles(VerificationReport((broken,)), found.faults)
    return VerifiedFiles(verify_certificate(said, predictor, found.rows), found.faults)
