"""Canaries for the seams that save time: `local/moto/dynamodb.py`, `local/moto/dispatch.py`, and kept definitions."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from typing import Any

import boto3
from antlr4 import InputStream
from joserfc.jwk import RSAKey
from moto.core.serialize import AttributePicker
from moto.core.utils import get_service_model
from moto.dynamodb.parsing.tokens import ExpressionTokenizer
from moto.dynamodb.parsing.validators import NoneExistingPathChecker
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from tests.local.moto.canaries.machines import machine


def counted(kind: Any, name: str, act: Callable[[], object]) -> int:
    """How often a method or function is called while something is done."""
    calls: list[int] = []
    original = getattr(kind, name)

    def count(*given: Any, **named: Any) -> Any:
        calls.append(1)
        return original(*given, **named)

    setattr(kind, name, count)
    try:
        act()
    finally:
        setattr(kind, name, original)
    return len(calls)


def with_table() -> Any:
    """DynamoDB with an empty table `t`, whose key is `k`."""
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName="t",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def searches(items: int) -> int:
    """How many names are searched for to write an item with a list of that many values."""
    dynamodb = with_table()
    values = {"L": [{"S": str(number)} for number in range(items)]}
    dynamodb.put_item(TableName="t", Item={"k": {"S": "a"}, "v": values})
    return counted(
        AttributePicker,
        "__call__",
        lambda: dynamodb.get_item(TableName="t", Key={"k": {"S": "a"}}),
    )


def searched_values() -> bool:
    return searches(100) > 1000


def updates(requests: int, kind: Any, name: str) -> int:
    """How often a method is called for so many updates with one expression."""
    dynamodb = with_table()

    def update() -> None:
        for number in range(requests):
            dynamodb.update_item(
                TableName="t",
                Key={"k": {"S": "a"}},
                UpdateExpression="SET a.b = :b, n = if_not_exists(n, :n) + :n REMOVE c",
                ExpressionAttributeValues={":b": {"S": "b"}, ":n": {"N": str(number)}},
            )

    dynamodb.put_item(TableName="t", Item={"k": {"S": "a"}, "a": {"M": {}}})
    return counted(kind, name, update)


def expressions_parsed_again() -> bool:
    return updates(3, ExpressionTokenizer, "make_list") == 6


def checks_asked(requests: int) -> int:
    """How often one of the checks of an expression says what it checks, for so many updates."""
    return updates(requests, NoneExistingPathChecker, "_processing_map")


def checks_asked_again() -> bool:
    return checks_asked(1) > 20


def executed(runs: int, kind: Any, name: str) -> int:
    """How often a method is called for that many executions of one definition."""
    stepfunctions = boto3.client("stepfunctions")
    arn = machine({"A": {"Type": "Pass", "End": True}})

    def start() -> None:
        for number in range(runs):
            started = stepfunctions.start_execution(stateMachineArn=arn, name=f"e{number}")
            while (
                stepfunctions.describe_execution(executionArn=started["executionArn"])["status"]
                == "RUNNING"
            ):
                pass

    return counted(kind, name, start)


def readings(runs: int) -> int:
    """How often one definition is read for that many executions."""
    return executed(runs, ASLParser, "program_decl")


def parsed_again() -> bool:
    return readings(3) == 3


def makings(runs: int) -> int:
    """How often the states of one definition are made for that many executions."""
    return executed(runs, Preprocessor, "visitProgram_decl")


def made_again() -> bool:
    return makings(3) == 3


def characters_looked_at(text: str) -> int:
    """How often antlr asks for a character while a definition of one state is read, whose comment is a text."""
    states = {"A": {"Type": "Pass", "End": True, "Comment": text}}
    definition = json.dumps({"StartAt": "A", "States": states})
    return counted(InputStream, "LA", lambda: AmazonStateLanguageParser.parse(definition))


def cut_by_character() -> bool:
    return characters_looked_at("x" * 1000) > 1000


def folders_of_models() -> int:
    """How many folders are listed for the model of a second service."""
    get_service_model("kms")
    get_service_model.cache_clear()
    return counted(os, "listdir", lambda: get_service_model("sqs"))


def models_listed_again() -> bool:
    return folders_of_models() > 100


def folders_of_modules(requests: int) -> int:
    """How often moto's own folder is listed to find the service of so many requests."""
    server = DomainDispatcherApplication(create_backend_app)

    def ask() -> None:
        for _ in range(requests):
            server.get_backend_for_host("sqs.us-east-1.amazonaws.com")

    return counted(os, "listdir", ask)


def modules_listed_again() -> bool:
    return folders_of_modules(3) == 3


def listings(requests: int) -> int:
    """How often the attributes of a class are listed for so many requests to one service."""
    sqs = boto3.client("sqs")

    def ask() -> None:
        for _ in range(requests):
            sqs.list_queues()

    return counted(inspect, "getmembers", ask)


def operations_listed_again() -> bool:
    return listings(3) == 3


def keys(pools: int) -> int:
    """How often a signing key is read for so many user pools."""
    cognito = boto3.client("cognito-idp")

    def make() -> None:
        for number in range(pools):
            cognito.create_user_pool(PoolName=f"p{number}")

    return counted(RSAKey, "import_key", make)


def keys_read_again() -> bool:
    return keys(2) == 2


def catalogue_read() -> bool:
    return len(INSTANCE_TYPES) > 100


CANARIES = [
    searched_values,
    expressions_parsed_again,
    checks_asked_again,
    parsed_again,
    made_again,
    cut_by_character,
    models_listed_again,
    modules_listed_again,
    operations_listed_again,
    keys_read_again,
    catalogue_read,
]
