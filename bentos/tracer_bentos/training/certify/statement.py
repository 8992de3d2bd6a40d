"""The claim of a certificate, as one complete paragraph, and its caveats."""

import math

from tracer_bentos.training.data.split import MAX_CERTIFY, RowSplit
from tracer_core.contracts.certificate import Certificate
from tracer_core.stats.sequential.e_values import audits_needed, rollback_log_e

__all__ = ["build_caveats", "build_statement"]


def build_statement(certificate: Certificate) -> str:
    """Return the claim of a certificate as text."""
    c = certificate
    return (
        f"Attempt {c.attempt} (level {c.level:.4g}; all attempts together at most"
        f" {c.budget:.4g}). On {c.n} sampled, session-independent requests"
        f" {_period(c)}, for task {c.task} in the mix then seen, {_teacher(c)},"
        f" redactor {c.rows.redaction}, {c.k} matched one fresh teacher answer;"
        f" missing or off-format answers ({c.m}) count as mismatches. The procedure"
        " issues a certificate for a policy whose agreement on such traffic"
        f" is below {c.target:.4g} with probability at most {c.level:.4g}. It is about"
        " all answered requests together, not each cell or customer, nor correctness;"
        f" {c.k}/{c.n} is a point estimate. It ends when task, teacher, redactor, cell"
        " set or policy changes. Later change is watched by audits at the router's"
        f" audit rate, which detect {_detection(c)}."
    )


def build_caveats(split: RowSplit, *, timed: bool, other_tasks: int) -> tuple[str, ...]:
    """Return the limits of the claim, one sentence each.

    Args:
        split: The TRAIN and certify rows.
        timed: Whether the traces record times.
        other_tasks: Number of excluded rows of other tasks.
    """
    found = ["Repeated texts count once, and so does a session."]
    if not timed:
        found.append(
            "The traces record no times: certify rows were drawn at random from them,"
            " so the claim is about traffic like the file, not about the future."
        )
    if other_tasks:
        found.append(f"{other_tasks} rows of other tasks were excluded.")
    return (*found, *_samples(split))


def _samples(split: RowSplit) -> list[str]:
    # Position and seed select these rows before labels are examined, so the claim is
    # unchanged.
    found = []
    if len(split.train) < split.train_pool:
        found.append(
            f"Of {split.train_pool} rows to train on, {len(split.train)} were used,"
            " spread evenly over them."
        )
    if len(split.certify) == MAX_CERTIFY < split.certify_pool:
        found.append(
            f"Of {split.certify_pool} rows to certify on, copies included,"
            f" {MAX_CERTIFY} were drawn at random."
        )
    return found


def _teacher(certificate: Certificate) -> str:
    if not certificate.teacher:
        return "teacher model not recorded"
    return "teacher " + ", ".join(certificate.teacher)


def _period(certificate: Certificate) -> str:
    first, last = certificate.received_from, certificate.received_to
    if first is None or last is None:
        return "received at times not recorded"
    return f"received from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def _detection(certificate: Certificate) -> str:
    allowed = 1 - certificate.target
    bound = -math.log(1 - certificate.confidence)
    needed = audits_needed(
        lambda z, n: rollback_log_e(z, n, certificate.target),
        0,
        0,
        min(2 * allowed, (1 + allowed) / 2),
        bound,
    )
    fall = f"a disagreement of {min(2 * allowed, (1 + allowed) / 2):.4g}"
    return f"{fall} in about {needed} audited answers"
