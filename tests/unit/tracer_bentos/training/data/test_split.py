"""The split into TRAIN and certify rows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.ticket_traces import ticket_rows
from tracer_bentos.surrogate.base.ngrams import normalize
from tracer_bentos.training.certify.statement import build_caveats
from tracer_bentos.training.data.row_store import RowStore
from tracer_bentos.training.data.split import (
    MAX_CERTIFY,
    MAX_TRAIN,
    NARROW,
    WIDE,
    split_rows,
)


def test_the_narrow_split_includes_all_train_rows_of_the_wide_split() -> None:
    rows = RowStore.from_rows(ticket_rows(1_000))
    wide, narrow = (split_rows(rows, share, seed=1) for share in (WIDE, NARROW))
    assert set(wide.train) < set(narrow.train)
    assert narrow.certify == tuple(range(730, 1_000))


def test_the_newest_rows_certify_and_the_others_train() -> None:
    split = split_rows(RowStore.from_rows(ticket_rows(1_000)), WIDE, seed=1)
    assert split.train == tuple(range(600))
    assert split.certify == tuple(range(600, 1_000))


@given(seed=st.integers(0, 99), sessions=st.integers(1, 60), texts=st.integers(1, 60))
def test_sessions_and_copies_are_in_one_part_and_certify_once(
    seed: int, sessions: int, texts: int
) -> None:
    rows = [
        replace(
            row,
            session=f"s{number * 7 % sessions}" if number % 3 else None,
            text=f"Text {number * 5 % texts}" if number % 2 else row.text,
        )
        for number, row in enumerate(ticket_rows(120, seed=seed))
    ]
    split = split_rows(RowStore.from_rows(rows), WIDE, seed=seed)

    def keys(positions: tuple[int, ...]) -> list[str]:
        found = [rows[i] for i in positions]
        named = [f"session {row.session}" for row in found if row.session]
        return named + [normalize(row.text) for row in found]

    assert len(keys(split.certify)) == len(set(keys(split.certify)))
    assert set(keys(split.certify)).isdisjoint(keys(split.train))


def test_rows_of_an_earlier_test_train_and_never_certify_again() -> None:
    rows = ticket_rows(1_000)
    split = split_rows(RowStore.from_rows(rows), WIDE, seed=1, after=rows[799].time)
    assert split.train == tuple(range(800))
    assert split.certify == tuple(range(800, 1_000))


def test_used_rows_train_with_their_whole_group() -> None:
    rows = ticket_rows(1_000)
    rows[900] = replace(rows[900], session="long")
    rows[950] = replace(rows[950], session="long")
    used = np.zeros(1_000, bool)
    used[[*range(700), 900]] = True
    split = split_rows(RowStore.from_rows(rows), WIDE, seed=1, used=used)
    assert split.train == (*range(700), 900, 950)
    assert set(split.certify) == set(range(700, 1_000)) - {900, 950}


def test_rows_outside_the_uniform_sample_never_certify() -> None:
    rows = [
        replace(row, uniform=number % 4 == 0)
        for number, row in enumerate(ticket_rows(1_000))
    ]
    split = split_rows(RowStore.from_rows(rows), WIDE, seed=1)
    assert len(split.certify) == 100
    assert all(rows[i].uniform for i in split.certify)


def test_a_row_without_a_label_certifies_as_a_mismatch_but_never_trains() -> None:
    rows = [
        replace(row, label=None) if number % 10 == 0 else row
        for number, row in enumerate(ticket_rows(1_000))
    ]
    split = split_rows(RowStore.from_rows(rows), WIDE, seed=1)
    assert all(rows[i].label is not None for i in split.train)
    assert sum(rows[i].label is None for i in split.certify) == 40


@pytest.fixture(scope="module")
def many() -> RowStore:
    return RowStore.from_rows(ticket_rows(MAX_CERTIFY * 4))


def test_some_rows_of_each_period_train_if_there_are_very_many(many: RowStore) -> None:
    wide, narrow = (split_rows(many, share, seed=1) for share in (WIDE, NARROW))
    assert set(wide.train) < set(narrow.train)
    start = narrow.train_pool
    assert start == len(many) * (1 - NARROW)
    spread, _ = np.histogram(narrow.train, bins=10, range=(0, start))
    # One row of each run, so two tenths differ by at most one run at each end.
    assert spread.max() - spread.min() <= 2
    assert abs(len(narrow.train) - MAX_TRAIN * start / len(many)) <= 1


def test_certify_rows_are_drawn_at_random_if_there_are_very_many(
    many: RowStore,
) -> None:
    split = split_rows(many, NARROW, seed=1)
    assert len(split.certify) == MAX_CERTIFY < split.certify_pool == 21_600
    assert split_rows(many, NARROW, seed=1) == split
    assert split_rows(many, NARROW, seed=2).certify != split.certify


def test_the_caveats_state_that_not_all_rows_were_used(many: RowStore) -> None:
    caveats = build_caveats(split_rows(many, NARROW, seed=1), timed=True, other_tasks=0)
    assert caveats[1:] == (
        "Of 58400 rows to train on, 36500 were used, spread evenly over them.",
        "Of 21600 rows to certify on, copies included, 20000 were drawn at random.",
    )


def test_fewer_long_texts_train() -> None:
    rows = [
        replace(row, text=f"{row.text} {'word ' * 1_600}") for row in ticket_rows(4_000)
    ]
    split = split_rows(RowStore.from_rows(rows), NARROW, seed=1)
    # 8,000 characters of each text count, and 20 million of all TRAIN texts.
    assert (len(split.train), split.train_pool) == (1_825, 2_920)
