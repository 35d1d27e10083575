"""Prepare a rollback: which version it goes back to, what is taken from its promotion, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.clients import Clients
from lifecycle.errors import EnvironmentNotFoundError, InvalidRequestError
from lifecycle.promotions.entry import Promoted
from lifecycle.promotions.store import PromotionItems, Provisioned
from lifecycle.request.model import Request, parse_request
from lifecycle.request.preparation import PrepareEvent, prepare_request
from lifecycle.request.rollback import as_provision
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.table import Records

ARN = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:"
TABLE = "environments"


def prepare(clients: Clients, **given: Any) -> Request:
    event = PrepareEvent(execution=f"{ARN}back", input={"action": "rollback", **given})
    return prepare_request(event, clients=clients).request


def promoted(clients: Clients, *versions: str, live: str | None = None, **requests: Any) -> None:
    """An environment whose `live` was moved to these versions, each with a request of its own."""
    records = Records(clients.dynamodb, TABLE)
    records.acquire("dev", f"{ARN}before", lambda _: False, {"state": "READY"})
    listed = []
    for slot, version in enumerate(versions):
        one = Promoted(
            version=version,
            runtime_id="r-1",
            promoted_at="2026-11-26T22:00:00Z",
            execution=f"{ARN}{version}",
            slot=slot,
            digest=f"digest-{slot}",
        )
        given = requests.get(f"v{version}", {"smokeTest": {"prompt": f"prompt {version}"}})
        artifact = given.pop("published", None)
        request = as_provision(parse_request(given))
        items = PromotionItems(clients.dynamodb, TABLE)
        items.write("dev", one, Provisioned(request=request, identity={}, artifact=artifact))
        listed.append(one)
    runtime = RuntimeRecord(name="r", id="r-1", live_version=live or (versions or [None])[-1])
    records.release("dev", f"{ARN}before", promotions=listed, runtime=runtime)


def refusal(clients: Clients, **given: Any) -> str:
    records = Records(clients.dynamodb, TABLE)
    before = records.get("dev")
    with pytest.raises(InvalidRequestError) as caught:
        prepare(clients, **given)
    assert records.get("dev") == before, "nothing has changed, and nobody holds the lock"
    return str(caught.value)


def test_without_a_version_it_goes_back_to_the_one_before(table_clients: Clients) -> None:
    promoted(table_clients, "1", "2", "5")
    request = prepare(table_clients)
    assert (request.action, request.version) == ("rollback", "2")
    assert request.smoke_test.prompt == "prompt 2"


def test_the_version_before_is_the_newest_promotion_of_another_one(table_clients: Clients) -> None:
    promoted(table_clients, "1", "2", "3", "2")
    assert prepare(table_clients).version == "3"


def test_a_version_may_be_named(table_clients: Clients) -> None:
    promoted(table_clients, "1", "2", "5")
    request = prepare(table_clients, version="1")
    assert (request.version, request.smoke_test.prompt) == ("1", "prompt 1")


def test_the_request_is_that_of_the_promotion_and_the_rest_of_the_input_is_ignored(
    table_clients: Clients,
) -> None:
    then = {
        "auth": {"type": "iam"},
        "runtime": {"description": "then"},
        "tags": {"team": "a"},
        "ttlHours": 2,
        "teardown": "onFailure",
        "smokeTest": {"prompt": "then", "expect": "1"},
        "wait": {"timeoutSeconds": 7},
    }
    promoted(table_clients, "1", "2", v1=then)
    request = prepare(
        table_clients,
        runtime={"description": "now"},
        teardown="always",
        smokeTest={"prompt": "now"},
        wait={"timeoutSeconds": 60},
    )
    assert (request.auth.type, request.runtime.description) == ("iam", "then")
    assert request.tags == {"team": "a"}
    assert request.ttl_hours is None, "a rollback changes nothing about the expiry"
    assert (request.smoke_test.prompt, request.smoke_test.expect) == ("now", "1")
    assert (request.teardown, request.wait.timeout_seconds) == ("never", 60)
    assert Request.model_validate(request.to_json()) == request


def test_without_its_cases_a_version_has_no_limits_of_cases_either(
    table_clients: Clients,
) -> None:
    cases = [{"prompt": "a", "expect": "b"}]
    published = {"source": {"bucket": "abc", "key": "a.zip", "versionId": "v7"}}
    then = {
        "artifact": {"source": {"bucket": "abc", "key": "a.zip"}},
        "smokeTest": {"cases": cases, "repeat": 5, "minPassRate": 0.5, "maxP95Seconds": 3},
        "published": published,
    }
    promoted(table_clients, "1", "2", v1=then)
    request = prepare(table_clients, smokeTest={"cases": []})
    asked = request.smoke_test
    assert (asked.repeat, asked.min_pass_rate, asked.max_p95_seconds) == (1, 1, None)
    assert request.artifact.source is not None
    assert request.artifact.source.version_id == "v7"
    assert Request.model_validate(request.to_json()) == request


def test_a_limit_of_cases_is_for_a_version_that_has_cases(table_clients: Clients) -> None:
    cases = [{"prompt": "a", "expect": "b"}]
    promoted(table_clients, "1", "2", "3", v2={"smokeTest": {"cases": cases}})
    assert prepare(table_clients, smokeTest={"minPassRate": 0.8}).smoke_test.min_pass_rate == 0.8
    Records(table_clients.dynamodb, TABLE).release("dev", f"{ARN}back")
    message = refusal(table_clients, version="1", smokeTest={"minPassRate": 0.8})
    assert message.startswith("smokeTest.minPassRate: given 0.8, allowed: only with")


@pytest.mark.parametrize(
    ("artifact", "published", "pinned"),
    [
        (
            {"source": {"bucket": "abc", "key": "a.zip"}},
            {"source": {"bucket": "abc", "key": "a.zip", "versionId": "v7"}},
            {"source": {"bucket": "abc", "key": "a.zip", "versionId": "v7"}},
        ),
        (
            {"type": "code", "package": {"bucket": "abc", "key": "a.zip"}},
            {"source": {"bucket": "abc", "key": "a.zip", "versionId": "v7"}},
            {"package": {"bucket": "abc", "key": "a.zip", "versionId": "v7"}},
        ),
        (
            {"containerUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/agent:latest"},
            {"containerUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/agent@sha256:1"},
            {"containerUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/agent@sha256:1"},
        ),
        ({}, {"imageDigest": "sha256:1", "containerUri": "x"}, {"containerUri": None}),
    ],
    ids=["source", "package", "image", "bundled"],
)
def test_the_artifact_is_pinned_as_it_was_published(
    table_clients: Clients, artifact: Any, published: Any, pinned: Any
) -> None:
    text = json.dumps(published).replace("sha256:1", f"sha256:{'1' * 64}")
    published = json.loads(text)
    pinned = json.loads(json.dumps(pinned).replace("sha256:1", f"sha256:{'1' * 64}"))
    promoted(table_clients, "1", "2", v1={"artifact": artifact, "published": published})
    found = prepare(table_clients).artifact.model_dump(mode="json", by_alias=True)
    assert {name: found[name] for name in pinned} == pinned


def test_a_request_without_room_for_the_version_of_its_source_stays_as_it_is(
    table_clients: Clients,
) -> None:
    clients = [f"client-{number:05}" for number in range(6_000)]
    secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-abcdef"
    given: dict[str, Any] = {
        "artifact": {"source": {"bucket": "abc", "key": "a.zip"}},
        "auth": {
            "type": "jwt",
            "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
            "allowedClients": clients,
            "tokenSecretArn": secret,
        },
    }
    room = 100_000 - len(json.dumps(parse_request(given).to_json(), ensure_ascii=False).encode())
    clients[0] += "x" * (room - 10)
    parse_request(given)
    from lifecycle.request.rollback import _pinned

    request = parse_request(given).model_copy(update={"action": "rollback", "version": "1"})
    published = {"source": {"bucket": "abc", "key": "a.zip", "versionId": "v" * 1024}}
    assert _pinned(request, Provisioned(request={}, artifact=published)) == request


def test_an_environment_without_a_record_is_not_found(table_clients: Clients) -> None:
    with pytest.raises(EnvironmentNotFoundError, match="'dev' has no record"):
        prepare(table_clients)
    assert list(Records(table_clients.dynamodb, TABLE).all()) == []


def test_without_another_promotion_there_is_nothing_to_go_back_to(table_clients: Clients) -> None:
    promoted(table_clients, "3")
    assert refusal(table_clients) == (
        "action: given 'rollback', allowed: only after another version was promoted; live serves version 3, and the "
        "record has no promotion of another one; provision what you want instead"
    )
    assert "live serves version 3" in refusal(table_clients, version="3")


def test_an_environment_that_was_never_live_has_nothing_to_go_back_to(
    table_clients: Clients,
) -> None:
    promoted(table_clients)
    assert "live serves no version" in refusal(table_clients)


def test_a_version_that_the_history_does_not_have_is_refused_with_those_that_it_has(
    table_clients: Clients,
) -> None:
    promoted(table_clients, "2", "10", "11")
    assert refusal(table_clients, version="7") == (
        "version: given '7', allowed: a version that was promoted, and that the record still has (2, 10); live serves "
        "version 11"
    )


def test_the_live_version_is_refused(table_clients: Clients) -> None:
    promoted(table_clients, "2", "3")
    assert refusal(table_clients, version="3") == (
        "version: given '3', allowed: a version that is not live already (2); live serves version 3"
    )


def test_a_promotion_of_another_runtime_is_none(table_clients: Clients) -> None:
    promoted(table_clients, "1", "2")
    records = Records(table_clients.dynamodb, TABLE)
    records.acquire("dev", f"{ARN}new", lambda _: False, {})
    runtime = RuntimeRecord(name="r", id="r-2", live_version="3")
    records.release("dev", f"{ARN}new", runtime=runtime)
    assert "only after another version was promoted" in refusal(table_clients)


def test_a_promotion_whose_item_is_lost_is_refused(table_clients: Clients) -> None:
    promoted(table_clients, "1", "2")
    PromotionItems(table_clients.dynamodb, TABLE).delete("dev")
    assert "given '1'" in refusal(table_clients, version="1")


def test_the_stack_must_still_allow_the_provider(
    table_clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = {
        "type": "jwt",
        "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
        "allowedClients": ["a"],
        "tokenSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-abcdef",
    }
    promoted(table_clients, "1", "2", v1={"auth": auth})
    monkeypatch.setenv("PROVIDER_HOSTS", "another.example.com")
    assert "auth.discoveryUrl" in refusal(table_clients)


@pytest.mark.parametrize("version", [4, "0", "04", "100000", "4.0", "live", ""])
def test_a_version_is_a_number_as_agentcore_writes_it(version: Any) -> None:
    with pytest.raises(InvalidRequestError, match="version: given"):
        parse_request({"action": "rollback", "version": version})


@pytest.mark.parametrize("action", ["provision", "teardown", "smokeTest"])
def test_only_a_rollback_has_a_version(action: str) -> None:
    with pytest.raises(InvalidRequestError, match="only with action rollback"):
        parse_request({"action": action, "version": "4"})
