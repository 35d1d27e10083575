"""How soon an environment answers, against the ways that people have today.

Run as `python -m benchmarks.peers [--readiness N,N]` in the project's root. Each way builds the same agent on a local
AWS of its own whose runtimes take so many seconds to be READY: for the first time, again with nothing changed, and
again with changed code. Prints a table: seconds until the first proven answer, API calls, state transitions, price.

- `lifecycle`: this project; until the state "Run the smoke test" is left.
- `script`: (a) the steps of the tutorial in a plain script: Cognito, CodeBuild (looked at each second, as the toolkit
  does), the runtime (looked at every ten seconds, as the notebook does), a call without a token, a call with one.
- `sdk`: (b) the same, with `create_agent_runtime_and_wait` of AWS's SDK and its default interval.
- `stack`: (c) the same with a CloudFormation stack in the place of the runtime's calls. This way is not run, but
  computed from (a): its runtime is found to be READY at the next look of `aws cloudformation wait`, whose interval is
  in botocore's model of the waiter. With nothing changed it makes no update.

The other ways find the build project, the repository and the roles there, which costs them nothing here. For a short
readiness the ways run one after the other, for a long one at the same time. The price counts state transitions and
Lambda, by `cli/cost/prices.json`; CodeBuild and AgentCore cost all ways the same for each build, and the ways without a
state machine need a machine of their own, which is not counted.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import botocore.session

from benchmarks.executions import history_of, left, role_calls, succeed, tasks
from benchmarks.scripts import SCRIPTS, Script, upload
from cli.cost.prices import PRICES
from local.agentcore.settings import Delays
from local.embedded import EmbeddedAws

READINESS = (3, 20, 60, 240)
KINDS = ("first build", "nothing changed", "changed code")
MEASURED = ("lifecycle", *SCRIPTS)
# From here on the ways wait for so long that they do not disturb each other.
_TOGETHER_FROM = 60
_BOUNDS = {"first build": 0.85, "nothing changed": 0.10, "changed code": 0.85}
# Dollars for a state transition, a request of Lambda and a gigabyte-second.
_TRANSITION, _REQUEST, _GB_SECOND = (
    PRICES[name].usd for name in ("transitions", "requests", "lambda")
)


@dataclass(frozen=True)
class Build:
    """What one build took.

    Attributes:
        seconds: Until the first proven answer.
        calls: Calls of AWS's APIs, those of the agent apart.
        transitions: State transitions of Step Functions.
        dollars: Price of the transitions and of Lambda.
        waited: How many of the seconds went until the runtime was seen to be READY, after the call that began it.
        looks: How many of the calls asked whether it is.
    """

    seconds: float
    calls: int
    transitions: int = 0
    dollars: float = 0.0
    waited: float = 0.0
    looks: int = 0


def measure(way: str, readiness: int) -> list[Build]:
    """Run one way on a local AWS of its own.

    Args:
        way: One of `MEASURED`.
        readiness: Seconds until a runtime is READY, after it was created or updated.

    Returns:
        A build for each of `KINDS`.

    Raises:
        RuntimeError: A build failed, or a call was not refused or not answered as it must be.
    """
    delays = Delays()
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedAws.start(state_dir=Path(folder), delays=delays) as aws,
    ):
        # Cold starts and downloads are not to be counted for the first build.
        succeed(aws, {"environment": "warm-up", "teardown": "always"})
        delays.create = delays.update = readiness
        place = "uploads" if way == "lifecycle" else "build-sources"
        keys = [upload(aws, place, text) for text in ("one", "one", "two")]
        if way == "lifecycle":
            return [_execution(aws, key) for key in keys]
        script = SCRIPTS[way](aws)
        return [_scripted(script, key) for key in keys]


def _scripted(script: Script, key: str) -> Build:
    before, began = script.calls, time.monotonic()
    waited, looks = script.build(key)
    return Build(time.monotonic() - began, script.calls - before, waited=waited, looks=looks)


def _execution(aws: EmbeddedAws, key: str) -> Build:
    source = {"bucket": aws.outputs["ArtifactBucketName"], "key": key}
    before = time.time()
    arn = succeed(aws, {"environment": "dev", "artifact": {"source": source}})
    calls = role_calls(aws, before)
    history = history_of(aws, arn)
    (proven,) = left(history, "Run the smoke test")
    transitions = sum(event["type"].endswith("StateEntered") for event in history)
    return Build(
        (proven - history[0]["timestamp"]).total_seconds(),
        len(calls),
        transitions,
        transitions * _TRANSITION + _lambda_dollars(aws, history),
    )


def _lambda_dollars(aws: EmbeddedAws, history: list[dict[str, Any]]) -> float:
    memory: float = aws.client("lambda").list_functions()["Functions"][0]["MemorySize"] / 1024
    spans = [ended["timestamp"] - scheduled["timestamp"] for scheduled, ended in tasks(history)]
    seconds: float = sum(span.total_seconds() for span in spans)
    return len(spans) * _REQUEST + seconds * memory * _GB_SECOND


def stack_way(script: list[Build]) -> list[Build]:
    """What a CloudFormation stack would take, from what the plain script took."""
    delay = stack_wait_seconds()
    computed = []
    for kind, build in zip(KINDS, script, strict=True):
        changes = kind != "nothing changed"
        waited = math.ceil(build.waited / delay) * delay if changes else 0.0
        looks = int(waited / delay) + 1 if changes else 0
        seconds = build.seconds - build.waited + waited
        calls = build.calls - build.looks + looks
        computed.append(Build(seconds, calls, waited=waited, looks=looks))
    return computed


def stack_wait_seconds() -> int:
    """Seconds between two looks of `aws cloudformation wait stack-create-complete`, from botocore's model."""
    model = botocore.session.get_session().get_waiter_model("cloudformation")
    return int(model.get_waiter("StackCreateComplete").delay)


