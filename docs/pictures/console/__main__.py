"""Photographs the console on a local AWS. Run as `python -m docs.pictures.console` in the project's root.

It takes about two minutes, and needs Node, node_modules and Chromium as the tests of the console do. `make pictures`
leaves these pictures as they are: they hold times and names that differ from run to run.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from cli.console.server import console_served
from cli.target.deployed import deployed
from local.agentcore.settings import Delays
from local.embedded import EmbeddedAws
from tests.foreign.browser.chromium import browse

FOLDER = Path(__file__).resolve().parent
AGENT = FOLDER.parents[2] / "tests/embedded/agents/echo"
MOST_BYTES = 200_000
_WIDE = {"width": 1280, "height": 860}
_PHONE = {"width": 390, "height": 844, "scale": 1.5}
_PROMPT = "Do you have rain boots?"
_ANSWER = "Yes: rain boots, sizes 36 to 47."
_SAY = f"""    def answer(self, value: object) -> None:
        if "answer" in value:
            value = {{"answer": {_ANSWER!r}}}
"""
_TEST = {"prompt": _PROMPT, "expect": "rain boots"}


def main() -> None:
    """Write every picture, and refuse one that is too large for the repository."""
    delays = Delays(create=0.2, update=0.2, delete=0.2, endpoint=0.1, gateway=0.1, spans=0)
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedAws.start(state_dir=Path(folder), delays=delays) as aws,
        console_served(deployed(None, local=True, state_dir=Path(folder)), 0) as gate,
    ):
        shots = _stage(aws)
        notes = browse(
            FOLDER / "take.mjs", {"url": gate.url, "shots": shots, "folder": str(FOLDER)}
        )
    large = [one.name for one in FOLDER.glob("*.png") if one.stat().st_size > MOST_BYTES]
    faults = [*notes, *(f"{name} has more than {MOST_BYTES} bytes" for name in large)]
    sys.exit("\n".join(faults) or None)


def _stage(aws: EmbeddedAws) -> list[dict[str, Any]]:
    """Bring about what is photographed; returns the pictures: name, address and look of each."""
    source = _upload(aws)
    front = {"gateway": {"type": "runtime"}}
    shop = {"environment": "shop", "artifact": {"source": source}, **front}
    _end(aws, _start(aws, "provision-shop", {**shop, "smokeTest": _TEST}))
    changed = {"runtime": {"environmentVariables": {"GREETING": "hello"}}}
    _end(aws, _start(aws, "change-shop", {**shop, **changed, "smokeTest": _TEST}))
    failing = {"artifact": {"source": source}, "smokeTest": {**_TEST, "expect": "umbrella"}}
    _end(aws, _start(aws, "provision-catalog", {"environment": "catalog", **failing}))
    expiring = {"artifact": {"source": source}, "ttlHours": 12}
    given = {"environment": "feature-42", **expiring, "smokeTest": _TEST}
    _end(aws, _start(aws, "provision-feature-42", given))
    aws.agentcore.delays.create = 600.0
    _start(aws, "provision-search", {"environment": "search", "artifact": {"source": source}})
    _await_state(aws, "provision-search", "Wait for the runtime")
    failed = "/executions/provision-catalog?state=Run%20the%20smoke%20test"
    running = "/executions/provision-search"
    return [
        _shot("board", "/"),
        _shot("board.dark.ja", "/", theme="dark", language="ja"),
        _shot("board.phone", "/", **_PHONE),
        _shot("running", running),
        _shot("running.dark", running, theme="dark"),
        # Not so high that the stack trace of the function, with paths of this machine, is on it.
        _shot("failed", failed, to="#state", height=760),
        _shot("failed.phone.dark.ja", failed, to="#state", theme="dark", language="ja", **_PHONE),
        _shot("start", "/start"),
        _shot("start.ja", "/start", language="ja", height=760),
        _shot("start.phone", "/start", **_PHONE),
        _shot("environment", "/environments/shop"),
        _shot("environment.dark.ja", "/environments/shop", theme="dark", language="ja"),
        _shot("environment.phone", "/environments/shop", **_PHONE),
        _shot("ask", "/environments/shop/ask", ask=_PROMPT),
    ]


def _shot(name: str, path: str, **more: Any) -> dict[str, Any]:
    plain = {"theme": "light", "language": "en", **_WIDE}
    return {"file": f"{name}.png", "path": path, **plain, **more}


def _upload(aws: EmbeddedAws) -> dict[str, str]:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for file in sorted(path for path in AGENT.iterdir() if path.is_file()):
            archive.writestr(file.name, _speaking(file.read_text("utf-8")))
    bucket, key = aws.outputs["ArtifactBucketName"], "uploads/shop-agent.zip"
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=data.getvalue())
    return {"bucket": bucket, "key": key}


def _speaking(text: str) -> str:
    """Make the agent of the tests, which repeats what reached it, answer as an agent of a shop does."""
    return text.replace("    def answer(self, value: object) -> None:\n", _SAY)


def _start(aws: EmbeddedAws, name: str, request: dict[str, Any]) -> str:
    wait = {"intervalSeconds": 1, "maxIntervalSeconds": 3, "timeoutSeconds": 900}
    answer = aws.client("stepfunctions").start_execution(
        stateMachineArn=aws.outputs["StateMachineArn"],
        name=name,
        input=json.dumps({"wait": wait, **request}),
    )
    return str(answer["executionArn"])


def _end(aws: EmbeddedAws, arn: str) -> None:
    client = aws.client("stepfunctions")
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(0.5)


def _await_state(aws: EmbeddedAws, name: str, state: str) -> None:
    arn = aws.outputs["StateMachineArn"].replace("stateMachine", "execution") + f":{name}"
    client = aws.client("stepfunctions")
    while True:
        found = client.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=50)
        entered = [one.get("stateEnteredEventDetails", {}).get("name") for one in found["events"]]
        if state in entered:
            return
        described = client.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            sys.exit(f"{name} has ended before {state}: {described.get('cause')}")
        time.sleep(0.5)


if __name__ == "__main__":
    main()
