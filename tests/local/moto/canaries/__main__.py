"""What moto still does otherwise, asked of moto alone; run as a program, it prints JSON.

Each canary returns true as long as its seam in `local/services/seams.py` is needed. It runs in
a process of its own, since the seams stay in force for a process.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

os.environ.update(AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s", AWS_DEFAULT_REGION="us-east-1")

import boto3
import moto.stepfunctions.parser.asl.jsonata.jsonata as sfn_jsonata
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for

ROLE = "arn:aws:iam::123456789012:role/r"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_machines = iter(range(1000))


def code_of(call: Callable[..., Any], **parameters: Any) -> str | None:
    """Return the code of the error that a call ends with, `None` after a success."""
    try:
        call(**parameters)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def machine(states: dict[str, Any]) -> str:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    name = f"m{next(_machines)}"
    made = boto3.client("stepfunctions").create_state_machine(
        name=name, definition=definition, roleArn=ROLE
    )
    return str(made["stateMachineArn"])


def run(states: dict[str, Any], **start: Any) -> dict[str, Any]:
    client = boto3.client("stepfunctions")
    arn = client.start_execution(stateMachineArn=machine(states), **start)["executionArn"]
    while (found := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.02)
    return dict(found)


def passing(value: dict[str, Any]) -> dict[str, Any]:
    return {"P": {"Type": "Pass", "Parameters": value, "End": True}}


def jsonata() -> bool:
    return sfn_jsonata._eval_jsonata is None


def quoting() -> bool:
    return sfn_jsonata.encode_jsonata_variable_declarations({"$a": 'x"y'}) == '$a:="x"y";'


def execution_name() -> bool:
    return bool(json.loads(run(passing({"n.$": "$$.Execution.Name"}))["output"])["n"] is None)


def text_output() -> bool:
    states = {"P": {"Type": "Pass", "Result": "text", "End": True}}
    return bool(run(states, name="n")["output"] == "text")


def redrive_count() -> bool:
    return "output" not in run(passing({"n.$": "$$.Execution.RedriveCount"}), name="n")


def retry_count() -> bool:
    return "output" not in run(passing({"n.$": "$$.State.RetryCount"}), name="n")


class Literal:
    """A string of a definition, as the parser has it."""

    def getText(self) -> str:  # noqa: N802 - antlr's name
        return json.dumps('a"b')


def escapes() -> bool:
    literal: Any = Literal()
    return Preprocessor._inner_string_of(literal) != 'a"b'


def states_errors() -> bool:
    """A Fail state with an error of Step Functions' own ends as something else."""
    states = {"A": {"Type": "Fail", "Error": "States.Timeout", "Cause": "late"}}
    return run(states).get("error") != "States.Timeout"


def lambda_faults() -> bool:
    """A call that never reached Lambda is named something that cannot be retried."""
    task: Any = StateTaskServiceLambda.__new__(StateTaskServiceLambda)
    history = SimpleNamespace(source_event_id=0)
    env: Any = SimpleNamespace(next_state_name="A", event_history_context=history)
    failure: Any = task._from_error(env, EndpointConnectionError(endpoint_url="http://localhost:1"))
    return bool(failure.error_name.error_name != "Lambda.SdkClientException")


def parameter_names() -> bool:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sfn:listExecutions",
        "Parameters": {"StateMachineArn": machine(passing({}))},
        "End": True,
    }
    return "output" not in run({"T": task}, name="n")


def shared_clients() -> bool:
    return boto_client_for("us-east-1", "sqs") is not boto_client_for("us-east-1", "sqs")


def history_pages() -> bool:
    arn = run(passing({}), name="n")["executionArn"]
    client = boto3.client("stepfunctions")
    return len(client.get_execution_history(executionArn=arn, maxResults=1)["events"]) > 1


def history_order() -> bool:
    arn = run(passing({}), name="n")["executionArn"]
    history = boto3.client("stepfunctions").get_execution_history(
        executionArn=arn, reverseOrder=True
    )
    return bool(history["events"][0]["type"] == "ExecutionStarted")


