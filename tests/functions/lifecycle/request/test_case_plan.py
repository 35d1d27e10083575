"""Prepare the request: cases are read, validated and pinned before anything is created."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle.clients import Clients
from lifecycle.errors import InvalidRequestError
from lifecycle.request.cases.plan import load_cases
from lifecycle.request.cases.source import MOST_BYTES, UnreadableError
from lifecycle.request.preparation import Prepared, PrepareEvent, prepare_request
from lifecycle.table import Records

ARN = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:"
FROM = {"casesFrom": {"bucket": "the-cases", "key": "night.jsonl"}}


def lines(count: int, **more: Any) -> bytes:
    return b"\n".join(
        json.dumps({"prompt": f"{number}?", "expect": "a", **more}).encode()
        for number in range(count)
    )


class Bucket:
    """A bucket with an object of cases."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self.reads = 0
        clients.s3.create_bucket(Bucket="the-cases")
        clients.s3.meta.events.register("before-call.s3.GetObject", self._count)

    def _count(self, **_: Any) -> None:
        self.reads += 1

    def version(self) -> None:
        self.clients.s3.put_bucket_versioning(
            Bucket="the-cases", VersioningConfiguration={"Status": "Enabled"}
        )

    def put(self, body: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = self.clients.s3.put_object(
            Bucket="the-cases", Key="night.jsonl", Body=body
        )
        return answer


@pytest.fixture
def bucket(table_clients: Clients) -> Bucket:
    return Bucket(table_clients)


def prepare(bucket: Bucket, execution: str = "a", **event: Any) -> Prepared:
    return prepare_request(
        PrepareEvent(execution=ARN + execution, input=event), clients=bucket.clients
    )


def records(bucket: Bucket) -> Records:
    return Records(bucket.clients.dynamodb, "environments")


def refusal(bucket: Bucket, **event: Any) -> str:
    """How a request is refused; nothing may be there then."""
    with pytest.raises(InvalidRequestError) as caught:
        prepare(bucket, **event)
    assert list(records(bucket).all()) == []
    return str(caught.value)


def test_without_cases_nothing_is_read(bucket: Bucket) -> None:
    assert prepare(bucket).cases is None
    assert bucket.reads == 0


def test_cases_of_the_input_are_divided(bucket: Bucket) -> None:
    cases = [{"prompt": "a", "expect": "b"}] * 5
    plan = prepare(bucket, smokeTest={"cases": cases}).cases
    assert plan is not None
    assert (plan.total, plan.source, bucket.reads) == (5, None, 0)
    assert [(batch.first, batch.end) for batch in plan.batches] == [(0, 1), (1, 2), (2, 3), (3, 5)]


@pytest.mark.parametrize("versions", [True, False])
def test_what_was_read_is_pinned(bucket: Bucket, versions: bool) -> None:
    if versions:
        bucket.version()
    put = bucket.put(lines(3))
    prepared = prepare(bucket, smokeTest=FROM)
    plan = prepared.cases
    assert plan is not None
    assert plan.source is not None
    assert (plan.total, plan.source.e_tag) == (3, put["ETag"])
    assert plan.source.version_id == put.get("VersionId")
    bucket.put(lines(7))
    if versions:
        found = load_cases(prepared.request, plan.source, lambda: bucket.clients.s3)
        assert [case.prompt for case in found] == ["0?", "1?", "2?"]
    else:
        with pytest.raises(UnreadableError, match="nobody replaces while the execution runs"):
            load_cases(prepared.request, plan.source, lambda: bucket.clients.s3)


def test_a_version_that_is_named_is_read(bucket: Bucket) -> None:
    bucket.version()
    first = bucket.put(lines(3))["VersionId"]
    bucket.put(lines(7))
    plan = prepare(bucket, smokeTest={"casesFrom": {**FROM["casesFrom"], "versionId": first}}).cases
    assert plan is not None
    assert (plan.total, plan.source and plan.source.version_id) == (3, first)


def test_a_bad_line_leaves_no_record(bucket: Bucket) -> None:
    bucket.put(lines(16) + b'\n{"prompt": "a", "expect": "("}\n')
    message = refusal(bucket, smokeTest=FROM)
    assert message.startswith("smokeTest.casesFrom: line 17: expect: given '(', allowed: a valid")


def test_an_object_that_is_not_there_or_too_large_is_refused(bucket: Bucket) -> None:
    message = refusal(bucket, smokeTest=FROM)
    assert "given s3://the-cases/night.jsonl, allowed: an object that exists (GetObject:" in message
    other = {"casesFrom": {"bucket": "no-such-bucket", "key": "k"}}
    assert "(GetObject: NoSuchBucket)" in refusal(bucket, smokeTest=other)
    bucket.put(b" " * (MOST_BYTES + 1))
    message = refusal(bucket, smokeTest=FROM)
    assert "with 1000001 bytes, allowed: at most 1000000 bytes" in message


def test_the_number_of_questions_is_limited(bucket: Bucket) -> None:
    bucket.put(lines(201))
    message = refusal(bucket, smokeTest={**FROM, "repeat": 20})
    assert "smokeTest.repeat: given 20 with 201 cases, allowed: at most 4000 questions" in message


def test_payloads_of_lines_are_for_http_alone(bucket: Bucket) -> None:
    bucket.put(b'{"payload": {"a": 1}, "expect": "b"}')
    message = refusal(bucket, smokeTest=FROM, runtime={"protocol": "MCP"})
    assert "line 1: payload: given a payload, allowed: only with runtime.protocol HTTP" in message


def test_a_dry_run_is_refused_as_the_real_run_and_leaves_no_record(bucket: Bucket) -> None:
    bucket.put(b"nothing")
    assert "line 1" in refusal(bucket, dryRun=True, smokeTest=FROM)
    bucket.put(lines(3))
    prepare(bucket, dryRun=True, smokeTest=FROM)
    assert list(records(bucket).all()) == []


def test_the_request_names_the_version_of_the_cases_and_the_record_does_not(
    bucket: Bucket,
) -> None:
    bucket.version()
    version = bucket.put(lines(3))["VersionId"]
    asked = prepare(bucket, smokeTest=FROM).request.smoke_test.cases_from
    assert asked is not None
    assert asked.version_id == version
    record = records(bucket).get("dev")
    assert record is not None
    assert record.request is not None
    assert record.request["smokeTest"]["casesFrom"]["versionId"] is None


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_teardown_reads_no_cases(bucket: Bucket, dry_run: bool) -> None:
    bucket.put(lines(3))
    prepare(bucket, smokeTest=FROM)
    records(bucket).release("dev", f"{ARN}a", state="READY")
    bucket.reads = 0
    assert prepare(bucket, "b", action="teardown", dryRun=dry_run).cases is None
    assert bucket.reads == 0


def test_a_smoke_test_asks_the_cases_of_the_last_provision_or_its_own(bucket: Bucket) -> None:
    bucket.put(lines(3))
    prepare(bucket, smokeTest={**FROM, "minPassRate": 0.5})
    records(bucket).release("dev", f"{ARN}a", state="READY")

    def again(**smoke_test: Any) -> Prepared:
        prepared = prepare(bucket, "b", action="smokeTest", smokeTest=smoke_test)
        records(bucket).release("dev", f"{ARN}b", state="READY")
        return prepared

    same = again()
    assert same.cases is not None
    assert (same.cases.total, same.request.smoke_test.min_pass_rate) == (3, 0.5)
    own = again(cases=[{"prompt": "a", "expect": "b"}])
    assert own.cases is not None
    assert (own.cases.total, own.cases.source) == (1, None)
    assert own.request.smoke_test.cases_from is None
    assert again(cases=[]).cases is None


def test_a_smoke_test_that_is_refused_leaves_the_record_as_it_is(bucket: Bucket) -> None:
    prepare(bucket, runtime={"protocol": "MCP"})
    records(bucket).release("dev", f"{ARN}a", state="READY")
    before = records(bucket).get("dev")
    for smoke_test, said in (
        ({"minPassRate": 0.5}, "smokeTest.minPassRate: given 0.5, allowed: only with"),
        ({"cases": [{"payload": {}, "expect": "b"}]}, "smokeTest.cases.0.payload: given a payload"),
        (FROM, "smokeTest.casesFrom: given s3://the-cases/night.jsonl, allowed: an object that"),
    ):
        with pytest.raises(InvalidRequestError, match=said.replace("(", r"\(")):
            prepare(bucket, "b", action="smokeTest", smokeTest=smoke_test)
        assert records(bucket).get("dev") == before


def test_an_input_and_a_last_provision_that_are_too_large_together_are_refused(
    bucket: Bucket,
) -> None:
    large = [{"prompt": "x" * 9000, "expect": "a"}] * 10
    prepare(bucket, runtime={"environmentVariables": {}}, smokeTest={"prompt": "x" * 10_000})
    records(bucket).release("dev", f"{ARN}a", state="READY")
    with pytest.raises(
        InvalidRequestError, match="bytes as JSON together with the earlier provision"
    ):
        prepare(bucket, "b", action="smokeTest", smokeTest={"cases": large})
