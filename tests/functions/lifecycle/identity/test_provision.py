"""Provision the identity: exactly one of each resource, whatever existed before and wherever a kill came."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from handlers import provision_identity as handler
from lifecycle.entry import aws_errors
from lifecycle.errors import AwsCallError, LockLostError, ServiceUnavailableError
from lifecycle.identity.provision import provision_identity
from lifecycle.sections.runtime import RuntimeRecord
from tests.functions.lifecycle.identity.provisioning import (
    FLOWS,
    IAM,
    JWT,
    MACHINE,
    OURS,
    PASSWORD,
    describe_client,
    provision,
)
from tests.functions.lifecycle.lambda_context import LambdaContext


def test_password_flow_makes_pool_clients_user_and_secret(world: Any) -> None:
    done = provision(world, PASSWORD)
    (pool,) = world.pools()
    assert pool["Name"] == "stack-dev"
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] == 20
    assert pool["UserPoolTags"] == OURS
    assert world.app_clients() == ["stack-dev-password", "stack-dev-password-probe"]
    assert world.users() == ["smoke-test"]
    assert done.model_dump(by_alias=True) == {
        "auth": {
            "type": "cognito",
            "flow": "password",
            "discoveryUrl": f"https://cognito-idp.us-east-1.amazonaws.com/{pool['Id']}"
            "/.well-known/openid-configuration",
            "clientId": world.identity.client_id,
            "userPoolId": pool["Id"],
            "secretArn": world.identity.secret_arn,
            "scope": None,
            "tokenEndpoint": None,
            "allowedClients": [world.identity.client_id],
            "allowedAudience": None,
            "allowedScopes": None,
        },
        "repaired": [],
    }


def test_clients_have_no_secret_and_only_the_admin_sign_in(world: Any) -> None:
    provision(world, PASSWORD)
    for client_id in (world.identity.client_id, world.identity.probe_client_id):
        client = describe_client(world, client_id)
        assert "ClientSecret" not in client
        assert set(client["ExplicitAuthFlows"]) == {
            "ALLOW_ADMIN_USER_PASSWORD_AUTH",
            "ALLOW_REFRESH_TOKEN_AUTH",
        }
        assert client["PreventUserExistenceErrors"] == "ENABLED"
        assert client["AccessTokenValidity"] == 60
        assert client["TokenValidityUnits"]["AccessToken"] == "minutes"


def test_the_user_signs_in_with_what_the_secret_says(world: Any) -> None:
    provision(world, PASSWORD)
    assert world.sign_in()["AccessToken"]
    assert len(world.secret_value()["password"]) == 32


def test_machine_flow_makes_domain_scopes_and_a_client_with_a_secret(world: Any) -> None:
    done = provision(world, MACHINE)
    client = describe_client(world, world.identity.client_id)
    assert client["AllowedOAuthFlows"] == ["client_credentials"]
    assert client["AllowedOAuthScopes"] == ["stack-dev/invoke", "stack-dev/probe"]
    probe = describe_client(world, world.identity.probe_client_id)
    assert probe["AllowedOAuthScopes"] == ["stack-dev/invoke"]
    assert world.secret_value() == {
        "clientId": client["ClientId"],
        "clientSecret": client["ClientSecret"],
        "tokenEndpoint": f"https://{world.identity.domain}.auth.us-east-1.amazoncognito.com/oauth2/token",
        "scope": "stack-dev/invoke",
    }
    assert done.auth.allowed_scopes == ["stack-dev/invoke"]
    assert done.auth.allowed_clients == [client["ClientId"]]
    assert done.auth.token_endpoint == world.secret_value()["tokenEndpoint"]
    assert world.users() == []


def test_jwt_is_noted_and_makes_nothing(world: Any) -> None:
    done = provision(world, JWT)
    assert world.pools() == []
    assert world.secret_names() == []
    assert world.identity.discovery_url == JWT["auth"]["discoveryUrl"]
    assert world.identity.allowed_audience == ["agents"]
    assert done.auth.secret_arn == JWT["auth"]["tokenSecretArn"]
    assert done.auth.client_id is None


def test_iam_is_noted_and_makes_nothing(world: Any) -> None:
    done = provision(world, IAM)
    assert world.pools() == []
    assert world.identity.type == "iam"
    assert done.auth.model_dump(exclude_none=True) == {"type": "iam"}


@pytest.mark.parametrize("request_", FLOWS)
def test_again_changes_nothing(world: Any, request_: dict[str, Any]) -> None:
    first = provision(world, request_)
    before = world.identity
    counting = world.counting()
    second = provision_identity(world.event(**request_), clients=counting)
    assert second == first
    assert world.identity == before
    changing = {
        name for name in counting.calls if not name.startswith(("Get", "Desc", "List", "Admin"))
    }
    assert changing == set()


@pytest.mark.parametrize("request_", FLOWS)
def test_killed_after_any_call_there_is_one_of_everything(
    kill_everywhere: Any, request_: dict[str, Any]
) -> None:
    def check(world: Any) -> None:
        assert len(world.pools()) == 1
        assert len(world.app_clients()) == 2
        assert world.secret_names() == [
            f"stack/dev/{'password' if request_ is PASSWORD else 'machine'}"
        ]
        secret = world.secrets.describe_secret(SecretId=world.identity.secret_arn)
        version = secret["VersionIdsToStages"]
        assert version[world.identity.secret_version] == ["AWSCURRENT"]
        if request_ is PASSWORD:
            assert world.users() == ["smoke-test"]
            assert world.sign_in()["AccessToken"]
        else:
            client = describe_client(world, world.identity.client_id)
            assert world.secret_value()["clientSecret"] == client["ClientSecret"]

    calls = kill_everywhere(
        lambda world: None,
        lambda world, clients: provision_identity(world.event(**request_), clients=clients),
        check,
    )
    assert calls > 15


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("cognito", "CreateUserPool"),
        ("cognito", "CreateUserPoolDomain"),
        ("cognito", "CreateResourceServer"),
        ("cognito", "CreateUserPoolClient"),
        ("cognito", "AdminCreateUser"),
        ("secrets", "CreateSecret"),
    ],
)
def test_a_create_whose_answer_was_lost_is_not_sent_again_by_boto3(
    world: Any, service: str, operation: str
) -> None:
    client = getattr(world.clients, service)
    request = PASSWORD if operation == "AdminCreateUser" else MACHINE
    event = f"before-send.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    sent: list[str] = []

    def lose_the_first_answer(request: Any, **_: Any) -> None:
        sent.append(request.url)
        if len(sent) == 1:
            raise ReadTimeoutError(endpoint_url=request.url)

    # Last: moto has done the work by then.
    client.meta.events.register_last(event, lose_the_first_answer)
    try:
        with pytest.raises(ServiceUnavailableError), aws_errors():
            provision(world, request)
        assert len(sent) == 1
        assert provision(world, request).repaired == []
    finally:
        client.meta.events.unregister(event, lose_the_first_answer)
    assert len(world.pools()) == 1
    assert len(world.app_clients()) == 2
    assert len(world.secret_names()) == 1


@pytest.mark.parametrize(
    ("switch_from", "switch_to"),
    [(PASSWORD, MACHINE), (MACHINE, PASSWORD), (PASSWORD, IAM), (IAM, PASSWORD), (MACHINE, JWT)],
)
def test_a_switch_keeps_what_live_callers_use_and_knows_it(
    world: Any, switch_from: dict[str, Any], switch_to: dict[str, Any]
) -> None:
    provision(world, switch_from)
    before = world.identity
    kept = world.secret_value() if before.secret_arn else None
    done = provision(world, switch_to)
    after = world.identity
    assert done.repaired == []
    if before.secret_arn:
        assert before.secret_arns.items() <= after.secret_arns.items()
        assert world.secret_value(before.secret_arn) == kept
    assert after.type == switch_to.get("auth", {}).get("type", "cognito")
    if before.user_pool_id:
        assert after.user_pool_id == before.user_pool_id
        names = world.app_clients()
        assert any("password" in name for name in names) or switch_from is MACHINE
        assert describe_client(world, before.client_id)
    if switch_to in (IAM, JWT):
        assert done.auth.user_pool_id is None
        assert after.client_id is None


def test_switching_there_and_back_takes_up_the_old_pool(world: Any) -> None:
    provision(world, PASSWORD)
    before = world.identity
    provision(world, IAM)
    done = provision(world, PASSWORD)
    assert world.identity.user_pool_id == before.user_pool_id
    assert world.identity.client_id == before.client_id
    assert done.repaired == []
    assert world.sign_in()


def test_switching_back_after_a_failed_switch_keeps_the_password(world: Any) -> None:
    provision(world, PASSWORD)
    before, kept = world.identity, world.secret_value()
    runtime = RuntimeRecord(name="stack_dev", live_version="1", live_identity=before)
    world.records.update("dev", world.event().execution, runtime=runtime)
    provision(world, MACHINE)
    machine = world.identity.secret_arn
    done = provision(world, PASSWORD)
    assert done.repaired == []
    assert world.secret_value() == kept
    assert world.identity.client_id == before.client_id
    assert world.identity.secret_arns["clientCredentials"] == machine
    assert world.sign_in()


def test_a_pool_without_our_tags_is_not_adopted(world: Any) -> None:
    theirs = world.cognito.create_user_pool(PoolName="stack-dev")["UserPool"]["Id"]
    provision(world, PASSWORD)
    assert world.identity.user_pool_id != theirs
    assert world.cognito.describe_user_pool(UserPoolId=theirs)["UserPool"].get("UserPoolTags") in (
        None,
        {},
    )


def test_a_secret_without_our_tags_is_not_touched(world: Any) -> None:
    world.secrets.create_secret(Name="stack/dev/password", SecretString="theirs")
    with pytest.raises(AwsCallError, match="without this environment's tags"):
        provision(world, PASSWORD)
    kept = world.secrets.get_secret_value(SecretId="stack/dev/password")["SecretString"]
    assert kept == "theirs"


@pytest.mark.parametrize(
    ("given", "service", "operation", "creates"),
    [
        (PASSWORD, "secrets", "DescribeSecret", "CreateSecret"),
        (PASSWORD, "cognito", "AdminGetUser", "AdminCreateUser"),
        (MACHINE, "cognito", "DescribeResourceServer", "CreateResourceServer"),
    ],
)
def test_what_is_not_found_although_it_exists_heals(
    world: Any, given: dict[str, Any], service: str, operation: str, creates: str
) -> None:
    provision(world, given)
    clients = world.counting()
    client = getattr(clients, service)
    name = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register_first(
        f"before-parameter-build.{name}.{operation}", partial(_refuse_not_found, operation)
    )
    with pytest.raises(ServiceUnavailableError, match=rf"{creates}: .*{operation} did not find"):
        provision_identity(world.event(**given), clients=clients)
    provision(world, given)
    assert len(world.pools()) == 1


def test_a_secret_that_is_still_going_heals(world: Any) -> None:
    clients = world.counting()
    clients.secrets.meta.events.register_first(
        "before-parameter-build.secrets-manager.CreateSecret", _refuse_invalid_request
    )
    with pytest.raises(ServiceUnavailableError, match="still being deleted"):
        provision_identity(world.event(), clients=clients)


def _refuse_not_found(operation: str, **_: Any) -> None:
    code = "UserNotFoundException" if operation == "AdminGetUser" else "ResourceNotFoundException"
    raise ClientError({"Error": {"Code": code, "Message": "not yet"}}, operation)


def _refuse_invalid_request(**_: Any) -> None:
    raise ClientError(
        {"Error": {"Code": "InvalidRequestException", "Message": "scheduled for deletion"}},
        "CreateSecret",
    )


def test_tags_of_the_request_reach_pool_and_secret(world: Any) -> None:
    provision(world, {"tags": {"team": "one"}})
    assert provision(world, {"tags": {"team": "two"}}).repaired == []
    assert world.pools()[0]["UserPoolTags"]["team"] == "two"
    tags = world.secrets.describe_secret(SecretId="stack/dev/password")["Tags"]
    assert {"Key": "team", "Value": "two"} in tags


def test_an_execution_that_lost_the_lock_stops(world: Any) -> None:
    world.records.acquire("dev", "arn:another", lambda _: False, {})
    with pytest.raises(LockLostError):
        provision(world, PASSWORD)
    assert world.pools() == []


@pytest.mark.parametrize("request_", FLOWS)
def test_no_secret_in_record_output_or_log(
    world: Any,
    request_: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(provision_identity, "__kwdefaults__", {"clients": world.clients})
    monkeypatch.setenv("POWERTOOLS_TRACE_DISABLED", "true")
    output = handler.handler(
        world.event(**request_).model_dump(mode="json", by_alias=True), LambdaContext()
    )
    value = world.secret_value()
    secret = value.get("password") or value["clientSecret"]
    printed = capsys.readouterr()
    logged = " ".join(repr(entry.__dict__) for entry in caplog.records)
    assert "stage done" in logged
    record = world.record.model_dump_json()
    for text in (repr(output), record, logged, printed.out, printed.err):
        assert secret not in text


@pytest.mark.parametrize("request_", FLOWS)
def test_no_secret_in_the_log_of_a_function_that_is_debugged(
    world: Any, request_: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    # What the Lambda runtime does for ApplicationLogLevel DEBUG.
    caplog.set_level(logging.DEBUG)
    provision(world, request_)
    logged = " ".join(f"{entry.getMessage()} {entry.__dict__!r}" for entry in caplog.records)
    value = world.secret_value()
    assert (value.get("password") or value["clientSecret"]) not in logged
