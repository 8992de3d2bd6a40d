"""``python -m examples.demo.ask [TEXT]``: sends questions to the running demo.

Prints each answer and its source. Without a text, it sends some of the held-back
questions. The recorded teacher has no answers to other texts, so any other text gets an
answer only if the surrogate accepts it.
"""

import asyncio
import random
import sys

from openai import OpenAIError

from examples.demo.cluster import connect
from examples.demo.install import TEACHER_KEY
from examples.demo.questions import prepare_questions
from examples.demo.terminal import DemoFailed, log
from examples.demo.traffic import Clients, Load
from examples.recorded_teacher.recordings import Recording

__all__ = ["main"]

_COUNT = 8


async def ask(texts: list[str]) -> None:
    """Send questions one after the other and print the answers."""
    questions = prepare_questions()
    chosen = [Recording(text, "", "") for text in texts]
    chosen = chosen or random.sample(questions.held_back, _COUNT)
    url = (await asyncio.to_thread(connect)).gateway_url
    clients = Clients(url, TEACHER_KEY, questions.labels, Load())
    try:
        for question in chosen:
            await _print_answer(clients, question)
    finally:
        await clients.close()


async def _print_answer(clients: Clients, question: Recording) -> None:
    try:
        answer = await clients.ask(question)
    except OpenAIError as error:
        log(f"{question.text!r}: {error}")
        return
    wait = f"{answer.seconds * 1000:.0f} ms"
    log(f"{question.text!r}: {answer.label}, from the {answer.decision} in {wait}")


def main() -> int:
    """Send the texts of the command line and return the exit code."""
    try:
        asyncio.run(ask(sys.argv[1:]))
    except DemoFailed as error:
        log(f"FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
