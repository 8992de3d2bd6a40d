"""The spec of a TracerRouter.

A field is added only together with the code that implements it.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from tracer_router.api.base.model import ApiModel, Effect, Rule
from tracer_router.api.field_types.percent import PERCENT_PATTERN, Percent, PercentRange
from tracer_router.api.field_types.resources import Resources
from tracer_router.api.field_types.string_types import HeaderName
from tracer_router.api.spec.access import Access
from tracer_router.api.spec.audit import Audit
from tracer_router.api.spec.cache import Cache
from tracer_router.api.spec.embedder import SurrogateModels
from tracer_router.api.spec.limits import Limits
from tracer_router.api.spec.rollout import Rollout
from tracer_router.api.spec.teacher import Teacher
from tracer_router.api.spec.traces import Traces
from tracer_router.api.spec.traffic import Traffic
from tracer_router.api.spec.training import Training

__all__ = [
    "Parity",
    "Session",
    "Tasks",
    "TracerRouterSpec",
]


class Parity(ApiModel):
    """How often answers of the surrogate must agree with the teacher.

    With probability at least `confidence`, the surrogate agrees with the teacher on at
    least `target` of the requests that it answers.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"![self.margin, self.target].all(p, p.matches(r'{PERCENT_PATTERN}'))"
            " || double(self.margin.replace('%', ''))"
            " < double(self.target.replace('%', ''))",
            "parity.margin must be less than parity.target, for example 1%",
            ".margin",
        ),
    )

    target: Annotated[
        Percent, PercentRange("50%", "99.9%", "95%"), Effect.SURROGATE_OFF
    ]
    """Agreement that a surrogate must be certified for, as a percentage of the requests
    that it answers. Increasing this field above the certified target invalidates the
    certificate: all pods disable the surrogate until a new one is certified. Decreasing
    it has no effect before the next attempt. Must be between 50% and 99.9%."""
    confidence: Annotated[
        Percent, PercentRange("80%", "99.9%", "95%"), Effect.SURROGATE_OFF
    ] = Percent("95%")
    """Probability that the guarantee holds, over all attempts of this router together.
    Increasing this field above the certified confidence invalidates the certificate.
    Decreasing it has no effect before the next attempt. Must be between 80% and 99.9%.
    Defaults to 95%."""
    margin: Annotated[Percent, PercentRange("0.1%", "50%", "1%"), Effect.NOTHING] = (
        Percent("1%")
    )
    """How far below `target` the agreement of a candidate may be for a promotion during
    a rollout, in percentage points. A larger margin needs fewer audits. Has no effect
    on the certificate or on rollback. Must be between 0.1% and 50% and less than
    `target`. Defaults to 1%."""


class Session(ApiModel):
    """How requests are grouped into sessions.

    Audits are sampled by session. With `spec.traffic.split: Sticky`, traffic is split
    by session as well.
    """

    header: Annotated[HeaderName, Effect.NOTHING] = "x-session-id"
    """Name of the header that contains the session ID. A request without this header
    counts as a session of its own. Must differ from `tasks.header`. Defaults to
    `x-session-id`."""


