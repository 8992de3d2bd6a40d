"""The statements of a certificate, compared with recomputed statements."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from tracer_bentos.bundle.bundle import BundlePredictor
from tracer_bentos.training.data.rows import RowSet
from tracer_bentos.training.data.split import NARROW, WIDE
from tracer_core.contracts.certificate import Certificate
from tracer_core.contracts.document import Document
from tracer_core.errors import DocumentError
from tracer_core.stats.certificate.attempt_levels import attempt_level

__all__ = [
    "COMPARED",
    "VerifiedStatement",
    "check_bundle",
    "check_rows",
    "check_terms",
    "compare",
    "confirmed",
    "refuted",
]

COMPARED: Final = {
    "certify rows": ("certify_rows", "train_rows", "received_from", "received_to"),
    "chain": ("chain", "steps", "p_value", "threshold"),
    "counts": ("n", "k", "m"),
    "coverage": ("coverage", "coverage_low", "coverage_high", "coverage_level"),
    "cells": ("cells", "cells_unnamed", "badges"),
    "teacher": ("teacher", "ceiling"),
    "surrogate": ("labels", "model"),
    "sentence": ("sentence", "caveats"),
}
"""By statement, the certificate fields that are recomputed."""

_MAX_VALUE = 160
"""Characters of a value in a message."""
_CONTEXT = 20
"""Characters in a message before the first difference."""
_TOLERANCE = 1e-9
"""Relative tolerance of real numbers."""


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """One statement of a certificate and its verification."""

    name: str
    """Name of the statement."""
    holds: bool
    """Whether the traces and the bundle confirm the statement."""
    detail: str
    """The computed values and, if they differ, the stated values."""


def confirmed(name: str, detail: str) -> VerifiedStatement:
    """Return a statement that was confirmed."""
    return VerifiedStatement(name, holds=True, detail=detail)


def refuted(name: str, detail: str) -> VerifiedStatement:
    """Return a statement that was refuted."""
    return VerifiedStatement(name, holds=False, detail=detail)


def check_bundle(
    certificate: Certificate, predictor: BundlePredictor
) -> VerifiedStatement:
    """Verify that the bundle is that of the certificate and passes its self-check."""
    if certificate != predictor.certificate:
        difference = _first_difference(certificate, predictor.certificate)
        return refuted("bundle", f"contains another certificate: {difference}")
    if certificate.model != predictor.model:
        return refuted(
            "bundle",
            f"stated digest {certificate.model}, computed {predictor.model}",
        )
    threshold = predictor.surrogate.policy.threshold
    if threshold != certificate.threshold:
        return refuted(
            "bundle",
            f"stated threshold {certificate.threshold!r}, found {threshold!r}",
        )
    try:
        predictor.verify_golden()
    except DocumentError as error:
        return refuted("bundle", str(error))
    return confirmed("bundle", predictor.manifest.digest)


def check_terms(
    certificate: Certificate, predictor: BundlePredictor
) -> VerifiedStatement:
    """Verify that an attempt can have the stated terms."""
    c, delta = certificate, 1 - certificate.confidence
    least = attempt_level(c.attempt, delta)
    most = attempt_level(c.attempt, delta, range(1, c.attempt))
    terms = f"attempt {c.attempt} at level {c.level:.4g}"
    if not least * (1 - _TOLERANCE) <= c.level <= most * (1 + _TOLERANCE):
        limits = f"the level must be between {least:.4g} and {most:.4g}"
        return refuted("terms", f"{terms}; {limits}")
    if c.budget < delta or c.rows.share not in {NARROW, WIDE}:
        return refuted("terms", f"{terms}; no attempt has this budget or share")
    manifest = predictor.manifest
    if (manifest.task, manifest.redaction) != (c.task, c.rows.redaction):
        return refuted("terms", "task or redactor differs from those of the bundle")
    return confirmed("terms", terms)


def check_rows(certificate: Certificate, rows: RowSet) -> VerifiedStatement:
    """Verify that the traces are those of the attempt."""
    stated, count = certificate.rows, len(rows.rows)
    found = f"{count} of task {rows.task}, {rows.digest}"
    if (count, rows.digest) != (stated.count, stated.digest):
        return refuted("rows", f"stated {stated.count}, {stated.digest}; found {found}")
    return confirmed("rows", found)


def compare(stated: Certificate, computed: Certificate) -> Iterator[VerifiedStatement]:
    """Yield the comparison of each statement with the recomputed certificate."""
    for name, fields in COMPARED.items():
        differences = [
            _difference(field, stated, computed)
            for field in fields
            if not _equal(getattr(stated, field), getattr(computed, field))
        ]
        pair = stated.rows.certify, computed.rows.certify
        if name == "certify rows" and pair[0] != pair[1]:
            differences.append(f"stated {pair[0]}, computed {pair[1]}")
        if differences:
            yield refuted(name, "; ".join(differences))
        else:
            yield confirmed(name, _SUMMARIES[name](computed))


def _equal(one: object, other: object) -> bool:
    # Counts and decisions must be equal to the last bit. A tail probability can differ
    # in its last digits with another release of a library.
    if isinstance(one, Document) and isinstance(other, Document):
        return _equal(
            tuple(one.model_dump().items()), tuple(other.model_dump().items())
        )
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_TOLERANCE)
    return one == other


def _chain(found: Certificate) -> str:
    steps = f"{found.steps} of {len(found.chain)} steps passed"
    return f"{steps}, p = {found.p_value:.3g} at the last step"


def _coverage(found: Certificate) -> str:
    ends = f"{found.coverage_low:.3f} to {found.coverage_high:.3f}"
    return f"{found.coverage:.3f}, {ends}"


_SUMMARIES: Final[Mapping[str, Callable[[Certificate], str]]] = {
    "certify rows": lambda c: f"{c.certify_rows} and {c.train_rows} training rows",
    "chain": _chain,
    "counts": lambda c: f"k = {c.k} of n = {c.n}, {c.m} missing",
    "coverage": _coverage,
    "cells": lambda c: f"{len(c.cells)}, {sum(x.badge for x in c.cells)} with a badge",
    "teacher": lambda c: ", ".join(c.teacher) or "not recorded",
    "surrogate": lambda c: c.model,
    "sentence": lambda _: "identical",
}


def _difference(field: str, stated: Certificate, computed: Certificate) -> str:
    one, other = getattr(stated, field), getattr(computed, field)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return _item_difference(field, one, other)
    if isinstance(one, str) and isinstance(other, str):
        pairs = zip(one, other, strict=False)
        equal = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        start = max(equal - _CONTEXT, 0)
        one, other = one[start:], other[start:]
    return f"{field}: stated {_shorten(one)}, computed {_shorten(other)}"


def _item_difference(
    field: str, stated: tuple[object, ...], computed: tuple[object, ...]
) -> str:
    for number, (one, other) in enumerate(zip(stated, computed, strict=False), start=1):
        if not _equal(one, other):
            return (
                f"{field}, item {number}: stated {_shorten(one)}, computed"
                f" {_shorten(other)}"
            )
    return f"{field}: stated {len(stated)} items, computed {len(computed)}"


def _first_difference(stated: Certificate, found: Certificate) -> str:
    fields = (
        field
        for field in type(stated).model_fields
        if getattr(stated, field) != getattr(found, field)
    )
    return _difference(next(fields), stated, found)


def _shorten(value: object) -> str:
    text = str(value)
    return text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}..."
