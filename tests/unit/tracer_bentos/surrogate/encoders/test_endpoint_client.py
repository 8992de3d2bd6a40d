"""The client of an endpoint: circuit breaker, waiting time, token counter."""

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

ERROR = ValueError("no embedding from http://embed/v1")


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> EndpointCircuitBreaker:
    """Return a circuit breaker that has just opened."""
    breaker = EndpointCircuitBreaker(clock)
    for _ in range(3):
        assert breaker.allows_request()
        breaker.record_failure(ERROR)
    return breaker


def test_three_failures_in_a_row_open_the_circuit_breaker_and_others_do_not() -> None:
    breaker = EndpointCircuitBreaker(Clock())
    for _ in range(10):
        breaker.record_failure(ERROR)
        breaker.record_failure(ERROR)
        breaker.record_success()
        assert breaker.allows_request()
    assert not opened(Clock()).allows_request()


def test_an_open_circuit_breaker_allows_one_request_every_five_seconds() -> None:
    clock = Clock()
    breaker = opened(clock)
    allowed = []
    for second in range(1, 17):
        clock.now = float(second)
        if breaker.allows_request():
            allowed.append(second)
    assert allowed == [5, 10, 15]


def test_one_success_closes_the_circuit_breaker() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = 5.0
    assert breaker.allows_request()
    breaker.record_success()
    assert [breaker.allows_request(), breaker.allows_request()] == [True, True]


def test_opening_and_closing_are_logged_once_each(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        breaker = opened(Clock())
        for _ in range(10):
            breaker.record_failure(ERROR)
        breaker.record_success()
        breaker.record_success()
    assert caplog.messages == [
        (
            "no embedding from http://embed/v1; requests are paused after 3 failures"
            " in a row, with one trial every 5 s"
        ),
        "the embeddings endpoint responds again",
    ]


def test_waiting_time_is_counted_in_the_thread_that_waits() -> None:
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
    counter = TokenCounter()
    threads = [
        threading.Thread(target=lambda: [counter.add(1) for _ in range(1000)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.tokens == 4000
