"""Whether a certificate follows from a bundle and traces."""

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
    """Yes, or no and why."""

    statements: tuple[VerifiedStatement, ...]
    """What was checked."""
    notes: tuple[str, ...] = ()
    """What traces and bundle cannot tell."""

    @property
    def holds(self) -> bool:
        """Tell whether every statement follows."""
        return all(each.holds for each in self.statements)


def verify_certificate(
    certificate: Certificate, predictor: BundlePredictor, rows: RowSet
) -> VerificationReport:
    """Work out every statement of a certificate again."""
    first = check_bundle(certificate, predictor), check_rows(certificate, rows)
    try:
        terms = check_terms(certificate, predictor)
        # With terms that no attempt has there is no test to repeat.
        again = _recompute(certificate, predictor, rows) if terms.holds else ()
        rest = (terms, *again)
    except (DocumentError, ValueError) as error:
        # The rows, the chain or the terms are such that no test could be made of them.
        rest = (refuted("test", str(error)),)
    return VerificationReport((*first, *rest), tuple(_notes(certificate, predictor)))


def _recompute(
    certificate: Certificate, predictor: BundlePredictor, rows: RowSet
) -> Iterator[VerifiedStatement]:
    question = _question(certificate)
    rows = _with_seen(certificate, predictor, rows)
    ordered = sort_rows(rows)
    split = split_rows(
        ordered.rows,
        certificate.rows.share,
        question.seed,
        question.after,
        ordered.seen,
    )
    held = ordered.rows.gather(split.certify)
    certify = [held[i] for i in split.certify]
    cells = predictor.surrogate.policy.open_cells
    policies = [AcceptancePolicy(step.threshold, cells) for step in certificate.chain]
    if not certify or not policies:
        raise DocumentError("no certify rows, or no chain to test on them")
    declared = (predictor.surrogate, policies)
    walk = run_fixed_sequence(question, certify, declared, LocalEngine())
    if walk.result.passed is None:
        yield refuted("chain", walk.refusal(question))
        return
    served = replace(predictor.surrogate, policy=policies[walk.result.passed])
    tested = CertificationOutcome(
        served, predictor.model, rows, split, certificate.rows.share, walk
    )
    yield from compare(certificate, build_certificate(question, tested))


def _question(certificate: Certificate) -> AttemptParameters:
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


def _with_seen(
    certificate: Certificate, predictor: BundlePredictor, rows: RowSet
) -> RowSet:
    said, held = certificate.rows.seen, predictor.seen
    if said != (None if held is None else sha256_digest(held)):
        raise DocumentError("the bundle's list of rows seen before is another one")
    if held is None:
        return rows
    return replace(rows, seen=decode_used_rows(held, len(rows.rows)))


def _notes(certificate: Certificate, predictor: BundlePredictor) -> Iterator[str]:
    yield (
        f"not checked: that this was attempt {certificate.attempt}, and its terms fixed"
        " before the rows were seen; that rests on the ledger of whoever fitted"
    )
    if (made := certificate.code) != code_identity():
        yield (
            f"made by version {made.version} with algorithm {made.algorithm}, verified"
            f" by version {code_identity().version} with algorithm"
            f" {code_identity().algorithm}"
        )
    if not predictor.surrogate.deterministic:
        yield (
            "the bundle asks a transformer or an endpoint, whose last digits differ"
            " between machines: a row next to a threshold may be counted otherwise here"
        )
