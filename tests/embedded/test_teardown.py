"""Teardown that proves it: everything of ours goes, nothing of others', and what is left is said and known."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from moto.cognitoidp.models import cognitoidp_backends
from moto.secretsmanager.models import secretsmanager_backends

from local.edge.faults import Fault

pytestmark = pytest.mark.embedded
READS = ("Get", "Describe", "List", "Head", "BatchGet", "Scan", "Query")


def teardown(lifecycle: Any, name: str, **more: Any) -> Any:
    return lifecycle.run({"action": "teardown", "environment": name, **more})


def function_calls(lifecycle: Any, since: float) -> list[str]:
    return [
        f"{call.service}:{call.operation}"
        for call in lifecycle.aws.calls.calls(since=since)
        if call.caller and call.caller.kind == "function"
    ]


def age(lifecycle: Any, name: str, pool: str, secret: str) -> None:
    """Let the environment's pool and secret have been created and tagged long ago."""
    account, region = lifecycle.aws.account_id, lifecycle.aws.region
    made: Any = cognitoidp_backends[account][region].user_pools[pool]
    made.creation_date -= timedelta(days=1)
    kept: Any = secretsmanager_backends[account][region].secrets[secret]
    kept.created_date -= 86400
    lifecycle.aws.client("dynamodb").update_item(
        TableName=lifecycle.aws.outputs["EnvironmentsTableName"],
        Key={"environment": {"S": name}},
        UpdateExpression="SET #identity.taggedAt = :longAgo",
        ExpressionAttributeNames={"#identity": "identity"},
        ExpressionAttributeValues={":longAgo": {"N": "1"}},
    )


def without_lock(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "updatedAt"}


def test_a_dry_run_says_what_would_go_and_touches_nothing(
    lifecycle: Any, environment: Callable[[], str], uploaded: Callable[..., dict[str, str]]
) -> None:
    name = environment()
    source = uploaded("echo")
    provisioned = lifecycle.run({"environment": name, "artifact": {"source": source}})
    assert provisioned.status == "SUCCEEDED", (provisioned.error, provisioned.cause)
    was, record = lifecycle.leftovers(name), lifecycle.record(name)
    before = time.time()
    dry = teardown(lifecycle, name, dryRun=True)
    assert dry.status == "SUCCEEDED", (dry.error, dry.cause)
    writes = {
        call
        for call in function_calls(lifecycle, before)
        if not call.partition(":")[2].startswith(READS)
    }
    assert writes == {"dynamodb:UpdateItem"}  # the lock, taken and given back
    assert lifecycle.leftovers(name) == was
    assert without_lock(lifecycle.record(name)) == without_lock(record)
    said = dry.output["teardown"]
    assert (said["dryRun"], said["removed"]) == (True, [])

    real = teardown(lifecycle, name)
    assert real.status == "SUCCEEDED", (real.error, real.cause)
    removed = real.output["teardown"]
    # DEFAULT goes with its runtime; everything else is told one by one, as the dry run said.
    promised = {item for item in said["wouldRemove"] if not item.startswith("endpoint DEFAULT")}
    assert promised == set(removed["removed"])
    assert removed["kept"] == said["kept"]
    assert lifecycle.leftovers(name) == {}


