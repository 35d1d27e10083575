"""The actions of an environment, and the end of an execution."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.cli.commands.conftest import FLEET
from tests.cli.commands.records import CONFIDENTIAL, promoted, ready

GONE = {
    "teardown": {
        "dryRun": True,
        "wouldRemove": ["runtime <b>stack_shop</b>"],
        "kept": [{"resource": "the log group", "reason": "it is shared"}],
    }
}
PLAN = {
    "plan": {
        "runtime": {
            "change": "update",
            "differences": [{"member": "description", "from": "old", "to": "new"}],
        },
        "notKnown": ["the image"],
    }
}
FOUND = {"plan": {"version": {"version": "1", "reason": "live before", "exists": True}}}


def started(place: Any) -> list[dict[str, Any]]:
    return [json.loads(one["input"]) for one in place.machines.started]


def end(place: Any, name: str, **more: Any) -> None:
    """Let an execution end."""
    (arn,) = (arn for arn in place.machines.known if arn.endswith(f":{name}"))
    place.machines.known[arn].update(more)


def dry_run(place: Any, browser: TestClient, action: str, output: Any, **data: str) -> str:
    """Start a dry run in the page, and let it succeed; returns its name."""
    answer = browser.post(f"/environments/shop/{action}", data={"step": "dry", **data})
    assert answer.status_code == 303
    name = str(place.machines.started[-1]["name"])
    assert f"dryRun={name}" in answer.headers["location"]
    running = browser.get(answer.headers["location"]).text
    assert "Running" in running
    assert 'hx-trigger="every' in running
    assert 'name="confirm"' not in running
    end(place, name, status="SUCCEEDED", output=json.dumps(output))
    return name


def test_verify_starts_at_once(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    assert 'action="/environments/shop/verify"' in browser.get("/environments/shop").text
    answer = browser.post("/environments/shop/verify")
    assert started(place) == [{"action": "smokeTest", "environment": "shop"}]
    assert answer.headers["location"] == f"/executions/{place.machines.started[0]['name']}"


def test_a_teardown_shows_first_what_it_would_remove(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    name = dry_run(place, browser, "teardown", GONE)
    page = browser.get(f"/environments/shop/teardown?dryRun={name}").text
    assert "runtime &lt;b&gt;stack_shop&lt;/b&gt;" in page
    assert "the log group: it is shared" in page
    assert "Remove shop and everything in it" in page
    answer = browser.post(
        "/environments/shop/teardown", data={"step": "do", "confirm": "shop", "dryRun": name}
    )
    assert answer.status_code == 303
    assert started(place) == [
        {"action": "teardown", "environment": "shop", "dryRun": True},
        {"action": "teardown", "environment": "shop"},
    ]


@pytest.mark.parametrize("confirm", ["", "other", "Shop"])
def test_a_teardown_must_name_the_environment(
    place: Any, browser: TestClient, confirm: str
) -> None:
    place.put(ready("shop"))
    name = dry_run(place, browser, "teardown", GONE)
    data = {"step": "do", "confirm": confirm, "dryRun": name}
    answer = browser.post("/environments/shop/teardown", data=data)
    assert answer.status_code == 422
    assert "does not name this environment" in answer.text
    assert len(place.machines.started) == 1


def test_nothing_is_removed_without_a_dry_run_that_succeeded(
    place: Any, browser: TestClient
) -> None:
    place.put(ready("shop"))
    place.put(ready("other"))
    of_other = place.machines.add(
        "of-other", '{"action": "teardown", "environment": "other", "dryRun": true}'
    )
    place.machines.known[of_other]["status"] = "SUCCEEDED"
    real = place.machines.add("real", '{"action": "teardown", "environment": "shop"}')
    place.machines.known[real]["status"] = "SUCCEEDED"
    place.machines.add("runs", '{"action": "teardown", "environment": "shop", "dryRun": true}')
    for name in ("of-other", "real", "runs"):
        data = {"step": "do", "confirm": "shop", "dryRun": name}
        answer = browser.post("/environments/shop/teardown", data=data)
        assert answer.status_code == 422, name
        assert "Start a dry run first" in answer.text
    data = {"step": "do", "confirm": "shop", "dryRun": "none-such"}
    assert browser.post("/environments/shop/teardown", data=data).status_code == 404
    assert place.machines.started == []


def test_a_rollback_offers_the_recorded_versions(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    page = browser.get("/environments/shop/rollback").text
    assert '<option value="1">' in page
    assert '<option value="2">' not in page
    name = dry_run(place, browser, "rollback", PLAN, version="1")
    page = browser.get(f"/environments/shop/rollback?dryRun={name}&version=1").text
    assert "<code>description</code> old → new" in page
    assert "the image" in page
    # The dry run was of version 1, not of the version before.
    assert (
        "Roll back shop</button>"
        not in browser.get(f"/environments/shop/rollback?dryRun={name}").text
    )
    data = {"step": "do", "confirm": "shop", "dryRun": name, "version": "1"}
    assert browser.post("/environments/shop/rollback", data=data).status_code == 303
    assert started(place)[-1] == {"action": "rollback", "environment": "shop", "version": "1"}


def test_a_rollback_goes_to_the_version_that_the_dry_run_found(
    place: Any, browser: TestClient
) -> None:
    place.put(ready("shop"))
    name = dry_run(place, browser, "rollback", FOUND)
    data = {"step": "do", "confirm": "shop", "dryRun": name}
    assert browser.post("/environments/shop/rollback", data=data).status_code == 303
    assert started(place) == [
        {"action": "rollback", "environment": "shop", "dryRun": True},
        {"action": "rollback", "environment": "shop", "version": "1"},
    ]


def test_a_dry_run_that_found_no_version_allows_no_rollback(
    place: Any, browser: TestClient
) -> None:
    place.put(ready("shop"))
    name = dry_run(place, browser, "rollback", PLAN)
    data = {"step": "do", "confirm": "shop", "dryRun": name}
    assert browser.post("/environments/shop/rollback", data=data).status_code == 422
    assert len(place.machines.started) == 1


@pytest.mark.parametrize("version", ["", "1"])
def test_a_dry_run_from_before_a_promotion_allows_no_rollback(
    place: Any, browser: TestClient, version: str
) -> None:
    place.put(ready("shop"))
    name = dry_run(place, browser, "rollback", FOUND, version=version)
    # The rollback was done, and `live` serves version 1.
    later = promoted("1").model_copy(update={"promoted_at": "2026-11-23T02:00:01Z"})
    place.put(ready("shop", promotions=[promoted("1"), promoted("2"), later]))
    page = browser.get(f"/environments/shop/rollback?dryRun={name}&version={version}").text
    assert "live has been switched since this dry run began" in page
    assert 'name="confirm"' not in page
    data = {"step": "do", "confirm": "shop", "dryRun": name, "version": version}
    answer = browser.post("/environments/shop/rollback", data=data)
    assert answer.status_code == 422
    assert "live has been switched since this dry run began" in answer.text
    assert len(place.machines.started) == 1


def test_a_version_that_is_not_and_a_held_lock_say_what_the_command_says(
    place: Any, browser: TestClient
) -> None:
    place.put(ready("shop"))
    answer = browser.post("/environments/shop/rollback", data={"step": "dry", "version": "x<"})
    assert answer.status_code == 422
    assert "version: given &#39;x&lt;&#39;, allowed: a version such as" in answer.text
    browser.post("/environments/shop/rollback", data={"step": "dry", "version": "9"})
    name = place.machines.started[-1]["name"]
    cause = json.dumps({"errorMessage": "version: given '9', allowed: <b>1</b>"})
    end(place, name, status="FAILED", error="InvalidRequestError", cause=cause)
    page = browser.get(f"/environments/shop/rollback?dryRun={name}&version=9").text
    assert "InvalidRequestError: version: given &#39;9&#39;, allowed: &lt;b&gt;1&lt;/b&gt;" in page
    assert 'name="confirm"' not in page


def test_a_redeploy_takes_the_last_input_and_does_not_show_it(
    place: Any, browser: TestClient
) -> None:
    place.put(ready("shop"))
    name = dry_run(place, browser, "redeploy", PLAN)
    assert started(place)[0]["runtime"] == {"environmentVariables": {"KEY": CONFIDENTIAL}}
    assert started(place)[0]["action"] == "provision"
    page = browser.get(f"/environments/shop/redeploy?dryRun={name}")
    assert CONFIDENTIAL not in page.text
    data = {"step": "do", "confirm": "shop", "dryRun": name}
    assert browser.post("/environments/shop/redeploy", data=data).status_code == 303
    assert "dryRun" not in started(place)[1]


def test_what_is_being_removed_is_not_redeployed(place: Any, browser: TestClient) -> None:
    place.put(ready("shop", state="REMOVING"))
    answer = browser.post("/environments/shop/redeploy", data={"step": "dry"})
    assert answer.status_code == 422
    assert "environment shop cannot be redeployed" in answer.text
    assert place.machines.started == []


def test_an_unknown_action_or_environment_starts_nothing(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    for path in ("/environments/shop/explode", "/environments/nobody/teardown"):
        assert browser.get(path).status_code == 404
        assert browser.post(path, data={"step": "dry"}).status_code == 404
    assert browser.post("/environments/nobody/verify").status_code == 404
    assert browser.get("/environments/shop/verify").status_code == 404
    assert place.machines.started == []


@pytest.mark.parametrize("path", ["verify", "teardown", "rollback", "redeploy", "ask"])
def test_another_page_cannot_act(place: Any, browser: TestClient, path: str) -> None:
    place.put(ready("shop"))
    answer = browser.post(
        f"/environments/shop/{path}",
        data={"step": "dry"},
        headers={"Origin": "http://evil.example"},
    )
    assert answer.status_code == 403
    assert place.machines.started == []


def test_an_execution_is_stopped_after_a_question(place: Any, browser: TestClient) -> None:
    arn = place.machines.add("works", '{"environment": "shop"}')
    page = browser.get("/executions/works/stop").text
    assert "the next execution for shop takes its lock over" in page
    assert browser.post("/executions/works/stop", data={}).status_code == 200
    assert place.machines.stopped == []
    answer = browser.post("/executions/works/stop", data={"confirm": "works"})
    assert answer.headers["location"] == "/executions/works"
    assert place.machines.stopped == [arn]
    assert "It has already ended" in browser.get("/executions/works/stop").text
    browser.post("/executions/works/stop", data={"confirm": "works"})
    assert place.machines.stopped == [arn]


def test_an_execution_of_the_fleet_is_stopped(place: Any, browser: TestClient) -> None:
    arn = place.machines.add("fleet-works", '{"action": "verify"}', machine=FLEET)
    assert "It starts no more environments" in browser.get("/executions/fleet-works/stop").text
    browser.post("/executions/fleet-works/stop", data={"confirm": "fleet-works"})
    assert place.machines.stopped == [arn]
    assert browser.get("/executions/none-such/stop").status_code == 404
