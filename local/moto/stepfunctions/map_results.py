"""Step Functions: the files with the results of a map run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.resource_eval.resource_eval_s3 import (
    ResourceEvalS3,
)

from local.moto.stepfunctions.map_children import Child

_FILES = {"SUCCEEDED": "SUCCEEDED", "PENDING": "PENDING"}
"""Which result file has an execution of which status; every other status is in `FAILED`."""


def write_map_results() -> None:
    """Write the result files of a map run and list them in its manifest.

    moto writes a manifest that lists no file. The files and the manifest are described in the
    developer guide, "ResultWriter (Map)".
    Upstream: upstream/map-run-results.md.
    """
    ResourceEvalS3._handle_put_object = staticmethod(_write_results)  # type: ignore[method-assign]


def _write_results(env: Any, resource_runtime_part: Any, state_credentials: Any) -> None:
    """Write the files of a map run, and give the state the manifest's location."""
    parameters = env.stack.pop()
    env.stack.pop()  # the outputs
    record = env.map_run_record_pool_manager.get_all()[-1]
    client = ResourceEvalS3._get_s3_client(
        resource_runtime_part=resource_runtime_part, state_credentials=state_credentials
    )
    bucket = parameters["Bucket"]
    prefix = str(parameters.get("Prefix") or "").rstrip("/")
    folder = f"{prefix}/" * bool(prefix) + record.map_run_arn.rpartition(":")[2]
    listed: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for kind, files in listed.items():
        entries = [entry for entry in _entries(record) if _kind_of(entry) == kind]
        if entries:
            key, body = f"{folder}/{kind}_0.json", json.dumps(entries).encode()
            client.put_object(Bucket=bucket, Key=key, Body=body)
            files.append({"Key": key, "Size": len(body)})
    manifest = {
        "DestinationBucket": bucket,
        "MapRunArn": record.map_run_arn,
        "ResultFiles": listed,
    }
    key = f"{folder}/manifest.json"
    client.put_object(Bucket=bucket, Key=key, Body=json.dumps(manifest).encode())
    env.stack.append(
        {
            "MapRunArn": record.map_run_arn,
            "ResultWriterDetails": {"Bucket": bucket, "Key": key},
        }
    )


def _kind_of(entry: dict[str, Any]) -> str:
    return _FILES.get(entry["Status"], "FAILED")


def _entries(record: Any) -> Iterator[dict[str, Any]]:
    for index, item in enumerate(record.items):
        child: Child | None = record.children.get(index)
        if child is None:
            text = json.dumps(item, separators=(",", ":"))
            yield {"Input": text, "InputDetails": {"Included": True}, "Status": "PENDING"}
        else:
            yield _entry(child)


def _entry(child: Child) -> dict[str, Any]:
    redrive = (
        {
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        }
        if child.status == "SUCCEEDED"
        else {"RedriveStatus": "REDRIVABLE_BY_MAP_RUN"}
    )
    entry: dict[str, Any] = {
        "ExecutionArn": child.exec_arn,
        "Input": child.execution_input,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "RedriveCount": 0,
        **redrive,
        "StartDate": _iso(child.start_date),
        "StateMachineArn": child.state_machine_arn,
        "Status": child.status,
        "StopDate": _iso(child.stop_date),
    }
    if child.status == "SUCCEEDED":
        output = json.dumps(child.output, separators=(",", ":"), default=str)
        return entry | {"Output": output, "OutputDetails": {"Included": True}}
    said = {"Error": child.error, "Cause": child.cause}
    return entry | {name: text for name, text in said.items() if text is not None}


def _iso(moment: Any) -> str:
    return str(moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
