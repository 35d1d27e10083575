"""What the local AWS deploys before the console starts an execution."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from cli.target import redeploy
from cli.target.deployed import Deployed
from cli.target.local_api import LocalApi as Client
from tests.cli.commands.records import ready

DEPLOYED = "agent/main.py differs from what the local AWS had deployed. Deployed it again: Source"
PATHS = {
    "/start": {"environment": "shop"},
    "/environments/shop/verify": {},
    "/environments/shop/redeploy": {"step": "dry"},
}


@dataclasses.dataclass
class Updates:
    """The local AWS's own API: what it answers to an update of the stack, and how often it was asked for one."""

    status: int = 200
    answer: dict[str, Any] = dataclasses.field(
        default_factory=lambda: {
            "files": ["agent/main.py"],
            "updated": ["Source"],
            "left": ["Table"],
            "seconds": 0.2,
        }
    )
    asked: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/_local/stack")
        self.asked += 1
        return httpx.Response(self.status, json=self.answer)


@pytest.fixture
def updates(monkeypatch: pytest.MonkeyPatch) -> Updates:
    found = Updates()
    client = httpx.Client(transport=httpx.MockTransport(found))
    monkeypatch.setattr(redeploy, "LocalApi", lambda url: Client(url, client))
    return found


@pytest.fixture
def local(
    place: Any, updates: Updates, open_console: Callable[[Deployed], TestClient]
) -> TestClient:
    """The console of a local AWS."""
    place.put(ready("shop"))
    url = "http://127.0.0.1:4566"
    options = "--local --state-dir there"
    return open_console(dataclasses.replace(place, endpoint_url=url, options=options))


@pytest.mark.parametrize("path", PATHS)
def test_what_has_changed_is_deployed_first_and_shown(
    local: TestClient, updates: Updates, place: Any, path: str
) -> None:
    answer = local.post(path, data=PATHS[path])
    assert answer.status_code == 303
    assert (updates.asked, len(place.machines.started)) == (1, 1)
    page = local.get(answer.headers["location"]).text
    assert DEPLOYED in page
    assert "template.yaml differs from what is deployed in Table" in page
    assert "local down --state-dir there" in page


@pytest.mark.parametrize("path", PATHS)
def test_what_cannot_be_deployed_starts_nothing(
    local: TestClient, updates: Updates, place: Any, path: str
) -> None:
    updates.status, updates.answer = 400, {"message": "line 3 of <b>template.yaml</b>"}
    answer = local.post(path, data=PATHS[path])
    assert answer.status_code in (422, 502)
    assert "the local AWS cannot deploy what has changed: line 3 of &lt;b&gt;" in answer.text
    assert place.machines.started == []


def test_nothing_is_said_when_nothing_differs(local: TestClient, updates: Updates) -> None:
    updates.answer = {"files": [], "updated": [], "left": [], "seconds": 0.0}
    answer = local.post("/environments/shop/verify")
    assert updates.asked == 1
    assert "differ" not in local.get(answer.headers["location"]).text


@pytest.mark.parametrize("action", ["teardown", "rollback"])
def test_what_needs_nothing_new_deploys_nothing(
    local: TestClient, updates: Updates, place: Any, action: str
) -> None:
    assert local.post(f"/environments/shop/{action}", data={"step": "dry"}).status_code == 303
    assert (updates.asked, len(place.machines.started)) == (0, 1)


def test_a_stack_in_aws_has_nothing_to_deploy_from_here(
    browser: TestClient, updates: Updates, place: Any
) -> None:
    place.put(ready("shop"))
    assert browser.post("/environments/shop/verify").status_code == 303
    assert (updates.asked, len(place.machines.started)) == (0, 1)