def stop_reason() -> bool:
    client = boto3.client("stepfunctions")
    waiting = machine({"W": {"Type": "Wait", "Seconds": 5, "End": True}})
    arn = client.start_execution(stateMachineArn=waiting, name="n")["executionArn"]
    client.stop_execution(executionArn=arn, error="Stopped", cause="by a test")
    return "error" not in client.describe_execution(executionArn=arn)


def name_check() -> bool:
    client = boto3.client("stepfunctions")
    return (
        code_of(client.start_execution, stateMachineArn=machine(passing({})), name="a name!")
        is None
    )


def input_code() -> bool:
    client = boto3.client("stepfunctions")
    try:
        client.start_execution(stateMachineArn=machine(passing({})), input="{")
    except ClientError as error:
        return bool(error.response["Error"]["Code"] != "InvalidExecutionInput")
    except ValueError:
        return True
    return True


def state_machine_targets() -> bool:
    events = boto3.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["a"]}')
    target = {"Id": "t", "Arn": machine(passing({})), "RoleArn": ROLE}
    events.put_targets(Rule="r", Targets=[target])
    entry = {"Source": "a", "DetailType": "d", "Detail": "{}"}
    try:
        events.put_events(Entries=[entry])
    except NotImplementedError:
        return True
    return False


def bucket_conditions() -> bool:
    kind: Any = FakeBucket
    bucket = object.__new__(kind)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    bucket.policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()
    denied = bucket.get_permission("s3:GetObject", "arn:aws:s3:::b/k") == PermissionResult.DENIED
    return bool(denied)


def managed_policies() -> bool:
    iam = boto3.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    return code_of(iam.attach_role_policy, RoleName="r", PolicyArn=arn) == "NoSuchEntity"


def user_of(**client_settings: Any) -> tuple[Any, dict[str, Any]]:
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="p", UserPoolTags={"a": "b"})["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="c", **client_settings)
    cognito.admin_create_user(UserPoolId=pool, Username="u")
    cognito.admin_set_user_password(
        UserPoolId=pool, Username="u", Password="Passw0rd!", Permanent=True
    )
    return cognito, {
        "UserPoolId": pool,
        "ClientId": client["UserPoolClient"]["ClientId"],
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": "u", "PASSWORD": "Passw0rd!"},
    }


def token_life() -> bool:
    cognito, sign_in = user_of(
        AccessTokenValidity=5,
        TokenValidityUnits={"AccessToken": "minutes"},
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    )
    answer = cognito.admin_initiate_auth(**sign_in)["AuthenticationResult"]
    return bool(answer["ExpiresIn"] == 3600)


def sign_in_flows() -> bool:
    cognito, sign_in = user_of(ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"])
    return code_of(cognito.admin_initiate_auth, **sign_in) is None


def resource_server_updates() -> bool:
    cognito, sign_in = user_of()
    server = {"UserPoolId": sign_in["UserPoolId"], "Identifier": "i", "Name": "n"}
    cognito.create_resource_server(**server)
    try:
        cognito.update_resource_server(**server)
    except NotImplementedError:
        return True
    return False


def pool_tags() -> bool:
    cognito, sign_in = user_of()
    pool = cognito.describe_user_pool(UserPoolId=sign_in["UserPoolId"])["UserPool"]
    try:
        cognito.tag_resource(ResourceArn=pool["Arn"], Tags={"a": "b"})
    except NotImplementedError:
        return True
    return False


def tagged_pools() -> bool:
    user_of()
    found = boto3.client("resourcegroupstaggingapi").get_resources(
        TagFilters=[{"Key": "a", "Values": ["b"]}]
    )
    return not found["ResourceTagMappingList"]


CANARIES: list[Callable[[], bool]] = [
    jsonata,
    quoting,
    execution_name,
    text_output,
    redrive_count,
    retry_count,
    escapes,
    states_errors,
    lambda_faults,
    parameter_names,
    shared_clients,
    history_pages,
    history_order,
    stop_reason,
    name_check,
    input_code,
    state_machine_targets,
    bucket_conditions,
    managed_policies,
    token_life,
    sign_in_flows,
    resource_server_updates,
    pool_tags,
    tagged_pools,
]


def main() -> None:
    """Ask every canary and print what each said."""
    said = {}
    for canary in CANARIES:
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
            said[canary.__name__] = canary()
    print(json.dumps(said))


if __name__ == "__main__":
    main()
