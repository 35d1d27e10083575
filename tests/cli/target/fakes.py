"""Fakes of the local AWS and of a boto3 session."""

from __future__ import annotations

import fcntl
import io
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rich.console import Console

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:lifecycle"


class AlreadyRunningError(RuntimeError):
    """Stands in for the error of `local.embedded`."""


class FakeEmbedded:
    """Stands in for `EmbeddedAws`: locks its state folder, writes into it, and remembers that it was ended."""

    started: list[FakeEmbedded]

    def __init__(self, state_dir: Path, parameters: dict[str, str], delays: Any) -> None:
        state_dir.mkdir(parents=True)
        self._lock = (state_dir / "lock").open("a")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.state_dir, self.delays, self.ended = state_dir, delays, False
        self.parameters = parameters
        self.outputs = {"StateMachineArn": MACHINE}
        (state_dir / "file").write_text("state")

    @classmethod
    def start(
        cls, *, state_dir: Path, parameters: dict[str, str], delays: Any, warm: Sequence[str]
    ) -> FakeEmbedded:
        assert warm[0] == "PrepareRequestFunction", "a person waits: nothing starts cold"
        if state_dir.exists():
            raise AlreadyRunningError
        cls.started.append(cls(state_dir, parameters, delays))
        return cls.started[-1]

    def client(self, service: str) -> str:
        return service

    def __enter__(self) -> FakeEmbedded:
        return self

    def __exit__(self, *_error: object) -> None:
        self.ended = True
        self._lock.close()


class FakeSession:
    """Answers DescribeStacks with these outputs, or raises."""

    def __init__(self, outputs: dict[str, str] | Exception, region_name: str = "us-east-1") -> None:
        self.outputs = outputs
        self.region_name = region_name
        self.endpoints: list[str | None] = []

    def client(self, service: str, *, endpoint_url: str | None, config: Any, **_: Any) -> Any:
        self.endpoints.append(endpoint_url)
        return SimpleNamespace(
            service=service,
            describe_stacks=self.describe_stacks,
            meta=SimpleNamespace(
                region_name=self.region_name,
                events=SimpleNamespace(register=lambda *_arguments: None),
            ),
        )

    def describe_stacks(self, **_arguments: str) -> dict[str, Any]:
        if isinstance(self.outputs, Exception):
            raise self.outputs
        outputs = [{"OutputKey": k, "OutputValue": v} for k, v in self.outputs.items()]
        return {"Stacks": [{"Outputs": outputs}]}


def quiet() -> Console:
    return Console(file=io.StringIO())
