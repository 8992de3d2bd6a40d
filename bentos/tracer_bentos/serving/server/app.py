"""The wiring of one data-plane process; no logic of its own."""

import asyncio
import logging
from collections.abc import Callable, Collection
from decimal import Decimal
from urllib.parse import urlsplit

from tracer_bentos.redaction.redactor import (
    Redactor,
    UnavailableRedactor,
    build_redactor,
)
from tracer_bentos.serving.audits.auditor import Auditor
from tracer_bentos.serving.audits.session_ownership import SessionOwnership
from tracer_bentos.serving.auth.authentication import Authenticator
from tracer_bentos.serving.auth.teacher_key import TeacherKey
from tracer_bentos.serving.capture.recorder import TraceRecorder
from tracer_bentos.serving.capture.shipper import SegmentShipper
from tracer_bentos.serving.capture.spool import SegmentSpool
from tracer_bentos.serving.decision.admission import DecisionService
from tracer_bentos.serving.decision.audit_rate_limit import AuditRateLimit
from tracer_bentos.serving.decision.cache import AnswerCache
from tracer_bentos.serving.decision.circuit_breaker import CircuitBreaker
from tracer_bentos.serving.decision.executors import DecisionExecutor, MicroBatcher
from tracer_bentos.serving.decision.loaded import SurrogateSlot
from tracer_bentos.serving.decision.policy_store import PolicyStore
from tracer_bentos.serving.decision.sampler import SessionSampler
from tracer_bentos.serving.server.admin_api import AdminApi
from tracer_bentos.serving.server.bundle_loader import (
    BundleLoader,
    BundleReader,
    read_bundle,
)
from tracer_bentos.serving.server.memory_tuning import freeze_gc
from tracer_bentos.serving.server.request_router import RequestRouter
from tracer_bentos.serving.server.settings import Settings
from tracer_bentos.serving.telemetry.counters import ProcessCounters
from tracer_bentos.serving.telemetry.metrics import InFlight, MetricsPage
from tracer_bentos.serving.telemetry.ordered_results import AuditOutcome
from tracer_bentos.serving.telemetry.pricing import MILLION, PriceTable
from tracer_bentos.serving.telemetry.request_recorder import RequestRecorder
from tracer_bentos.serving.telemetry.spans import traced
from tracer_bentos.serving.upstream.proxy import TeacherProxy
from tracer_bentos.serving.upstream.sticky_split import StickySplit
from tracer_bentos.serving.upstream.teacher import TeacherClient
from tracer_bentos.tasks.registry import TaskRegistry
from tracer_bentos.tasks.template_sync import TemplateSync
from tracer_core.contracts.evidence import CaptureState, Evidence
from tracer_core.contracts.redaction import Redaction
from tracer_core.contracts.traces import TraceRecord
from tracer_core.errors import SpecError

__all__ = ["DataPlane"]

_log = logging.getLogger(__name__)

AUDIT_SECONDS = 10.0
KEEP_SECONDS = 1.0


