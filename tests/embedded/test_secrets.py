"""No secret and no token is in anything that a run leaves, whatever the functions log; `pytest -s` prints figures."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.embedded.searching import Search, files_below, forms, texts_of
from tests.embedded.signing_in import Provider

pytestmark = pytest.mark.embedded
WAYS = ("password", "clientCredentials", "jwt")
KINDS = {"inputs, outputs and errors", "histories", "log streams", "events", "records", "files"}


@pytest.fixture(params=["INFO", "DEBUG"])
def log_level(aws: Any, request: pytest.FixtureRequest) -> Iterator[str]:
    """The stack's parameter `LogLevel`, as each of its functions has it."""
    before = aws.functions.specs()
    for spec in before:
        aws.functions.register(replace(spec, log_level=request.param))
    yield str(request.param)
    for spec in before:
        aws.functions.register(spec)


def look_everywhere(search: Search, lifecycle: Any, runs: list[Any], events: list[str]) -> None:
    """Search all that these runs have left in the account, and on this machine."""
    aws = lifecycle.aws
    for run in runs:
        described = lifecycle.stepfunctions.describe_execution(executionArn=run.arn)
        for text in texts_of([described, run.output, run.error, run.cause]):
            search.look("inputs, outputs and errors", run.arn, text)
        for event in run.history:
            for text in texts_of(event):
                search.look("histories", f"{run.arn} {event['id']}", text)
    aws.function_logs.flush()
    logs = aws.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in (each["logGroupName"] for each in page["logGroups"]):
            for found in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
                for event in found["events"]:
                    search.look(
                        "log streams", f"{group} {event['logStreamName']}", event["message"]
                    )
    for event in events:
        search.look("events", "queue", event)
    for output in ("EnvironmentsTableName", "ArtifactsTableName"):
        table = aws.outputs[output]
        for page in aws.client("dynamodb").get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                for text in texts_of(item):
                    search.look("records", table, text)
    for name, content in files_below(aws.state_dir):
        search.look("files", name, content)


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_is_in_what_a_run_leaves(
    lifecycle: Any,
    environment: Callable[[], str],
    tiny: dict[str, Any],
    auths: dict[str, dict[str, Any]],
    provider: Provider,
    announced: Callable[[], list[str]],
    log_level: str,
    way: str,
) -> None:
    name, secrets = environment(), lifecycle.aws.client("secretsmanager")
    search = Search(marks={name.encode()})
    passed = lifecycle.run(
        {
            "environment": name,
            "artifact": tiny,
            "auth": auths[way],
            "smokeTest": {"expect": "echo of"},
        }
    )
    assert passed.status == "SUCCEEDED", (passed.error, passed.cause)
    arn = passed.output["auth"]["secretArn"]
    held = secrets.get_secret_value(SecretId=arn)["SecretString"]
    again = {"action": "smokeTest", "environment": name}
    failed = lifecycle.run({**again, "smokeTest": {"expect": "never said", "timeoutSeconds": 5}})
    # The caller is refused: its secret is no longer the provider's.
    field = "password" if way == "password" else "clientSecret"
    wrong = f"Wr0ng-{uuid.uuid4()}/+&"
    secrets.put_secret_value(
        SecretId=arn, SecretString=json.dumps({**json.loads(held), field: wrong})
    )
    refused = lifecycle.run(again)
    secrets.put_secret_value(SecretId=arn, SecretString=held)
    for run in (failed, refused):
        assert (run.status, run.error) == ("FAILED", "SmokeTestError"), (run.error, run.cause)
    assert "never said" in failed.cause
    assert "signs in" in refused.cause
    for secret in (json.loads(held)[field], wrong):
        search.secrets |= forms(secret)
    look_everywhere(search, lifecycle, [passed, failed, refused], announced())
    print(f"\n{way}, LogLevel {log_level}\n{search.report()}")
    assert search.hits == []
    # What must be there was found in each kind of place, so they were searched.
    assert search.searched.keys() == KINDS
    assert search.marked >= KINDS - {"files"}


@pytest.mark.parametrize("secret", ["s&cret/ü+", "Pa55-w0rd\"'\\ of mine"])
def test_the_search_finds_a_secret_in_every_form(secret: str) -> None:
    for form in forms(secret):
        for text in (form, b"x" + form + b"y"):
            search = Search(secrets=forms(secret))
            search.look("place", "here", text)
            assert search.hits == ["place: here"], form
    wrapped = json.dumps({"cause": json.dumps({"said": secret})})
    search = Search(secrets=forms(secret))
    search.look("place", "here", wrapped)
    assert search.hits == ["place: here"]
    search = Search()
    search.look("place", "here", f"Bearer eyJ{'a' * 20}.eyJ{'b' * 20}.{'c' * 43}")
    assert search.hits == ["place: here"]
