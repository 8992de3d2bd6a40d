"""The comparison with the peer: tables, and the plain side on rows of our own."""

import numpy as np

from benchmarks.certificates.peer.sides import Traces, fit_plain
from benchmarks.certificates.peer.tables import fits_table, flat_table


def two_topics(rows: int, noise: float, seed: int) -> Traces:
    chance = np.random.default_rng(seed)
    topics = chance.integers(0, 2, rows)
    vectors = np.eye(2, dtype=np.float32)[topics] + chance.normal(0, 0.1, (rows, 2))
    said = np.where(chance.random(rows) < noise, 1 - topics, topics)
    texts = np.array([f"text {at}" for at in range(rows)])
    names = np.array(["refund", "parcel"])
    return Traces(texts, names[said], vectors.astype(np.float32))


def test_the_plain_side_answers_what_it_can_show_to_agree() -> None:
    test = two_topics(500, 0.0, 2)
    found = fit_plain(two_topics(1_000, 0.0, 1), test, 0.95, 0.05, 0)
    assert found.accepted.mean() > 0.9
    assert (found.labels == test.labels)[found.accepted].mean() > 0.99


def test_the_plain_side_refuses_a_teacher_that_contradicts_itself() -> None:
    found = fit_plain(two_topics(1_000, 0.3, 1), two_topics(500, 0.3, 2), 0.95, 0.05, 0)
    assert not found.accepted.any()


def fit(side: str, split: int, agreement: float | None) -> dict[str, object]:
    coverage = 0.0 if agreement is None else 0.8
    return {
        "side": side,
        "target": 0.95,
        "rows": 3_000,
        "split": split,
        "coverage": coverage,
        "agreement": agreement,
        "seconds": 2.0,
        "cpu_seconds": 3.0,
    }


def test_a_cell_of_the_table_counts_what_fell_short_and_what_refused() -> None:
    fits = [fit("a", 0, 0.96), fit("b", 0, None), fit("a", 1, 0.94), fit("b", 1, 0.97)]
    assert fits_table(fits).splitlines()[-1] == (
        "| 0.95 | 3,000 | 2 | 0.800, 0.950, 1 below, 0 refused, 2.0 s, 3.0 s"
        " | 0.400, 0.970, 0 below, 1 refused, 2.0 s, 3.0 s |"
    )


def test_false_certificates_are_shown_with_their_interval() -> None:
    world = {"truth": 0.898, "target": 0.9, "rows": 600, "runs": 1_000}
    counts = {"peer": 260, "peer_claims": 200, "ours": 0}
    line = flat_table([world | counts]).splitlines()[-1]
    assert line.startswith(
        "| 0.898 at 0.9 | 600 | 1000 | 0.260 [0.233, 0.288] | 0.200 ["
    )
    assert line.endswith("| 0.000 [0.000, 0.004] |")
