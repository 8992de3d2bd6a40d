"""What asking an endpoint leaves behind: rest after failures, and time waited."""

import logging
import threading
import time
from dataclasses import dataclass

import pytest

from tracer_bentos.surrogate.encoders.endpoint_client import (
    EndpointCircuitBreaker,
    TokenCounter,
    endpoint_wait_seconds,
    measure_endpoint_wait,
)

WHY = ValueError("no embedding from http://embed/v1")


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def resting(clock: Clock) -> EndpointCircuitBreaker:
    """Give a rest that has just begun."""
    rest = EndpointCircuitBreaker(clock)
    for _ in range(3):
        assert rest.allows()
        rest.failed(WHY)
    return rest


def test_failures_in_a_row_begin_a_rest_and_others_do_not() -> None:
    rest = EndpointCircuitBreaker(Clock())
    for _ in range(10):
        rest.failed(WHY)
        rest.failed(WHY)
        rest.answered()
        assert rest.allows()
    assert not resting(Clock()).allows()


def test_a_rest_lets_one_through_every_five_seconds_to_see_if_it_is_over() -> None:
    clock = Clock()
    rest = resting(clock)
    asked = []
    for second in range(1, 17):
        clock.now = float(second)
        if rest.allows():
            asked.append(second)
    assert asked == [5, 10, 15]


def test_one_answer_ends_a_rest() -> None:
    clock = Clock()
    rest = resting(clock)
    clock.now = 5.0
    assert rest.allows()
    rest.answered()
    assert [rest.allows(), rest.allows()] == [True, True]


def test_people_are_told_once_when_a_rest_begins_and_once_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        rest = resting(Clock())
        for _ in range(10):
            rest.failed(WHY)
        rest.answered()
        rest.answered()
    assert caplog.messages == [
        "no embedding from http://embed/v1; asked only every 5 s until it does",
        "the embeddings endpoint answers again",
    ]


def test_waiting_is_counted_by_the_thread_that_waits() -> None:
    with measure_endpoint_wait():
        time.sleep(0.01)
    here = endpoint_wait_seconds()
    elsewhere: list[float] = []
    other = threading.Thread(target=lambda: elsewhere.append(endpoint_wait_seconds()))
    other.start()
    other.join()
    assert here >= 0.01
    assert elsewhere == [0.0]


def test_tokens_of_all_threads_are_counted() -> None:
    spent = TokenCounter()
    threads = [
        threading.Thread(target=lambda: [spent.add(1) for _ in range(1000)])
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert spent.tokens == 4000
