"""A gateway in a whole local AWS: unmodified clients with the keys of roles, held against the roles' policies."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.edge.credentials import Principal
from local.edge.faults import Fault
from local.embedded import EmbeddedAws
from tests.local.agentcore.gateways import whole

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Bucket: {Type: AWS::S3::Bucket}
Outputs:
  Bucket: {Value: !Ref Bucket}
"""
AGENT = """
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

class Agent(BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self): self.reply(b'{"status": "Healthy"}')
    def do_POST(self): self.reply(self.rfile.read(int(self.headers["Content-Length"])))
    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("0.0.0.0", 8080), Agent).serve_forever()
"""
SERVICE = "bedrock-agentcore.amazonaws.com"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    folder = tmp_path_factory.mktemp("edge")
    with whole.start(folder, TEMPLATE) as embedded:
        yield embedded


def role(
    aws: EmbeddedAws, name: str, allowed: dict[str, str], source: str = "*", trusted: str = SERVICE
) -> str:
    """Make a role that AgentCore may assume, with a policy of actions and their resources."""
    iam = aws.client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": trusted},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": aws.account_id},
            "ArnLike": {"aws:SourceArn": source},
        },
    }
    made = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": resource}
        for action, resource in allowed.items()
    ]
    if statements:
        policy = {"Version": "2012-10-17", "Statement": statements}
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(policy))
    return str(made["Role"]["Arn"])


def keys(aws: EmbeddedAws, role_arn: str) -> Any:
    principal = Principal(role_arn.rpartition("/")[2], role_arn, "role")
    return aws.credentials.issue(principal)


def client(aws: EmbeddedAws, role_arn: str, service: str) -> Any:
    """Return a boto3 client with the keys of a role."""
    issued = keys(aws, role_arn)
    return boto3.client(
        service,
        endpoint_url=aws.endpoint_url,
        region_name=aws.region,
        aws_access_key_id=issued.access_key_id,
        aws_secret_access_key=issued.secret_access_key,
        aws_session_token=issued.session_token,
        # The account allows few changes of gateways a second; the tests before have made some.
        config=Config(retries={"mode": "standard", "total_max_attempts": 8}),
    )


def ask(aws: EmbeddedAws, url: str, role_arn: str, below: str | None = None) -> httpx.Response:
    """Call a gateway with SigV4, signed with the keys of a role; a path below that of an invocation is read."""
    issued = keys(aws, role_arn)
    request = botocore.awsrequest.AWSRequest(
        "POST", f"{url}/live/invocations", {"Content-Type": "application/json"}, b'{"a": 1}'
    )
    if below is not None:
        request = botocore.awsrequest.AWSRequest("GET", f"{url}/live/invocations/{below}")
    botocore.auth.SigV4Auth(
        botocore.credentials.Credentials(
            issued.access_key_id, issued.secret_access_key, issued.session_token
        ),
        "bedrock-agentcore",
        aws.region,
    ).add_auth(request)
    return httpx.request(
        request.method,
        request.url,
        content=request.body,
        headers=dict(request.headers.items()),
        trust_env=False,
    )


