"""Builds the components of one data-plane process and connects them.

The module has no logic of its own except for the order of start and shutdown.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Final
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
from tracer_bentos.serving.decision.audit_sampler import SessionSampler
from tracer_bentos.serving.decision.cache import AnswerCache
from tracer_bentos.serving.decision.circuit_breaker import CircuitBreaker
from tracer_bentos.serving.decision.executors import DecisionExecutor, MicroBatcher
from tracer_bentos.serving.decision.policy_store import PolicyStore
from tracer_bentos.serving.decision.surrogate_slot import SurrogateSlot
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
from tracer_bentos.serving.telemetry.spans import add_tracing
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

AUDIT_DRAIN_SECONDS: Final = 10.0
"""Maximum time for running audits at shutdown."""
SAVE_INTERVAL_SECONDS: Final = 1.0
"""Interval at which the state of the circuit breaker is saved."""


class DataPlane:
    """One process: two ASGI applications and the background tasks behind them.

    Args:
        settings: Settings of the process.
        read: Reads a downloaded bundle archive.
    """

    def __init__(self, settings: Settings, read: BundleReader = read_bundle) -> None:
        self.settings = settings
        """Settings of the process."""
        self.policy_store = PolicyStore(settings.revision)
        """The policy of the operator."""
        self.counters = ProcessCounters(
            settings.task_limit, self._record_audit, self._certified_tasks
        )
        """Counters since the start of the process."""
        self.task_registry = _build_task_registry(settings, self._certified_tasks)
        """The tasks of this process."""
        self.surrogate_slot = SurrogateSlot(settings.bundle_digest)
        """The loaded surrogate."""
        self._redactor = _build_redactor(settings.redaction)
        self.redaction = self._redactor.identity
        """Identity of the redactor of all texts."""
        self._authenticator = _build_authenticator(settings)
        self._upstream = _build_teacher_client(settings)
        self._circuit_breaker = CircuitBreaker(settings.spool, settings.bundle_digest)
        self._audit_limit = AuditRateLimit(settings.audits_per_hour)
        self._sticky_split = _build_sticky_split(settings, self.policy_store)
        self._trace_recorder = _build_trace_recorder(settings, self.counters)
        self._request_recorder = RequestRecorder(
            self.counters,
            PriceTable(settings.prices),
            self._enqueue_trace,
            settings.revision,
            self._redactor.identity,
        )
        self._bundle_loader = BundleLoader(
            settings, self.surrogate_slot, read, self._redactor.identity
        )
        self._template_sync = TemplateSync(
            self.task_registry, settings.store, self._redactor
        )
        self._auditor = self._build_auditor()
        self.router = self._build_router()
        """Routes the requests of clients."""
        self.traffic_app = add_tracing(self.router)
        """The ASGI application for clients: the router, with spans if configured."""
        metrics = MetricsPage(self.evidence, self.counters, self._in_flight)
        self.admin_api = AdminApi(self.evidence, self.policy_store, metrics)
        """The ASGI application for the operator, the kubelet, and Prometheus."""

    async def start(self) -> None:
        """Become ready; wait for neither the teacher nor the store."""
        if self.settings.policy_file:
            self.policy_store.load(self.settings.policy_file)
        self._circuit_breaker.load()
        if self._trace_recorder:
            self._trace_recorder.start()
        self._background_tasks = [
            asyncio.create_task(self._load_bundle()),
            asyncio.create_task(self._save_circuit_breaker()),
            asyncio.create_task(self._template_sync.run()),
        ]
        self.admin_api.ready = True

    def drain(self) -> None:
        """Report not ready and ask clients to reconnect; still accept requests."""
        self.admin_api.ready = False
        self.router.draining = True

    async def finish(self) -> None:
        """Stop the background tasks; call after the traffic port is closed."""
        self.drain()
        for task in self._background_tasks:
            task.cancel()
        await asyncio.gather(*self._background_tasks, return_exceptions=True)
        await self._auditor.finish(AUDIT_DRAIN_SECONDS)
        await asyncio.to_thread(self._circuit_breaker.save)
        if self._trace_recorder:
            await self._trace_recorder.finish(self.settings.upload_seconds)
        self._sticky_split.close()
        self._upstream.close()
        self.admin_api.final = True

    def evidence(self) -> Evidence:
        """Return the evidence of this process."""
        recorder = self._trace_recorder
        pending, logged = (recorder.pending, recorder.logged) if recorder else (0, 0)
        surrogate = self.surrogate_slot.surrogate
        tokens = surrogate.embedding_tokens if surrogate else 0
        totals = self.counters.totals(
            traces_pending=pending,
            traces_logged=logged,
            embedding_tokens=tokens,
            cost_embeddings=tokens * self.settings.embeddings_price / MILLION,
        )
        return Evidence(
            revision=self.settings.revision,
            boot=self.counters.boot,
            policy_generation=self.policy_store.generation,
            requests=totals,
            tasks=self.counters.tasks(self._circuit_breaker.stopped),
            capture=self._capture_state(),
            fragmentation=self.task_registry.fragmentation.report,
            teacher=self._upstream.state,
            surrogate=self.surrogate_slot.state(),
        )

    def _capture_state(self) -> CaptureState:
        if isinstance(self._redactor, UnavailableRedactor):
            reason = self._redactor.reason
            return CaptureState(trouble=f"capture is disabled: {reason}")
        return self._trace_recorder.state if self._trace_recorder else CaptureState()

    def _in_flight(self) -> InFlight:
        return InFlight(
            requests=self.router.in_flight,
            connections=self._upstream.connections,
            audits=self._auditor.in_flight,
        )

    def _record_audit(self, task: str, verdict: AuditOutcome) -> None:
        if surrogate := self.surrogate_slot.surrogate:
            self._circuit_breaker.record(task, verdict, surrogate.target)

    def _certified_tasks(self) -> frozenset[str]:
        return self.policy_store.certified

    def _enqueue_trace(self, record: TraceRecord) -> None:
        if self._trace_recorder:
            self._trace_recorder.enqueue(record)

    async def _load_bundle(self) -> None:
        await self._bundle_loader.run()
        freeze_gc()

    async def _save_circuit_breaker(self) -> None:
        while True:
            await asyncio.sleep(SAVE_INTERVAL_SECONDS)
            await asyncio.to_thread(self._circuit_breaker.save)

    def _build_auditor(self) -> Auditor:
        return Auditor(
            upstream=self._upstream,
            recorder=self._request_recorder,
            counters=self.counters,
            authenticator=self._authenticator,
            redactor=self._redactor,
            session_ownership=SessionOwnership(self.settings.pod, self.policy_store),
            audit_limit=self._audit_limit,
        )

    def _build_router(self) -> RequestRouter:
        settings = self.settings
        decisions = DecisionService(
            sampler=SessionSampler(settings.teacher_url, settings.store_url),
            policy_store=self.policy_store,
            surrogate_slot=self.surrogate_slot,
            authenticator=self._authenticator,
            counters=self.counters,
            redactor=self._redactor,
            circuit_breaker=self._circuit_breaker,
            cache=AnswerCache(settings.cache) if settings.cache else None,
            audit_limit=self._audit_limit,
            session_header=settings.session_header,
            executor=DecisionExecutor(settings.decision_seconds),
            batcher=MicroBatcher(),
        )
        return RequestRouter(
            protocol=settings.protocol,
            task_registry=self.task_registry,
            decisions=decisions,
            proxy=TeacherProxy(self._upstream, self.counters.latencies),
            sticky_split=self._sticky_split,
            auditor=self._auditor,
            recorder=self._request_recorder,
            authenticator=self._authenticator,
            counters=self.counters,
            limits=settings.limits,
            revision=settings.revision,
            task_header=settings.task_header,
        )


def _build_task_registry(
    settings: Settings, certified: Callable[[], Collection[str]]
) -> TaskRegistry:
    return TaskRegistry(
        settings.teacher_identity,
        settings.protocol.ignored,
        limit=settings.task_limit,
        certified=certified,
    )


def _build_trace_recorder(
    settings: Settings, counters: ProcessCounters
) -> TraceRecorder | None:
    if not settings.store or not settings.capture:
        return None
    return TraceRecorder(
        SegmentSpool(settings.spool, settings.pod, settings.spool_bytes),
        SegmentShipper(settings.store),
        counters,
        max_records=settings.segment_records,
        max_seconds=settings.segment_seconds,
    )


def _build_redactor(redaction: Redaction) -> Redactor:
    try:
        return build_redactor(redaction)
    except SpecError as error:
        _log.error("%s; capture is disabled, the teacher answers all requests", error)
        return UnavailableRedactor(str(error))


def _build_authenticator(settings: Settings) -> Authenticator:
    return Authenticator(
        settings.access,
        has_teacher_key=settings.teacher_key_file is not None,
        keys=settings.client_keys,
        header=settings.caller_header,
        lifetime=settings.acceptance_seconds,
    )


def _build_teacher_client(settings: Settings) -> TeacherClient:
    return TeacherClient(
        settings.teacher_url,
        _build_teacher_key(settings),
        conventions=settings.protocol.conventions,
        authorities=settings.teacher_authorities,
        proxy=settings.teacher_proxy,
        http=settings.teacher_http,
    )


def _build_teacher_key(settings: Settings) -> TeacherKey | None:
    if settings.teacher_key_file is None:
        return None
    teacher = urlsplit(settings.teacher_url)
    return TeacherKey(settings.teacher_key_file, teacher.hostname or "", teacher.port)


def _build_sticky_split(settings: Settings, policy_store: PolicyStore) -> StickySplit:
    # A separate salt makes the split independent of the audit draw.
    sampler = SessionSampler("split", settings.teacher_url, settings.store_url)
    return StickySplit(policy_store, sampler, settings.session_header)
