"""Reads the result files of a fleet execution."""

from __future__ import annotations

import json
from typing import Any


def results(lifecycle: Any, output: dict[str, Any]) -> list[dict[str, Any]]:
    """What a fleet's result files say of each environment, by name."""
    s3 = lifecycle.aws.client("s3")
    place = output["results"]

    def read(key: str) -> Any:
        return json.loads(s3.get_object(Bucket=place["bucket"], Key=key)["Body"].read())

    files = read(place["key"])["ResultFiles"]
    assert files["FAILED"] == files["PENDING"] == []
    entries = [entry for file in files["SUCCEEDED"] for entry in read(file["Key"])]
    found = [json.loads(entry["Output"]) for entry in entries]
    return sorted(found, key=lambda item: str(item["environment"]))