@pytest.fixture(scope="module")
def runtime(aws: EmbeddedAws) -> str:
    """Return the ARN of a runtime that answers what it is asked."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as zipped:
        zipped.writestr("main.py", AGENT)
    bucket = aws.outputs["Bucket"]
    aws.client("s3").put_object(Bucket=bucket, Key="agent.zip", Body=packed.getvalue())
    version = f"PYTHON_{sys.version_info.major}_{sys.version_info.minor}"
    made = aws.client("bedrock-agentcore-control").create_agent_runtime(
        agentRuntimeName="echo",
        roleArn=role(aws, "agent", {}),
        networkConfiguration={"networkMode": "PUBLIC"},
        agentRuntimeArtifact={
            "codeConfiguration": {
                "code": {"s3": {"bucket": bucket, "prefix": "agent.zip"}},
                "runtime": version,
                "entryPoint": ["main.py"],
            }
        },
    )
    return str(made["agentRuntimeArn"])


def gateway(
    aws: EmbeddedAws, name: str, runtime: str, role_arn: str, credentials: str
) -> dict[str, Any]:
    control = aws.client("bedrock-agentcore-control")
    made: dict[str, Any] = control.create_gateway(
        name=name, roleArn=role_arn, authorizerType="AWS_IAM"
    )
    control.create_gateway_target(
        gatewayIdentifier=made["gatewayId"],
        name="live",
        targetConfiguration={"http": {"agentcoreRuntime": {"arn": runtime}}},
        credentialProviderConfigurations=[{"credentialProviderType": credentials}],
    )
    return made


def test_a_caller_needs_the_right_to_the_gateway_and_to_the_runtime(
    aws: EmbeddedAws, runtime: str
) -> None:
    made = gateway(aws, "caller", runtime, role(aws, "nothing", {}), "CALLER_IAM_CREDENTIALS")
    assert made["gatewayUrl"].startswith(f"{aws.endpoint_url}/")
    door, agent = "bedrock-agentcore:InvokeGateway", "bedrock-agentcore:InvokeAgentRuntime"
    url, arn = made["gatewayUrl"], made["gatewayArn"]
    both = ask(aws, url, role(aws, "both", {door: arn, agent: f"{runtime}*"}))
    assert (both.status_code, both.text) == (200, '{"a": 1}')
    refusals = {
        "only-door": {door: arn},
        "only-agent": {agent: f"{runtime}*"},
        "other-door": {door: f"{arn[:-1]}", agent: f"{runtime}*"},
    }
    for name, allowed in refusals.items():
        answer = ask(aws, url, role(aws, name, allowed))
        assert answer.status_code == 403, name
        assert answer.headers["x-amzn-errortype"].startswith("AccessDenied"), name
    assert httpx.post(f"{url}/live/invocations", trust_env=False).status_code == 403
    calls = [call.operation for call in aws.calls.calls() if call.operation == "InvokeGateway"]
    assert len(calls) == 5


def test_the_gateways_role_needs_the_right_to_the_runtime(aws: EmbeddedAws, runtime: str) -> None:
    source = f"arn:aws:bedrock-agentcore:*:{aws.account_id}:gateway/role-*"
    agent = {"bedrock-agentcore:InvokeAgentRuntime": f"{runtime}*"}
    for name, allowed, status in (("may", agent, 200), ("may-not", {}, 403)):
        own = role(aws, f"role-{name}", allowed, source)
        made = gateway(aws, f"role-{name}", runtime, own, "GATEWAY_IAM_ROLE")
        caller = role(aws, f"calls-{name}", {"bedrock-agentcore:InvokeGateway": made["gatewayArn"]})
        assert ask(aws, made["gatewayUrl"], caller).status_code == status
    own = role(aws, "role-elsewhere", agent, source.replace("role-", "other-"))
    made = gateway(aws, "role-elsewhere", runtime, own, "GATEWAY_IAM_ROLE")
    caller = role(aws, "calls-elsewhere", {"bedrock-agentcore:InvokeGateway": "*"})
    assert ask(aws, made["gatewayUrl"], caller).status_code == 403


CARD = ".well-known/agent-card.json"


@pytest.mark.parametrize("credentials", ["GATEWAY_IAM_ROLE", "CALLER_IAM_CREDENTIALS"])
def test_the_card_of_an_agent_needs_its_own_right_and_that_to_invoke(
    aws: EmbeddedAws, runtime: str, credentials: str
) -> None:
    """Which of the two AWS asks of whoever calls the runtime is not documented."""
    door = {"bedrock-agentcore:InvokeGateway": "*"}
    invoke = {"bedrock-agentcore:InvokeAgentRuntime": f"{runtime}*"}
    card = {"bedrock-agentcore:GetAgentCard": f"{runtime}*"}
    by_itself = credentials == "GATEWAY_IAM_ROLE"
    kind = "own" if by_itself else "callers"
    # The runtime behind is no A2A agent: with both rights, it is the runtime that answers.
    cases = (("both", invoke | card, 400), ("invoke", invoke, 403), ("card", card, 403))
    for name, allowed, status in cases:
        source = f"arn:aws:bedrock-agentcore:*:{aws.account_id}:gateway/card-{kind}-{name}-*"
        own = role(aws, f"card-{kind}-{name}", allowed if by_itself else {}, source)
        made = gateway(aws, f"card-{kind}-{name}", runtime, own, credentials)
        rights = door if by_itself else door | allowed
        caller = role(aws, f"reads-{kind}-{name}", rights)
        answer = ask(aws, made["gatewayUrl"], caller, CARD)
        assert answer.status_code == status, (name, answer.text)


def direct(aws: EmbeddedAws, runtime: str, role_arn: str | None) -> int:
    """Call a runtime at its own address, with the keys of a role or of the root user; return the status."""
    service = "bedrock-agentcore"
    data = aws.client(service) if role_arn is None else client(aws, role_arn, service)
    try:
        answer = data.invoke_agent_runtime(agentRuntimeArn=runtime, payload=b"{}")
    except ClientError as error:
        refused = error.response["Error"]
    else:
        return int(answer["statusCode"])
    assert refused["Code"] == "AccessDeniedException"
    assert "explicit deny in a resource-based policy" in refused["Message"]
    return 403


@pytest.mark.parametrize("silence", ["allowed", "refused"])
def test_a_policy_closes_a_runtime_to_everybody_but_the_gateways_role(
    aws: EmbeddedAws, runtime: str, silence: str
) -> None:
    """The developer guide's own policy ("Restrict IAM (SigV4) inbound invocation to your gateway")."""
    aws.readings.change({"resource-policy-silence": silence})
    agent = "bedrock-agentcore:InvokeAgentRuntime"
    name = f"closed-{silence}"
    source = f"arn:aws:bedrock-agentcore:*:{aws.account_id}:gateway/{name}-*"
    own = role(aws, name, {agent: f"{runtime}*"}, source)
    made = gateway(aws, name, runtime, own, "GATEWAY_IAM_ROLE")
    passes = gateway(aws, f"{name}-caller", runtime, own, "CALLER_IAM_CREDENTIALS")
    door = {"bedrock-agentcore:InvokeGateway": "*", agent: f"{runtime}*"}
    caller = role(aws, f"calls-{name}", door)
    everybody = (own, caller, None)
    assert [direct(aws, runtime, each) for each in everybody] == [200, 200, 200]
    control = aws.client("bedrock-agentcore-control")
    about = {"Action": agent, "Resource": runtime}
    condition = {"ArnNotEquals": {"aws:PrincipalArn": own}}
    statements = [
        {"Effect": "Allow", "Principal": {"AWS": own}} | about,
        {"Effect": "Deny", "Principal": {"AWS": "*"}, "Condition": condition} | about,
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    control.put_resource_policy(resourceArn=runtime, policy=document)
    assert [direct(aws, runtime, each) for each in everybody] == [200, 403, 403]
    assert ask(aws, made["gatewayUrl"], caller).status_code == 200
    assert ask(aws, passes["gatewayUrl"], caller).status_code == 403
    control.delete_resource_policy(resourceArn=runtime)
    assert [direct(aws, runtime, each) for each in everybody] == [200, 200, 200]
    aws.readings.change({"resource-policy-silence": "allowed"})


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle", 429, "ThrottlingException"),
        ("accessDenied", 403, "AccessDeniedException"),
        ("serverError", 500, "ServiceException"),
    ],
)
def test_a_fault_hits_the_call_of_a_gateway(
    aws: EmbeddedAws, runtime: str, kind: Any, status: int, code: str
) -> None:
    own = role(aws, f"fault-{kind}", {})
    made = gateway(aws, f"fault-{kind}", runtime, own, "CALLER_IAM_CREDENTIALS")
    door, agent = "bedrock-agentcore:InvokeGateway", "bedrock-agentcore:InvokeAgentRuntime"
    caller = role(aws, f"calls-fault-{kind}", {door: "*", agent: f"{runtime}*"})
    aws.faults.add(Fault("bedrock-agentcore", "InvokeGateway", kind))
    answer = ask(aws, made["gatewayUrl"], caller)
    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (status, code)
    assert ask(aws, made["gatewayUrl"], caller).status_code == 200


