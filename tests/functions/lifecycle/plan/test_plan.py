"""A dry run of a provision says what the real run after it does, and touches nothing."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from lifecycle.durations import StackDurations
from lifecycle.errors import ArtifactBuildError, ArtifactChangeError, InvalidRequestError
from lifecycle.plan.provision import plan_provision
from tests.functions.lifecycle.identity import test_drift as identity_drift
from tests.functions.lifecycle.plan.plan_world import compare
from tests.functions.lifecycle.runtime import test_drift as runtime_drift

MACHINE = {"auth": {"flow": "clientCredentials"}}
IAM = {"auth": {"type": "iam"}}


def kinds(test: Any) -> list[Any]:
    """The rows that a test of drift is parametrized with."""
    (mark,) = [mark for mark in test.pytestmark if mark.name == "parametrize"]
    return list(mark.args[1])


def changes(plan: dict[str, Any]) -> dict[str, str]:
    return {item["resource"]: item["change"] for item in plan["identity"]}


def members(plan: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {item["member"]: (item["from"], item["to"]) for item in plan["runtime"]["differences"]}


@pytest.mark.parametrize("request_", [{}, MACHINE, IAM], ids=["password", "machine", "iam"])
def test_a_new_environment_and_the_same_again(world: Any, request_: dict[str, Any]) -> None:
    plan = world.plan(request_)
    assert list(world.records.all()) == []
    assert set(changes(plan).values()) <= {"create"}
    assert len(plan["identity"]) == (0 if request_ == IAM else 6 if request_ == MACHINE else 5)
    assert (plan["artifact"]["change"], plan["runtime"]["change"]) == ("build", "create")
    assert plan["cost"] == {"builds": 1, "buildMinutes": None}
    assert plan["promotion"] == {"moves": True, "fromVersion": None, "toVersion": None}
    compare(plan, world.provision(request_))

    plan = world.compared(request_)
    assert set(changes(plan).values()) <= {"unchanged"}
    assert (plan["artifact"]["change"], plan["runtime"]["change"]) == ("unchanged", "unchanged")
    assert plan["runtime"]["differences"] == []
    assert plan["cost"] == {"builds": 0, "buildMinutes": None}
    assert plan["promotion"] == {"moves": False, "fromVersion": "1", "toVersion": "1"}


@pytest.mark.parametrize("request_", [{}, MACHINE], ids=["password", "machine"])
def test_a_plan_has_nothing_of_a_secret(world: Any, request_: dict[str, Any]) -> None:
    world.provision(request_)
    identity_drift.drift_secret_rewritten(world)
    plan = json.dumps(world.plan(request_))
    answer = world.secrets.get_secret_value(SecretId=world.identity.secret_arn)
    pool = world.identity.user_pool_id
    client = world.cognito.describe_user_pool_client(
        UserPoolId=pool, ClientId=world.identity.client_id
    )["UserPoolClient"]
    for value in (answer["SecretString"], client.get("ClientSecret", "no secret")):
        assert value not in plan


def test_what_was_planned_is_planned_again_and_nothing_is_left(world: Any) -> None:
    assert world.plan() == world.plan()
    assert list(world.records.all()) == []
    assert world.store.runtimes == {}
    assert world.codebuild.builds == {}
    assert world.objects() == []
    assert world.cognito.list_user_pools(MaxResults=60)["UserPools"] == []
    assert world.secrets.list_secrets()["SecretList"] == []
    assert world.clients.dynamodb.scan(TableName="artifacts")["Items"] == []


def test_the_record_stays_as_it_is_and_its_lock_is_released(world: Any) -> None:
    world.provision()
    before = world.record()
    world.plan({"runtime": {"description": "new"}, "ttlHours": 1})
    after = world.record()
    assert after.lock is None
    assert after == before.model_copy(update={"updated_at": after.updated_at})


def test_a_changed_source_costs_a_build(world: Any) -> None:
    world.provision()
    (world.agent / "main.py").write_text("print('another')\n", encoding="utf-8")
    plan = world.compared()
    assert plan["artifact"]["reason"] == "the stack has not built this source"
    assert plan["runtime"]["change"] == "update"
    member = "agentRuntimeArtifact.containerConfiguration.containerUri"
    came, goes = members(plan)[member]
    assert came.endswith(world.record().artifact.image_digest) is False
    assert goes == "(not known before the build's result exists)"
    assert "whether the build succeeds, and what it makes" in plan["notKnown"]
    # The source before is still there for another environment.
    assert world.compared({"environment": "two"})["artifact"]["change"] == "reuse"


def test_a_build_takes_as_long_as_the_last_ones(world: Any) -> None:
    world.provision()
    record = world.record()
    world.records.acquire("dev", "x", lambda _: False, {"learned": {"build": [[55, 60]]}})
    world.records.release("dev", "x")
    assert record.learned != world.record().learned
    (world.agent / "main.py").write_text("print('another')\n", encoding="utf-8")
    assert world.plan()["cost"] == {"builds": 1, "buildMinutes": 1.0}
    # A new environment takes the stack's.
    assert world.plan({"environment": "two"})["cost"] == {"builds": 1, "buildMinutes": None}
    StackDurations(world.clients.dynamodb, "environments").write({"build": [[110, 120]]})
    assert world.plan({"environment": "two"})["cost"] == {"builds": 1, "buildMinutes": 2.0}


def test_an_artifact_that_is_gone_is_built_again(world: Any) -> None:
    world.provision()
    world.clients.ecr.batch_delete_image(
        repositoryName="agents",
        imageIds=[{"imageDigest": world.record().artifact.image_digest}],
    )
    plan = world.plan()
    assert (plan["artifact"]["change"], plan["cost"]["builds"]) == ("build", 1)
    assert "is gone" in plan["artifact"]["reason"]
    real = world.provision()
    assert (real.built, real.builds) == (True, 1)


def test_a_build_that_runs_already_is_joined(world: Any) -> None:
    world.prepare({"environment": "one", **IAM})
    world.begin("other", {"environment": "one"})
    world.publish()
    plan = world.plan({"environment": "two", **IAM})
    assert (plan["artifact"]["change"], plan["artifact"]["builds"]) == ("reuse", 0)
    assert "makes it already" in plan["artifact"]["reason"]
    assert plan["runtime"]["change"] == "create"


def test_a_given_image_and_a_zip(world: Any) -> None:
    digest = world.push("agents", "mine")
    host = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
    named = {"artifact": {"containerUri": f"{host}/agents:mine"}, **IAM}
    plan = world.compared(named)
    assert plan["artifact"]["change"] == "given"
    assert plan["artifact"]["sourceHash"] is None
    assert world.record().artifact.image_digest == digest
    assert world.compared(named)["artifact"]["change"] == "unchanged"

    world.upload("mine.zip", {"main.py": "1"})
    package = {"type": "code", "package": {"bucket": "artifacts", "key": "mine.zip"}}
    zipped = {"environment": "zip", "artifact": package, **IAM}
    plan = world.plan(zipped)
    assert (plan["artifact"]["change"], plan["artifact"]["builds"]) == ("given", 0)
    real = world.provision(zipped)
    assert real.after.artifact.source_hash == plan["artifact"]["sourceHash"]
    assert world.compared(zipped)["artifact"]["change"] == "unchanged"
    other = world.compared({**zipped, "environment": "zip-2"})
    assert other["artifact"]["change"] == "reuse"


def test_code_is_built_too(world: Any) -> None:
    given = {"artifact": {"type": "code"}, **IAM}
    assert world.compared(given)["artifact"]["change"] == "build"
    assert world.compared(given)["artifact"]["change"] == "unchanged"
    (world.agent / "main.py").write_text("print('another')\n", encoding="utf-8")
    assert world.compared(given)["runtime"]["change"] == "update"


def test_a_source_that_is_not_there_fails_as_in_a_real_run(world: Any) -> None:
    missing = {"artifact": {"source": {"bucket": "artifacts", "key": "none.zip"}}}
    for run in (world.plan, world.provision):
        with pytest.raises(ArtifactBuildError, match=r"none\.zip does not exist"):
            run(missing)
        if run == world.plan:
            assert list(world.records.all()) == []


def test_another_kind_of_artifact_is_refused_as_in_a_real_run(world: Any) -> None:
    world.provision()
    before = world.record()
    for run in (world.plan, world.provision):
        with pytest.raises(ArtifactChangeError, match=r"artifact\.type: given 'code'"):
            run({"artifact": {"type": "code"}})
        assert world.record() == before


def test_a_provider_that_the_stack_does_not_allow_is_refused_as_in_a_real_run(world: Any) -> None:
    auth = {
        "type": "jwt",
        "discoveryUrl": "https://elsewhere.example.org/.well-known/openid-configuration",
        "allowedAudience": ["agents"],
        "tokenSecretArn": "arn:aws:secretsmanager:us-west-2:123456789012:secret:theirs-abcdef",
    }
    for run in (world.plan, world.provision):
        with pytest.raises(InvalidRequestError, match="discoveryUrl"):
            run({"auth": auth})


def test_a_provider_of_ones_own_has_nothing_to_create(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = world.secrets.create_secret(
        Name="theirs",
        SecretString="{}",
        Tags=[
            {"Key": "agentcore-lifecycle:smoke-test-host", "Value": "idp.example.com"},
            {"Key": "agentcore-lifecycle:smoke-test-environments", "Value": "stack/dev"},
        ],
    )["ARN"]
    auth = {
        "type": "jwt",
        "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
        "allowedAudience": ["agents"],
        "tokenSecretArn": secret,
    }
    answers = httpx.MockTransport(lambda _: httpx.Response(HTTPStatus.OK))
    monkeypatch.setattr(
        world.world.clients, "http", lambda *_: httpx.Client(transport=answers), raising=False
    )
    plan = world.compared({"auth": auth})
    assert plan["identity"] == []
    plan = world.compared({"auth": {**auth, "allowedAudience": ["others"]}})
    assert members(plan) == {
        "authorizerConfiguration.customJWTAuthorizer.allowedAudience": ('["agents"]', '["others"]')
    }
    # Back to a pool: it is made, and the runtime trusts it.
    plan = world.compared()
    assert set(changes(plan).values()) == {"create"}
    assert plan["runtime"]["change"] == "update"


def test_a_switch_of_the_flow(world: Any) -> None:
    world.provision()
    plan = world.compared(MACHINE)
    assert changes(plan)["user pool"] == "unchanged"
    assert changes(plan)["app client"] == changes(plan)["domain"] == "create"
    # Back again, nobody knows the password any more.
    assert changes(world.compared()) == {
        "user pool": "unchanged",
        "app client": "unchanged",
        "probe client": "unchanged",
        "test user": "update",
        "secret": "update",
    }


def test_changed_members_are_named_with_their_values(world: Any) -> None:
    first = {
        "runtime": {
            "environmentVariables": {"KEPT": "same", "LEVEL": "one-secret", "OLD": "two-secret"},
            "idleTimeoutSeconds": 60,
        },
        "tags": {"team": "a", "gone": "x"},
    }
    second = {
        "runtime": {
            "environmentVariables": {"KEPT": "same", "LEVEL": "three-secret", "NEW": "four-secret"},
            "idleTimeoutSeconds": 120,
            "description": "new",
            "requestHeaders": ["Authorization"],
        },
        "tags": {"team": "b"},
    }
    world.provision(first)
    plan = world.compared(second)
    assert members(plan) == {
        "description": ("Environment dev of stack stack", "new"),
        "environmentVariables.LEVEL": ("a value", "another value"),
        "environmentVariables.NEW": (None, "a value"),
        "environmentVariables.OLD": ("a value", None),
        "lifecycleConfiguration.idleRuntimeSessionTimeout": ("60", "120"),
        "requestHeaderConfiguration": (None, '["authorization"]'),
        "tags.gone": ("x", None),
        "tags.team": ("a", "b"),
    }
    for value in ("one-secret", "two-secret", "three-secret", "four-secret"):
        assert value not in json.dumps(plan)
    assert plan["promotion"] == {"moves": True, "fromVersion": "1", "toVersion": None}


def test_a_plan_is_never_large(world: Any) -> None:
    many = {f"VARIABLE_{number}": "x" for number in range(47)}
    world.provision({"runtime": {"environmentVariables": many}})
    other = {f"OTHER_{number}": "x" for number in range(47)}
    text = "ü" * 4096
    plan = world.plan({"runtime": {"environmentVariables": other, "description": text}})
    found = plan["runtime"]["differences"]
    assert len(found) == 60
    assert found[-1] == {"member": "and 36 more", "from": None, "to": None}
    assert max(len(item["to"] or "") for item in found) <= 200
    assert len(json.dumps(plan, ensure_ascii=False).encode()) < 60_000


@pytest.mark.parametrize(
    ("breakage", "sentence"), kinds(runtime_drift.test_drift_is_named_and_repaired)
)
def test_drift_of_the_runtime(world: Any, breakage: Any, sentence: str) -> None:
    world.provision(runtime_drift.REQUEST)
    breakage(world)
    plan = world.compared(runtime_drift.REQUEST)
    assert any(sentence in found for found in plan["runtime"]["repaired"])


@pytest.mark.parametrize(
    ("request_", "drift", "repaired"), kinds(identity_drift.test_drift_is_repaired_and_named)
)
def test_drift_of_the_identity(
    world: Any, request_: dict[str, Any], drift: Any, repaired: list[str]
) -> None:
    world.provision(request_)
    drift(world)
    plan = world.compared(request_)
    found = [phrase for item in plan["identity"] for phrase in item["details"]]
    assert set(repaired) <= set(found)
    assert "repair" in changes(plan).values()


def test_a_runtime_that_was_deleted_by_hand(world: Any) -> None:
    world.provision()
    runtime_drift.live_deleted(world)
    world.control.delete_agent_runtime(agentRuntimeId=world.only_runtime().id)
    world.pass_(10)
    plan = world.compared()
    assert plan["runtime"]["change"] == "create"
    assert plan["runtime"]["repaired"] == ["the runtime was deleted"]


def test_a_default_that_does_not_follow(world: Any) -> None:
    world.provision()
    wanted = {"runtime": {"description": "new"}}
    world.provision(wanted)
    world.only_runtime().endpoints["DEFAULT"].live = "1"
    plan = world.compared(wanted)
    assert plan["runtime"]["repaired"] == [
        "the endpoint DEFAULT was READY on version 1 instead of 2"
    ]
    assert plan["runtime"]["differences"] == []


def test_a_runtime_whose_creation_failed_is_made_again(world: Any) -> None:
    world.fail("CreateAgentRuntime")
    with pytest.raises(Exception, match="CREATE_FAILED"):
        world.provision()
    world.records.release("dev", world.execution)
    plan = world.plan()
    assert plan["runtime"]["change"] == "create"
    assert any("CREATE_FAILED" in sentence for sentence in plan["notKnown"])
    compare(plan, world.provision())


def test_a_runtime_that_is_busy_is_waited_for(world: Any) -> None:
    world.provision(IAM)
    detail = {
        name: world.detail()[name]
        for name in ("agentRuntimeArtifact", "roleArn", "networkConfiguration")
    }
    world.control.update_agent_runtime(agentRuntimeId=world.only_runtime().id, **detail)
    assert world.detail()["status"] == "UPDATING"
    plan = world.plan({**IAM, "runtime": {"description": "new"}})
    assert plan["runtime"]["change"] == "update"
    assert any("UPDATING" in sentence for sentence in plan["notKnown"])


def test_a_write_that_nobody_foresaw_is_never_sent(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lifecycle.plan import provision

    monkeypatch.setattr(provision, "runtime_answers", lambda: {"agentcore_control": {}})
    with pytest.raises(RuntimeError, match="must not call CreateAgentRuntime"):
        world.plan()
    assert world.store.runtimes == {}


def test_a_pool_without_its_tags_may_not_be_looked_into(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The policy allows it only with the stack's tag, which a plan does not set again."""
    from botocore.exceptions import ClientError

    from lifecycle.identity import app_clients

    world.provision()
    identity_drift.drift_pool_tags(world)

    def denied(*_: Any) -> None:
        error = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}
        raise ClientError(error, "DescribeUserPoolClient")

    monkeypatch.setattr(app_clients, "describe_client", denied)
    plan = world.plan()
    assert plan["identity"] == [
        {
            "resource": "user pool",
            "change": "repair",
            "details": ["the user pool's tags had been removed"],
        }
    ]
    assert any("tags again" in sentence for sentence in plan["notKnown"])
    assert plan["runtime"]["change"] == "unchanged"


def test_a_plan_needs_no_lock_of_its_own(world: Any) -> None:
    world.provision()
    prepared = world.prepare({"dryRun": True})
    world.report(prepared, plan={})
    event = world.event(request=prepared.request)
    assert plan_provision(event, clients=world.clients).plan.runtime.change == "unchanged"
