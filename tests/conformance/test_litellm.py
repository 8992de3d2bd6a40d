"""LiteLLM as a client cannot tell a router from the teacher."""

from typing import Any

import litellm
import openai
import pytest

from clients import MODES, Outcome, answered_by_surrogate, outcome_of
from likeness import alike

TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("route", "note")
]
CALLS = 'call route {"to": "billing"}\ncall note {"text": "ü"}'
Asked = dict[str, Any]


def asked(text: str, **more: Any) -> Asked:
    messages = [{"role": "user", "content": text}]
    return {"messages": messages, "num_retries": 0, "max_retries": 0, **more}


SCENARIOS: dict[str, Asked] = {
    "text": asked("Refund my order"),
    "stream": asked("say Billing, refunds", stream=True),
    "parallel tools": asked(CALLS, tools=TOOLS),
    "stream of tools": asked(CALLS, tools=TOOLS, stream=True),
    "400": asked("fail 400"),
    "401": asked("fail 401"),
    "429": asked("fail 429"),
    "500": asked("fail 500"),
    "stream, 429": asked("fail 429", stream=True),
    "stream lost midway": asked("fail midway", stream=True),
}
MODELS = {"openai": "openai/m", "anthropic": "anthropic/claude-3-5-haiku-20241022"}


def run(url: str, provider: str, scenario: Asked) -> Outcome:
    base = f"{url}/v1" if provider == "openai" else url

    def call() -> Any:
        answer = litellm.completion(
            model=MODELS[provider],
            api_base=base,
            api_key="sk-client",
            extra_headers={"x-stub-pieces": "1"},
            **scenario,
        )
        return list(answer) if scenario.get("stream") else answer

    # LiteLLM's exceptions are OpenAI's with names of its own.
    return outcome_of(call, (openai.OpenAIError, OSError, ValueError))


def without_urls(outcome: Outcome) -> Outcome:
    """Give the outcome without what LiteLLM says about where it was."""
    code = outcome.about.get("status_code")
    return Outcome(alike(outcome.result), outcome.error, {"code": code})


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_litellm_gets_the_same(
    stage: dict[str, str], name: str, provider: str, mode: str
) -> None:
    before = answered_by_surrogate(stage)
    teachers = run(stage["direct"], provider, SCENARIOS[name])
    answer = run(stage[mode], provider, SCENARIOS[name])
    may = mode == "surrogate" and teachers.error is None
    assert answered_by_surrogate(stage) - before == int(may)
    assert without_urls(answer) == without_urls(teachers)


@pytest.mark.parametrize("provider", MODELS)
def test_exceptions_are_litellms_own(stage: dict[str, str], provider: str) -> None:
    names = {
        status: run(stage["surrogate"], provider, SCENARIOS[status]).error
        for status in ("400", "401", "429", "500")
    }
    assert names == {
        "400": "BadRequestError",
        "401": "AuthenticationError",
        "429": "RateLimitError",
        "500": "InternalServerError",
    }
