"""Canaries for the seams that save time: `local/moto/dynamodb.py`, `local/moto/dispatch.py`, and syntax trees."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import boto3
from antlr4 import InputStream
from moto.core.serialize import AttributePicker
from moto.core.utils import get_service_model
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from tests.local.moto.canaries.machines import machine


def counted(kind: Any, name: str, act: Callable[[], object]) -> int:
    """How often a method or function is called while something is done."""
    calls: list[int] = []
    original = getattr(kind, name)

    def count(*given: Any) -> Any:
        calls.append(1)
        return original(*given)

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


def readings(runs: int) -> int:
    """How often one definition is read for that many executions."""
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

    return counted(ASLParser, "program_decl", start)


def parsed_again() -> bool:
    return readings(3) == 3


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


def catalogue_read() -> bool:
    return len(INSTANCE_TYPES) > 100


CANARIES = [
    searched_values,
    parsed_again,
    cut_by_character,
    models_listed_again,
    modules_listed_again,
    catalogue_read,
]
