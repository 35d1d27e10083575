"""Judge the step: by the cases through the gateway, and by the error rate that its metrics show."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NoReturn

from lifecycle.canary import metrics
from lifecycle.canary.parts import CanaryEvent
from lifecycle.canary.questions import Questions
from lifecycle.canary.report import CanaryReport, CanaryStep
from lifecycle.clients import CLIENTS, Clients
from lifecycle.doors.section import GatewayRecord
from lifecycle.entry import Wire
from lifecycle.errors import CanaryFailedError, SmokeTestError
from lifecycle.record import Record
from lifecycle.request.cases.plan import load_cases
from lifecycle.request.cases.source import PinnedCases, UnreadableError
from lifecycle.request.promotion.section import Promotion
from lifecycle.sections.canary import CanaryRecord
from lifecycle.settings import Settings
from lifecycle.smoke_test.tested.subject import subject_of
from lifecycle.table import Records


class JudgeEvent(CanaryEvent):
    """What the state machine passes.

    Attributes:
        source: The object that the cases are read from; null for those of the request.
    """

    source: PinnedCases | None = None


class JudgedStep(Wire):
    """What `judge_step` returns.

    Attributes:
        canary: The canary with this step.
        over: Whether it was the last one.
    """

    canary: CanaryReport
    over: bool


def judge_step(
    event: JudgeEvent,
    *,
    clients: Clients = CLIENTS,
    sleep: Callable[[float], None] = time.sleep,
) -> JudgedStep:
    """Read the gateway's metrics of the step, then ask the version through the gateway. Changes nothing.

    Args:
        event: The execution, its request, and the step.
        clients: DynamoDB, S3, Secrets Manager, Cognito, AgentCore's data plane, CloudWatch, its logs and plain HTTPS.
        sleep: Waits between tries, seconds.

    Returns:
        What was seen. Too few calls are no failure: then the cases alone decide.

    Raises:
        CanaryFailedError: Too many calls failed, or an answer to a question is wrong; names the step and its weight.
        EnvironmentNotFoundError: There is no runtime to test.
        LockLostError: Another execution took the environment over.
    """
    request, settings = event.request, Settings.load()
    records = Records(clients.dynamodb, settings.table_name)
    record = records.held(request.environment, event.execution)
    subject = subject_of(record, request.environment)
    note, gateway = _standing(record, event)
    plan = request.promotion or Promotion(strategy="canary")
    now, since = int(time.time()), note.shifted_at or 0
    began = note.begun_at or since
    baseline = began - metrics.BASELINE_SECONDS
    arn = str(gateway.arn)
    # The minute in which the step began also has calls of before, such as those of a test that must be refused.
    whole = metrics.next_minute(since)
    seen = metrics.total(metrics.minutes(clients.cloudwatch, arn, whole, now))
    # The minute in which the canary began is no baseline.
    before = metrics.usual(metrics.minutes(clients.cloudwatch, arn, baseline, began - 120))
    verdict = metrics.judge(seen, before, plan.weights[event.step], plan.limits)
    if not verdict.passed:
        _fail(event, note, verdict.told)
    try:
        cases = load_cases(request, event.source, lambda: clients.s3)
        asked = Questions(event, subject, gateway, clients, sleep).ask(cases)
    except (SmokeTestError, UnreadableError) as error:
        _fail(event, note, str(error))
    step = CanaryStep(
        weight=plan.weights[event.step],
        seconds=now - since,
        calls=seen.calls,
        errors=seen.errors,
        judged=verdict.judged,
        told=verdict.told,
        cases=asked,
    )
    report = event.canary or CanaryReport(version=note.version, live_version=note.live_version)
    report = report.model_copy(update={"steps": [*report.steps, step]})
    return JudgedStep(canary=report, over=event.step + 1 == len(plan.weights))


def _standing(record: Record, event: JudgeEvent) -> tuple[CanaryRecord, GatewayRecord]:
    note, gateway = record.canary, record.gateway
    if note is None or note.execution != event.execution or gateway is None or not gateway.url:
        raise CanaryFailedError(
            f"the record of environment '{record.environment}' lists no canary of this execution; provision again"
        )
    return note, gateway


def _fail(event: JudgeEvent, note: CanaryRecord, told: str) -> NoReturn:
    plan = event.request.promotion or Promotion(strategy="canary")
    number, weight = event.step + 1, plan.weights[event.step]
    raise CanaryFailedError(
        f"canary of version {note.version}, step {number} of {len(plan.weights)} at {weight} %: {told}; all calls go "
        f"to version {note.live_version} again; fix the agent and provision again"
    ) from None
