"""Events, schedules, Cognito and tags of one embedded account, over its own API."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from local.embedded import EmbeddedAws
from local.services.images.store import Image, ImageStore, Reference, save

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition:
        QueryLanguage: JSONata
        StartAt: P
        States: {P: {Type: Pass, End: true}}
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      NotificationConfiguration: {EventBridgeConfiguration: {EventBridgeEnabled: true}}
  Quiet:
    Type: AWS::S3::Bucket
Outputs:
  MachineArn: {Value: !Ref Machine}
  Bucket: {Value: !Ref Bucket}
  Quiet: {Value: !Ref Quiet}
"""
ROLE = "arn:aws:iam::123456789012:role/r"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    folder = tmp_path_factory.mktemp("account")
    (folder / "template.yaml").write_text(TEMPLATE)
    with EmbeddedAws.start(
        state_dir=folder / "state", template=folder / "template.yaml"
    ) as embedded:
        yield embedded


def inputs(aws: EmbeddedAws) -> list[Any]:
    """Return the inputs of all executions, oldest first, once all deliveries are done."""
    aws.events.flush()
    client = aws.client("stepfunctions")
    executions = client.list_executions(stateMachineArn=aws.outputs["MachineArn"])["executions"]
    found = [client.describe_execution(executionArn=e["executionArn"]) for e in executions]
    found.sort(key=lambda execution: execution["startDate"])
    return [json.loads(execution["input"]) for execution in found]


def rule(aws: EmbeddedAws, name: str, target: dict[str, Any] | None = None, **more: Any) -> None:
    events = aws.client("events")
    events.put_rule(Name=name, **more)
    machine = {"Id": "t", "Arn": aws.outputs["MachineArn"], "RoleArn": ROLE, **(target or {})}
    events.put_targets(Rule=name, Targets=[machine])


def put(aws: EmbeddedAws, source: str, detail: dict[str, Any]) -> None:
    entry = {"Source": source, "DetailType": "Asked", "Detail": json.dumps(detail)}
    answer = aws.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def test_an_event_starts_an_execution_with_the_envelope(aws: EmbeddedAws) -> None:
    rule(
        aws,
        "match",
        EventPattern=json.dumps({"source": ["one"], "detail": {"n": [{"numeric": [">", 1]}]}}),
    )
    rule(aws, "off", EventPattern=json.dumps({"source": ["one"]}), State="DISABLED")
    before = len(inputs(aws))
    put(aws, "one", {"n": 1})
    put(aws, "one", {"n": 2})
    new = inputs(aws)[before:]
    assert [event["detail"] for event in new] == [{"n": 2}]
    assert (new[0]["source"], new[0]["detail-type"], new[0]["version"]) == ("one", "Asked", "0")
    time.strptime(new[0]["time"], "%Y-%m-%dT%H:%M:%SZ")


def test_a_target_can_make_its_own_input(aws: EmbeddedAws) -> None:
    transformer = {
        "InputPathsMap": {"e": "$.detail.environment"},
        "InputTemplate": '{"environment": <e>}',
    }
    pattern = json.dumps({"source": ["two"]})
    rule(aws, "transform", {"InputTransformer": transformer}, EventPattern=pattern)
    before = len(inputs(aws))
    put(aws, "two", {"environment": "dev"})
    assert inputs(aws)[before:] == [{"environment": "dev"}]


def test_an_object_in_a_bucket_that_says_so_is_an_event(aws: EmbeddedAws) -> None:
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"]}
    rule(aws, "objects", EventPattern=json.dumps(pattern))
    before = len(inputs(aws))
    for bucket in ("Quiet", "Bucket"):
        aws.client("s3").put_object(Bucket=aws.outputs[bucket], Key="sources/a.zip", Body=b"x")
    (event,) = inputs(aws)[before:]
    assert event["detail"]["bucket"]["name"] == aws.outputs["Bucket"]
    assert event["detail"]["object"]["key"] == "sources/a.zip"