def test_what_the_lifecycle_did_not_make_stays(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    uploaded: Callable[..., dict[str, str]],
) -> None:
    aws = lifecycle.aws
    cognito, s3, ecr = (aws.client(service) for service in ("cognito-idp", "s3", "ecr"))
    name, other = environment(), environment()
    source = uploaded("echo")
    # Somebody else's pool has the very name that ours gets.
    foreign = cognito.create_user_pool(PoolName=f"agentcore-lifecycle-{name}")["UserPool"]["Id"]
    try:
        given = lifecycle.run({"environment": name, "artifact": tiny})
        sourced = lifecycle.run({"environment": other, "artifact": {"source": source}})
        for run in (given, sourced):
            assert run.status == "SUCCEEDED", (run.error, run.cause)
        assert given.output["auth"]["userPoolId"] != foreign
        kept = {}
        for environment_name in (name, other):
            run = teardown(lifecycle, environment_name)
            assert run.status == "SUCCEEDED", (run.error, run.cause)
            kept[environment_name] = run.output["teardown"]["kept"]
        assert cognito.describe_user_pool(UserPoolId=foreign)["UserPool"]["Id"] == foreign
    finally:
        cognito.delete_user_pool(UserPoolId=foreign)
    reasons = {item["resource"]: item["reason"] for item in kept[name]}
    pool = f"user pool agentcore-lifecycle-{name} ({foreign})"
    assert set(reasons) == {pool, f"image {given.output['artifact']['containerUri']}"}
    assert "but not its tags, and the record does not list it" in reasons[pool]
    digest = given.output["artifact"]["digest"]
    repository = aws.outputs["RepositoryUri"].split("/", 1)[1]
    images = ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])
    assert len(images["imageDetails"]) == 1
    # The image of the same source is kept, too, while another environment of this module uses it.
    (only,) = [item for item in kept[other] if source["key"] in item["resource"]]
    assert only["reason"] == "artifact.source named it; the lifecycle did not create it"
    assert s3.head_object(Bucket=source["bucket"], Key=source["key"])["ContentLength"] > 0


def test_what_cannot_be_removed_is_said_stays_known_and_goes_the_next_time(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    run = lifecycle.run({"environment": name, "artifact": tiny})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    runtime, pool = run.output["runtime"]["id"], run.output["auth"]["userPoolId"]
    secret = f"agentcore-lifecycle/{name}/password"

    def fail(service: str, operation: str, kind: Any, reason: str | None = None) -> None:
        lifecycle.aws.faults.add(
            Fault(service=service, operation=operation, kind=kind, reason=reason)
        )

    def red(kinds: set[str], sections: set[str], *said: str) -> None:
        ended = teardown(lifecycle, name)
        assert (ended.status, ended.error) == ("FAILED", "TeardownIncompleteError"), ended.cause
        assert [text for text in said if text not in ended.cause] == []
        assert lifecycle.aws.faults.list() == []
        assert kinds | {"record"} <= set(lifecycle.leftovers(name))
        record = lifecycle.record(name)
        assert sections <= set(record)
        assert (record["state"], "lock" in record) == ({"S": "FAILED"}, False)

    fail("bedrock-agentcore-control", "DeleteAgentRuntime", "failureState", "An interface hangs.")
    red({"runtimes", "pools", "secrets"}, {"runtime", "identity"}, runtime, "An interface hangs.")
    # The runtime goes now; of the identity, what refuses is named, and the rest is tried. What was tagged long ago is
    # refused for good: a refusal right after the tagging is retried.
    age(lifecycle, name, pool, secret)
    fail("cognito-idp", "DeleteUserPool", "accessDenied")
    fail("secretsmanager", "DeleteSecret", "accessDenied")
    red({"pools", "secrets"}, {"identity"}, pool, secret, "DeleteUserPool", "DeleteSecret")
    assert "runtimes" not in lifecycle.leftovers(name)
    last = teardown(lifecycle, name)
    assert last.status == "SUCCEEDED", (last.error, last.cause)
    removed = last.output["teardown"]["removed"]
    assert [item for item in removed if pool in item or secret in item] != []
    assert lifecycle.leftovers(name) == {}
    assert lifecycle.record(name) is None


def test_a_teardown_of_what_was_removed_by_hand_succeeds(
    lifecycle: Any, environment: Callable[[], str], tiny: dict[str, Any]
) -> None:
    name = environment()
    run = lifecycle.run({"environment": name, "artifact": tiny})
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    aws, auth = lifecycle.aws, run.output["auth"]
    aws.client("cognito-idp").delete_user_pool(UserPoolId=auth["userPoolId"])
    aws.client("secretsmanager").delete_secret(
        SecretId=auth["secretArn"], ForceDeleteWithoutRecovery=True
    )
    removed = teardown(lifecycle, name)
    assert removed.status == "SUCCEEDED", (removed.error, removed.cause)
    assert lifecycle.leftovers(name) == {}
    gone = teardown(lifecycle, name)
    assert (gone.status, gone.error) == ("FAILED", "EnvironmentNotFoundError")
