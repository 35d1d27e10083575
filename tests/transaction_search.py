"""Switches CloudWatch Transaction Search on, as the CloudWatch user guide says ("Enable transaction search")."""

from __future__ import annotations

import json
from typing import Any

SPANS_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "xray.amazonaws.com"},
            "Action": "logs:PutLogEvents",
            "Resource": "arn:aws:logs:*:*:log-group:aws/spans:*",
        }
    ],
}


def allow_spans(logs: Any) -> None:
    """Let X-Ray write spans, without which it does not switch."""
    logs.put_resource_policy(policyName="spans", policyDocument=json.dumps(SPANS_POLICY))


def switch_search(logs: Any, xray: Any, destination: str = "CloudWatchLogs") -> None:
    """Switch it on, or off with `XRay`."""
    allow_spans(logs)
    xray.update_trace_segment_destination(Destination=destination)
