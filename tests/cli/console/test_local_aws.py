"""`/calls` and `/faults`: only of a local AWS, through its own API."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from werkzeug import Request, Response

from cli.console.acting import local_aws
from cli.target.deployed import Deployed
from cli.target.local_api import LocalApi as Client
from local.edge.calls import Call, CallLog
from local.edge.credentials import Principal
from local.edge.faults import Fault, FaultPlan
from local.edge.local_api import LocalApi


class NoDelays:
    """The delays are no page of the console."""

    def read(self) -> dict[str, float]:
        return {}

    def change(self, seconds: dict[str, float]) -> None:
        raise NotImplementedError


@pytest.fixture(scope="module")
def log() -> CallLog:
    """250 calls, one a second: every tenth is refused, the last has no answer."""
    log = CallLog()
    caller = Principal(name="PrepareRequestFunction", kind="function", role_arn="arn")
    for number in range(250):
        service, operation = ("sts", "GetCallerIdentity") if number % 2 else ("s3", "GetObject")
        status = None if number == 249 else 403 if number % 10 == 0 else 200
        log.record(
            Call(service, operation, caller if number % 3 else None, f"r{number}", number, status)
        )
    log.record(Call("<script>", None, None, "odd", 300, 200))
    return log


@pytest.fixture
def plan() -> FaultPlan:
    return FaultPlan()


@pytest.fixture
def local(
    place: Any,
    log: CallLog,
    plan: FaultPlan,
    open_console: Callable[[Deployed], TestClient],
    monkeypatch: pytest.MonkeyPatch,
) -> TestClient:
    """The console of a local AWS."""
    api = LocalApi(log, plan, NoDelays(), dict)

    @Request.application
    def app(request: Request) -> Response:
        return api.respond(request, request.get_data())

    client = httpx.Client(transport=httpx.WSGITransport(app=app))
    monkeypatch.setattr(local_aws, "LocalApi", lambda url: Client(url, client))
    return open_console(dataclasses.replace(place, endpoint_url="http://127.0.0.1:4566"))


def operations(page: str) -> list[str]:
    return re.findall(r'<th scope="row">([^<]*)</th>', page)


def test_a_stack_in_aws_has_neither(browser: TestClient) -> None:
    for path in ("/calls", "/faults"):
        assert browser.get(path).status_code == 404
        assert f'href="{path}"' not in browser.get("/").text
    assert browser.post("/faults", data={"do": "clear"}).status_code == 404


def test_the_calls_are_paged_and_filtered(local: TestClient) -> None:
    page = local.get("/calls").text
    assert 'href="/calls"' in page
    assert "Calls: 251" in page
    assert len(operations(page)) == 100
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    assert len(operations(local.get("/calls?page=3").text)) == 51
    only = local.get("/calls?service=s3&operation=GetObject").text
    assert set(operations(only)) == {"GetObject"}
    assert "Calls: 125" in only
    assert "Calls: 166" in local.get("/calls?caller=PrepareRequestFunction").text
    assert "Calls: 25<" in local.get("/calls?status=failed").text
    assert "Calls: 25<" in local.get("/calls?status=403").text
    assert "Calls: 1<" in local.get("/calls?status=none").text
    assert "No call matches" in local.get("/calls?status=x<").text
    part = local.get("/calls?service=s3&part=live").text
    assert part.lstrip().startswith('<div id="live"')
    assert "service=s3" in part


def test_a_fault_is_planned_and_removed(local: TestClient, plan: FaultPlan) -> None:
    data = {
        "do": "add",
        "service": "bedrock-agentcore-control",
        "operation": "CreateAgentRuntime",
        "kind": "delayedState",
        "times": "2",
        "seconds": "1.5",
        "status": "500",
        "caller": "",
        "reason": "",
    }
    assert local.post("/faults", data=data).headers["location"] == "/faults"
    (fault,) = plan.list()
    assert (fault.kind, fault.times, fault.seconds, fault.caller) == ("delayedState", 2, 1.5, None)
    page = local.get("/faults").text
    assert "Remove delayedState for bedrock-agentcore-control CreateAgentRuntime" in page
    assert local.post("/faults", data={"do": "remove", "id": fault.id}).status_code == 303
    assert plan.list() == []
    plan.add(Fault("s3", "GetObject", "throttle", reason="<script>alert(1)</script>"))
    plan.add(Fault("s3", "GetObject", "throttle"))
    assert "<script>alert" not in local.get("/faults").text
    local.post("/faults", data={"do": "clear"})
    assert plan.list() == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"operation": ""}, "missing field operation"),
        ({"operation": "GetObjekt"}, "s3 has no operation GetObjekt"),
        ({"kind": "explode"}, "kind is one of throttle"),
        ({"times": "many"}, "the field &#39;times&#39; has a value of the wrong type"),
        ({"times": "-1"}, "times is 1 or more"),
        ({"seconds": "nan"}, "seconds is 0 or more"),
        ({"status": "404"}, "status is 500 to 599"),
        ({"service": "<b>"}, "there is no service &lt;b&gt;"),
    ],
)
def test_what_cannot_be_planned_says_what_the_command_says(
    local: TestClient, plan: FaultPlan, changed: dict[str, str], message: str
) -> None:
    data = {"do": "add", "service": "s3", "operation": "GetObject", "kind": "throttle"}
    answer = local.post("/faults", data={**data, "times": "7", **changed})
    assert answer.status_code == 422
    assert message in answer.text
    assert 'id="fault-error" role="alert" tabindex="-1"' in answer.text
    assert plan.list() == []


def test_what_is_not_planned_cannot_be_removed(local: TestClient) -> None:
    answer = local.post("/faults", data={"do": "remove", "id": "<b>"})
    assert answer.status_code == 422
    assert "no fault &lt;b&gt; is planned" in answer.text
    assert local.post("/faults", data={"do": "explode"}).status_code == 400
    refused = local.post("/faults", data={"do": "clear"}, headers={"Origin": "http://evil.example"})
    assert refused.status_code == 403
