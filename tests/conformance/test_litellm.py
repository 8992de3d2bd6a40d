"""LiteLLM as a client cannot distinguish a router from the teacher."""

from typing import Any

import litellm
import openai
import pytest

from clients import MODES, Outcome, answered_by_surrogate, outcome_of
from likeness import comparable

TOOLS: Any = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("route", "note")
]
CALLS = 'call route {"to": "billing"}\ncall note {"text": "ü"}'
Arguments = dict[str, Any]


def arguments_for(text: str, **more: Any) -> Arguments:
    messages = [{"role": "user", "content": text}]
    return {"messages": messages, "num_retries": 0, "max_retries": 0, **more}


SCENARIOS: dict[str, Arguments] = {
    "text": arguments_for("Refund my order"),
    "stream": arguments_for("say Billing, refunds", stream=True),
    "parallel tools": arguments_for(CALLS, tools=TOOLS),
    "stream of tools": arguments_for(CALLS, tools=TOOLS, stream=True),
    "400": arguments_for("fail 400"),
    "401": arguments_for("fail 401"),
    "429": arguments_for("fail 429"),
    "500": arguments_for("fail 500"),
    "stream, 429": arguments_for("fail 429", stream=True),
    "stream lost midway": arguments_for("fail midway", stream=True),
}
MODELS = {"openai": "openai/m", "anthropic": "anthropic/claude-3-5-haiku-20241022"}


def run(url: str, provider: str, scenario: Arguments) -> Outcome:
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

    # The exceptions of LiteLLM inherit from those of OpenAI.
    return outcome_of(call, (openai.OpenAIError, OSError, ValueError))


def without_urls(outcome: Outcome) -> Outcome:
    """Return the outcome without the URLs in the messages of LiteLLM."""
    code = outcome.details.get("status_code")
    return Outcome(comparable(outcome.result), outcome.error, {"code": code})


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_litellm_gets_equal_responses(
    stage: dict[str, str], name: str, provider: str, mode: str
) -> None:
    before = answered_by_surrogate(stage)
    expected = run(stage["direct"], provider, SCENARIOS[name])
    answer = run(stage[mode], provider, SCENARIOS[name])
    expects_surrogate = mode == "surrogate" and expected.error is None
    assert answered_by_surrogate(stage) - before == int(expects_surrogate)
    assert without_urls(answer) == without_urls(expected)


@pytest.mark.parametrize("provider", MODELS)
def test_errors_raise_the_exceptions_of_litellm(
    stage: dict[str, str], provider: str
) -> None:
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
