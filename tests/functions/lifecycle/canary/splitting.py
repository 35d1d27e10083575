"""The gateway of environment `dev` while a canary splits its calls, as AgentCore has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import pytest

from lifecycle.canary.clear import clear_canary
from lifecycle.canary.parts import CanaryEvent, weight_of
from lifecycle.canary.report import CanaryReport
from lifecycle.canary.shift import ShiftedTraffic, shift_traffic
from lifecycle.runtime.promotion import promote_version
from lifecycle.runtime.readiness import check_runtime
from lifecycle.sections.canary import CanaryRecord
from tests.functions.lifecycle.gateway.front import ON, Front
from tests.functions.lifecycle.killer import Killed

CANARY: dict[str, Any] = {**ON, "promotion": {"strategy": "canary"}}
NEW: dict[str, Any] = {"runtime": {"description": "new"}}


class Splitting:
    """An environment with a gateway, and an execution whose new version has passed its smoke test."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.world = front.world
        self.control = front.control

    def begin(self, name: str = "two", **request: Any) -> None:
        """Provision a version up to its smoke test."""
        self.world.begin(name, CANARY | NEW | request)
        assert self.world.publish().done
        self.world.deploy()
        self.world.loop(check_runtime)
        self.world.prove()

    def event(self, step: int = 0, canary: CanaryReport | None = None) -> CanaryEvent:
        event = self.world.event()
        return CanaryEvent(**dict(event), step=step, canary=canary)

    def call(self, step: int = 0, canary: CanaryReport | None = None) -> ShiftedTraffic:
        return shift_traffic(self.event(step, canary), clients=self.world.clients)

    def shift(self, step: int = 0, canary: CanaryReport | None = None) -> ShiftedTraffic:
        result: ShiftedTraffic = self._loop(lambda: self.call(step, canary))
        return result

    def clear(self) -> Any:
        return self.world.loop(clear_canary)

    def promote(self) -> Any:
        return self.world.loop(promote_version)

    def _loop(self, call: Callable[[], Any]) -> Any:
        for _ in range(20):
            result = call()
            if result.done:
                return result
            self.world.pass_(2)
        raise AssertionError(f"not done: {result}")

    @contextmanager
    def killed_before_the_answer(self, operation: str) -> Iterator[None]:
        """End the block's function when AgentCore has done an operation, and before its answer is there."""

        def lost(_: dict[str, Any]) -> NoReturn:
            raise Killed(operation)

        with self.front.told(operation, lost), pytest.raises(Killed):
            yield

    # --- what is there ---

    @contextmanager
    def prompt(self, reading: str) -> Iterator[None]:
        """Let a list that lags by a reading, such as `rule-list`, show in the block what there is."""
        readings = self.world.store.readings
        readings.change({reading: "prompt"})
        try:
            yield
        finally:
            readings.change({reading: "late"})

    def note(self) -> CanaryRecord:
        """The canary's section of the record, which has one."""
        note = self.world.record().canary
        assert note is not None
        return note

    def rules(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control.list_gateway_rules(
            gatewayIdentifier=self.front.id
        )["gatewayRules"]
        return found

    def weights(self) -> list[int | None]:
        return [weight_of(rule) for rule in self.rules()]

    def targets(self) -> list[str]:
        return sorted(item["name"] for item in self.front.targets())

    def led_to(self) -> dict[str, str]:
        """The endpoint that each target leads to."""
        found = {}
        for item in self.front.targets():
            target = self.control.get_gateway_target(
                gatewayIdentifier=self.front.id, targetId=item["targetId"]
            )
            runtime = target["targetConfiguration"]["http"]["agentcoreRuntime"]
            found[item["name"]] = runtime["qualifier"]
        return found

    def endpoints(self) -> dict[str, str]:
        return {
            name: endpoint.live
            for name, endpoint in self.world.only_runtime().endpoints.items()
            if name != "DEFAULT"
        }

    def everything(self) -> tuple[list[int | None], list[str], dict[str, str]]:
        return self.weights(), self.targets(), self.endpoints()
