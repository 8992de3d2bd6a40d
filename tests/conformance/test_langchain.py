"""The chat models of LangChain cannot distinguish a router from the teacher."""

from collections.abc import Callable
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

from clients import MODES, Outcome, answered_by_surrogate, outcome_of
from likeness import comparable

CALLS = 'call route {"to": "billing"}\ncall route {"to": "ü"}'


class Ticket(BaseModel):
    """The department of a ticket."""

    department: str


@tool
def route(to: str) -> str:
    """Send the ticket to a department."""
    return to


def openai_model(url: str) -> BaseChatModel:
    options: Any = {"api_key": "k", "base_url": f"{url}/v1", "max_retries": 0}
    headers = {"x-stub-pieces": "1"}
    return ChatOpenAI(model="m", default_headers=headers, **options)


def anthropic_model(url: str) -> BaseChatModel:
    options: Any = {"api_key": "k", "base_url": url, "max_retries": 0}
    headers = {"x-stub-pieces": "1"}
    return ChatAnthropic(model="m", default_headers=headers, **options)


MODELS = {"openai": openai_model, "anthropic": anthropic_model}
SCENARIOS: dict[str, Callable[[BaseChatModel], Any]] = {
    "text": lambda m: m.invoke([("system", "Name it."), ("user", "Refund my order")]),
    "several turns": lambda m: m.invoke(
        [("user", "a"), ("ai", "b"), ("user", "Refund")]
    ),
    "stream": lambda m: list(m.stream("say Billing, refunds")),
    "parallel tools": lambda m: m.bind_tools([route]).invoke(CALLS),
    "stream of tools": lambda m: list(m.bind_tools([route]).stream(CALLS)),
    "structured answer": lambda m: m.with_structured_output(
        Ticket, method="json_schema"
    ).invoke('say {"department": "billing"}'),
    "structured answer by a tool": lambda m: m.with_structured_output(
        Ticket, method="function_calling"
    ).invoke('call Ticket {"department": "billing"}'),
    "400": lambda m: m.invoke("fail 400"),
    "401": lambda m: m.invoke("fail 401"),
    "429": lambda m: m.invoke("fail 429"),
    "500": lambda m: m.invoke("fail 500"),
    "stream lost midway": lambda m: list(m.stream("fail midway")),
}
ERRORS = (openai.OpenAIError, anthropic.AnthropicError, httpx2.HTTPError, OSError)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("provider", MODELS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_langchain_gets_equal_responses(
    stage: dict[str, str], name: str, provider: str, mode: str
) -> None:
    before = answered_by_surrogate(stage)
    expected, answer = (
        outcome_of(lambda u=url: SCENARIOS[name](MODELS[provider](u)), ERRORS)
        for url in (stage["direct"], stage[mode])
    )
    expects_surrogate = mode == "surrogate" and expected.error is None
    assert answered_by_surrogate(stage) - before == int(expects_surrogate)
    assert comparable_outcome(answer) == comparable_outcome(expected)


def comparable_outcome(outcome: Outcome) -> Outcome:
    """Return the outcome without the ids that LangChain generates for each run."""
    return Outcome(comparable(outcome.result), outcome.error, outcome.details)
