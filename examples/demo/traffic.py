"""Clients on the official `openai` library, concurrent and at a constant rate."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAIError
from openai.types.chat import ChatCompletionMessageParam

from examples.demo.account import Account, Answer
from examples.demo.questions import system_prompt
from examples.recorded_teacher.completion import MODEL
from examples.recorded_teacher.recordings import Recording

__all__ = ["Clients", "Load"]

_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Load:
    """The load of the clients."""

    rate: float = 75
    """Maximum number of requests started per second."""
    concurrency: int = 48
    """Maximum number of requests in flight."""


class Clients:
    """Sends questions through the Gateway and counts the answers."""

    def __init__(
        self,
        base_url: str,
        key: str,
        labels: tuple[str, ...],
        load: Load,
        host: str | None = None,
    ) -> None:
        """Open no connection yet; `host` selects one of several routes."""
        self.account = Account(frozenset(labels))
        self._load = load
        self._prompt = system_prompt(labels)
        self._next_start = 0.0
        self._paused = False
        # No retries: every failed request must be counted.
        self._client = AsyncOpenAI(
            base_url=f"{base_url}/v1",
            api_key=key,
            max_retries=0,
            timeout=_TIMEOUT_SECONDS,
            default_headers={"Host": host} if host else None,
            http_client=DefaultAsyncHttpxClient(trust_env=False),
        )

    async def send(self, questions: Iterable[Recording]) -> None:
        """Send every question once, until paused."""
        self._paused = False
        shared = iter(questions)
        workers = (self._work(shared) for _ in range(self._load.concurrency))
        await asyncio.gather(*workers)

    @contextlib.asynccontextmanager
    async def sending(self, questions: Iterable[Recording]) -> AsyncIterator[None]:
        """Send questions during the block; requests in flight at its end complete."""
        task = asyncio.create_task(self.send(questions))
        try:
            yield
        finally:
            self.pause()
            await task

    def pause(self) -> None:
        """Start no more requests; requests in flight complete."""
        self._paused = True

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def ask(self, question: Recording) -> Answer:
        """Send one question.

        Raises:
            OpenAIError: The request failed.
        """
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": self._prompt},
            {"role": "user", "content": question.text},
        ]
        start = time.monotonic()
        raw = await self._client.chat.completions.with_raw_response.create(
            model=MODEL, messages=messages, temperature=0
        )
        return Answer(
            question=question,
            label=raw.parse().choices[0].message.content or "",
            decision=raw.headers.get("x-tracer-decision", "teacher"),
            revision=raw.headers.get("x-tracer-revision", ""),
            seconds=time.monotonic() - start,
        )

    async def _work(self, questions: Iterator[Recording]) -> None:
        for question in questions:
            await self._pace()
            if self._paused:
                return
            await self._count(question)

    async def _pace(self) -> None:
        now = time.monotonic()
        start = max(now, self._next_start)
        self._next_start = start + 1 / self._load.rate
        await asyncio.sleep(start - now)

    async def _count(self, question: Recording) -> None:
        try:
            self.account.add(await self.ask(question))
        except OpenAIError as error:
            self.account.fail(question, error)
