"""The audit rate, by phase and by the loss to detect."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.manifests import revision_manifest, router_manifest
from tracer_core.stats.sequential.drift_detector import audits_to_detect
from tracer_router.api import TracerRevision, TracerRouter
from tracer_router.planning.rollout.auditing import audit_rate, live_rate
from tracer_router.planning.rollout.drift_monitor import detector_threshold

BEGAN = datetime(2026, 11, 20, tzinfo=UTC)


def router(**audit: Any) -> TracerRouter:
    whole = {"live": "2%", "canary": "100%", **audit}
    return TracerRouter.model_validate(router_manifest(audit=whole))


def live(days: float, answered: int, audits: int) -> TracerRevision:
    """Return a revision that has been live for a number of days."""
    certificate = {
        "target": "95%",
        "confidence": "95%",
        "coverage": "60%",
        "attempt": 1,
        "level": "0.025",
        "n": 700,
        "k": 690,
        "m": 0,
    }
    counted = {
        "task": "t1",
        "answered": answered,
        "auditsAgreed": audits,
        "auditsAdmitted": audits,
    }
    now = BEGAN + timedelta(days=days)
    status = {
        "phase": "Live",
        "tasks": [{"fingerprint": "t1", "certificate": certificate}],
        "evidence": {"retired": {"tasks": [counted]}},
        "drift": {
            "began": BEGAN.isoformat(),
            "told": now.isoformat(),
            "detectors": [{"cell": "", "audits": audits}],
        },
    }
    return TracerRevision.model_validate(revision_manifest() | {"status": status})


AUTO = {"mode": "Auto", "detect": {"loss": "5%", "within": "24h"}}


def test_a_fixed_rate_is_the_one_of_the_spec() -> None:
    assert audit_rate(router(live="3%"), live(10, 100_000, 2_000)) == 0.03


def test_auto_starts_with_the_rate_of_the_spec() -> None:
    assert audit_rate(router(**AUTO), live(0.01, 100, 2)) == 0.02


def test_auto_audits_enough_to_detect_the_loss_in_time() -> None:
    revision = live(10, answered=500_000, audits=10_000)
    watch = revision.status.drift
    assert watch is not None
    needed = audits_to_detect(0.95, 0.10, detector_threshold(watch))
    assert needed / 50_000 <= audit_rate(router(**AUTO), revision) <= needed / 30_000
    reason = live_rate(router(**AUTO), revision, watch.told).reason
    assert reason == (
        f"{needed} audits detect a loss of 5%; about 50,000 surrogate answers in 24h"
    )


@given(answered=st.integers(0, 10**8), days=st.floats(0.1, 100))
def test_auto_is_always_a_rate(answered: int, days: float) -> None:
    rate = audit_rate(router(**AUTO), live(days, answered, answered // 50))
    assert 0 < rate <= 1


def test_a_smaller_loss_or_a_shorter_time_takes_more_audits() -> None:
    revision = live(10, answered=500_000, audits=10_000)
    rates = [
        audit_rate(
            router(mode="Auto", detect={"loss": loss, "within": within}), revision
        )
        for loss, within in (("10%", "48h"), ("10%", "24h"), ("5%", "24h"))
    ]
    assert rates == sorted(rates)
    assert len(set(rates)) == 3


def test_the_audit_rate_of_a_canary_decreases_with_its_weight() -> None:
    manifest = revision_manifest()
    rates = []
    for step in (0, 1, 2):
        status = {"phase": "Canary", "rolloutStep": step}
        revision = TracerRevision.model_validate(manifest | {"status": status})
        rates.append(audit_rate(router(), revision))
    assert rates == [1.0, pytest.approx(0.2), pytest.approx(0.05)]


def test_a_shadow_is_audited_always() -> None:
    status = {"phase": "Shadow"}
    revision = TracerRevision.model_validate(revision_manifest() | {"status": status})
    assert audit_rate(router(), revision) == 1.0
