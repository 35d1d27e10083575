"""Canaries for `local/moto/events.py`."""

from __future__ import annotations

from collections.abc import Callable

import boto3

from tests.local.moto.canaries.machines import ROLE, machine, passing


def state_machine_targets() -> bool:
    events = boto3.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["a"]}')
    target = {"Id": "t", "Arn": machine(passing({})), "RoleArn": ROLE}
    events.put_targets(Rule="r", Targets=[target])
    entry = {"Source": "a", "DetailType": "d", "Detail": "{}"}
    try:
        events.put_events(Entries=[entry])
    except NotImplementedError:
        return True
    return False


CANARIES: list[Callable[[], bool]] = [
    state_machine_targets,
]
