"""Lines of functions on their way to their file and to CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.validate import ParamValidator

from local.services.functions.logs import FunctionLogs


class Logs:
    """CloudWatch Logs: takes what botocore's model lets pass."""

    def __init__(self) -> None:
        client = boto3.client("logs", region_name="us-east-1")
        self.exceptions = client.exceptions
        self._shape = client.meta.service_model.operation_model("PutLogEvents").input_shape
        self.failing: dict[str, Exception] = {}
        self.messages: dict[str, list[str]] = {}

    def create_log_group(self, **given: str) -> None:
        if failure := self.failing.get(given["logGroupName"]):
            raise failure

    def create_log_stream(self, **given: str) -> None:
        """Have it."""

    def put_log_events(self, **given: Any) -> None:
        report = ParamValidator().validate(given, self._shape)
        if report.has_errors():
            raise ParamValidationError(report=report.generate_report())
        texts = [event["message"] for event in given["logEvents"]]
        self.messages.setdefault(given["logGroupName"], []).extend(texts)


@pytest.fixture
def service() -> Logs:
    return Logs()


@pytest.fixture
def logs(service: Logs, tmp_path: Path) -> Iterator[FunctionLogs]:
    found = FunctionLogs(tmp_path, lambda: service)
    yield found
    found.close()


def test_an_empty_line_is_shipped_with_the_others(
    service: Logs, logs: FunctionLogs, tmp_path: Path
) -> None:
    for text in ("one", "", "two"):
        logs.write("Function", "/group", "stream", text)
    logs.flush()
    assert service.messages == {"/group": ["one", " ", "two"]}
    assert (tmp_path / "Function.log").read_text() == "one\n\ntwo\n"


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "AccessDeniedException"}}, "CreateLogGroup"),
        RuntimeError("because of the test"),
    ],
    ids=repr,
)
def test_what_fails_for_one_group_spares_the_others(
    service: Logs, logs: FunctionLogs, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    service.failing["/refused"] = failure
    logs.write("Other", "/refused", "stream", "lost")
    logs.write("Function", "/group", "stream", "one")
    logs.flush()
    logs.write("Function", "/group", "stream", "two")
    logs.flush()
    assert service.messages == {"/group": ["one", "two"]}
    assert "logs did not reach /refused" in caplog.text
