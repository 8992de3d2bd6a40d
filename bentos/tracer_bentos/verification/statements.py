"""The statements of a certificate, each compared with what the data say."""

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
from tracer_core.stats.certificate.ledger import attempt_level

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
"""By statement, the fields that are worked out again."""

_LONGEST = 160
_BEFORE = 20
"""Characters shown before those that differ."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """One statement, and whether it follows."""

    name: str
    """What it is about."""
    holds: bool
    """Whether it follows from the traces and the bundle."""
    detail: str
    """What was found; where it does not hold, what was said as well."""


def confirmed(name: str, detail: str) -> VerifiedStatement:
    """Give a statement that follows."""
    return VerifiedStatement(name, holds=True, detail=detail)


def refuted(name: str, detail: str) -> VerifiedStatement:
    """Give a statement that does not follow."""
    return VerifiedStatement(name, holds=False, detail=detail)


def check_bundle(
    certificate: Certificate, predictor: BundlePredictor
) -> VerifiedStatement:
    """Tell whether the bundle is the one that the certificate is about."""
    if certificate != predictor.certificate:
        told = _first_difference(certificate, predictor.certificate)
        return refuted("bundle", f"it holds another certificate: {told}")
    if certificate.model != predictor.model:
        told = f"its files are {predictor.model}, said {certificate.model}"
        return refuted("bundle", told)
    if predictor.surrogate.policy.threshold != certificate.threshold:
        told = f"it answers from {predictor.surrogate.policy.threshold!r} on"
        return refuted("bundle", f"{told}, said {certificate.threshold!r}")
    try:
        predictor.verify_golden()
    except DocumentError as error:
        return refuted("bundle", str(error))
    return confirmed("bundle", predictor.manifest.digest)


def check_terms(
    certificate: Certificate, predictor: BundlePredictor
) -> VerifiedStatement:
    """Tell whether the terms are such as an attempt can have."""
    c, delta = certificate, 1 - certificate.confidence
    least = attempt_level(c.attempt, delta)
    most = attempt_level(c.attempt, delta, range(1, c.attempt))
    told = f"attempt {c.attempt} at level {c.level:.4g}"
    if not least * (1 - _ROUNDING) <= c.level <= most * (1 + _ROUNDING):
        told += f": such an attempt has {least:.4g} to {most:.4g}"
        return refuted("terms", told)
    if c.budget < delta or c.rows.share not in {NARROW, WIDE}:
        return refuted("terms", f"{told}: no attempt has such terms")
    manifest = predictor.manifest
    if (manifest.task, manifest.redaction) != (c.task, c.rows.redaction):
        return refuted("terms", "task and redactor are not the bundle's")
    return confirmed("terms", told)


def check_rows(certificate: Certificate, rows: RowSet) -> VerifiedStatement:
    """Tell whether the traces are those of the attempt."""
    said, found = certificate.rows, (len(rows.rows), rows.digest)
    if found != (said.count, said.digest):
        told = f"{found[0]} of task {rows.task}, {found[1]};"
        return refuted("rows", f"{told} said {said.count}, {said.digest}")
    return confirmed("rows", f"{said.count} of task {rows.task}, {said.digest}")


def compare(said: Certificate, found: Certificate) -> Iterator[VerifiedStatement]:
    """Compare what was said with what was worked out, statement by statement."""
    for name, fields in COMPARED.items():
        wrong = [
            _difference(each, said, found)
            for each in fields
            if not _same(getattr(said, each), getattr(found, each))
        ]
        if name == "certify rows" and said.rows.certify != found.rows.certify:
            wrong.append(f"said {said.rows.certify}, found {found.rows.certify}")
        if wrong:
            yield refuted(name, "; ".join(wrong))
        else:
            yield confirmed(name, _FIGURES[name](found))


def _same(one: object, other: object) -> bool:
    # Counts and decisions are equal to the last bit; a tail probability need not be,
    # where another release of a library sums it.
    if isinstance(one, Document) and isinstance(other, Document):
        return _same(tuple(one.model_dump().items()), tuple(other.model_dump().items()))
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=_ROUNDING)
    return one == other


def _chain(found: Certificate) -> str:
    steps = f"{found.steps} of {len(found.chain)} steps passed"
    return f"{steps}, p = {found.p_value:.3g} at the last of them"


def _coverage(found: Certificate) -> str:
    ends = f"{found.coverage_low:.3f} to {found.coverage_high:.3f}"
    return f"{found.coverage:.3f}, {ends}"


_FIGURES: Final[Mapping[str, Callable[[Certificate], str]]] = {
    "certify rows": lambda c: f"{c.certify_rows}, and {c.train_rows} to train on",
    "chain": _chain,
    "counts": lambda c: f"k = {c.k} of n = {c.n}, {c.m} missing",
    "coverage": _coverage,
    "cells": lambda c: f"{len(c.cells)}, {sum(x.badge for x in c.cells)} with a badge",
    "teacher": lambda c: ", ".join(c.teacher) or "not recorded",
    "surrogate": lambda c: c.model,
    "sentence": lambda _: "word for word",
}


def _difference(field: str, said: Certificate, found: Certificate) -> str:
    one, other = getattr(said, field), getattr(found, field)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return _first_item(field, one, other)
    if isinstance(one, str) and isinstance(other, str):
        pairs = zip(one, other, strict=False)
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        start = max(alike - _BEFORE, 0)
        one, other = one[start:], other[start:]
    return f"{field}: said {_short(one)}, found {_short(other)}"


def _first_item(field: str, said: tuple[object, ...], found: tuple[object, ...]) -> str:
    for at, (one, other) in enumerate(zip(said, found, strict=False), start=1):
        if not _same(one, other):
            return f"{field}, number {at}: said {_short(one)}, found {_short(other)}"
    return f"{field}: said {len(said)} of them, found {len(found)}"


def _first_difference(said: Certificate, found: Certificate) -> str:
    fields = (
        f for f in type(said).model_fields if getattr(said, f) != getattr(found, f)
    )
    return _difference(next(fields), said, found)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