class DataPlane:
    """One process: two ASGI applications and what runs behind them."""

    def __init__(self, settings: Settings, read: BundleReader = read_bundle) -> None:
        self.settings = settings
        """What it was told."""
        self._demotion = CircuitBreaker(settings.spool, settings.bundle_digest)
        self.policies = PolicyStore(settings.revision)
        """What the operator allows."""
        self.counts = ProcessCounters(
            settings.task_limit, self._audited, self._certified
        )
        """What it counts."""
        self.tasks = _task_book(settings, self._certified)
        """What it knows about tasks."""
        self.loaded = SurrogateSlot(settings.bundle_digest)
        """Its surrogate."""
        self._redactor = _redactor(settings.redaction)
        self.redaction = self._redactor.identity
        """Identity of what every text goes through first."""
        self._loader = BundleLoader(
            settings, self.loaded, read, self._redactor.identity
        )
        self._keeper = TemplateSync(self.tasks, settings.store, self._redactor)
        self._recorder = _recorder(settings, self.counts)
        self._upstream = _upstream(settings)
        self._journal = RequestRecorder(
            self.counts,
            PriceTable(settings.prices),
            self._offer,
            settings.revision,
            self._redactor.identity,
        )
        gate = _gate(settings)
        self._budget = AuditRateLimit(settings.audits_per_hour)
        self._auditor = self._audits(gate)
        self._diverter = _diverter(settings, self.policies)
        self.traffic = self._traffic(gate)
        """What takes requests."""
        self.front = traced(self.traffic)
        """What clients talk to: the same, with spans where they are asked for."""
        metrics = MetricsPage(self.evidence, self.counts, self._under_way)
        self.internal = AdminApi(self.evidence, self.policies, metrics)
        """What the operator talks to."""

    async def start(self) -> None:
        """Begin to take requests; nothing here waits for teacher or store."""
        if self.settings.policy_file:
            self.policies.read(self.settings.policy_file)
        self._demotion.load()
        if self._recorder:
            self._recorder.start()
        self._loading = asyncio.create_task(self._load())
        self._keeping = asyncio.create_task(self._keep())
        self._searching = asyncio.create_task(self._keeper.run())
        self.internal.ready = True

    def drain(self) -> None:
        """Ask clients and endpoints to go elsewhere; requests are still taken."""
        self.internal.ready = False
        self.traffic.draining = True

    async def finish(self) -> None:
        """End what runs behind, once no request is taken any more."""
        self.drain()
        behind = (self._loading, self._keeping, self._searching)
        for task in behind:
            task.cancel()
        await asyncio.gather(*behind, return_exceptions=True)
        await self._auditor.finish(AUDIT_SECONDS)
        await asyncio.to_thread(self._demotion.save)
        if self._recorder:
            await self._recorder.finish(self.settings.upload_seconds)
        self._diverter.close()
        self._upstream.close()
        self.internal.final = True

    def evidence(self) -> Evidence:
        """Give the report of this process."""
        recorder = self._recorder
        pending, logged = (recorder.pending, recorder.logged) if recorder else (0, 0)
        totals = self.counts.totals(pending, logged)
        return Evidence(
            revision=self.settings.revision,
            boot=self.counts.boot,
            policy_generation=self.policies.generation,
            requests=totals.model_copy(update=self._embedded()),
            tasks=self.counts.tasks(self._demotion.stopped),
            capture=self._capture(),
            fragmentation=self.tasks.variety.report,
            teacher=self._upstream.state,
            surrogate=self.loaded.state(),
        )

    def _embedded(self) -> dict[str, int | Decimal]:
        surrogate = self.loaded.surrogate
        tokens = surrogate.embedding_tokens if surrogate else 0
        cost = tokens * self.settings.embeddings_price / MILLION
        return {"embedding_tokens": tokens, "cost_embeddings": cost}

    def _capture(self) -> CaptureState:
        if isinstance(self._redactor, UnavailableRedactor):
            return CaptureState(trouble=f"nothing is kept: {self._redactor.reason}")
        return self._recorder.state if self._recorder else CaptureState()

    def _audits(self, gate: Authenticator) -> Auditor:
        return Auditor(
            upstream=self._upstream,
            journal=self._journal,
            counts=self.counts,
            gate=gate,
            redactor=self._redactor,
            sessions=SessionOwnership(self.settings.pod, self.policies),
            budget=self._budget,
        )

    def _traffic(self, gate: Authenticator) -> RequestRouter:
        settings = self.settings
        desk = DecisionService(
            coin=SessionSampler(settings.teacher_url, settings.store_url),
            policies=self.policies,
            loaded=self.loaded,
            gate=gate,
            counts=self.counts,
            redactor=self._redactor,
            demotion=self._demotion,
            cache=AnswerCache(settings.cache) if settings.cache else None,
            budget=self._budget,
            session_header=settings.session_header,
            aside=DecisionExecutor(settings.decision_seconds),
            together=MicroBatcher(),
        )
        return RequestRouter(
            speech=settings.speech,
            tasks=self.tasks,
            desk=desk,
            relay=TeacherProxy(self._upstream, self.counts.latencies),
            diverter=self._diverter,
            auditor=self._auditor,
            journal=self._journal,
            gate=gate,
            counts=self.counts,
            limits=settings.limits,
            revision=settings.revision,
            task_header=settings.task_header,
        )

    def _under_way(self) -> InFlight:
        return InFlight(
            requests=self.traffic.in_flight,
            connections=self._upstream.connections,
            audits=self._auditor.in_flight,
        )

    def _audited(self, task: str, verdict: AuditOutcome) -> None:
        if self.loaded.surrogate:
            self._demotion.record(task, verdict, self.loaded.surrogate.target)

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            await asyncio.to_thread(self._demotion.save)

    def _certified(self) -> frozenset[str]:
        return self.policies.certified

    def _offer(self, record: TraceRecord) -> None:
        if self._recorder:
            self._recorder.enqueue(record)

    async def _load(self) -> None:
        await self._loader.run()
        freeze_gc()


def _task_book(
    settings: Settings, certified: Callable[[], Collection[str]]
) -> TaskRegistry:
    return TaskRegistry(
        settings.teacher_identity,
        settings.speech.ignored,
        limit=settings.task_limit,
        certified=certified,
    )


def _recorder(settings: Settings, counts: ProcessCounters) -> TraceRecorder | None:
    if not settings.store or not settings.capture:
        return None
    return TraceRecorder(
        SegmentSpool(settings.spool, settings.pod, settings.spool_bytes),
        SegmentShipper(settings.store),
        counts,
        records=settings.segment_records,
        seconds=settings.segment_seconds,
    )


def _redactor(redaction: Redaction) -> Redactor:
    try:
        return build_redactor(redaction)
    except SpecError as error:
        _log.error("%s; nothing is kept, the teacher answers", error)
        return UnavailableRedactor(str(error))


def _gate(settings: Settings) -> Authenticator:
    return Authenticator(
        settings.access,
        own_key=settings.teacher_key_file is not None,
        keys=settings.client_keys,
        header=settings.caller_header,
        lifetime=settings.acceptance_seconds,
    )


def _upstream(settings: Settings) -> TeacherClient:
    return TeacherClient(
        settings.teacher_url,
        _teacher_key(settings),
        key_header=settings.speech.key_header,
        authorities=settings.teacher_authorities,
        proxy=settings.teacher_proxy,
        http=settings.teacher_http,
    )


def _diverter(settings: Settings, policies: PolicyStore) -> StickySplit:
    # Salted apart from the audit coin: who is handed over says nothing about it.
    split = SessionSampler("split", settings.teacher_url, settings.store_url)
    return StickySplit(policies, split, settings.session_header)


def _teacher_key(settings: Settings) -> TeacherKey | None:
    if settings.teacher_key_file is None:
        return None
    teacher = urlsplit(settings.teacher_url)
    return TeacherKey(settings.teacher_key_file, teacher.hostname or "", teacher.port)
