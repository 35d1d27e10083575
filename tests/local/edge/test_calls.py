"""The call log finds calls again, in memory and on disk."""

from __future__ import annotations

import json
from pathlib import Path

from local.edge.calls import Call, CallLog
from local.edge.credentials import Principal


def test_calls_are_found_by_each_of_their_names(tmp_path: Path) -> None:
    log = CallLog(tmp_path / "logs" / "calls.jsonl")
    function = Principal("SignInFunction", "arn:aws:iam::1:role/r", "function")
    log.record(Call("s3", "GetObject", None, "1", 1.0, 200))
    log.record(Call("s3", "PutObject", function, "2", 2.0, 403))
    assert [c.request_id for c in log.calls("s3")] == ["1", "2"]
    assert [c.request_id for c in log.calls(operation="GetObject")] == ["1"]
    assert [c.request_id for c in log.calls(caller="SignInFunction")] == ["2"]
    assert log.calls("s3", "GetObject", "SignInFunction") == []
    lines = [json.loads(line) for line in (tmp_path / "logs/calls.jsonl").read_text().splitlines()]
    assert [line["caller"] for line in lines] == [None, "SignInFunction"]
    assert lines[1]["status"] == 403
    log.close()
