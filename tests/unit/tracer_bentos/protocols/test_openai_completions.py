"""Which legacy completions are parsed."""

from typing import Any

import pytest

from support.questions import parse_sample
from tracer_bentos.protocols.openai_completions import OpenAICompletions
from tracer_bentos.tasks.registry import TaskRegistry

ADAPTER = OpenAICompletions()


@pytest.mark.parametrize(
    "changes",
    [
        {"n": 2},
        {"best_of": 3},
        {"echo": True},
        {"logprobs": 0},
        {"suffix": "end"},
        {"prompt": ["a", "b"]},
        {"prompt": [1, 2]},
        {"prompt": ""},
        {"prompt": None},
    ],
)
def test_a_request_that_a_label_cannot_answer_is_not_parsed(
    changes: dict[str, Any],
) -> None:
    assert parse_sample(ADAPTER, **changes) is None


def test_a_prompt_and_a_list_with_one_prompt_are_the_same_request() -> None:
    requests = [parse_sample(ADAPTER), parse_sample(ADAPTER, prompt=["Refund"])]
    inputs = [TaskRegistry().identify(request) for request in requests if request]
    assert [value.input for value in inputs] == ["Refund", "Refund"]
    assert inputs[0].task == inputs[1].task
