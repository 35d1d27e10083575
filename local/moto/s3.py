"""S3: bucket policies."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket


def skip_conditional_denials() -> None:
    """Ignore Deny statements with a Condition when a bucket policy is evaluated.

    moto ignores conditions ("Conditions are not taken into account", S3 models), so a statement that
    denies unencrypted transport denies every request. Loopback counts as encrypted.
    Upstream: upstream/bucket-policy-conditions.md; getmoto/moto#5820 asked for the denial.
    """

    def get_permission(self: FakeBucket, action: str, resource: str) -> Any:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        document = json.loads(self.policy)
        document["Statement"] = [
            statement
            for statement in document["Statement"]
            if not (statement["Effect"] == "Deny" and "Condition" in statement)
        ]
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign]
