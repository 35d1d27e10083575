"""Each page in a browser: what axe-core says, the keyboard, a narrow window, both languages, light and dark."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.cli.commands.conftest import STARTED
from tests.cli.commands.records import failed, locked, ready
from tests.foreign.browser.chromium import browse
from tests.foreign.browser.looks import LOOKS
from tests.foreign.javascript import PROJECT

PAGES = PROJECT / "tests/foreign/browser/pages.mjs"


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
    story.task("Report the failure", result={"output": {"smokeTest": {"checks": checks}}})
    story.enter("Lifecycle failed", "Fail")
    story.fail("SmokeTestError", "let through")
    value = json.dumps({"environment": "shop"})
    place.machines.add("second", value)
    ended = {"error": "SmokeTestError", "cause": "let through"}
    place.machines.add(
        "first", value, status="FAILED", stopDate=STARTED + timedelta(seconds=9), **ended
    )
    return "/executions/first"


def test_every_page_is_for_everybody(place: Any, url: str, execution: str) -> None:
    for record in (ready("shop"), failed("blog"), locked("mail")):
        place.put(record)
    paths = ["/", "/?name=nobody", *(f"/environments/{name}" for name in ("shop", "blog", "mail"))]
    paths += [f"/environments/shop/{act}" for act in ("ask", "redeploy", "rollback", "teardown")]
    paths += ["/executions", execution, f"{execution}?state=Run%20the%20smoke%20test"]
    paths += [f"{execution}/events", "/executions/second", "/executions/second/stop", "/start"]
    paths += ["/nothing"]
    found = browse(PAGES, {"url": url, "paths": paths, "looks": LOOKS})
    assert found["faults"] == []
    # The browser itself says that a page was answered with 404.
    assert [note for note in found["notes"] if "404" not in note] == []
    assert min(found["stops"].values()) >= 5
