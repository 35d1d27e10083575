"""Canaries for `local/moto/s3.py` and `local/moto/iam.py`."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from tests.local.moto.canaries.machines import code_of

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def bucket_conditions() -> bool:
    kind: Any = FakeBucket
    bucket = object.__new__(kind)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    bucket.policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).encode()
    denied = bucket.get_permission("s3:GetObject", "arn:aws:s3:::b/k") == PermissionResult.DENIED
    return bool(denied)


def managed_policies() -> bool:
    iam = boto3.client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    return code_of(iam.attach_role_policy, RoleName="r", PolicyArn=arn) == "NoSuchEntity"


CANARIES: list[Callable[[], bool]] = [
    bucket_conditions,
    managed_policies,
]
