"""Which endpoint is asked, as whom and in which protocol; and what is said where there is nothing to ask."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cli.asking import subject
from cli.asking.subject import find_asked
from cli.errors import CommandError
from lifecycle.record import Lock, Record
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord

PLACE: Any = SimpleNamespace(
    options="--stack s", client=lambda _service: None, output=lambda name: name
)
ARN = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/r-1"
COGNITO, IAM = IdentityRecord(type="cognito"), IdentityRecord(type="iam")


def find(monkeypatch: pytest.MonkeyPatch, record: Record, endpoint: str = "live") -> Any:
    monkeypatch.setattr(subject, "read_record", lambda _place, _name: record)
    return find_asked(PLACE, record.environment, endpoint)


def runtime(**fields: Any) -> RuntimeRecord:
    return RuntimeRecord(name="r", id="r-1", arn=ARN, version="3", **fields)


def test_live_is_asked_as_it_was_promoted(monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record(
        environment="dev",
        identity=IAM,
        runtime=runtime(live_version="2", live_identity=COGNITO),
        request={"runtime": {"protocol": "MCP"}},
        proven_request={"runtime": {"protocol": "A2A"}},
    )
    live = find(monkeypatch, record)
    assert (live.version, live.protocol, live.identity.type) == ("2", "A2A", "cognito")
    newest = find(monkeypatch, record, "DEFAULT")
    assert (newest.version, newest.protocol, newest.identity.type) == ("3", "MCP", "iam")
    own = find(monkeypatch, record, "canary")
    assert (own.endpoint, own.version) == ("canary", None)


def test_the_usual_protocol_is_http(monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record(environment="dev", identity=IAM, runtime=runtime(live_version="2"))
    assert find(monkeypatch, record).protocol == "HTTP"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"state": "FAILED", "state_reason": "the build failed"},
            [
                "environment dev has no runtime yet (state FAILED: the build failed); to provision it:",
                "  lifecycle run --stack s --environment dev",
            ],
        ),
        (
            {"identity": IAM, "runtime": runtime()},
            [
                "environment dev has no live version yet (state PROVISIONING); --endpoint DEFAULT asks its version 3; "
                "to provision it:",
                "  lifecycle run --stack s --environment dev",
            ],
        ),
        (
            {"lock": Lock(execution="arn:execution", acquired_at="now")},
            [
                "environment dev has no runtime yet: execution arn:execution works on it; ask again when it has ended"
            ],
        ),
    ],
)
def test_where_there_is_nothing_to_ask_it_is_said_why(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], said: list[str]
) -> None:
    with pytest.raises(CommandError) as caught:
        find(monkeypatch, Record(environment="dev", **fields))
    assert str(caught.value).splitlines() == said
    assert caught.value.exit_status == 1