def test_making_a_gateway_takes_the_role_along(aws: EmbeddedAws) -> None:
    passed = role(aws, "passed", {})
    identity = "bedrock-agentcore:CreateWorkloadIdentity"
    needed = {"bedrock-agentcore:CreateGateway": "*", "iam:PassRole": passed, identity: "*"}
    for missing in needed:
        allowed = {action: where for action, where in needed.items() if action != missing}
        maker = role(aws, f"without-{missing.rpartition(':')[2]}", allowed)
        with pytest.raises(ClientError) as raised:
            client(aws, maker, "bedrock-agentcore-control").create_gateway(
                name="made", roleArn=passed, authorizerType="AWS_IAM"
            )
        assert missing in raised.value.response["Error"]["Message"]
    maker = role(aws, "maker", needed)
    control = client(aws, maker, "bedrock-agentcore-control")
    made = control.create_gateway(name="made", roleArn=passed, authorizerType="AWS_IAM")
    tagged = aws.client("resourcegroupstaggingapi")
    aws.client("bedrock-agentcore-control").tag_resource(
        resourceArn=made["gatewayArn"], tags={"owner": "me"}
    )
    found = tagged.get_resources(TagFilters=[{"Key": "owner", "Values": ["me"]}])
    assert [each["ResourceARN"] for each in found["ResourceTagMappingList"]] == [made["gatewayArn"]]
