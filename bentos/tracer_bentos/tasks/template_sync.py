"""Find layouts, and share them with all pods through the trace store.

Layouts are write-once: if two pods find a layout at the same time, the first write
counts, and the other pod reads it. Without a store, layouts exist until the process
ends.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import Final

from tracer_bentos.redaction.redactor import Redactor
from tracer_bentos.store import TraceStore, open_store
from tracer_bentos.tasks.layout import CandidateTemplate, FrozenTemplate, Literals
from tracer_bentos.tasks.mining import mine_instruction_template, mine_user_template
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_bentos.tasks.template import Template
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.contracts.store.layout import (
    TEMPLATES,
    candidate_template_key,
    frozen_template_key,
)
from tracer_core.errors import DocumentError, StoreError

__all__ = ["TemplateSync"]

_log = logging.getLogger(__name__)

SYNC_INTERVAL_SECONDS: Final = 30.0
MAX_TEMPLATES: Final = 512
"""Maximum number of layouts: traffic with more of them is not a small set of tasks, and
more templates would not help."""

Columns = Mapping[str, list[str]]
KeyedLayout = tuple[str, CandidateTemplate | FrozenTemplate]


class TemplateSync:
    """Updates the task registry of one process.

    Args:
        registry: The task registry.
        store: The environment of the trace store; empty without a store.
        redactor: Layouts with text that it would change are not stored.
        seconds: Interval between two updates.
    """

    def __init__(
        self,
        registry: TaskRegistry,
        store: StoreConfig | None,
        redactor: Redactor,
        *,
        seconds: float = SYNC_INTERVAL_SECONDS,
    ) -> None:
        self._registry = registry
        self._config = store
        self._redactor = redactor
        self._seconds = seconds
        self._store: TraceStore | None = None
        self._read: set[str] = set()

    async def run(self) -> None:
        """Load and find layouts until the task is cancelled."""
        while True:
            try:
                await self.sync()
            except StoreError as error:
                self._store = None  # its credentials can change
                _log.info("cannot share task layouts, retrying: %s", error)
            except Exception as error:  # noqa: BLE001 - requests do not depend on it
                _log.warning("finding task layouts failed: %r", error)
            await asyncio.sleep(self._seconds)

    async def sync(self) -> None:
        """Load the layouts of other pods, then find more.

        Raises:
            StoreError: The store is not available; the samples are kept.
        """
        await self._load_published()
        if self._registry.size >= MAX_TEMPLATES:
            return
        for frame, texts in list(self._registry.samples.instruction_samples()):
            literals = await asyncio.to_thread(self._mine_instructions, texts)
            if literals is None:
                self._registry.samples.discard(frame)
                continue
            key = candidate_template_key(frame, self._registry.candidates(frame) + 1)
            await self._publish(
                key, CandidateTemplate(frame=frame, instructions=literals)
            )
        for task, texts in list(self._registry.samples.user_samples()):
            inputs = await asyncio.to_thread(self._mine_inputs, texts)
            await self._publish(
                frozen_template_key(task), FrozenTemplate(task=task, asked=inputs)
            )

    async def _publish(
        self, key: str, layout: CandidateTemplate | FrozenTemplate
    ) -> None:
        if self._config is None:
            self._registry.restore(layout)
            return
        await asyncio.to_thread(self._create, key, layout.to_json())
        await self._load_published()  # the layout of another pod, if it was first

    async def _load_published(self) -> None:
        if self._config is not None:
            for key, layout in await asyncio.to_thread(
                lambda: list(self._new_candidates())
            ):
                self._read.add(key)
                self._registry.restore(layout)

    def _create(self, key: str, content: bytes) -> None:
        self._open_store().create(key, content)

    def _new_candidates(self) -> Iterator[KeyedLayout]:
        store = self._open_store()
        for key in store.list(TEMPLATES):
            if key not in self._read:
                try:
                    yield key, _parse_layout(key, store.read(key))
                except DocumentError as error:
                    self._read.add(key)
                    _log.warning("ignoring task layout %s: %s", key, error)

    def _open_store(self) -> TraceStore:
        self._store = self._store or open_store(self._config)
        return self._store

    def _mine_instructions(self, texts: Columns) -> Literals | None:
        literals: Literals = {}
        for position, column in texts.items():
            varies = len(set(column)) > 1
            template = (
                mine_instruction_template(column)
                if varies
                else Template.from_texts(column[0])
            )
            if template is None or not self._is_unredacted(template):
                return None
            literals[position] = template.literals
        return literals

    def _mine_inputs(self, texts: Columns) -> tuple[Literals, ...]:
        if len(texts) != 1:
            return ()  # the segments of a composed input are its variable parts
        ((position, column),) = texts.items()
        templates = [
            template
            for template in mine_user_template(column)
            if self._is_unredacted(template)
        ]
        return tuple({position: template.literals} for template in templates)

    def _is_unredacted(self, template: Template) -> bool:
        """Return whether redaction does not change it, so that it may be stored."""
        redact = self._redactor.redact
        return all(redact(literal) == literal for literal in template.literals)


def _parse_layout(key: str, content: bytes) -> CandidateTemplate | FrozenTemplate:
    kind = (
        FrozenTemplate
        if key == frozen_template_key(_task_in(key))
        else CandidateTemplate
    )
    return kind.from_json(content)


def _task_in(key: str) -> str:
    return key.rsplit("/", 1)[-1].removesuffix(".json").replace("-", ":", 1)
