"""Which legacy completions are questions."""

from typing import Any

import pytest

from support.questions import asked_of
from tracer_bentos.protocols.completions import OpenAICompletions
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
def test_what_a_label_cannot_answer_is_not_a_question(changes: dict[str, Any]) -> None:
    assert asked_of(ADAPTER, **changes) is None


def test_a_prompt_alone_or_in_a_list_asks_the_same() -> None:
    found = [asked_of(ADAPTER, **changes) for changes in ({}, {"prompt": ["Refund"]})]
    questions = [TaskRegistry().identify(each) for each in found if each]
    assert [each.input for each in questions] == ["Refund", "Refund"]
    assert questions[0].task == questions[1].task
