"""Verification of a certificate in files."""

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
    """The verdict, and the lines of the traces that could not be read."""

    verdict: VerificationReport
    """The statements and whether each was confirmed."""
    faults: Sequence[LineFault] = ()
    """Lines that were skipped, as in the attempt."""


def verify_files(
    certificate: Path,
    bundle: Path,
    traces: str,
    scratch: Path,
    vectors: Path | None = None,
) -> VerifiedFiles:
    """Verify a certificate with its bundle and its traces.

    Args:
        certificate: The certificate, or the result of a training attempt.
        bundle: A folder or an exported Bento.
        traces: A file, a folder, or the URL of a store.
        scratch: An empty folder for temporary files.
        vectors: File of embeddings: row i belongs to line i of the traces.

    Raises:
        InputError: An input is missing or has another format.
        StoreError: The store did not respond.
    """
    stated = read_certificate(certificate)
    evidence = read_traces(traces, stated, vectors)
    try:
        predictor = open_bundle(bundle, scratch)
    except DocumentError as error:
        # An invalid bundle is a result of the verification, not an input error.
        report = VerificationReport((refuted("bundle", str(error)),))
    else:
        report = verify_certificate(stated, predictor, evidence.rows)
    return VerifiedFiles(report, evidence.faults)
