"""Parts of a certificate: repeated inputs, used rows, and its size."""

from dataclasses import replace

import numpy as np
import pytest

from support.ticket_traces import ticket_rows
from tracer_bentos.training.data.attempt_spec import AttemptParameters
from tracer_bentos.training.data.repeats import teacher_ceiling
from tracer_bentos.training.data.row_store import RowStore
from tracer_bentos.training.data.rows import Row, select_rows
from tracer_bentos.training.data.used_rows import decode_used_rows, encode_used_rows
from tracer_bentos.training.fit.training_context import local_training_context
from tracer_bentos.training.run.pipeline import train
from tracer_core.contracts.certificate import Certificate
from tracer_core.errors import DocumentError
from tracer_core.stats.certificate.ceiling import RepeatCalls, repeat_ceiling

QUESTION = AttemptParameters(
    attempt=1, target=0.85, confidence=0.95, level=0.025, minimum=300, seed=7
)


def certificate_of(
    rows: list[Row], question: AttemptParameters = QUESTION
) -> Certificate:
    certificate = train(
        question, select_rows(rows), local_training_context()
    ).certificate
    assert certificate is not None
    return certificate


def test_the_first_two_answers_to_a_repeated_input_are_one_pair() -> None:
    rows = ticket_rows(6, noise=0)
    again = [
        rows[0],
        replace(rows[1], label="other"),
        replace(rows[2], label=None),
        replace(rows[0], label="third time"),
        replace(rows[3], text=rows[3].text.upper()),
    ]
    found = teacher_ceiling(RowStore.from_rows([*rows, *again]))
    assert found is not None
    assert (found.same, found.different, found.missing) == (1, 1, 1)
    assert found.agreement == repeat_ceiling(RepeatCalls(1, 1, 1)).agreement


def test_without_repeats_there_is_no_ceiling() -> None:
    assert teacher_ceiling(RowStore.from_rows(ticket_rows(20))) is None


def test_the_encoded_list_of_used_rows_is_decoded_exactly() -> None:
    used = np.random.default_rng(1).random(1_003) < 0.7
    encoded = encode_used_rows(used)
    assert encoded is not None
    assert (decode_used_rows(encoded, 1_003) == used).all()
    with pytest.raises(DocumentError, match="not for 900 rows"):
        decode_used_rows(encoded, 900)
    assert encode_used_rows(np.zeros(9, bool)) is None


def test_the_whole_chain_is_declared_and_only_tested_steps_have_counts() -> None:
    certificate = certificate_of(ticket_rows(600))
    tested = [step for step in certificate.chain if step.n is not None]
    thresholds = [step.threshold for step in certificate.chain]
    assert thresholds == sorted(thresholds, reverse=True)
    assert len(tested) == min(certificate.steps + 1, len(certificate.chain))
    assert tested == list(certificate.chain[: len(tested)])
    last = certificate.chain[certificate.steps - 1]
    assert (last.n, last.k, last.p_value) == (
        certificate.n,
        certificate.k,
        certificate.p_value,
    )
    assert certificate.threshold == last.threshold
    assert certificate.coverage_low < certificate.coverage < certificate.coverage_high


def test_a_large_cell_gets_a_badge_and_a_small_one_does_not() -> None:
    rows = [
        replace(row, label="praise" if row.label == "praise" else "other")
        for row in ticket_rows(900, noise=0)
    ]
    certificate = certificate_of(rows)
    assert {cell.name: cell.badge for cell in certificate.cells}["other"]
    assert certificate.badges.floor == pytest.approx(0.83)
    assert (certificate.badges.level, certificate.badges.cells) == (
        pytest.approx(0.025),
        2,
    )


@pytest.mark.slow
def test_a_certificate_of_many_labels_and_long_names_stays_small() -> None:
    rows = [
        replace(row, text=f"topic{at % 180} {row.text}", label=f"{at % 180} " * 2_000)
        for at, row in enumerate(ticket_rows(2_200, noise=0))
    ]
    certificate = certificate_of(rows, replace(QUESTION, target=0.6))
    assert len(certificate.cells) > 100
    assert len(certificate.to_json()) < 64 * 1024
