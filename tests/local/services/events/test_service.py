"""Deliveries and the clock, with stand-ins for the services that are reached."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from local.moto import events as moto_events
from local.moto.events import Timer
from local.services.events.service import Events

PREFIX = ":us-east-1:123456789012:"
RULE = f"arn:aws:events{PREFIX}rule/r"
SCHEDULE = f"arn:aws:scheduler{PREFIX}schedule/default/s"
BUS = f"arn:aws:events{PREFIX}event-bus/other"
QUEUE = f"arn:aws:sqs{PREFIX}q"
EVENT: dict[str, Any] = {"source": "s", "detail-type": "t", "detail": {"n": 1}}


class Services:
    """Every client of every service: notes what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.failures: dict[str, Exception] = {}

    def __call__(self, service: str) -> Any:
        return self

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        def ask(**given: Any) -> dict[str, Any]:
            self.asked.append((operation, given))
            if operation in self.failures:
                raise self.failures[operation]
            return {"QueueUrl": f"http://localhost/{given.get('QueueName')}"}

        return ask

    def sent(self, operation: str, member: str) -> list[Any]:
        return [given[member] for name, given in self.asked if name == operation]


class World:
    """Events whose clock stands still, and what there is to fire."""

    def __init__(self) -> None:
        self.services = Services()
        self.timers: list[Timer] = []
        self.now = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
        self.events = Events(
            client=self.services,
            account_id="123456789012",
            region="us-east-1",
            clock=lambda: self.now,
        )

    def take(self, arn: str, event: dict[str, Any] = EVENT, **target: Any) -> None:
        self.events.take({"Id": "t", "Arn": arn, **target}, event, RULE)

    def schedule(self, expression: str, timezone: str = "UTC", **target: Any) -> None:
        arn = f"{SCHEDULE}-{len(self.timers)}"
        self.timers.append(Timer(arn, expression, timezone, [{"Arn": QUEUE, **target}], rule=False))

    def fire(self) -> None:
        """Let a day go by."""
        self.events.tick()
        self.now += timedelta(days=1)
        self.events.tick()

    def bodies(self) -> list[Any]:
        """Return what the queue has received, once all is delivered."""
        # A dead thread would let `flush` wait for ever.
        waiting = threading.Thread(target=self.events.flush, daemon=True)
        waiting.start()
        waiting.join(10)
        assert not waiting.is_alive(), "nobody delivers any more"
        return self.services.sent("send_message", "MessageBody")


DEAD: dict[str, Any] = {"DeadLetterConfig": {"Arn": f"arn:aws:sqs{PREFIX}dead"}}
MACHINE = f"arn:aws:states{PREFIX}stateMachine:m"


def refusal(code: str) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "because of the test"}}, "StartExecution"
    )


def notes(world: World) -> list[dict[str, str]]:
    """Return the attributes of the messages in the queues, once all is delivered."""
    world.bodies()
    found = world.services.sent("send_message", "MessageAttributes")
    assert all(value["DataType"] == "String" for item in found for value in item.values())
    return [{name: value["StringValue"] for name, value in item.items()} for item in found]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    found: list[World] = []
    monkeypatch.setattr(moto_events, "timers", lambda *_: [*found[0].timers] if found else [])
    found.append(World())
    yield found[0]
    found[0].events.close()


@pytest.mark.parametrize(
    ("arn", "target"),
    [
        (BUS, {"InputPath": "$.detail"}),
        (QUEUE, {"InputTransformer": {"InputPathsMap": {}}}),
        (QUEUE, {"InputPath": 1}),
        ("no ARN", {}),
    ],
)
def test_a_delivery_that_cannot_be_made_spares_the_next(
    world: World, caplog: pytest.LogCaptureFixture, arn: str, target: dict[str, Any]
) -> None:
    world.take(arn, **target)
    world.take(QUEUE, InputPath="$.detail")
    assert world.bodies() == ['{"n": 1}']
    assert f"the delivery to {arn} failed" in caplog.text
    assert "Traceback" in caplog.text


def test_a_text_reaches_who_takes_texts_as_it_is(world: World) -> None:
    for arn in (
        QUEUE,
        f"arn:aws:sns{PREFIX}topic",
        f"arn:aws:logs{PREFIX}log-group:/events",
        MACHINE,
        f"arn:aws:lambda{PREFIX}function:f",
    ):
        world.take(arn, Input="good morning")
    assert world.bodies() == ["good morning"]
    assert world.services.sent("publish", "Message") == ["good morning"]
    (written,) = world.services.sent("put_log_events", "logEvents")
    assert [event["message"] for event in written] == ["good morning"]
    # These two refuse it, as they refuse all that is no JSON.
    assert world.services.sent("start_execution", "input") == ["good morning"]
    assert world.services.sent("invoke", "Payload") == [b"good morning"]


def test_a_json_text_is_json_for_a_state_machine(world: World) -> None:
    world.take(MACHINE, Input='"good morning"')
    world.take(QUEUE, Input='"good morning"')
    assert world.bodies() == ["good morning"]
    assert world.services.sent("start_execution", "input") == ['"good morning"']


def test_a_schedule_with_a_text_fires_and_spares_the_others(world: World) -> None:
    world.schedule("rate(1 hour)", Input="sweep, please")
    world.schedule("rate(1 hour)", Input=json.dumps({"action": "sweep"}))
    world.fire()
    assert world.bodies() == ["sweep, please", '{"action": "sweep"}']


