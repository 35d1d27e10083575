"""`lifecycle report`, `lifecycle open`, and the progress of a fleet."""

from __future__ import annotations

import json
import re
import webbrowser
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from cli.execution.history import Event
from cli.execution.timeline import Timeline
from cli.perform.fleet_progress import FleetProgress
from cli.target.denied import DeniedError
from lifecycle.names import fleet_suffix
from tests.cli.commands.conftest import FLEET, STARTED
from tests.cli.commands.records import CONFIDENTIAL, ready

Call = Callable[..., int]
Capture = pytest.CaptureFixture[str]

INPUT = json.dumps({"runtime": {"environmentVariables": {"KEY": CONFIDENTIAL}}})
ENDED = {"stopDate": STARTED + timedelta(seconds=40)}


def test_a_report_is_written_in_each_format_without_the_secret(
    place: Any, call: Call, capsys: Capture, tmp_path: Path
) -> None:
    place.put(ready())
    story = place.machines.story
    story.task("Prepare the request", seconds=2)
    output = {
        "environment": "dev",
        "promotion": {"version": "2", "previousVersion": "1"},
        "smokeTest": {"endpoint": "DEFAULT", "version": "2", "passed": True, "checks": []},
    }
    story.succeed(output)
    place.machines.add("one", INPUT, status="SUCCEEDED", output=json.dumps(output), **ENDED)
    page, xml = tmp_path / "x.html", tmp_path / "x.xml"
    assert call("report", "one", "--html", str(page), "--junit", str(xml), "--json") == 0
    out = capsys.readouterr().out
    told = json.loads(out)
    for text in (out, page.read_text("utf-8"), xml.read_text("utf-8")):
        assert CONFIDENTIAL not in text
        assert "one" in text
    assert told["asked"] == {"runtime.environmentVariables.KEY": "(not shown)"}
    assert (told["versions"]["liveBefore"], told["versions"]["liveAfter"]) == ("1", "2")
    assert told["now"]["environment"]["runtime"]["liveVersion"] == "2"
    assert [line["name"] for line in told["cost"]["lines"]] == ["transitions", "requests", "lambda"]
    assert call("report", "one", "--html", str(page), "--language", "ja") == 0
    assert "プロビジョニング：成功" in page.read_text("utf-8")
    capsys.readouterr()
    assert call("report", "one", "--html", str(page), "--language", "fr") == 2
    assert "--language fr: give en or ja" in capsys.readouterr().err
    assert call("report", "one", "--junit", str(xml)) == 0
    assert f"junit: {xml}" in capsys.readouterr().out


def test_what_failed_leads_to_its_log_and_may_be_gone(
    place: Any, call: Call, capsys: Capture
) -> None:
    story = place.machines.story
    story.enter("Run the smoke test")
    story.breaks("SmokeTestError", "silent")
    story.fail("SmokeTestError", "silent")
    place.machines.add("one", status="FAILED", error="SmokeTestError", cause="silent", **ENDED)
    assert call("report", "one", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["failure"] == {"error": "SmokeTestError", "cause": "silent"}
    assert told["now"]["exists"] is False
    assert told["next"][0]["command"] == "lifecycle logs --stack mine dev --stage run_smoke_test"
    place.denied["dynamodb"] = DeniedError("dynamodb:GetItem is denied")
    assert call("report", "one", "--json") == 0
    assert "dynamodb:GetItem is denied" in json.loads(capsys.readouterr().out)["now"]["note"]


@pytest.mark.parametrize("named", ["dev; touch x", "\x1b[2J", 5, ["dev"], {"a": 1}, None])
def test_an_input_without_a_valid_environment_gets_no_command_for_one(
    place: Any, call: Call, capsys: Capture, tmp_path: Path, named: Any
) -> None:
    place.machines.story.fail("InvalidRequestError", "environment: refused")
    ended = {"status": "FAILED", "error": "InvalidRequestError", "cause": "refused", **ENDED}
    place.machines.add("one", json.dumps({"environment": named}), **ended)
    page, xml = tmp_path / "x.html", tmp_path / "x.xml"
    assert call("report", "one", "--html", str(page), "--junit", str(xml), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["environment"] is None
    assert [one["command"] for one in told["next"]] == ["lifecycle history --stack mine one"]
    assert told["now"]["note"] == "The environment cannot be looked up."
    assert ElementTree.parse(xml).getroot().get("name") == "lifecycle"  # noqa: S314 - we wrote it
    assert "of no valid environment failed" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["one"], "give --html FILE, --junit FILE, --json"),
        (["one", "--html", "nowhere/x.html"], "there is no folder nowhere"),
        (["nothing", "--json"], "there is no execution nothing"),
    ],
)
def test_bad_usage(place: Any, call: Call, capsys: Capture, words: list[str], message: str) -> None:
    place.machines.add("one")
    assert call("report", *words) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_the_report_of_a_failed_fleet_reads_what_its_map_wrote(
    place: Any, call: Call, capsys: Capture
) -> None:
    place.outputs["ArtifactBucketName"] = "artifacts"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="artifacts")
    ended = {"environment": "good", "execution": None, "status": "SUCCEEDED"}
    bad = {"environment": "bad", "status": "FAILED", "error": "SmokeTestError", "cause": "silent"}
    files = {
        "manifest.json": {"ResultFiles": {"SUCCEEDED": [{"Key": "fleets/all/results/r/S.json"}]}},
        "S.json": [{"Output": json.dumps(one)} for one in (ended, bad)],
    }
    for name, content in files.items():
        s3.put_object(
            Bucket="artifacts", Key=f"fleets/all/results/r/{name}", Body=json.dumps(content)
        )
    failed = {"error": "FleetError", "cause": "1 failed", "status": "FAILED"}
    place.machines.add("all", '{"action": "verify"}', machine=FLEET, **failed, **ENDED)
    place.machines.story.fail("FleetError", "1 failed")
    place.machines.map_runs = [{"mapRunArn": "arn:aws:states:us-east-1:1:mapRun:fleet/x:r"}]
    assert call("report", "all", "--json") == 0
    fleet = json.loads(capsys.readouterr().out)["fleet"]
    assert [row["environment"] for row in fleet["rows"]] == ["bad", "good"]
    assert (fleet["total"], fleet["failed"], fleet["leftOut"]) == (2, 1, 0)
    place.denied["s3"] = DeniedError("s3:GetObject is denied")
    assert call("report", "all", "--json") == 0
    assert "s3:GetObject is denied" in json.loads(capsys.readouterr().out)["fleet"]["note"]


