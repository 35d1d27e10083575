"""Whether CloudWatch Transaction Search is on, without which nobody finds the traces that are delivered to X-Ray."""

from __future__ import annotations

import json
from typing import Any

from lifecycle.errors import InvalidRequestError

_TO_LOGS, _ACTIVE = "CloudWatchLogs", "ACTIVE"
_GROUPS = ("aws/spans", "/aws/application-signals/data")


def check_transaction_search(xray: Any, execution: str) -> None:
    """Refuse to deliver traces in an account and Region whose X-Ray does not send spans to CloudWatch Logs.

    Source: X-Ray API reference, GetTraceSegmentDestination; CloudWatch user guide, "Enable transaction search". X-Ray
    switches only when the resource policy on `aws/spans` is there, so the policy is not looked at.

    Args:
        xray: A boto3 X-Ray client.
        execution: ARN of the execution, which names partition, Region and account.

    Raises:
        InvalidRequestError: It is off, or being switched on; the message has the commands that switch it on.
    """
    answer = xray.get_trace_segment_destination()
    destination, status = answer.get("Destination"), answer.get("Status")
    if destination == _TO_LOGS and status == _ACTIVE:
        return
    given = "observability: given true, allowed: only with CloudWatch Transaction Search, which is"
    if destination == _TO_LOGS:
        raise InvalidRequestError(
            f"{given} being switched on in this account and Region (status {status}); try again in some minutes"
        )
    raise InvalidRequestError(
        f"{given} off in this account and Region; switch it on once: "
        "aws logs put-resource-policy --policy-name TransactionSearchXRayAccess --policy-document "
        f"'{_policy(execution)}' && aws xray update-trace-segment-destination --destination CloudWatchLogs"
    )


def _policy(execution: str) -> str:
    _, partition, _, region, account = f"{execution}:::::".split(":")[:5]
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "xray.amazonaws.com"},
                "Action": "logs:PutLogEvents",
                "Resource": [
                    f"arn:{partition}:logs:{region}:{account}:log-group:{group}:*"
                    for group in _GROUPS
                ],
                "Condition": {"StringEquals": {"aws:SourceAccount": account}},
            }
        ],
    }
    return json.dumps(document, separators=(",", ":"))
