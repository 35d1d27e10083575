"""Canaries for `local/moto/stepfunctions/map_runs.py` and `map_fields.py`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

from tests.local.moto.canaries.machines import ROLE, machine, passing, run

BUCKET = "map-runs"


def distributed(states: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a Distributed Map over the file `items.json`."""
    first = next(iter(states))
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    return {
        "M": {
            "Type": "Map",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSON"},
                "Parameters": {"Bucket": BUCKET, "Key": "items.json"},
            },
            "ItemProcessor": {"ProcessorConfig": config, "StartAt": first, "States": states},
            "End": True,
            **more,
        }
    }


def bucket(*items: dict[str, Any]) -> Any:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    if items:
        s3.put_object(Bucket=BUCKET, Key="items.json", Body=json.dumps(items))
    return s3


def item_executions() -> bool:
    """An item's context object is that of the parent."""
    bucket({})
    states = passing({"id.$": "$$.Execution.Id"})
    found = run(distributed(states), name="n")
    return bool(json.loads(found["output"]) == [{"id": found["executionArn"]}])


def tolerated_failures() -> bool:
    """A map run whose items all fail succeeds, without a threshold."""
    bucket({})
    failing = {"F": {"Type": "Fail", "Error": "E", "Cause": "C"}}
    return bool(run(distributed(failing), name="n")["status"] == "SUCCEEDED")


def result_files() -> bool:
    s3 = bucket({})
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": BUCKET, "Prefix": "out"},
    }
    found = run(distributed(passing({}), ResultWriter=writer), name="n")
    key = json.loads(found["output"])["ResultWriterDetails"]["Key"]
    manifest = json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    return bool(manifest["ResultFiles"]["SUCCEEDED"] == [])


def reader_errors() -> bool:
    bucket()
    return run(distributed(passing({})), name="n").get("error") != "States.ItemReaderFailed"


def whole_percentage() -> bool:
    try:
        machine(distributed(passing({}), ToleratedFailurePercentage=100))
    except ClientError:
        return True
    return False


def writer_arguments() -> bool:
    writer = {
        "Resource": "arn:aws:states:::s3:putObject",
        "Arguments": {"Bucket": BUCKET, "Prefix": "out"},
    }
    states = distributed({"P": {"Type": "Pass", "End": True}}, ResultWriter=writer)
    reader = states["M"]["ItemReader"]
    reader["Arguments"] = reader.pop("Parameters")
    definition = {"QueryLanguage": "JSONata", "StartAt": "M", "States": states}
    try:
        boto3.client("stepfunctions").create_state_machine(
            name="writer", definition=json.dumps(definition), roleArn=ROLE
        )
    except ClientError:
        return True
    return False


CANARIES: list[Callable[[], bool]] = [
    item_executions,
    tolerated_failures,
    result_files,
    reader_errors,
    whole_percentage,
    writer_arguments,
]