def test_open_prints_the_address_of_each_thing(
    place: Any, call: Call, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def browser(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", browser)
    place.put(ready())
    arn = place.machines.add("one")
    for words, part in (
        ([], "#/statemachines/view/arn:aws:states:"),
        (["dev"], "/bedrock-agentcore/agents?region=us-east-1"),
        (["one"], f"#/v2/executions/details/{arn}"),
        ([arn], f"#/v2/executions/details/{arn}"),
    ):
        assert call("open", *words, "--print") == 0
        printed = capsys.readouterr().out.strip()
        assert printed.startswith("https://us-east-1.console.aws.amazon.com/")
        assert part in printed
    assert opened == []
    assert call("open", "one") == 0
    assert opened == [capsys.readouterr().out.strip()]
    assert call("open", "nothing", "--print") == 2
    assert "nothing is no environment that has a runtime" in capsys.readouterr().err
    place.endpoint_url = "http://localhost:1"
    assert call("open", "one") == 2
    assert "lifecycle console --local" in " ".join(capsys.readouterr().err.split())


def test_the_progress_of_a_fleet_counts_what_is_done_and_what_failed(
    place: Any, story: Any
) -> None:
    arn = place.machines.add("all", machine=FLEET)
    suffix = fleet_suffix(arn, "verify")
    story.task("Select the environments", result={"Payload": {"selected": 4, "dryRun": False}})
    timeline = Timeline()
    now = [0.0]
    progress = FleetProgress(place, arn, "verify", clock=lambda: now[0])
    assert progress(timeline) is None
    timeline.add(map(Event.from_api, story.events))
    assert progress(timeline) is None, "the map run has not begun"
    counts = {"pending": 1, "running": 1, "succeeded": 2, "failed": 0, "timedOut": 0, "aborted": 0}
    run = {"mapRunArn": "arn:run", "startDate": STARTED, "itemCounts": counts}
    place.machines.map_runs = [run]
    before = STARTED - timedelta(hours=1)
    place.machines.add(f"old{suffix}", status="FAILED", startDate=before)
    place.machines.add(f"a{suffix}", status="FAILED")
    place.machines.add(f"b{suffix}", status="TIMED_OUT")
    place.machines.add(f"c{suffix}", status="SUCCEEDED")
    place.machines.add("of-somebody-else", status="FAILED")
    assert progress(timeline) is None, "it does not look again at once"
    now[0] = 3.0
    assert progress(timeline) == "2 of 4 environments done, 2 failed"


def test_progress_that_is_denied_is_said_once(place: Any, story: Any) -> None:
    arn = place.machines.add("all", machine=FLEET)
    story.task("Select the environments", result={"Payload": {"selected": 1}})
    timeline = Timeline()
    timeline.add(map(Event.from_api, story.events))
    asked = []

    def denied(**_arguments: Any) -> Any:
        asked.append(1)
        raise DeniedError("states:ListMapRuns is denied")

    place.machines.list_map_runs = denied
    progress = FleetProgress(place, arn, "verify", every=0)
    for _ in range(3):
        assert re.search("ListMapRuns is denied", progress(timeline) or "")
    assert asked == [1]


def test_progress_that_cannot_be_read_does_not_end_it(place: Any, story: Any) -> None:
    arn = place.machines.add("all", machine=FLEET)
    story.task("Select the environments", result={"Payload": {"selected": 1}})
    timeline = Timeline()
    timeline.add(map(Event.from_api, story.events))

    def slow(**_arguments: Any) -> Any:
        raise ReadTimeoutError(endpoint_url="https://states")

    place.machines.list_map_runs = slow
    said = FleetProgress(place, arn, "verify", every=0)(timeline)
    assert said is not None
    assert said.startswith("The progress of the environments cannot be read: Read timeout")
