"""Each page in a browser: what axe-core says, the keyboard, a narrow window, both languages, light and dark."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from lifecycle.doors.mcp import McpRecord
from lifecycle.doors.section import GatewayRecord
from lifecycle.record import Record
from lifecycle.sections.canary import CanaryRecord
from lifecycle.sections.credentials import CredentialsRecord, ProviderRecord
from tests.cli.commands.conftest import STARTED
from tests.cli.commands.records import EXECUTION, failed, locked, ready
from tests.foreign.browser.chromium import browse
from tests.foreign.browser.looks import LOOKS
from tests.foreign.javascript import PROJECT

PAGES = PROJECT / "tests/foreign/browser/pages.mjs"
COPIED = PROJECT / "tests/cli/console/browser/copied.mjs"


@pytest.fixture
def execution(place: Any) -> str:
    """An execution whose smoke test failed; another one, `second`, runs."""
    story = place.machines.story
    story.task("Prepare the request", seconds=2)
    story.enter("Run the smoke test")
    story.breaks("ThrottledError", "slow")
    story.after(3).breaks("SmokeTestError", "let through\nand the answer was: " + "x" * 300)
    story.leave("Run the smoke test")
    checks = [
        {"name": "no token", "expected": "401", "seen": "401", "passed": True, "milliseconds": 7},
        {"name": "altered token", "expected": "401", "seen": "200", "passed": False},
    ]
    step = {"weight": 5, "calls": 1200, "errors": 3, "cases": 4, "told": "1 % of the calls failed"}
    output = {
        "smokeTest": {"checks": checks},
        "gateway": {"endpoint": "https://g.example.com/live/invocations", "checks": checks},
        "canary": {"version": "3", "liveVersion": "2", "direct": None, "steps": [step]},
    }
    story.task("Report the failure", result={"output": output})
    story.enter("Lifecycle failed", "Fail")
    story.fail("SmokeTestError", "let through")
    value = json.dumps({"environment": "shop"})
    place.machines.add("second", value)
    ended = {"error": "SmokeTestError", "cause": "let through"}
    place.machines.add(
        "first", value, status="FAILED", stopDate=STARTED + timedelta(seconds=9), **ended
    )
    return "/executions/first"


def with_everything(name: str, **gateway: Any) -> Record:
    """An environment with a gateway, credentials, and a canary that runs."""
    weather = ProviderRecord(type="apiKey", name=f"stack--{name}--weather-1a2b3c4d", **_SECRET)
    orders = ProviderRecord(type="oauth2", name=f"stack--{name}--orders-5e6f7a8b", **_SECRET)
    canary = CanaryRecord(
        execution=f"{EXECUTION}:cli-tries",
        version="3",
        live_version="2",
        gateway_id="g",
        weight=25,
    )
    given: dict[str, Any] = {
        "id": f"{name}-abcdefghij",
        "url": "https://g.example.com",
        "proven": True,
    } | gateway
    return ready(
        name,
        gateway=GatewayRecord(name=name, **given),
        credentials=CredentialsRecord(providers={"weather": weather, "orders": orders}),
        canary=canary,
    )


_SECRET: Any = {"secret_arn": "arn", "json_key": "apiKey"}
_TOOLS = McpRecord(asked={}, role="r", targets={"orders": "T1", "files": "T2"}, tools={"files": 3})


def test_every_page_is_for_everybody(place: Any, url: str, execution: str) -> None:
    for record in (ready("shop"), failed("blog"), locked("mail")):
        place.put(record)
    place.put(with_everything("front", target_id="T1"))
    place.put(with_everything("tools", url="https://g.example.com/mcp", mcp=_TOOLS))
    environments = ("shop", "blog", "mail", "front", "tools")
    paths = ["/", "/?name=nobody", *(f"/environments/{name}" for name in environments)]
    paths += [f"/environments/shop/{act}" for act in ("ask", "redeploy", "rollback", "teardown")]
    paths += ["/executions", execution, f"{execution}?state=Run%20the%20smoke%20test"]
    paths += [f"{execution}/events", "/executions/second", "/executions/second/stop", "/start"]
    paths += ["/nothing"]
    found = browse(PAGES, {"url": url, "paths": paths, "looks": LOOKS})
    assert found["faults"] == []
    # The browser itself says that a page was answered with 404.
    assert [note for note in found["notes"] if "404" not in note] == []
    assert min(found["stops"].values()) >= 5


def test_the_address_of_a_gateway_is_copied(place: Any, url: str) -> None:
    place.put(with_everything("front", target_id="T1"))
    found = browse(COPIED, {"url": url, "path": "/environments/front"})
    address = "https://g.example.com/live/invocations"
    assert (found["copied"], found["said"]) == (address, "Copied")
    # Without the clipboard, the text is selected.
    assert (found["chosen"], found["instead"]) == (address, "Selected: copy it with the keyboard")
    # The button does nothing without scripts, so it is not there.
    assert found["shown"] is False
    assert found["notes"] == []
