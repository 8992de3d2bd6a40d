"""Rows that are stored as columns are read back unchanged."""

from dataclasses import replace
from datetime import UTC, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from support.ticket_traces import ticket_rows
from tracer_bentos.surrogate.base.ngrams import normalize
from tracer_bentos.training.data.row import Row
from tracer_bentos.training.data.row_store import RowStore
from tracer_bentos.training.data.rows import row_ids, select_rows

TIMES = st.datetimes(timezones=st.just(UTC))
ROWS = st.builds(
    Row,
    text=st.text(),
    label=st.none() | st.text(),
    task=st.sampled_from(["tickets", "mails"]),
    time=st.none() | TIMES,
    session=st.none() | st.sampled_from("ab"),
    uniform=st.booleans(),
    model=st.none() | st.text(),
)


@given(st.lists(ROWS, max_size=20))
def test_rows_are_read_back_unchanged(rows: list[Row]) -> None:
    assert list(RowStore.from_rows(rows)) == rows


@given(st.lists(ROWS, max_size=20), st.randoms())
def test_rows_are_returned_in_another_order_and_by_position(
    rows: list[Row], chance: "np.random.Generator"
) -> None:
    order = list(range(len(rows)))
    chance.shuffle(order)
    shuffled = RowStore.from_rows(rows).take(np.array(order, np.intp))
    assert list(shuffled) == [rows[i] for i in order]
    wanted = order[::2]
    assert shuffled.gather(wanted) == {i: rows[order[i]] for i in wanted}


def test_more_rows_than_one_block_are_read_back() -> None:
    rows = ticket_rows(1_300)
    kept = RowStore.from_rows(rows)
    assert [kept[at] for at in (0, 511, 512, 1_299)] == [
        rows[at] for at in (0, 511, 512, 1_299)
    ]


@given(st.lists(ROWS, max_size=20))
def test_stored_rows_and_objects_have_the_same_text_ids(rows: list[Row]) -> None:
    assert row_ids(RowStore.from_rows(rows)).tolist() == row_ids(rows).tolist()
    assert list(RowStore.from_rows(rows).digests()) == [row.digest for row in rows]


@given(st.lists(ROWS, max_size=20))
def test_rows_without_times_are_sorted_by_place(rows: list[Row]) -> None:
    assert list(RowStore.from_rows(rows).ordered(timed=False)) == sorted(
        rows, key=lambda row: (row.place, row.digest)
    )


@given(st.lists(ROWS, max_size=30))
def test_copies_and_sessions_share_a_group_through_any_chain(
    rows: list[Row],
) -> None:
    names = list(range(len(rows)))
    changed = True
    while changed:  # the least name wins until nothing changes
        changed = False
        for i, one in enumerate(rows):
            for j, other in enumerate(rows):
                same = normalize(one.text) == normalize(other.text)
                met = one.session is not None and one.session == other.session
                if (same or met) and names[j] > names[i]:
                    names[j], changed = names[i], True
    assert RowStore.from_rows(rows).groups.tolist() == names


def test_the_digest_depends_on_the_rows_but_not_on_their_order() -> None:
    rows = [replace(row, time=None) for row in ticket_rows(3)]
    first = select_rows(rows).digest
    assert select_rows(rows[::-1]).digest == first
    assert select_rows([*rows[:2], replace(rows[2], label=None)]).digest != first


def test_the_dominant_task_is_selected_and_sorted_by_time() -> None:
    rows = ticket_rows(5)
    mails = [replace(row, task="mails") for row in ticket_rows(4, seed=2)]
    found = select_rows([*rows[::-1], *mails])
    assert (found.task, found.other_tasks, found.timed) == ("tickets", 4, True)
    assert list(found.rows) == rows
    assert found.newest == rows[0].time + timedelta(seconds=4) if rows[0].time else None
    assert (found.labelled, found.uniform_labelled) == (5, 5)


def test_no_rows_are_an_empty_set() -> None:
    found = select_rows([])
    assert (len(found.rows), found.labelled, found.newest) == (0, 0, None)
