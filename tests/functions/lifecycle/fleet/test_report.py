"""Report the fleet: what is counted, what is sent to the event bus, and which failures are named."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from lifecycle.errors import FleetError
from lifecycle.fleet.files import Location
from lifecycle.fleet.report import FleetReport, FleetReportEvent, report_fleet
from lifecycle.fleet.select import Selection
from tests.functions.lifecycle.fleet.environments import environment, select
from tests.functions.lifecycle.runtime_world import BUCKET

PREFIX = "fleets/one/results/run"


@pytest.fixture
def heard(world: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is put onto the event bus."""
    monkeypatch.setenv("EVENT_BUS_NAME", "default")
    entries: list[dict[str, Any]] = []

    class Events:
        def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
            entries.extend(Entries)
            return {"FailedEntryCount": 0}

    world.clients.__dict__["events"] = Events()
    yield entries
    del world.clients.__dict__["events"]


def item(name: str, error: str | None = None, cause: str | None = None) -> dict[str, Any]:
    """An entry of a result file: the execution of an item that ended in order."""
    output = {
        "environment": name,
        "execution": f"x:{name}",
        "status": "FAILED" if error else "SUCCEEDED",
        "error": error,
        "cause": cause,
    }
    return {
        "ExecutionArn": f"map:{name}",
        "Input": json.dumps({"environment": name, "input": {"environment": name}}),
        "Output": json.dumps(output),
        "Status": "SUCCEEDED",
    }


def written(world: Any, **files: list[list[dict[str, Any]]]) -> Location:
    """Write result files and their manifest as a ResultWriter does."""
    s3 = world.clients.s3
    listed: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for kind, contents in files.items():
        for number, entries in enumerate(contents):
            key, body = f"{PREFIX}/{kind}_{number}.json", json.dumps(entries).encode()
            s3.put_object(Bucket=BUCKET, Key=key, Body=body)
            listed[kind].append({"Key": key, "Size": len(body)})
    manifest = Location(bucket=BUCKET, key=f"{PREFIX}/manifest.json")
    text = json.dumps({"DestinationBucket": BUCKET, "MapRunArn": "run", "ResultFiles": listed})
    s3.put_object(Bucket=BUCKET, Key=manifest.key, Body=text.encode())
    return manifest


def report(world: Any, selection: Selection, results: Location | None) -> FleetReport:
    event = FleetReportEvent(execution="fleet:one", selection=selection, results=results)
    return report_fleet(event, clients=world.clients)


@pytest.fixture
def selection(world: Any) -> Selection:
    environment(world, "a")
    return select(world, action="rebuild")


def test_a_good_fleet_is_counted_over_all_files(
    world: Any, heard: Any, selection: Selection
) -> None:
    results = written(world, SUCCEEDED=[[item("a"), item("b")], [item("c")]])
    result = report(world, selection, results)
    assert (result.started, result.succeeded, result.failed) == (3, 3, 0)
    assert (result.results, result.failures) == (results, [])
    assert [entry["DetailType"] for entry in heard] == ["Fleet Complete"]


def test_a_failed_environment_is_named_with_its_own_error(
    world: Any, heard: Any, selection: Selection
) -> None:
    failed = item("b", "SmokeTestError", "check 'answer':\nexpected rain")
    with pytest.raises(
        FleetError, match="1 of 2 environments failed: b: SmokeTestError: check 'answer': expected"
    ) as raised:
        report(world, selection, written(world, SUCCEEDED=[[item("a"), failed]]))
    assert f"(all are listed in s3://{BUCKET}/fleets/one/report.json)" in str(raised.value)
    (entry,) = heard
    assert entry["DetailType"] == "Fleet Failed"
    detail = json.loads(entry["Detail"])
    assert detail["failed"] == 1
    assert [failure["execution"] for failure in detail["failures"]] == ["x:b"]


def test_an_item_whose_own_execution_failed_or_never_began_has_failed(
    world: Any, heard: Any, selection: Selection
) -> None:
    """No Catch catches States.DataLimitExceeded: the item's own execution fails then."""
    large = {**item("large"), "Status": "FAILED", "Error": "States.DataLimitExceeded"}
    hidden = {"Name": "uuid", "Status": "TIMED_OUT", "InputDetails": {"Included": False}}
    pending = {"Input": json.dumps({"environment": "later"}), "Status": "PENDING"}
    results = written(world, SUCCEEDED=[[item("a")]], FAILED=[[large, hidden]], PENDING=[[pending]])
    with pytest.raises(FleetError, match="3 of 4 environments failed"):
        report(world, selection, results)
    failures = json.loads(heard[0]["Detail"])["failures"]
    assert [(failure["environment"], failure["error"]) for failure in failures] == [
        ("large", "States.DataLimitExceeded"),
        ("later", "PENDING"),
        ("uuid", "TIMED_OUT"),
    ]


