"""Recognises the task of each request, and notes what might be a template."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from tracer_bentos.protocols.adapter import (
    ClassificationInput,
    ParsedRequest,
    TextSegment,
)
from tracer_bentos.protocols.label import canonical_json
from tracer_bentos.tasks.fingerprint import (
    digest_of_parts,
    frame_parts,
    named_parts,
    task_digest,
)
from tracer_bentos.tasks.fragmentation import FragmentationTracker
from tracer_bentos.tasks.layout import (
    CandidateTemplate,
    FrozenTemplate,
    MessageLayout,
    passage_key,
)
from tracer_bentos.tasks.samples import SampleBuffer
from tracer_bentos.tasks.template import TemplateCache

__all__ = ["TaskRegistry"]


class TaskRegistry:
    """What one process knows about tasks.

    A fingerprint follows from the request and from layouts that all pods share, oldest
    first. A task that is settled or certified keeps its fingerprint whatever is found
    later.
    """

    def __init__(
        self,
        teacher: str = "",
        ignored: Collection[str] = (),
        *,
        limit: int = 64,
        certified: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._teacher = teacher
        self._ignored = frozenset(ignored)
        self._certified = certified
        self._cache = TemplateCache()
        self._found: dict[str, list[MessageLayout]] = {}
        self._settled: dict[str, list[MessageLayout]] = {}
        self.samples = SampleBuffer()
        """Texts that are compared to find layouts."""
        self.variety = FragmentationTracker(limit)
        """Why there are more tasks than are told apart."""

    @property
    def size(self) -> int:
        """How many layouts are known."""
        return sum(map(len, self._found.values())) + len(self._settled)

    def candidates(self, frame: str) -> int:
        """Give how many layouts of instructions are known within a frame."""
        return len(self._found.get(frame, ()))

    def restore(self, layout: CandidateTemplate | FrozenTemplate) -> None:
        """Take a layout into account from now on."""
        if isinstance(layout, CandidateTemplate):
            found = self._found.setdefault(layout.frame, [])
            found.append(MessageLayout.from_segments(layout.instructions))
            self.samples.discard(layout.frame)
        else:
            self._settled[layout.task] = [
                MessageLayout.from_segments(each) for each in layout.asked
            ]
            self.samples.discard(layout.task)

    def identify(
        self, asked: ParsedRequest, named: str | None = None
    ) -> ClassificationInput:
        """Give the question: its task, and the text that is classified.

        Args:
            asked: The request.
            named: The task that the client names, if it does.
        """
        moving = [each for each in asked.passages if not each.fixed]
        if named:
            parts = named_parts(asked, self._teacher, named)
            task, said = digest_of_parts(parts), [each.text for each in moving]
        else:
            parts = frame_parts(asked, self._teacher, self._ignored)
            task, said = self._by_content(asked, digest_of_parts(parts), moving)
        self.variety.observe(task, partial(self._described, asked, parts, named=named))
        return ClassificationInput(
            asked, task, "\n".join(each for each in said if each)
        )

    def _by_content(
        self, asked: ParsedRequest, frame: str, moving: Sequence[TextSegment]
    ) -> tuple[str, list[str]]:
        instructions, said = self._instructions(asked, frame, moving)
        everything = "\n".join(passage_key(each.where) for each in moving)
        task = task_digest(frame, instructions, everything)
        for layout in self._kinds(task):
            found = layout.match(moving)
            if found is not None:
                return task_digest(frame, instructions, layout.key), [*said, *found]
        if not self._keeps(task):
            self.samples.add(frame, task, asked.passages)
        return task, [*said, *(each.text for each in moving)]

    def _instructions(
        self, asked: ParsedRequest, frame: str, moving: Sequence[TextSegment]
    ) -> tuple[str, list[str]]:
        """Give what is fixed in the instructions, and what of them is input."""
        fixed = [each for each in asked.passages if each.fixed]
        known = [self._cache.get(each.text) for each in fixed]
        keys = zip(fixed, known, strict=True)
        own = "\n".join(passage_key(each.where, one.digest) for each, one in keys)
        layouts = self._found.get(frame)
        if layouts:
            everything = "\n".join(passage_key(each.where) for each in moving)
            if not self._keeps(task_digest(frame, own, everything)):
                for layout in layouts:
                    found = layout.match(fixed)
                    if found is not None:
                        return layout.key, found
        return own, [each.said for each in known]

    def _kinds(self, task: str) -> Sequence[MessageLayout]:
        """Give the layouts of what a task asks; a certified one stays as it was."""
        layouts = self._settled.get(task, ())
        return () if layouts and task in self._certified() else layouts

    def _keeps(self, task: str) -> bool:
        return task in self._settled or task in self._certified()

    def _described(
        self, asked: ParsedRequest, parts: Mapping[str, Any], *, named: str | None
    ) -> dict[str, str]:
        """Give what defines a task by field, for people."""
        fields = {name: canonical_json(value) for name, value in parts.items()}
        if not named:
            texts = [each for each in asked.passages if each.fixed]
            fields |= {f"the text of {each.where}": each.text for each in texts}
        return {name: digest_of_parts({"": value}) for name, value in fields.items()}
