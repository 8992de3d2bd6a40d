"""``python -m examples.demo.ask [TEXT]``: asks the demo that is up, says who answered.

Without a text it asks some of the held-back questions. The recorded teacher knows no
others, so a text of your own has an answer only where the surrogate is sure of it.
"""

import asyncio
import random
import sys

from openai import OpenAIError

from examples.demo.cluster import connect
from examples.demo.install import TEACHER_KEY
from examples.demo.questions import prepare_questions
from examples.demo.terminal import DemoFailed, say
from examples.demo.traffic import Clients, Load
from examples.recorded_teacher.recordings import Recording

__all__ = ["main"]

_COUNT = 8


async def ask(texts: list[str]) -> None:
    """Ask one question after the other and say what came back."""
    known = prepare_questions()
    chosen = [Recording(text, "", "") for text in texts]
    chosen = chosen or random.sample(known.held_back, _COUNT)
    url = (await asyncio.to_thread(connect)).gateway_url
    clients = Clients(url, TEACHER_KEY, known.labels, Load())
    try:
        for question in chosen:
            await _say_answer(clients, question)
    finally:
        await clients.close()


async def _say_answer(clients: Clients, question: Recording) -> None:
    try:
        found = await clients.ask(question)
    except OpenAIError as error:
        say(f"{question.text!r}: {error}")
        return
    waited = f"{found.seconds * 1000:.0f} ms"
    say(f"{question.text!r}: {found.label}, by {found.decision} in {waited}")


def main() -> int:
    """Ask the texts of the command line and give the exit code."""
    try:
        asyncio.run(ask(sys.argv[1:]))
    except DemoFailed as failed:
        say(f"FAILED: {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
