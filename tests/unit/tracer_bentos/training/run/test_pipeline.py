"""Training and certification: certificates, and refusals with their reasons."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from support.ticket_traces import BEGIN, ticket_rows
from tracer_bentos.bundle.bundle import write_bundle
from tracer_bentos.surrogate.base.sample import FeatureSample
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.rows import Row, select_rows
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import TrainingResult, train

PARAMETERS = AttemptParameters(
    attempt=1, target=0.9, confidence=0.95, level=0.025, minimum=300, seed=7
)


def fit(
    rows: Sequence[Row], parameters: AttemptParameters = PARAMETERS
) -> TrainingResult:
    return train(parameters, select_rows(rows), local_training_context())


@pytest.fixture(scope="module")
def certified() -> TrainingResult:
    return fit(ticket_rows(600))


def test_easy_tickets_are_certified_nearly_completely(
    certified: TrainingResult,
) -> None:
    certificate = certified.certificate
    assert certificate is not None
    assert (certificate.certify_rows, certificate.train_rows, certificate.m) == (
        162,
        438,
        0,
    )
    assert certificate.coverage > 0.9
    assert certificate.p_value <= certificate.level == 0.025
    assert sum(cell.rows for cell in certificate.cells) == certificate.n
    assert sum(cell.agreed for cell in certificate.cells) == certificate.k


@pytest.mark.parametrize(
    ("noise", "target", "share"), [(0.1, 0.89, 0.4), (0, 0.9, 0.27)]
)
def test_more_rows_certify_if_agreement_is_near_the_target(
    noise: float, target: float, share: float
) -> None:
    rows = ticket_rows(2_000, noise=noise)
    certificate = fit(rows, replace(PARAMETERS, target=target)).certificate
    assert certificate is not None
    assert certificate.certify_rows == share * 2_000


def test_the_certificate_states_its_claim(
    certified: TrainingResult,
) -> None:
    certificate = certified.certificate
    assert certificate is not None
    assert certificate.sentence.startswith(
        "Attempt 1 (level 0.025; all attempts together at most 0.05). On"
        f" {certificate.n} sampled, session-independent requests received from"
        " 2026-11-01 00:07 to 2026-11-01 00:09 UTC, for task tickets in the mix then"
        " seen, teacher gpt-test, redactor standard/2,"
        f" {certificate.k} matched one fresh teacher answer; missing or off-format"
        " answers (0) count as mismatches. The procedure issues a certificate for a"
        " policy whose agreement on such traffic is below 0.9 with probability at most"
        " 0.025."
    )


def test_served_decisions_equal_certified_decisions(certified: TrainingResult) -> None:
    certificate, surrogate = certified.certificate, certified.surrogate
    assert certificate is not None
    assert surrogate is not None
    fresh = [surrogate.decide(row.text) for row in ticket_rows(600)[438:]]
    labels = [row.label for row in ticket_rows(600)[438:]]
    answered = [
        (found.label, label)
        for found, label in zip(fresh, labels, strict=True)
        if found.accepted
    ]
    assert len(answered) == certificate.n
    assert sum(found == label for found, label in answered) == certificate.k


def test_a_text_unlike_the_training_texts_is_deferred(
    certified: TrainingResult,
) -> None:
    surrogate = certified.surrogate
    assert surrogate is not None
    odd = ["", "🙂🙂", "Quanta cœlestia gravitas?", "SELECT x FROM y", "重力"]
    assert [surrogate.decide(text).accepted for text in odd] == [False] * 5


def test_the_same_rows_and_seed_result_in_the_same_bundle(
    certified: TrainingResult, tmp_path: Path
) -> None:
    digests = set()
    for name, found in (("first", certified), ("again", fit(ticket_rows(600)))):
        assert found.surrogate is not None
        assert found.certificate is not None
        manifest = write_bundle(
            tmp_path / name,
            found.surrogate,
            found.certificate,
            [FeatureSample("hello")],
        )
        digests.add(manifest.digest)
    assert len(digests) == 1


def test_too_few_rows_are_refused_with_the_number_missing() -> None:
    assert fit(ticket_rows(180)) == TrainingResult(
        "180 labeled rows in the uniform sample, but 300 are required: 120 more are"
        " needed"
    )


def test_one_answer_to_everything_is_refused() -> None:
    rows = [replace(row, label="ok") for row in ticket_rows(400)]
    assert fit(rows) == TrainingResult(
        "the teacher returned the same answer for all training rows"
    )


def test_free_text_answers_are_refused() -> None:
    rows = [replace(row, label=f"Dear {row.text}") for row in ticket_rows(400)]
    assert fit(rows).reason == (
        "the answers of the teacher are not a small closed set: 240 different answers"
        " in 240 training rows, 240 of them only once"
    )


def test_unpredictable_labels_are_refused_before_a_test() -> None:
    chance = random.Random(3)  # noqa: S311 - a reproducible world
    rows = [replace(row, label=chance.choice("ab")) for row in ticket_rows(400)]
    found = fit(rows, replace(PARAMETERS, target=0.99, level=0.2))
    assert found.surrogate is None
    assert not found.tested


def test_too_few_rows_for_the_level_are_refused_before_a_test() -> None:
    found = fit(ticket_rows(300), replace(PARAMETERS, target=0.97, level=0.001))
    assert found == TrainingResult(
        "120 fresh, independent rows to certify on; at level 0.001 even a policy"
        " without errors needs 227"
    )


def test_missing_answers_count_against_the_certificate() -> None:
    # The teacher failed on each twentieth request: familiar inputs without an answer.
    rows = [
        replace(row, label=None) if number % 20 == 0 else row
        for number, row in enumerate(ticket_rows(800, noise=0))
    ]
    certificate = fit(rows).certificate
    assert certificate is not None
    assert certificate.m == certificate.n - certificate.k > 0


def test_only_the_dominant_task_is_used_and_the_others_are_reported() -> None:
    other = [replace(row, task="mails") for row in ticket_rows(50, seed=2)]
    certificate = fit([*other, *ticket_rows(600)]).certificate
    assert certificate is not None
    assert certificate.task == "tickets"
    assert "50 rows of other tasks were excluded." in certificate.caveats


def test_the_caveats_of_a_file_without_times_state_a_random_split() -> None:
    rows = sorted(ticket_rows(600), key=lambda row: row.label or "")
    certificate = fit([replace(row, time=None) for row in rows]).certificate
    assert certificate is not None
    assert "received at times not recorded" in certificate.sentence
    assert any("record no times" in caveat for caveat in certificate.caveats)


@pytest.mark.parametrize(
    ("strict", "answered"),
    [
        (False, {"billing", "delivery", "login", "praise"}),
        (True, {"delivery", "login", "praise"}),
    ],
)
def test_a_cell_slightly_below_the_target_is_open_unless_strict(
    strict: bool, answered: set[str]
) -> None:
    chance = random.Random(3)  # noqa: S311 - a reproducible world
    rows = [
        replace(row, label="delivery")
        if row.label == "billing" and chance.random() < 0.12
        else row
        for row in ticket_rows(2_000)
    ]

    certificate = fit(rows, replace(PARAMETERS, strict=strict)).certificate

    assert certificate is not None
    assert certificate.strict is strict
    assert {cell.name for cell in certificate.cells if cell.rows} == answered


def test_two_labels_are_enough() -> None:
    rows = [
        replace(row, label="praise" if row.label == "praise" else "other")
        for row in ticket_rows(600)
    ]
    assert fit(rows).certificate is not None


@pytest.mark.parametrize(
    ("rows", "rare"),
    [
        pytest.param(600, {10}, id="one rare row, so one fold has a single label"),
        pytest.param(600, {10, 11}, id="two rare rows"),
        pytest.param(600, set(range(0, 600, 100)), id="labels 99 to 1"),
        pytest.param(3_600, {1, 2}, id="no rare row among the newest 2,000"),
    ],
)
def test_a_rare_label_does_not_stop_the_fit(rows: int, rare: set[int]) -> None:
    found = fit(
        [
            replace(row, label="rare" if number in rare else "usual")
            for number, row in enumerate(ticket_rows(rows))
        ]
    )

    certificate = found.certificate
    assert certificate is not None
    assert [cell.name for cell in certificate.cells] == ["usual"]
    assert certificate.n - certificate.k <= 2


def test_a_second_attempt_certifies_on_newer_rows_only() -> None:
    rows = ticket_rows(900)
    cut = rows[599].time
    certificate = fit(rows, replace(PARAMETERS, attempt=2, after=cut)).certificate
    assert cut is not None
    assert certificate is not None
    assert certificate.received_from is not None
    assert certificate.received_from > cut > BEGIN