class Tasks(ApiModel):
    """How requests are grouped into tasks.

    A task is the set of requests with the same instructions, tools, model, and
    parameters. Each task is certified separately.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.header.lowerAscii() != self.session.header.lowerAscii()",
            "tasks.header must differ from tasks.session.header, for example"
            " x-tracer-task",
            ".header",
        ),
    )

    header: Annotated[HeaderName, Effect.NOTHING] = "x-tracer-task"
    """Name of the header in which a client can specify the task of a request. Requests
    whose task is not certified are answered by the teacher. Must differ from
    `tasks.session.header`. Defaults to `x-tracer-task`."""
    session: Session = Session()
    """How requests are grouped into sessions."""
    ignore: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=128)], ...],
        Field(max_length=64),
        Rule(
            "!self.exists(f, f in ['messages', 'system', 'input', 'instructions',"
            " 'prompt', 'tools', 'tool_choice', 'response_format', 'text'])",
            "must not contain a field that carries the input or shapes the answer"
            " (messages, system, input, instructions, prompt, tools, tool_choice,"
            " response_format, text); remove it",
        ),
        Effect.RECERTIFY,
    ] = ()
    """Request fields that do not distinguish tasks, in addition to fields such as
    `user`, `metadata`, and `seed`, which are always ignored. Use it for a field of your
    own in which otherwise equal requests differ. Changing this field invalidates the
    certificate. At most 64 fields."""
    limit: Annotated[int, Field(ge=1, le=64), Effect.NOTHING] = 64
    """Maximum number of tasks that are counted separately. Requests of further tasks
    are counted together as `other` and answered by the teacher. Defaults to 64."""


class TracerRouterSpec(ApiModel):
    """Desired state of the router.

    Only `teacher.url` and `parity.target` are required.
    """

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.teacher.apiKey) || has(self.access)",
            "access is required if teacher.apiKey is set, because the router then pays"
            " for every caller; set access.mode to ClientKeys, GatewayHeader, or Open,"
            " or remove teacher.apiKey",
            ".access",
        ),
        Rule(
            "!has(self.teacher.apiKey) || !has(self.access)"
            " || self.access.mode != 'PassThrough'",
            "access.mode must not be PassThrough if teacher.apiKey is set, because only"
            " one of the client's key and teacher.apiKey can be sent; set access.mode"
            " to ClientKeys, GatewayHeader, or Open, or remove teacher.apiKey",
            ".access",
        ),
        Rule(
            "has(self.teacher.apiKey) || !has(self.access)"
            " || self.access.mode != 'ClientKeys'",
            "teacher.apiKey is required if access.mode is ClientKeys, because the"
            " teacher does not accept the clients' keys; set teacher.apiKey",
            ".access",
        ),
    )

    teacher: Teacher
    """The model that answers all requests that no certified surrogate answers."""
    parity: Parity
    """How often answers of the surrogate must agree with the teacher, and with which
    confidence."""
    access: Access | None = None
    """Which clients can call the router, and how they are authenticated. Required if
    `spec.teacher.apiKey` is set. If not set, the mode is `PassThrough`."""
    limits: Limits = Limits()
    """Limits on the request size and on concurrent requests of one data-plane pod."""
    cache: Cache | None = None
    """Cache of teacher answers for exact repeats of a request. If not set, no answers
    are cached. Do not enable it if clients repeat a request to get different
    answers."""
    tasks: Tasks = Tasks()
    """How requests are grouped into tasks. Each task is certified separately."""
    traces: Traces = Traces()
    """What is recorded of requests, how it is redacted, and where traces, bundles, and
    the ledger of attempts are stored."""
    training: Training = Training()
    """When attempts to train and certify a surrogate start, and on which resources they
    run."""
    surrogate: SurrogateModels | None = None
    """Models that a surrogate can use. A change applies to the next attempt."""
    rollout: Rollout = Rollout()
    """How traffic moves to a certified surrogate."""
    audit: Audit = Audit()
    """Share of the traffic that the teacher answers in addition to the surrogate, to
    measure the agreement."""
    traffic: Traffic = Traffic()
    """How requests reach the pods, and which component splits the traffic during a
    rollout."""
    replicas: Annotated[int, Field(ge=1, le=100), Effect.NOTHING] = 2
    """Number of data-plane pods of each revision that serves traffic. With more than
    one replica, the operator creates a PodDisruptionBudget. Defaults to 2."""
    resources: Resources | None = None
    """CPU and memory of a data-plane pod. If not set, the chart value
    `runtime.resources` applies."""
    history_limit: Annotated[int, Field(ge=1, le=100), Effect.NOTHING] = 10
    """Number of ended revisions to keep. The operator deletes older ones, and keeps
    their counts in the status of the router. Defaults to 10."""
    suspend: Annotated[bool, Effect.NOTHING] = False
    """Whether to stop rollout steps and new attempts. The live revision keeps serving;
    automatic rollback stays enabled. Defaults to false."""
