"""Recognises the task of each request."""

from collections.abc import Collection

from tracer_bentos.serving.protocols.adapter import Asked, Question
from tracer_bentos.serving.tasks.fingerprint import fingerprint, named_parts, parts_of

__all__ = ["TaskBook"]


class TaskBook:
    """What one process knows about tasks."""

    def __init__(self, teacher: str = "", ignored: Collection[str] = ()) -> None:
        self._teacher = teacher
        self._ignored = frozenset(ignored)

    def recognise(self, asked: Asked, named: str | None = None) -> Question:
        """Give the question: its task, and the text that is classified.

        Args:
            asked: The request.
            named: The task that the client names, if it does.
        """
        moving = "\n".join(each.text for each in asked.passages if not each.fixed)
        if named:
            parts = named_parts(asked, self._teacher, named)
        else:
            texts = {p.where: p.text if p.fixed else None for p in asked.passages}
            parts = parts_of(asked, self._teacher, texts, self._ignored)
        return Question(asked, fingerprint(parts), moving)
