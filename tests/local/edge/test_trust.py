"""Which trust policies let a service assume a role."""

from __future__ import annotations

from typing import Any

import pytest

from local.edge.iam.trust import may_assume

SERVICE = "bedrock-agentcore.amazonaws.com"
GATEWAY = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/front-0123456789"
SENT = {"aws:SourceAccount": "123456789012", "aws:SourceArn": GATEWAY}


def statement(**more: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "sts:AssumeRole",
        **more,
    }


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([statement()], True),
        (statement(Principal={"Service": ["lambda.amazonaws.com", SERVICE]}), True),
        ([statement(Action=["sts:TagSession", "sts:Assume*"])], True),
        ([statement(Principal={"Service": "lambda.amazonaws.com"})], False),
        ([statement(Principal="*")], False),
        ([statement(Action="sts:TagSession")], False),
        ([statement(Effect="Deny"), statement()], False),
        ([], False),
        ([statement(Condition={"StringEquals": {"aws:SourceAccount": "123456789012"}})], True),
        ([statement(Condition={"StringEquals": {"aws:SourceAccount": "210987654321"}})], False),
        ([statement(Condition={"ArnLike": {"aws:sourcearn": f"{GATEWAY[:-10]}*"}})], True),
        ([statement(Condition={"ArnLike": {"aws:SourceArn": GATEWAY.upper()}})], False),
        ([statement(Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}})], False),
        ([statement(Condition={"StringAlike": {"aws:SourceArn": "*"}})], False),
        ([statement(), statement(Effect="Deny", Condition={"StringAlike": {"a": "b"}})], False),
        ([statement(Condition={"StringEquals": {"aws:SourceArn": "${aws:NoSuchKey}"}})], False),
    ],
)
def test_a_policy_says_who_may_assume(statements: Any, allowed: bool) -> None:
    assert may_assume({"Version": "2012-10-17", "Statement": statements}, SERVICE, SENT) is allowed
