"""The seams that save time do save it, and change no answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from moto import mock_aws
from moto.cognitoidp.models import CognitoIdpUserPool
from moto.cognitoidp.responses import CognitoIdpJsonWebKeyResponse
from moto.dynamodb.parsing.tokens import ExpressionTokenizer
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from local.moto import seams
from local.moto.cognito import sign_token
from tests.local.moto.canaries.effort import (
    characters_looked_at,
    checks_asked,
    folders_of_models,
    folders_of_modules,
    keys,
    listings,
    makings,
    readings,
    searches,
    updates,
    with_table,
)
from tests.local.moto.canaries.machines import run

CATALOGUE = """
import botocore.session
original = botocore.session.get_session
import local.embedded
from moto.ec2 import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
backend = ec2_backends["123456789012"]["us-east-1"]
print(len(INSTANCE_TYPES), botocore.session.get_session is original)
print(*[region.name for region in backend.describe_regions(["us-east-1"])])
"""
REGIONS = """
import boto3
import local.embedded
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.logs.models import logs_backends
from local.moto import seams
seams.install()
session = boto3.Session()
wanted = [
    region
    for partition in ("aws", "aws-us-gov", "aws-cn")
    for region in session.get_available_regions("ec2", partition_name=partition)
]
logs = {
    region
    for partition in session.get_available_partitions()
    for region in session.get_available_regions("logs", partition_name=partition)
}
print([region.name for region in RegionsAndZonesBackend.regions] == wanted, len(wanted) > 30)
print(logs <= set(logs_backends["123456789012"].regions), len(logs) > 30)
"""
VALUES: list[dict[str, Any]] = [
    {"S": ""},
    {"S": "a ü \ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")},
    {"N": "1.5"},
    {"BOOL": False},
    {"NULL": True},
    {"SS": ["a", "b"]},
    {"NS": ["1", "2"]},
    {"B": b"bytes"},
    {"L": []},
    {"M": {}},
    {"L": [{"M": {"S": {"S": "named as a type"}, "a": {"L": [{"B": b"deep"}]}}}]},
    {"M": {"M": {"M": {"S": {"NULL": True}}}}},
]


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    seams.install()
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield


def test_a_value_is_written_without_a_search() -> None:
    assert searches(100) < 50


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_every_kind_of_value_comes_back_as_it_was(value: dict[str, Any]) -> None:
    dynamodb = with_table()
    item = {"k": {"S": "a"}, "v": value}
    dynamodb.put_item(TableName="t", Item=item)
    assert dynamodb.get_item(TableName="t", Key={"k": {"S": "a"}})["Item"] == item
    assert dynamodb.scan(TableName="t")["Items"] == [item]


def test_an_update_expression_is_parsed_once() -> None:
    assert updates(3, ExpressionTokenizer, "make_list") <= 1


def test_a_check_of_an_update_expression_is_asked_once_what_it_checks() -> None:
    assert checks_asked(1) == 1


def test_an_expression_says_the_same_to_every_item_and_value() -> None:
    """What it does to one item, in one request, is in nothing that is kept."""
    dynamodb = with_table()

    def update(key: str, expression: str, value: dict[str, Any] | None = None) -> Any:
        return dynamodb.update_item(
            TableName="t",
            Key={"k": {"S": key}},
            UpdateExpression=expression,
            ReturnValues="ALL_NEW",
            **({"ExpressionAttributeValues": {":v": value}} if value else {}),
        )["Attributes"]

    for key, number in (("a", "1"), ("b", "2")):
        own, value = {"k": {"S": key}}, {"N": number}
        assert update(key, "SET n = :v", value) == {**own, "n": value}
        assert update(key, "SET n = n + :v, l = :v", value)["n"] == {"N": str(2 * int(number))}
        assert update(key, "ADD s :v", {"NS": ["7", number]})["s"] == {"NS": ["7", number]}
        assert update(key, "DELETE s :v", {"NS": ["7"]})["s"] == {"NS": [number]}
        assert update(key, "SET m = :v", {"M": {"x": value}})["m"] == {"M": {"x": value}}
        assert update(key, "SET m.x = if_not_exists(m.y, :v) REMOVE s", {"S": key})["m"] == {
            "M": {"x": {"S": key}}
        }
        assert update(key, "REMOVE m, n, l") == own
    for _ in range(2):
        with pytest.raises(dynamodb.exceptions.ClientError, match="Invalid UpdateExpression"):
            update("a", "SET SET")
        with pytest.raises(dynamodb.exceptions.ClientError, match="overlap"):
            update("a", "SET o = :v, o.p = :v", {"S": "x"})


def test_a_definition_is_read_once() -> None:
    assert readings(3) <= 1


def test_the_states_of_a_definition_are_made_once() -> None:
    assert makings(3) <= 1


def test_states_that_cannot_be_kept_are_made_anew_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = AmazonStateLanguageParser.parse

    def unkept(definition: str) -> Any:
        program, tree = parse(definition)
        program.unkept = lambda: None  # type: ignore[attr-defined]
        return program, tree

    monkeypatch.setattr(AmazonStateLanguageParser, "parse", staticmethod(unkept))
    with pytest.warns(RuntimeWarning, match="read again each time"):
        assert run({"Unkept": {"Type": "Pass", "End": True}}, input="[1]")["output"] == "[1]"


def test_a_definition_is_not_looked_at_by_character() -> None:
    assert characters_looked_at("x" * 1000) == 0


def printed(code: str) -> list[str]:
    """The words that a Python process of its own prints, which has imported nothing yet."""
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    return said.stdout.split()


def test_the_local_aws_is_imported_without_the_catalogue_of_ec2() -> None:
    assert printed(CATALOGUE) == ["0", "True", "us-east-1"]


def test_the_regions_are_those_of_a_botocore_that_reads_everything() -> None:
    assert printed(REGIONS) == ["True"] * 4


def test_folders_that_do_not_change_are_read_once() -> None:
    assert folders_of_models() < 10
    assert folders_of_modules(3) == 0


def test_the_operations_of_a_service_are_listed_once() -> None:
    assert listings(3) <= 1


def test_a_service_has_the_operations_that_its_class_has() -> None:
    """Also those that a seam adds, and none that it lacks."""
    boto3.client("sqs").list_queues()
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName="p")["UserPool"]
    cognito.tag_resource(ResourceArn=pool["Arn"], Tags={"a": "b"})
    with pytest.raises(NotImplementedError, match="get_csv_header"):
        cognito.get_csv_header(UserPoolId=pool["Id"])


def test_a_signing_key_is_read_once() -> None:
    assert keys(3) <= 1


def test_a_token_is_signed_with_the_key_that_is_published() -> None:
    pool = CognitoIdpUserPool("123456789012", "us-east-1", "p", {})
    token = sign_token(pool, {"sub": "a"})
    published = json.loads(CognitoIdpJsonWebKeyResponse.json_web_key)["keys"]
    assert [jwt.decode(token, RSAKey.import_key(key)).claims for key in published] == [{"sub": "a"}]


def test_executions_of_one_definition_share_nothing() -> None:
    states = {
        "Count": {
            "Type": "Pass",
            "Parameters": {"given.$": "$$.Execution.Name"},
            "Next": "Each",
        },
        "Each": {
            "Type": "Map",
            "ItemsPath": "$$.Execution.Input.items",
            "ItemProcessor": {
                "StartAt": "One",
                "States": {"One": {"Type": "Pass", "End": True}},
            },
            "End": True,
        },
    }
    outputs = [run(states, name=f"n{n}", input=f'{{"items": [{n}]}}')["output"] for n in range(3)]
    assert outputs == ["[0]", "[1]", "[2]"]


def test_a_definition_with_a_fault_is_refused_every_time() -> None:
    stepfunctions = boto3.client("stepfunctions")
    for _ in range(2):
        with pytest.raises(stepfunctions.exceptions.ClientError, match="mismatched input"):
            stepfunctions.create_state_machine(
                name="m", definition='{"StartAt": "A", "States": {', roleArn="arn:aws:iam::1:role/r"
            )
