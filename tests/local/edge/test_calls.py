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


def test_a_call_belongs_to_the_time_when_it_came_in() -> None:
    """One that hangs, of somebody who is gone, may end while somebody else counts."""
    log = CallLog()
    since = 2.0
    log.record(Call("s3", "GetObject", None, "before", 1.0, 200))
    log.record(Call("s3", "GetObject", None, "during", 2.0, 200))
    log.record(Call("bedrock-agentcore", "InvokeAgentRuntime", None, "hung", 1.5, 504))
    log.record(Call("s3", "GetObject", None, "after", 3.0, 200))
    assert [call.request_id for call in log.calls(since=since)] == ["during", "after"]
    assert [call.request_id for call in log.calls("bedrock-agentcore", since=since)] == []
