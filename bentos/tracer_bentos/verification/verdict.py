"""The verdict: whether a bundle and traces confirm a certificate."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tracer_bentos.bundle.bundle import BundlePredictor
from tracer_bentos.surrogate.surrogate import AcceptancePolicy
from tracer_bentos.training.certify.certificate_builder import (
    CertificationOutcome,
    build_certificate,
)
from tracer_bentos.training.certify.certify import run_fixed_sequence
from tracer_bentos.training.certify.provenance import code_identity
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import RowSet
from tracer_bentos.training.data.split import split_rows
from tracer_bentos.training.data.used_rows import decode_used_rows
from tracer_bentos.training.engine.engine import LocalEngine
from tracer_bentos.training.run.pipeline import sort_rows
from tracer_bentos.verification.statements import (
    VerifiedStatement,
    check_bundle,
    check_rows,
    check_terms,
    compare,
    refuted,
)
from tracer_core.contracts.certificate import Certificate
from tracer_core.contracts.document import sha256_digest
from tracer_core.errors import DocumentError

__all__ = ["VerificationReport", "verify_certificate"]


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """The statements of a certificate and whether each was confirmed."""

    statements: tuple[VerifiedStatement, ...]
    """The verified statements."""
    notes: tuple[str, ...] = ()
    """What a bundle and traces cannot confirm."""

    @property
    def holds(self) -> bool:
        """Whether every statement was confirmed."""
        return all(statement.holds for statement in self.statements)


def verify_certificate(
    certificate: Certificate, predictor: BundlePredictor, rows: RowSet
) -> VerificationReport:
    """Recompute every statement of a certificate and compare it."""
    first = check_bundle(certificate, predictor), check_rows(certificate, rows)
    try:
        terms = check_terms(certificate, predictor)
        # With impossible terms there is no test to repeat.
        compared = _recompute(certificate, predictor, rows) if terms.holds else ()
        rest = (terms, *compared)
    except (DocumentError, ValueError) as error:
        # No test is possible with these rows, this chain, or these terms.
        rest = (refuted("test", str(error)),)
    return VerificationReport((*first, *rest), tuple(_notes(certificate, predictor)))


def _recompute(
    certificate: Certificate, predictor: BundlePredictor, rows: RowSet
) -> Iterator[VerifiedStatement]:
    parameters = _parameters(certificate)
    rows = _mark_used(certificate, predictor, rows)
    ordered = sort_rows(rows)
    split = split_rows(
        ordered.rows,
        certificate.rows.share,
        parameters.seed,
        parameters.after,
        ordered.used,
    )
    gathered = ordered.rows.gather(split.certify)
    certify = [gathered[i] for i in split.certify]
    cells = predictor.surrogate.policy.open_cells
    policies = [AcceptancePolicy(step.threshold, cells) for step in certificate.chain]
    if not certify or not policies:
        raise DocumentError("no certify rows, or no chain of thresholds")
    declared = (predictor.surrogate, policies)
    run = run_fixed_sequence(parameters, certify, declared, LocalEngine())
    if run.result.passed is None:
        yield refuted("chain", run.refusal(parameters))
        return
    served = replace(predictor.surrogate, policy=policies[run.result.passed])
    tested = CertificationOutcome(
        served, predictor.model, rows, split, certificate.rows.share, run
    )
    yield from compare(certificate, build_certificate(parameters, tested))


def _parameters(certificate: Certificate) -> AttemptParameters:
    return AttemptParameters(
        attempt=certificate.attempt,
        target=certificate.target,
        confidence=certificate.confidence,
        level=certificate.level,
        minimum=1,
        seed=certificate.seed,
        redaction=certificate.rows.redaction,
        until=certificate.rows.until,
        after=certificate.rows.after,
        budget=certificate.budget,
        strict=certificate.strict,
    )


def _mark_used(
    certificate: Certificate, predictor: BundlePredictor, rows: RowSet
) -> RowSet:
    stated, used = certificate.rows.seen, predictor.seen
    if stated != (None if used is None else sha256_digest(used)):
        raise DocumentError("the list of used rows in the bundle has another digest")
    if used is None:
        return rows
    return replace(rows, used=decode_used_rows(used, len(rows.rows)))


def _notes(certificate: Certificate, predictor: BundlePredictor) -> Iterator[str]:
    yield (
        f"not verified: that this was attempt {certificate.attempt}, with its terms"
        " fixed before the rows were examined; only the ledger of the fit shows this"
    )
    written, own = certificate.code, code_identity()
    if written != own:
        yield (
            f"written by version {written.version} with algorithm"
            f" {written.algorithm}, verified by version {own.version} with algorithm"
            f" {own.algorithm}"
        )
    if not predictor.surrogate.deterministic:
        yield (
            "the bundle uses a transformer or an endpoint, whose last digits differ"
            " between machines; a row close to a threshold can be decided differently"
        )