def compare(readiness: int) -> dict[str, list[Build]]:
    """Every way's builds at one readiness."""
    at_once = len(MEASURED) if readiness >= _TOGETHER_FROM else 1
    with ThreadPoolExecutor(at_once) as pool:
        found = dict(
            zip(
                MEASURED, pool.map(lambda way: _in_a_process(way, readiness), MEASURED), strict=True
            )
        )
    return found | {"stack": stack_way(found["script"])}


def _in_a_process(way: str, readiness: int) -> list[Build]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.peers",
        "--way",
        way,
        "--readiness",
        str(readiness),
    ]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [Build(**build) for build in json.loads(ended.stdout)]


def lines(readiness: int, found: dict[str, list[Build]]) -> Iterator[str]:
    """The table's lines of one readiness."""
    for index, kind in enumerate(KINDS):
        ours = found["lifecycle"][index]
        for way, builds in found.items():
            build = builds[index]
            ratio = ours.seconds / build.seconds
            said = "" if way == "lifecycle" else f"lifecycle takes {ratio:.2f} of it"
            if way == "script":
                kept = "kept" if ratio <= _BOUNDS[kind] else "missed"
                said += f"; bound {_BOUNDS[kind]:.2f}: {kept}"
            yield (
                f"{readiness:>5} s  {kind:<15}  {way:<9}  {build.seconds:7.1f} s  {build.calls:>4} calls  "
                f"{build.transitions:>3} transitions  ${build.dollars:.5f}  {said}".rstrip()
            )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description="Compares the lifecycle with what people do today."
    )
    parser.add_argument("--readiness", default=",".join(map(str, READINESS)))
    parser.add_argument("--way", choices=MEASURED, help="Only this way; prints JSON.")
    given = parser.parse_args()
    for readiness in map(int, given.readiness.split(",")):
        if given.way:
            builds = [asdict(build) for build in measure(given.way, readiness)]
            sys.stdout.write(json.dumps(builds) + "\n")
            continue
        for line in lines(readiness, compare(readiness)):
            sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
