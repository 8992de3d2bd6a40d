"""The state of training Jobs, from their manifests and those of their pods."""

from collections.abc import Iterable
from dataclasses import replace

from tracer_core.contracts.training import TrainingSummary
from tracer_core.errors import DocumentError
from tracer_router.cluster.labels import read_component, read_revision_number
from tracer_router.cluster.start_errors import find_start_error
from tracer_router.planning.state.observed import JobState
from tracer_router.resources.manifest import Manifest
from tracer_router.resources.training_job import COMPONENT

__all__ = ["read_jobs"]

_FAILURE_PREFIX = "attempt failed: "
"""Precedes the cause in the last line of a training pod's log."""
_MAX_CAUSE_CHARACTERS = 400
_INDEX = "batch.kubernetes.io/job-completion-index"
"""Annotation of the pods of an Indexed Job; other pods do not have it."""


def read_jobs(
    jobs: Iterable[Manifest], pods: Iterable[Manifest]
) -> dict[int, JobState]:
    """Return the state of every training Job, by attempt.

    Args:
        jobs: The manifests of the Jobs.
        pods: The manifests of all pods of the router.
    """
    training = [pod for pod in pods if read_component(pod) == COMPONENT]
    # In an attempt on several pods, index 0 has the result; workers only terminate.
    summaries = {
        read_revision_number(pod): _summary(pod)
        for pod in training
        if _phase(pod) == "Succeeded" and _is_leader(pod)
    }
    causes, start_errors = _failure_causes(training), _start_errors(training)
    states = {}
    for job in jobs:
        attempt = read_revision_number(job)
        state = _job_state(job, summaries.get(attempt), causes.get(attempt))
        states[attempt] = replace(state, start_error=start_errors.get(attempt))
    return states


def _job_state(
    job: Manifest, summary: TrainingSummary | str | None, cause: str | None
) -> JobState:
    """Return the state of a Job.

    Args:
        job: The manifest of the Job.
        summary: The result, or why it is unreadable; None while there is none.
        cause: Why the last failed pod failed, as it reported; None if unknown.
    """
    conditions = job.get("status", {}).get("conditions", [])
    true = {found["type"]: found for found in conditions if found["status"] == "True"}
    if isinstance(summary, TrainingSummary):
        # The result is final, even if a worker failed the Job afterwards.
        return JobState(finished=True, summary=summary)
    if "Failed" in true:
        failure = true["Failed"].get("message") or true["Failed"].get("reason")
        indexes = job["status"].get("failedIndexes")
        failed_indexes = f" (index {indexes})" if indexes else ""
        suffix = f": {cause}" if cause else ""
        return JobState(finished=True, failure=f"{failure}{failed_indexes}{suffix}")
    if isinstance(summary, str):
        return JobState(finished=True, failure=summary)
    return JobState()


def _start_errors(pods: Iterable[Manifest]) -> dict[int, str]:
    """Return why pods of attempts do not start, for example because of a volume."""
    found = (
        (read_revision_number(pod), find_start_error(pod["status"]))
        for pod in pods
        if _phase(pod) == "Pending"
    )
    return {attempt: error for attempt, error in found if error}


def _failure_causes(pods: Iterable[Manifest]) -> dict[int, str]:
    """Return the cause that the last failed pod of each attempt reported.

    The Job itself only contains the number of failures.
    """
    failed = [
        (state.get("finishedAt", ""), read_revision_number(pod), state)
        for pod in pods
        if _phase(pod) == "Failed"
        for state in _terminated_states(pod)
    ]
    ordered = sorted(failed, key=lambda failure: failure[0])
    causes = ((attempt, _failure_cause(state)) for _, attempt, state in ordered)
    return {attempt: cause for attempt, cause in causes if cause}


def _terminated_states(pod: Manifest) -> list[Manifest]:
    statuses = pod["status"].get("containerStatuses", [])
    states = (status.get("state", {}) for status in statuses)
    return [state["terminated"] for state in states if "terminated" in state]


def _failure_cause(terminated: Manifest) -> str:
    """Return the cause from a pod's termination message.

    Only a message of this project is returned: the traceback of an unexpected error can
    contain text of a trace.
    """
    _, _, message = str(terminated.get("message", "")).partition(_FAILURE_PREFIX)
    line = message.partition("\n")[0].strip()
    reason = str(terminated.get("reason", ""))
    return line[:_MAX_CAUSE_CHARACTERS] or ("" if reason == "Error" else reason)


def _phase(pod: Manifest) -> str | None:
    phase: str | None = pod.get("status", {}).get("phase")
    return phase


def _is_leader(pod: Manifest) -> bool:
    return bool(pod["metadata"].get("annotations", {}).get(_INDEX, "0") == "0")


def _summary(pod: Manifest) -> TrainingSummary | str:
    """Return the result in a pod's termination message, or why it is unreadable."""
    state = pod["status"]["containerStatuses"][0]["state"]
    message = state.get("terminated", {}).get("message", "")
    try:
        return TrainingSummary.from_json(message)
    except DocumentError as error:
        return f"the termination message of its pod is unreadable: {error}"
