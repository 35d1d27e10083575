"""`/executions/{name}`: the graph, the stages, one state, its log, the events."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from cli.target.denied import DeniedError
from tests.cli.commands.conftest import FLEET, STARTED
from tests.cli.commands.records import CONFIDENTIAL, EXECUTION

HOSTILE = "<img src=x onerror=alert(1)>"
SMOKE = "Run the smoke test"


def classes(page: str, state: str) -> str:
    """The classes of a state's box in the graph."""
    group = next(part for part in re.split(r"<(?:a|g)[ >]", page) if f">{state}</text>" in part)
    found = re.search(r'class="(box [^"]+)"', group)
    assert found
    return found[1]


@pytest.fixture
def failed(place: Any) -> str:
    """An execution whose smoke test failed after a retry; the input has confidential values."""
    story = place.machines.story
    story.task("Prepare the request", seconds=2)
    story.enter(SMOKE)
    given = {"Payload": {"request": {"smokeTest": {"prompt": CONFIDENTIAL}}}}
    story.add("TaskScheduled", resource="invoke", parameters=json.dumps(given))
    story.add("TaskFailed", resource="invoke", error="ThrottledError", cause="slow")
    story.after(3).breaks(
        "SmokeTestError", json.dumps({"errorMessage": f"line one\nline two {HOSTILE}"})
    )
    story.leave(SMOKE)
    checks = [
        {"name": "no token", "expected": "401", "seen": "401", "passed": True, "milliseconds": 7},
        {"name": "altered", "expected": "401", "seen": HOSTILE, "passed": False},
    ]
    story.task("Report the failure", result={"output": {"smokeTest": {"checks": checks}}})
    story.enter("Lifecycle failed", "Fail")
    story.fail("SmokeTestError", "let through")
    value = {"environment": "shop", "runtime": {"environmentVariables": {"KEY": CONFIDENTIAL}}}
    place.machines.add(
        "one",
        json.dumps(value),
        status="FAILED",
        error="SmokeTestError",
        cause=f"first line\nsecond line {HOSTILE}",
        stopDate=STARTED + timedelta(seconds=9),
    )
    return "/executions/one"