def test_ten_failures_are_named_and_nothing_grows_with_the_rest(
    world: Any, heard: Any, selection: Selection
) -> None:
    sizes = []
    for count in (10, 100, 1000):
        failed = [item(f"e{number:04}", "BuildError", "c" * 4000) for number in range(count)]
        with pytest.raises(FleetError) as raised:
            report(world, selection, written(world, SUCCEEDED=[failed[::-1]]))
        sizes.append((len(str(raised.value)), len(heard[-1]["Detail"])))
        assert str(raised.value).count("BuildError") == 10
        assert all(f"e{number:04}: " in str(raised.value) for number in range(10))
    assert "and 990 more" in str(raised.value)
    assert max(cause for cause, _ in sizes) - min(cause for cause, _ in sizes) < 30
    assert max(detail for _, detail in sizes) - min(detail for _, detail in sizes) < 30
    assert max(map(max, sizes)) < 6000


ARN = "arn:aws:states:us-west-2:123456789012:execution:lifecycle:"


def test_the_report_names_every_failed_environment_by_link(
    world: Any, heard: Any, selection: Selection
) -> None:
    files = []
    for begin in (20, 0):
        names = [f"e{number:02}" for number in range(begin, begin + 20)]
        ended = [item(name, "BuildError" if name != "e07" else None, "why") for name in names]
        files.append(
            [
                replaced(entry, execution=f"{ARN}{name}")
                for entry, name in zip(ended, names, strict=True)
            ]
        )
    pending = {"Input": json.dumps({"environment": "later"}), "Status": "PENDING"}
    with pytest.raises(FleetError, match="40 of 41 environments failed") as raised:
        report(world, selection, written(world, SUCCEEDED=files, PENDING=[[pending]]))
    detail = json.loads(heard[0]["Detail"])
    assert detail["report"] == {"bucket": BUCKET, "key": "fleets/one/report.json"}
    assert detail["report"]["key"] in str(raised.value)
    full = json.loads(
        world.clients.s3.get_object(Bucket=BUCKET, Key=detail["report"]["key"])["Body"].read()
    )
    failures = full.pop("failures")
    assert full == {
        "execution": "fleet:one",
        "action": "rebuild",
        "selected": 1,
        "started": 41,
        "succeeded": 1,
        "failed": 40,
    }
    links = {failure["environment"]: failure["link"] for failure in failures}
    assert [*links] == [*(f"e{number:02}" for number in range(40) if number != 7), "later"]
    console = "https://us-west-2.console.aws.amazon.com/states/home?region=us-west-2"
    assert links.pop("later") is None
    assert links == {name: f"{console}#/v2/executions/details/{ARN}{name}" for name in links}
    # The first ten are the same in the event.
    assert detail["failures"] == failures[:10]


def replaced(entry: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An entry with another output."""
    return {**entry, "Output": json.dumps(json.loads(entry["Output"]) | changes)}


def test_a_thousand_long_causes_are_read_in_little_memory(
    world: Any, heard: Any, selection: Selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result files have 32 MB; the function has 512 MB, and takes a page of a file at a time."""
    broken = [
        {
            **item(f"e{number:04}"),
            "Status": "FAILED",
            "Error": "States.Runtime",
            "Cause": "c" * 32_768,
        }
        for number in range(1000)
    ]
    results = written(world, FAILED=[broken])
    body = json.dumps(broken).encode()
    del broken
    get = world.clients.s3.get_object

    class Body:
        """The bytes of the one large file, as a connection gives them."""

        def iter_chunks(self, size: int) -> Iterator[bytes]:
            return (body[begin : begin + size] for begin in range(0, len(body), size))

    def get_object(**given: str) -> Any:
        return {"Body": Body()} if "FAILED_" in given["Key"] else get(**given)

    monkeypatch.setattr(world.clients.s3, "get_object", get_object)
    tracemalloc.start()
    try:
        with pytest.raises(FleetError, match="1000 of 1000 environments failed"):
            report(world, selection, results)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(body) > 32_000_000
    assert peak < 12_000_000


def test_a_good_fleet_has_an_empty_list(world: Any, heard: Any, selection: Selection) -> None:
    result = report(world, selection, written(world, SUCCEEDED=[[item("a")]]))
    assert result.report is not None
    body = world.clients.s3.get_object(Bucket=BUCKET, Key=result.report.key)["Body"].read()
    assert json.loads(body)["failures"] == []


def test_a_dry_run_says_where_its_list_is(world: Any, heard: Any) -> None:
    environment(world, "a")
    dry = select(world, action="rebuild", dryRun=True)
    result = report(world, dry, None)
    assert (result.selected, result.started, result.would_start) == (1, 0, ["a"])
    assert (result.results, result.report) == (dry.items, None)
    assert len(heard) == 1
