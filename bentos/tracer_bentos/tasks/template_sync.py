"""Finds layouts and shares them with all pods through the trace store.

Layouts are write-once: of two pods that find one at the same time, the first to write
is right and the other reads. Without a store they last as long as the process.
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
from tracer_core.contracts.layout import (
    TEMPLATES,
    candidate_template_key,
    frozen_template_key,
)
from tracer_core.errors import DocumentError, StoreError

__all__ = ["TemplateSync"]

_log = logging.getLogger(__name__)

SYNC_INTERVAL_SECONDS: Final = 30.0
MAX_TEMPLATES: Final = 512
"""Beyond, traffic is no small set of questions, and finding more is in vain."""

Columns = Mapping[str, list[str]]
KeyedLayout = tuple[str, CandidateTemplate | FrozenTemplate]


class TemplateSync:
    """Keeps the task book of one process current."""

    def __init__(
        self,
        book: TaskRegistry,
        store: Mapping[str, str],
        redactor: Redactor,
        *,
        seconds: float = SYNC_INTERVAL_SECONDS,
    ) -> None:
        self._book = book
        self._environment = store
        self._redactor = redactor
        self._seconds = seconds
        self._store: TraceStore | None = None
        self._read: set[str] = set()

    async def run(self) -> None:
        """Look for layouts, found here or by others, until cancelled."""
        while True:
            try:
                await self.sync()
            except StoreError as error:
                self._store = None  # credentials may have been replaced meanwhile
                _log.info("tasks are not shared at the moment: %s", error)
            except Exception as error:  # noqa: BLE001 - requests go on without it
                _log.warning("looking for tasks failed: %r", error)
            await asyncio.sleep(self._seconds)

    async def sync(self) -> None:
        """Read what other pods have found, then look for more.

        Raises:
            StoreError: The store did not answer; the samples are kept.
        """
        await self._load_published()
        if self._book.size >= MAX_TEMPLATES:
            return
        for frame, texts in list(self._book.samples.instruction_samples()):
            literals = await asyncio.to_thread(self._instructions, texts)
            if literals is None:
                self._book.samples.discard(frame)
                continue
            key = candidate_template_key(frame, self._book.candidates(frame) + 1)
            await self._publish(
                key, CandidateTemplate(frame=frame, instructions=literals)
            )
        for task, texts in list(self._book.samples.user_samples()):
            kinds = await asyncio.to_thread(self._asked, texts)
            await self._publish(
                frozen_template_key(task), FrozenTemplate(task=task, asked=kinds)
            )

    async def _publish(
        self, key: str, layout: CandidateTemplate | FrozenTemplate
    ) -> None:
        if not self._environment:
            self._book.restore(layout)
            return
        await asyncio.to_thread(self._create, key, layout.to_json())
        await self._load_published()  # perhaps another pod was first: its word holds

    async def _load_published(self) -> None:
        if self._environment:
            for key, layout in await asyncio.to_thread(
                lambda: list(self._new_candidates())
            ):
                self._read.add(key)
                self._book.restore(layout)

    def _create(self, key: str, content: bytes) -> None:
        self._opened().create(key, content)

    def _new_candidates(self) -> Iterator[KeyedLayout]:
        store = self._opened()
        for key in store.list(TEMPLATES):
            if key not in self._read:
                try:
                    yield key, _layout(key, store.read(key))
                except DocumentError as error:
                    self._read.add(key)
                    _log.warning("%s is left out: %s", key, error)

    def _opened(self) -> TraceStore:
        self._store = self._store or open_store(self._environment)
        return self._store

    def _instructions(self, texts: Columns) -> Literals | None:
        literals: Literals = {}
        for where, column in texts.items():
            varies = len(set(column)) > 1
            template = (
                mine_instruction_template(column)
                if varies
                else Template.from_texts(column[0])
            )
            if template is None or not self._is_impersonal(template):
                return None
            literals[where] = template.literals
        return literals

    def _asked(self, texts: Columns) -> tuple[Literals, ...]:
        if len(texts) != 1:
            return ()  # where an input is put together, its parts are what varies
        ((where, column),) = texts.items()
        kinds = [
            each for each in mine_user_template(column) if self._is_impersonal(each)
        ]
        return tuple({where: each.literals} for each in kinds)

    def _is_impersonal(self, template: Template) -> bool:
        """Say whether redaction would leave it as it is, so that it may be kept."""
        redact = self._redactor.redact
        return all(redact(literal) == literal for literal in template.literals)


def _layout(key: str, content: bytes) -> CandidateTemplate | FrozenTemplate:
    kind = (
        FrozenTemplate if key == frozen_template_key(_named(key)) else CandidateTemplate
    )
    return kind.from_json(content)


def _named(key: str) -> str:
    return key.rsplit("/", 1)[-1].removesuffix(".json").replace("-", ":", 1)
