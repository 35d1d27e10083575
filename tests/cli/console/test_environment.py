"""`/environments/{name}`: one environment."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.testclient import TestClient

from lifecycle.doors.mcp import McpRecord
from lifecycle.doors.section import GatewayDeployment, GatewayRecord
from lifecycle.record import FailedSmokeTest
from lifecycle.sections.canary import CanaryRecord
from lifecycle.sections.credentials import (
    CredentialsDeployment,
    CredentialsRecord,
    ProviderRecord,
)
from tests.cli.commands.records import CONFIDENTIAL, EXECUTION, failed, locked, ready


def test_an_environment(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    answer = browser.get("/environments/shop")
    assert answer.status_code == 200
    assert "<h1>shop</h1>" in answer.text
    assert "arn:aws:secretsmanager:us-east-1:1:secret:stack/dev/p-1" in answer.text
    assert CONFIDENTIAL not in answer.text


def test_an_environment_that_is_not(browser: TestClient) -> None:
    for name in ("nobody", "<script>", "_stack"):
        answer = browser.get(f"/environments/{name}")
        assert answer.status_code == 404
        assert "there is no environment" in answer.text
        assert "<script>" not in answer.text


def test_what_there_is_to_know(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    page = browser.get("/environments/shop").text
    assert "live serves version 2" in page
    assert "Amazon Cognito, as a user with a password" in page
    assert "Digest" in page
    assert "sha256:abc" in page
    # The promotions of this runtime, the newest first, the live one marked.
    versions = re.findall(r'<th scope="row">(\d)( <span class="badge good">)?', page)
    assert [(version, bool(live)) for version, live in versions] == [("2", True), ("1", False)]
    assert '<a href="/executions/cli-20261122-020000-4f2a9c">' in page
    # A stack in AWS leads to AWS's console.
    assert "https://us-east-1.console.aws.amazon.com/cognito/v2/idp/user-pools/us-east-1_pool" in (
        page
    )


def test_japanese(place: Any, browser: TestClient) -> None:
    place.put(locked("shop"))
    page = browser.get("/environments/shop", headers={"Accept-Language": "ja"}).text
    assert "プロビジョニング中" in page
    assert "live はバージョン 2" in page
    assert '<a href="/executions/cli-works">cli-works</a>' in page
    text = re.sub(r"<[^>]*>", " ", page[page.index("<main") :])
    assert re.findall(r"Sign-in|Executions|Promoted|Runtime\b|never", text) == []


def test_what_it_did_and_its_last_smoke_test(place: Any, browser: TestClient) -> None:
    place.put(ready("shop"))
    report = {"version": "2", "checks": [{"name": "no token", "passed": True, "seen": "401"}]}
    output = json.dumps({"smokeTest": report})
    place.machines.add("one", '{"environment": "shop"}', status="SUCCEEDED", output=output)
    place.machines.add("two", '{"environment": "shop"}', status="SUCCEEDED", output="{}")
    place.machines.add("other", '{"environment": "blog"}')
    part = browser.get("/environments/shop?part=activity").text
    assert re.findall(r'id="execution-(\w+)"', part) == ["two", "one"]
    assert "no token" in part
    assert '<a href="/executions/one">one</a>' in part


def test_the_smoke_test_that_failed(place: Any, browser: TestClient) -> None:
    report = {"checks": [{"name": "altered token", "passed": False, "seen": "<b>200</b>"}]}
    kept = FailedSmokeTest(execution=f"{EXECUTION}:cli-failed", report=report)
    place.put(failed("blog").model_copy(update={"failed_smoke_test": kept}))
    part = browser.get("/environments/blog?part=activity").text
    assert "altered token" in part
    assert "&lt;b&gt;200" in part
    assert "SmokeTestError: it was silent" in browser.get("/environments/blog").text


def copied(name: str, text: str) -> str:
    """A text with a button that copies it."""
    return f'id="{name}">{text}</span> <button type="button" class="copy" data-copy="{name}"'


GATEWAY = GatewayRecord(
    name="stack-shop",
    id="stack-shop-abcdefghij",
    url="https://shop.example.com",
    target_id="T123",
    deployment=GatewayDeployment(
        execution="e", change="updated", repaired=["the gateway's role was changed"]
    ),
    proven=True,
)


def test_the_gateway_its_address_target_test_and_repairs(place: Any, browser: TestClient) -> None:
    place.put(ready("shop", gateway=GATEWAY))
    page = browser.get("/environments/shop").text
    section = page[page.index('<h2 id="gateway">') : page.index('<h2 id="versions">')]
    assert copied("gateway-url", "https://shop.example.com/live/invocations") in section
    assert "stack-shop-abcdefghij" in section
    assert "HTTP gateway in front of the runtime" in section
    assert "live, which leads to the runtime" in section
    assert "no: the runtime also answers direct calls" in section
    assert "yes: nothing was changed since its test passed" in section
    assert '<span class="badge good">' in section
    assert "the gateway&#39;s role was changed" in section
    report = {"checks": [{"name": "SigV4 is refused", "passed": True, "seen": "403"}]}
    output = json.dumps({"smokeTest": report, "gateway": {"change": "updated", **report}})
    place.machines.add("one", '{"environment": "shop"}', status="SUCCEEDED", output=output)
    part = browser.get("/environments/shop?part=activity").text
    checks = part[part.index('<h2 id="gateway-checks">') :]
    assert "SigV4 is refused" in checks
    assert '<a href="/executions/one">one</a>' in checks


def test_a_gateway_whose_test_failed(place: Any, browser: TestClient) -> None:
    check = {"name": "SigV4 is refused", "expected": "401 or 403", "seen": "<b>200</b>"}
    kept = FailedSmokeTest(
        execution=f"{EXECUTION}:cli-failed", report={"checks": [{**check, "passed": False}]}
    )
    gateway = GATEWAY.model_copy(update={"proven": False})
    place.put(ready("shop", gateway=gateway, failed_gateway_test=kept))
    page = browser.get("/environments/shop").text
    assert "SigV4 is refused: expected 401 or 403, seen &lt;b&gt;200" in page
    assert "<dt>Proven</dt><dd>no</dd>" in page
    assert '<a href="/executions/cli-failed">cli-failed</a>' in page
    part = browser.get("/environments/shop?part=activity").text
    assert "&lt;b&gt;200" in part[part.index('<h2 id="gateway-checks">') :]
    japanese = browser.get("/environments/shop", headers={"Accept-Language": "ja"}).text
    assert "SigV4 is refused（期待：401 or 403、実際：&lt;b&gt;200" in japanese


def test_an_mcp_gateway_and_its_targets(place: Any, browser: TestClient) -> None:
    targets = {"orders": "T1", "files": "T2"}
    mcp = McpRecord(asked={}, role="r", targets=targets, tools={"orders": 3})
    gateway = GATEWAY.model_copy(
        update={"url": "https://shop.example.com/mcp", "mcp": mcp, "target_id": None}
    )
    place.put(ready("shop", gateway=gateway))
    page = browser.get("/environments/shop").text
    section = page[page.index('<h2 id="gateway">') : page.index('<h2 id="versions">')]
    assert copied("gateway-url", "https://shop.example.com/mcp") in section
    assert "MCP gateway, a server of tools" in section
    rows = re.findall(r'<th scope="row">(\w+)</th><td class="mono">(\w+)</td>.*>(.+)</td>', section)
    assert rows == [("files", "T2", "–"), ("orders", "T1", "3")]
    # No runtime is behind it that it could be the only way to.
    assert "Closed" not in section
    bare = gateway.model_copy(update={"mcp": McpRecord(asked={}, role="r")})
    place.put(ready("blog", gateway=bare))
    assert "No target has been created yet." in browser.get("/environments/blog").text


def test_a_runtime_that_answers_only_its_gateway(place: Any, browser: TestClient) -> None:
    record = ready("shop", gateway=GATEWAY)
    assert record.runtime is not None
    assert record.identity is not None
    closed = record.identity.model_copy(update={"only_gateway": "arn:gateway"})
    runtime = record.runtime.model_copy(update={"live_identity": closed})
    place.put(record.model_copy(update={"runtime": runtime}))
    assert "yes: the runtime answers only this gateway" in browser.get("/environments/shop").text


CANARY = CanaryRecord(
    execution=f"{EXECUTION}:cli-tries",
    version="3",
    live_version="2",
    gateway_id="stack-shop-abcdefghij",
    weight=25,
)


def test_the_canary_while_calls_are_split(place: Any, browser: TestClient) -> None:
    place.put(ready("shop", gateway=GATEWAY, canary=CANARY))
    page = browser.get("/environments/shop").text
    status = page[page.index('<p role="status"') :].partition("</p>")[0]
    assert "live serves version 2 · version 3 gets 25 % of the calls" in status
    section = page[page.index('<h2 id="canary">') : page.index('<h2 id="runtime">')]
    assert '3 <span class="soft">beside version 2, which is live</span>' in section
    assert "25 % of the calls through the gateway" in section
    assert '<a href="/executions/cli-tries">cli-tries</a>' in section
    japanese = browser.get("/environments/shop", headers={"Accept-Language": "ja"}).text
    assert "呼び出しの 25%" in japanese
    # Recorded before the rule that splits is there.
    place.put(ready("shop", canary=CANARY.model_copy(update={"weight": None})))
    page = browser.get("/environments/shop").text
    assert "none of the calls yet" in page
    assert "version 3 gets 0 % of the calls" in page
    place.put(ready("shop"))
    assert 'id="canary"' not in browser.get("/environments/shop").text


def test_the_credentials_and_what_was_repaired_of_them(place: Any, browser: TestClient) -> None:
    provider = ProviderRecord(type="apiKey", name="p--weather", secret_arn="arn", json_key="apiKey")
    said = CredentialsDeployment(execution="e", change="updated", repaired=["somebody changed it"])
    section = CredentialsRecord(providers={"weather": provider}, deployment=said)
    place.put(ready("shop", credentials=section))
    page = browser.get("/environments/shop").text
    table = page[page.index('<h2 id="credentials">') : page.index('<h2 id="versions">')]
    assert re.findall(r"<t[hd](?: [^>]*)?>([^<]*)<", table) == [
        *("Name", "Type", "Provider"),
        *("weather", "an API key", "p--weather"),
    ]
    assert "somebody changed it" in page
    japanese = browser.get("/environments/shop", headers={"Accept-Language": "ja"}).text
    assert "外部呼び出しの認証情報" in japanese


def test_a_gateway_that_was_never_finished_or_tested(place: Any, browser: TestClient) -> None:
    place.put(ready("shop", gateway=GatewayRecord(name="stack-shop")))
    page = browser.get("/environments/shop").text
    assert "it was never finished" in page
    assert "not tested since it was last changed" in page
    assert "gateway-checks" not in browser.get("/environments/shop?part=activity").text
    place.put(ready("blog"))
    assert 'id="gateway"' not in browser.get("/environments/blog").text