@pytest.mark.parametrize("named", [["dev"], {"a": 1}, 5, "dev; touch x", "../x"])
def test_an_input_without_a_valid_environment_leads_to_none(
    place: Any, story: Any, browser: TestClient, named: Any
) -> None:
    story.task("Prepare the request", seconds=1)
    place.machines.add("odd", json.dumps({"environment": named}))
    for path in ("/executions/odd", "/executions", "/executions/odd/stop"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert 'href="/environments/' not in answer.text
        assert "None" not in answer.text
    assert "Its input has no valid name of an environment." in answer.text


def test_an_execution_that_failed(failed: str, browser: TestClient) -> None:
    page = browser.get(failed).text
    assert "<h1>one</h1>" in page
    assert "first line\nsecond line &lt;img src=x onerror=alert(1)&gt;" in page
    assert 'href="/environments/shop"' in page
    assert "retried: 1" in page
    assert classes(page, SMOKE) == "box task failed"
    assert classes(page, "Prepare the request") == "box task done"
    assert classes(page, "Promote the version") == "box task unvisited"
    assert f"{SMOKE}: Failed" in page
    # The matrix of probes.
    assert re.search(r"<td>401</td>\s*<td>&lt;img src=x onerror=alert\(1\)&gt;</td>", page)
    # It has ended: nothing asks again.
    assert "every 8s" not in page
    assert CONFIDENTIAL not in page
    assert HOSTILE not in page


def test_one_state_in_full(failed: str, browser: TestClient) -> None:
    page = browser.get(failed, params={"state": SMOKE}).text
    assert f'<h2 id="state" tabindex="-1">{SMOKE}</h2>' in page
    assert "attempts: 2" in page
    assert "<strong>ThrottledError</strong>\nslow" in page
    assert "line one\nline two &lt;img" in page
    assert "&#34;prompt&#34;: &#34;(not shown)&#34;" in page
    assert 'hx-get="/executions/one?state=Run+the+smoke+test&amp;part=log"' in page
    assert classes(page, SMOKE) == "box task failed selected"
    assert CONFIDENTIAL not in page
    assert HOSTILE not in page


def test_a_state_that_was_not_entered(failed: str, browser: TestClient) -> None:
    for state in ("Promote the version", HOSTILE):
        page = browser.get(failed, params={"state": state}).text
        assert "The execution has not entered this state." in page
        assert HOSTILE not in page


def test_the_log_of_a_state(
    failed: str, place: Any, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = place.machines.story.now.replace(tzinfo=None)
    # moto takes no lines that are older than 14 days.
    monkeypatch.setattr("moto.logs.models.utcnow", lambda: now)
    logs = place.client("logs")
    logs.create_log_group(logGroupName="functions")
    logs.create_log_stream(logGroupName="functions", logStreamName="s")
    at = int(place.machines.story.now.timestamp() * 1000)
    arn = f"{EXECUTION}:one"
    lines = [
        {"message": f"asked {HOSTILE}", "stage": "run_smoke_test", "execution": arn},
        {"_aws": {}, "stage": "run_smoke_test", "execution": arn},
    ]
    logs.put_log_events(
        logGroupName="functions",
        logStreamName="s",
        logEvents=[{"timestamp": at + n, "message": json.dumps(m)} for n, m in enumerate(lines)],
    )
    asked: list[dict[str, Any]] = []
    logs.meta.events.register(
        "provide-client-params.logs.FilterLogEvents", lambda params, **_: asked.append(params)
    )
    part = browser.get(failed, params={"state": SMOKE, "part": "log"}).text
    # moto applies a pattern only with the seams of the local AWS.
    assert asked[0]["filterPattern"] == (
        f'{{ ($.execution = "{arn}") && ($.stage = "run_smoke_test") }}'
    )
    assert "asked &lt;img src=x onerror=alert(1)&gt;" in part
    assert "_aws" not in part
    assert part.lstrip().startswith('<div id="log" aria-live="polite">')
    logs.delete_log_group(logGroupName="functions")
    assert "written nothing yet" in browser.get(failed, params={"state": SMOKE, "part": "log"}).text


def test_an_execution_that_runs_asks_for_news(place: Any, browser: TestClient) -> None:
    place.machines.add("one")
    story = place.machines.story
    story.enter("Prepare the request")
    story.add("TaskScheduled", resource="invoke")
    page = browser.get("/executions/one").text
    assert 'hx-get="/executions/one?part=live" hx-trigger="every 8s" hx-swap="outerMorph"' in page
    assert "Now: Prepare the request" in page
    assert classes(page, "Prepare the request") == "box task running"
    story.after(1).add("TaskSucceeded", resource="invoke", output="{}")
    story.leave("Prepare the request")
    story.enter("What is asked for?", "Choice")
    part = browser.get("/executions/one?part=live").text
    assert classes(part, "Prepare the request") == "box task done"
    assert "<html" not in part


STEP = {"weight": 5, "seconds": 310, "calls": 240, "errors": 3, "judged": True, "cases": 4}
CANARY = {
    "version": "3",
    "liveVersion": "2",
    "direct": None,
    "steps": [{**STEP, "told": f"1.0 % {HOSTILE}"}, {**STEP, "weight": 25, "told": "no errors"}],
}
GATEWAY = {
    "endpoint": "https://shop.example.com/live/invocations",
    "checks": [
        {"name": "SigV4 is refused", "expected": "401 or 403", "seen": "403", "passed": True},
        {"name": "the answer comes", "expected": "200", "seen": HOSTILE, "passed": False},
    ],
}


def succeeded(place: Any, output: dict[str, Any]) -> None:
    """An execution `one` that ended with an output."""
    told = json.dumps(output)
    place.machines.add("one", status="SUCCEEDED", output=told, stopDate=STARTED)
    place.machines.story.succeed(output)


def cells(page: str, section: str) -> list[list[str]]:
    """The texts of each row of the table in a section."""
    table = page[page.index(f'<h2 id="{section}">') :].partition("</table>")[0]
    rows = table[table.index("<tbody>") :].split("<tr>")[1:]
    return [re.findall(r"<t[hd](?: [^>]*)?>([^<]*)<", row) for row in rows]


def test_the_gateways_test_and_the_canary(place: Any, browser: TestClient) -> None:
    succeeded(place, {"gateway": GATEWAY, "canary": CANARY})
    page = browser.get("/executions/one").text
    hostile = "&lt;img src=x onerror=alert(1)&gt;"
    assert "Version 3 beside version 2." in page
    assert cells(page, "canary") == [
        ["5 %", "240", "3", "4", f"1.0 % {hostile}"],
        ["25 %", "240", "3", "4", "no errors"],
    ]
    assert "Through https://shop.example.com/live/invocations: 1 of 2 checks passed." in page
    assert cells(page, "gateway-checks") == [
        ["", "SigV4 is refused", "401 or 403", "403", ""],
        ["", "the answer comes", "200", hostile, ""],
    ]
    japanese = browser.get("/executions/one", headers={"Accept-Language": "ja"}).text
    assert "カナリア" in japanese
    assert "2 件のチェックのうち 1 件が合格" in japanese


def test_why_a_version_was_promoted_directly(place: Any, browser: TestClient) -> None:
    direct = {"version": None, "liveVersion": None, "direct": "live serves no version yet"}
    succeeded(place, {"canary": {**direct, "steps": []}})
    page = browser.get("/executions/one").text
    assert "Promoted directly: live serves no version yet." in page
    assert 'id="gateway-checks"' not in page


def test_what_an_execution_that_runs_has_found_out(place: Any, browser: TestClient) -> None:
    place.machines.add("one")
    story = place.machines.story
    story.task("Shift the traffic", result={"canary": {**CANARY, "steps": []}, "done": True})
    page = browser.get("/executions/one").text
    assert "No step has passed yet." in page
    one = {**CANARY, "steps": [STEP]}
    story.task("Judge the step", result={"canary": one, "over": False})
    story.enter("Shift the traffic")
    assert [row[0] for row in cells(browser.get("/executions/one").text, "canary")] == ["5 %"]
    story.leave("Shift the traffic")
    story.task("Test the gateway", result=GATEWAY)
    page = browser.get("/executions/one").text
    assert [row[1] for row in cells(page, "gateway-checks")] == [
        "SigV4 is refused",
        "the answer comes",
    ]


def test_an_execution_of_the_fleet(place: Any, browser: TestClient) -> None:
    place.machines.add("all", '{"action": "verify"}', machine=FLEET)
    page = browser.get("/executions/all").text
    assert 'href="/executions?of=fleet"' in page
    assert "Verify" in page


def test_the_graph_is_well_formed_and_its_links_lead_to_states(
    failed: str, browser: TestClient
) -> None:
    page = browser.get(failed).text
    svg = page[page.index('<svg class="graph"') :]
    root = ElementTree.fromstring(svg[: svg.index("</svg>") + 6])  # noqa: S314 - our own text
    links = [one.attrib for one in root.iter("a")]
    assert {"href": "?state=Run%20the%20smoke%20test#state", "aria-label": f"{SMOKE}: Failed"} in (
        links
    )
    assert len(links) == 4
    for one in root.iter():
        assert "style" not in one.attrib


def test_no_page_needs_what_the_policy_forbids(failed: str, browser: TestClient) -> None:
    for path in (failed, f"{failed}?state={SMOKE}", "/", "/executions", f"{failed}/events"):
        page = browser.get(path).text
        assert re.findall(r"<script(?! src=\"/static/)", page) == []
        assert re.findall(r"<[^>]*\s(?:style|on\w+)=|<style", page) == []
        assert re.findall(r"(?:src|href|action)=\"https?:", page) == []


def test_events_have_pages(place: Any, browser: TestClient) -> None:
    place.machines.add("one")
    for number in range(350):
        place.machines.story.task(f"State {number % 7}")
    began = time.process_time()
    page = browser.get("/executions/one/events?page=18").text
    whole = browser.get("/executions/one").text
    print(f"1751 events: {time.process_time() - began:.2f} s of CPU time for two pages")
    assert re.findall(r'id="event-(\d+)"', page) == [str(one) for one in range(1701, 1752)]
    assert "1701–1751 of 1751" in page
    assert "All events of the history: 1751" in whole
    assert len(whole) < 1_000_000


def test_a_page_asks_only_for_what_is_new(
    place: Any, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.machines.add("one")
    story = place.machines.story
    for number in range(300):
        story.task(f"State {number}")
    browser.get("/executions/one")
    served: list[int] = []
    get = place.machines.get_execution_history

    def counted(**arguments: Any) -> Any:
        page = get(**arguments)
        served.append(len(page["events"]))
        return page

    monkeypatch.setattr(place.machines, "get_execution_history", counted)
    story.task("One more")
    assert "One more" in browser.get("/executions/one?part=live").text
    assert len(served) == 1


def test_an_execution_that_is_not(browser: TestClient) -> None:
    for name in ("nobody", HOSTILE):
        answer = browser.get(f"/executions/{name}")
        assert answer.status_code == 404
        assert HOSTILE not in answer.text


def test_who_may_not_read_definitions_still_sees_the_rest(
    failed: str, place: Any, browser: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_arguments: Any) -> None:
        raise DeniedError("AWS denies states:DescribeStateMachineForExecution to your credentials")

    monkeypatch.setattr(
        place.machines, "describe_state_machine_for_execution", refuse, raising=False
    )
    answer = browser.get(failed)
    assert answer.status_code == 200
    assert "AWS denies states:DescribeStateMachineForExecution" in answer.text
    assert "retried: 1" in answer.text
