"""Identify the task of each request, and collect samples to find templates."""

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
    segment_key,
)
from tracer_bentos.tasks.samples import SampleBuffer
from tracer_bentos.tasks.template import TemplateCache

__all__ = ["TaskRegistry"]


class TaskRegistry:
    """Identifies tasks from requests and from layouts that all pods share.

    Layouts apply in the order in which they were written. A task that is frozen or
    certified keeps its fingerprint if templates are found later.

    Args:
        teacher: Identity of the teacher.
        ignored: Request fields that are not part of the definition of a task.
        limit: Number of tasks that are counted separately.
        certified: Returns the fingerprints of the certified tasks.
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
        self._candidates: dict[str, list[MessageLayout]] = {}
        self._frozen: dict[str, list[MessageLayout]] = {}
        self.samples = SampleBuffer()
        """Texts that are compared to find templates."""
        self.fragmentation = FragmentationTracker(limit)
        """Tracks why there are more tasks than the limit."""

    @property
    def size(self) -> int:
        """Number of known layouts."""
        return sum(map(len, self._candidates.values())) + len(self._frozen)

    def candidates(self, frame: str) -> int:
        """Return the number of known layouts of instructions within a frame."""
        return len(self._candidates.get(frame, ()))

    def restore(self, layout: CandidateTemplate | FrozenTemplate) -> None:
        """Apply a layout to all requests from now on."""
        if isinstance(layout, CandidateTemplate):
            layouts = self._candidates.setdefault(layout.frame, [])
            layouts.append(MessageLayout.from_literals(layout.instructions))
            self.samples.discard(layout.frame)
        else:
            self._frozen[layout.task] = [
                MessageLayout.from_literals(literals) for literals in layout.asked
            ]
            self.samples.discard(layout.task)

    def identify(
        self, request: ParsedRequest, name: str | None = None
    ) -> ClassificationInput:
        """Return a request with its task and the text that is classified.

        Args:
            request: The request.
            name: The task that the client names; none if it names no task.
        """
        inputs = [segment for segment in request.segments if not segment.fixed]
        if name:
            parts = named_parts(request, self._teacher, name)
            task, texts = digest_of_parts(parts), [segment.text for segment in inputs]
        else:
            parts = frame_parts(request, self._teacher, self._ignored)
            task, texts = self._by_content(request, digest_of_parts(parts), inputs)
        self.fragmentation.observe(
            task, partial(self._describe, request, parts, is_named=bool(name))
        )
        text = "\n".join(text for text in texts if text)
        return ClassificationInput(request, task, text)

    def _by_content(
        self, request: ParsedRequest, frame: str, inputs: Sequence[TextSegment]
    ) -> tuple[str, list[str]]:
        """Return the task and its input texts, from the content of a request."""
        instructions, texts = self._instructions(request, frame, inputs)
        all_inputs = "\n".join(segment_key(segment.position) for segment in inputs)
        task = task_digest(frame, instructions, all_inputs)
        for layout in self._input_layouts(task):
            variable = layout.match(inputs)
            if variable is not None:
                return task_digest(frame, instructions, layout.key), [
                    *texts,
                    *variable,
                ]
        if not self._is_fixed(task):
            self.samples.add(frame, task, request.segments)
        return task, [*texts, *(segment.text for segment in inputs)]

    def _instructions(
        self, request: ParsedRequest, frame: str, inputs: Sequence[TextSegment]
    ) -> tuple[str, list[str]]:
        """Return the key of the instructions and the part of them that is input."""
        segments = [segment for segment in request.segments if segment.fixed]
        known = [self._cache.get(segment.text) for segment in segments]
        key = "\n".join(
            segment_key(segment.position, instruction.digest)
            for segment, instruction in zip(segments, known, strict=True)
        )
        layouts = self._candidates.get(frame)
        if layouts:
            all_inputs = "\n".join(segment_key(segment.position) for segment in inputs)
            if not self._is_fixed(task_digest(frame, key, all_inputs)):
                for layout in layouts:
                    variable = layout.match(segments)
                    if variable is not None:
                        return layout.key, variable
        return key, [instruction.variable_text for instruction in known]

    def _input_layouts(self, task: str) -> Sequence[MessageLayout]:
        """Return the layouts of the input of a task; none for a certified task."""
        layouts = self._frozen.get(task, ())
        return () if layouts and task in self._certified() else layouts

    def _is_fixed(self, task: str) -> bool:
        return task in self._frozen or task in self._certified()

    def _describe(
        self, request: ParsedRequest, parts: Mapping[str, Any], *, is_named: bool
    ) -> dict[str, str]:
        """Return the digest of everything that defines a task, by readable field."""
        fields = {name: canonical_json(value) for name, value in parts.items()}
        if not is_named:
            fields |= {
                f"the text of {segment.position}": segment.text
                for segment in request.segments
                if segment.fixed
            }
        return {name: digest_of_parts({"": value}) for name, value in fields.items()}
