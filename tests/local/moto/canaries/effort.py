"""Canaries for the seams that save time: `local/moto/dynamodb.py`, and the syntax trees of definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
from moto.core.serialize import AttributePicker
from moto.stepfunctions.parser.asl.antlr.runtime.ASLParser import ASLParser

from tests.local.moto.canaries.machines import machine


def counted(kind: type, name: str, act: Callable[[], object]) -> int:
    """How often a method is called while something is done."""
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


CANARIES = [searched_values, parsed_again]