def test_other_targets_are_reached(aws: EmbeddedAws) -> None:
    sqs, logs, events = (aws.client(name) for name in ("sqs", "logs", "events"))
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    logs.create_log_group(logGroupName="/events")
    events.put_rule(Name="others", EventPattern=json.dumps({"source": ["three"]}))
    prefix = f":{aws.region}:123456789012"
    targets = [
        {"Id": "q", "Arn": f"arn:aws:sqs{prefix}:q", "InputPath": "$.detail"},
        {"Id": "l", "Arn": f"arn:aws:logs{prefix}:log-group:/events"},
    ]
    events.put_targets(Rule="others", Targets=targets)
    put(aws, "three", {"n": 3})
    aws.events.flush()
    assert json.loads(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"]) == {"n": 3}
    assert '"n": 3' in logs.filter_log_events(logGroupName="/events")["events"][0]["message"]


def test_what_no_target_takes_is_kept_in_a_dead_letter_queue(aws: EmbeddedAws) -> None:
    sqs, prefix = aws.client("sqs"), f":{aws.region}:123456789012"
    url = sqs.create_queue(QueueName="lost")["QueueUrl"]
    lost = {"DeadLetterConfig": {"Arn": f"arn:aws:sqs{prefix}:lost"}}

    def kept() -> tuple[str, dict[str, str]]:
        aws.events.flush()
        (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        found = message["MessageAttributes"].items()
        return message["Body"], {name: value["StringValue"] for name, value in found}

    gone = f"arn:aws:states{prefix}:stateMachine:gone"
    rule(aws, "lost", {"Arn": gone, **lost}, EventPattern=json.dumps({"source": ["four"]}))
    put(aws, "four", {"n": 4})
    body, said = kept()
    assert json.loads(body)["detail"] == {"n": 4}
    assert (said["ERROR_CODE"], said["TARGET_ARN"]) == ("NO_RESOURCE", gone)
    assert said["RULE_ARN"].endswith("rule/lost")

    now = datetime(2029, 1, 1, tzinfo=UTC)
    aws.events.clock = lambda: now
    target = {"Arn": aws.outputs["MachineArn"], "RoleArn": ROLE, "Input": "no JSON", **lost}
    schedule = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    aws.client("scheduler").create_schedule(Name="text", Target=target, **schedule)
    aws.events.tick()
    now += timedelta(hours=1)
    aws.events.tick()
    body, said = kept()
    assert (body, said["ERROR_CODE"]) == ("no JSON", "InvalidExecutionInput")
    aws.client("scheduler").delete_schedule(Name="text")


def test_rules_and_schedules_fire_by_the_clock(aws: EmbeddedAws) -> None:
    now = datetime(2030, 1, 1, 2, 0, tzinfo=UTC)
    aws.events.clock = lambda: now
    rule(aws, "nightly", ScheduleExpression="cron(0 3 * * ? *)")
    rule(aws, "asleep", ScheduleExpression="rate(1 minute)", State="DISABLED")
    aws.client("scheduler").create_schedule(
        Name="sweep",
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": aws.outputs["MachineArn"], "RoleArn": ROLE, "Input": '{"action": "sweep"}'},
    )
    aws.events.tick()
    before = len(inputs(aws))
    now += timedelta(minutes=59)
    aws.events.tick()
    assert inputs(aws)[before:] == []
    now += timedelta(minutes=1)
    aws.events.tick()
    aws.events.tick()
    new = inputs(aws)[before:]
    assert {"action": "sweep"} in new
    (event,) = [event for event in new if event != {"action": "sweep"}]
    assert (event["source"], event["time"]) == ("aws.events", "2030-01-01T03:00:00Z")


class SignIn:
    """A user pool with a user and a client."""

    def __init__(self, aws: EmbeddedAws, **settings: Any) -> None:
        self.aws = aws
        self.cognito = aws.client("cognito-idp")
        pool = self.cognito.create_user_pool(PoolName="p", UserPoolTags={"owner": "test"})
        self.pool, self.arn = pool["UserPool"]["Id"], pool["UserPool"]["Arn"]
        self.client = self.cognito.create_user_pool_client(
            UserPoolId=self.pool, ClientName="c", **settings
        )["UserPoolClient"]
        self.cognito.admin_create_user(UserPoolId=self.pool, Username="u")
        self.cognito.admin_set_user_password(
            UserPoolId=self.pool, Username="u", Password="Passw0rd!", Permanent=True
        )

    def tokens(self) -> dict[str, Any]:
        answer = self.cognito.admin_initiate_auth(
            UserPoolId=self.pool,
            ClientId=self.client["ClientId"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "u", "PASSWORD": "Passw0rd!"},
        )
        return dict(answer["AuthenticationResult"])

    def post(self, **form: str) -> httpx.Response:
        secret = form.pop("secret", self.client.get("ClientSecret", ""))
        return httpx.post(
            f"{self.aws.endpoint_url}/oauth2/token",
            data={"grant_type": "client_credentials", **form},
            auth=(self.client["ClientId"], secret),
            trust_env=False,
        )


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def test_a_token_lives_as_long_as_the_client_says(aws: EmbeddedAws) -> None:
    sign_in = SignIn(
        aws,
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        AccessTokenValidity=5,
        IdTokenValidity=1,
        TokenValidityUnits={"AccessToken": "minutes", "IdToken": "days"},
    )
    tokens = sign_in.tokens()
    access, identity = claims_of(tokens["AccessToken"]), claims_of(tokens["IdToken"])
    assert tokens["ExpiresIn"] == access["exp"] - access["iat"] == 300
    assert identity["exp"] - identity["iat"] == 86400


def test_a_flow_that_is_not_allowed_is_refused(aws: EmbeddedAws) -> None:
    sign_in = SignIn(aws, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"])
    with pytest.raises(ClientError, match="flow not enabled for this client"):
        sign_in.tokens()


@pytest.fixture
def machine(aws: EmbeddedAws) -> SignIn:
    """A client for client credentials, in a pool with a domain."""
    found = SignIn(aws)
    cognito = found.cognito
    cognito.create_resource_server(
        UserPoolId=found.pool,
        Identifier="agent",
        Name="agent",
        Scopes=[{"ScopeName": "invoke", "ScopeDescription": "invoke"}],
    )
    domain = f"d-{found.client['ClientId'][:8]}"
    cognito.create_user_pool_domain(UserPoolId=found.pool, Domain=domain)
    found.client = cognito.create_user_pool_client(
        UserPoolId=found.pool,
        ClientName="machine",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthScopes=["agent/invoke"],
        AllowedOAuthFlowsUserPoolClient=True,
    )["UserPoolClient"]
    return found


def test_client_credentials_give_an_access_token(machine: SignIn) -> None:
    answer = machine.post(scope="agent/invoke")
    assert answer.status_code == 200
    claims = claims_of(answer.json()["access_token"])
    assert claims["client_id"] == claims["sub"] == machine.client["ClientId"]
    assert (claims["token_use"], claims["scope"]) == ("access", "agent/invoke")
    assert claims["iss"].endswith(f"/{machine.pool}")
    assert "aud" not in claims
    discovery = httpx.get(
        f"{machine.aws.endpoint_url}/{machine.pool}/.well-known/openid-configuration",
        trust_env=False,
    ).json()
    assert discovery["issuer"] == claims["iss"]
    assert discovery["token_endpoint"] == f"{machine.aws.endpoint_url}/oauth2/token"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"secret": "wrong"}, "invalid_client"),
        ({"scope": "agent/other"}, "invalid_scope"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_the_token_endpoint_refuses(machine: SignIn, form: dict[str, str], error: str) -> None:
    answer = machine.post(**form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_client_without_secret_or_domain_gets_no_token(aws: EmbeddedAws) -> None:
    assert SignIn(aws).post().json()["error"] == "invalid_client"


def test_a_resource_server_is_updated(machine: SignIn) -> None:
    server = {"UserPoolId": machine.pool, "Identifier": "agent"}
    scopes = [
        {"ScopeName": name, "ScopeDescription": f"may {name}"} for name in ("invoke", "probe")
    ]
    updated = machine.cognito.update_resource_server(**server, Name="renamed", Scopes=scopes)
    found = machine.cognito.describe_resource_server(**server)["ResourceServer"]
    assert found == updated["ResourceServer"] == {**server, "Name": "renamed", "Scopes": scopes}
    machine.cognito.update_resource_server(**server, Name="renamed")
    found = machine.cognito.describe_resource_server(**server)["ResourceServer"]
    assert "Scopes" not in found, "an update replaces all"
    with pytest.raises(ClientError) as caught:
        machine.cognito.update_resource_server(**{**server, "Identifier": "x"}, Name="x")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_an_image_that_ecr_no_longer_has_is_not_run(aws: EmbeddedAws) -> None:
    repository = aws.client("ecr").create_repository(repositoryName="agents")["repository"]
    uri = f"{repository['repositoryUri']}:v1"
    digest = push(aws, uri)
    control = aws.client("bedrock-agentcore-control")
    request = {
        "roleArn": agent_role(aws, "agent"),
        "networkConfiguration": {"networkMode": "PUBLIC"},
    }

    def create(name: str, image: str) -> dict[str, Any]:
        artifact = {"containerConfiguration": {"containerUri": image}}
        made = control.create_agent_runtime(
            agentRuntimeName=name, agentRuntimeArtifact=artifact, **request
        )
        return dict(made)

    create("by_tag", uri)
    create("by_digest", f"{repository['repositoryUri']}@{digest}")
    aws.client("ecr").batch_delete_image(
        repositoryName="agents", imageIds=[{"imageDigest": digest}]
    )
    for image in (uri, f"{repository['repositoryUri']}@{digest}"):
        with pytest.raises(ClientError, match="does not exist in its repository") as caught:
            create("gone", image)
        assert caught.value.response["Error"]["Code"] == "ValidationException"
    aws.client("ecr").delete_repository(repositoryName="agents", force=True)
    with pytest.raises(ClientError, match="does not exist in its repository"):
        create("gone", uri)


def push(aws: EmbeddedAws, uri: str, tree: str = "t") -> str:
    """Put an image where a build puts it: its manifest into ECR, its files into the image store."""
    reference = Reference.parse(uri)
    pushed = aws.client("ecr").put_image(
        repositoryName=reference.repository,
        imageTag=reference.tag,
        imageManifest=json.dumps({"schemaVersion": 2, "mediaType": MANIFEST}),
    )["image"]["imageId"]["imageDigest"]
    store = ImageStore(aws.state_dir / "images")
    root = store.tree(tree) / "stage-0"
    root.mkdir(parents=True)
    save(store.tree(tree), Image(root, ["true"], {}, root, "arm64", pushed))
    store.publish(reference, tree, pushed)
    return str(pushed)


def test_an_execution_role_needs_the_right_to_pull_its_image(aws: EmbeddedAws) -> None:
    repository = aws.client("ecr").create_repository(repositoryName="pulled")["repository"]
    uri = f"{repository['repositoryUri']}:v1"
    push(aws, uri, "pulled")
    request = {
        "agentRuntimeName": "pulled",
        "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": uri}},
        "roleArn": agent_role(aws, "puller"),
        "networkConfiguration": {"networkMode": "PUBLIC"},
    }
    control = aws.client("bedrock-agentcore-control")
    another = "arn:aws:ecr:us-east-1:123456789012:repository/another"
    for actions, resource in (
        *(([action for action in PULL if action != lacking], "*") for lacking in PULL),
        (PULL, another),
    ):
        allow(aws, "puller", actions, resource)
        with pytest.raises(ClientError, match="Access denied while validating ECR URI") as caught:
            control.create_agent_runtime(**request)
        assert caught.value.response["Error"]["Code"] == "ValidationException"
    allow(aws, "puller", PULL)
    assert control.create_agent_runtime(**request)["status"] == "CREATING"


PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"]


def agent_role(aws: EmbeddedAws, name: str) -> str:
    """A role that AgentCore may take."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "bedrock-agentcore.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    allow(aws, name, PULL)
    return str(made["Role"]["Arn"])


def allow(aws: EmbeddedAws, name: str, actions: list[str], resource: str = "*") -> None:
    """Let a role do something, and nothing else."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("iam").put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=document)


def test_pools_are_found_by_tag(aws: EmbeddedAws) -> None:
    arn = SignIn(aws).arn
    tagging = aws.client("resourcegroupstaggingapi")
    found = tagging.get_resources(
        TagFilters=[{"Key": "owner", "Values": ["test"]}], ResourceTypeFilters=["cognito-idp"]
    )["ResourceTagMappingList"]
    assert {"Key": "owner", "Value": "test"} in found[0]["Tags"]
    assert arn in [item["ResourceARN"] for item in found]
    other = tagging.get_resources(TagFilters=[{"Key": "owner", "Values": ["nobody"]}])
    assert other["ResourceTagMappingList"] == []


def test_conditional_writes_at_once_have_one_winner(aws: EmbeddedAws) -> None:
    dynamodb = aws.client("dynamodb")
    dynamodb.create_table(
        TableName="locks",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    won: list[int] = []

    def take(number: int) -> None:
        try:
            dynamodb.put_item(
                TableName="locks",
                Item={"k": {"S": "dev"}, "holder": {"N": str(number)}},
                ConditionExpression="attribute_not_exists(k)",
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            return
        won.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