@pytest.mark.parametrize(
    ("expression", "timezone"),
    [
        ("cron(0 3 * * ? *)", "Mars/Phobos"),
        ("at(2026-13-45T00:00:00)", "UTC"),
        ("rate(5 weeks)", "UTC"),
    ],
)
def test_a_bad_schedule_spares_the_others(
    world: World, caplog: pytest.LogCaptureFixture, expression: str, timezone: str
) -> None:
    world.schedule(expression, timezone)
    world.schedule("rate(1 hour)", Input="sweep")
    world.fire()
    assert world.bodies() == ["sweep"]
    assert f"{SCHEDULE}-0 has no schedule: {expression}" in caplog.text


def test_a_schedule_that_cannot_be_fired_spares_the_others(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.schedule("rate(1 hour)", Input={"no": "text"})
    world.schedule("rate(1 hour)", Input="sweep")
    world.fire()
    assert world.bodies() == ["sweep"]
    assert f"{SCHEDULE}-0 could not fire" in caplog.text


def test_a_schedule_whose_time_zone_is_mended_fires(world: World) -> None:
    world.schedule("cron(0 3 * * ? *)", "Mars/Phobos")
    world.fire()
    world.timers.clear()
    world.schedule("cron(0 3 * * ? *)", "Asia/Tokyo", Input="sweep")
    world.fire()
    assert world.bodies() == ["sweep"]


def test_the_clock_goes_on_when_it_failed_once(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    again = threading.Event()
    calls: list[int] = []

    def timers(*_: str) -> list[Timer]:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("dictionary changed size during iteration")
        again.set()
        return []

    monkeypatch.setattr(moto_events, "timers", timers)
    assert again.wait(10), "the clock has stopped"
    assert "the clock of rules and schedules failed" in caplog.text


@pytest.mark.parametrize(
    ("error", "code", "attempts"),
    [
        (refusal("InternalServerException"), "ERROR_FROM_TARGET", 3),
        (refusal("ThrottlingException"), "THROTTLING", 3),
        (EndpointConnectionError(endpoint_url="http://localhost"), "CONNECTION_FAILURE", 3),
        (refusal("AccessDeniedException"), "NO_PERMISSIONS", 1),
        (refusal("StateMachineDoesNotExist"), "NO_RESOURCE", 1),
        (refusal("InvalidExecutionInput"), "INVALID_JSON", 1),
        (RuntimeError("because of the test"), "INTERNAL_ERROR", 1),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_a_rule_cannot_deliver_goes_to_its_dead_letter_queue(
    world: World, error: Exception, code: str, attempts: int
) -> None:
    world.services.failures["start_execution"] = error
    world.take(MACHINE, InputPath="$.detail", **DEAD)
    (said,) = notes(world)
    assert "test" in said["ERROR_MESSAGE"] or "localhost" in said["ERROR_MESSAGE"]
    exhausted = {"EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts"} if attempts > 1 else {}
    assert said == {
        "RULE_ARN": RULE,
        "TARGET_ARN": MACHINE,
        "ERROR_CODE": code,
        "ERROR_MESSAGE": said["ERROR_MESSAGE"],
        "RETRY_ATTEMPTS": str(attempts - 1),
        **exhausted,
    }
    assert world.services.sent("start_execution", "input") == ['{"n": 1}'] * attempts
    assert world.services.sent("get_queue_url", "QueueName") == ["dead"]
    assert [json.loads(body) for body in world.bodies()] == [EVENT], "the event as it was"


def test_what_a_schedule_cannot_deliver_goes_to_its_dead_letter_queue(world: World) -> None:
    world.services.failures["start_execution"] = refusal("StateMachineDoesNotExist")
    world.schedule("rate(1 hour)", Input="sweep <aws.scheduler.execution-id>", Arn=MACHINE, **DEAD)
    world.fire()
    (said,) = notes(world)
    assert said == {
        "SCHEDULE_ARN": f"{SCHEDULE}-0",
        "SCHEDULED_TIME": "2026-01-15T13:00:00Z",
        "EXECUTION_ID": said["EXECUTION_ID"],
        "IS_PAYLOAD_TRUNCATED": "false",
        "TARGET_ARN": MACHINE,
        "ERROR_CODE": "StateMachineDoesNotExist",
        "ERROR_MESSAGE": "because of the test",
        "RETRY_ATTEMPTS": "0",
    }
    assert world.bodies() == [f"sweep {said['EXECUTION_ID']}"], "what the target was to receive"


def test_a_retry_policy_counts(world: World) -> None:
    world.services.failures["start_execution"] = refusal("ThrottlingException")
    world.take(MACHINE, RetryPolicy={"MaximumRetryAttempts": 0}, **DEAD)
    assert [said["RETRY_ATTEMPTS"] for said in notes(world)] == ["0"]


def test_without_a_dead_letter_queue_nothing_is_kept(world: World) -> None:
    world.services.failures["start_execution"] = refusal("AccessDeniedException")
    world.take(MACHINE)
    assert world.bodies() == []
    assert world.services.sent("start_execution", "input") == [json.dumps(EVENT)]


def test_a_dead_letter_queue_that_is_gone_spares_the_next(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.services.failures["start_execution"] = refusal("AccessDeniedException")
    world.services.failures["get_queue_url"] = refusal("AWS.SimpleQueueService.NonExistentQueue")
    world.take(MACHINE, **DEAD)
    world.take(f"arn:aws:sns{PREFIX}topic", Input="next")
    assert world.bodies() == []
    assert world.services.sent("publish", "Message") == ["next"]
    assert "NonExistentQueue" in caplog.text
