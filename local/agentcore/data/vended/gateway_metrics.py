"""The metrics that AgentCore publishes for its gateways: how many calls there were, and how many failed.

Source: AgentCore developer guide, "AgentCore generated gateway observability data". Not documented: which dimensions a
gateway with HTTP targets has, and whether a call counts that the gateway itself refused; here it counts. The local
AgentCore publishes counts only, no latencies.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.agentcore.settings import Clock
from local.readings import Readings

log = logging.getLogger(__name__)

NAMESPACE = "AWS/Bedrock-AgentCore"
_FLUSH_SECONDS = 0.5
_LATE_SECONDS = 90.0
_MOST = 500
_THROTTLED = 429
_FIRST_USER_ERROR, _FIRST_SYSTEM_ERROR = 400, 500


class GatewayMetrics:
    """Counts calls, and publishes the counts from a thread of its own.

    Args:
        clients: Gives the boto3 client of a service.
        clock: Seconds since the epoch.
        readings: `gateway-metrics`.
    """

    def __init__(self, clients: Callable[[str], Any], clock: Clock, readings: Readings) -> None:
        self._clients = clients
        self._clock = clock
        self._readings = readings
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str | None, str, int]] = Counter()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-metrics", daemon=True)
        self._thread.start()

    def count(self, gateway_arn: str, target: str | None, status: int) -> None:
        """Count one call.

        Args:
            gateway_arn: The gateway.
            target: The target that answered; None when the gateway did.
            status: The answer's.
        """
        second = int(self._clock())
        with self._lock:
            for name in _names(status):
                self._counts[gateway_arn, target, name, second] += 1

    def flush(self) -> None:
        """Publish what is due."""
        late = _LATE_SECONDS if self._readings["gateway-metrics"] == "late" else 0.0
        due = self._clock() - late
        with self._lock:
            ready = [(key, n) for key, n in self._counts.items() if key[3] <= due]
            for key, _ in ready:
                del self._counts[key]
        data = [
            {
                "MetricName": name,
                "Dimensions": self._dimensions(arn, target),
                "Timestamp": datetime.fromtimestamp(second, UTC),
                "Value": float(n),
                "Unit": "Count",
            }
            for (arn, target, name, second), n in ready
        ]
        for first in range(0, len(data), _MOST):
            try:
                self._clients("cloudwatch").put_metric_data(
                    Namespace=NAMESPACE, MetricData=data[first : first + _MOST]
                )
            except (BotoCoreError, ClientError) as error:
                log.warning("%d metrics of gateways are lost: %s", len(data), error)

    def close(self) -> None:
        """Publish what is left, and end the thread."""
        self._closing.set()
        self._thread.join(timeout=10.0)

    def _dimensions(self, arn: str, target: str | None) -> list[dict[str, str]]:
        named = {"Operation": "InvokeGateway", "Protocol": "HTTP", "Resource": arn}
        if self._readings["gateway-metrics"] == "by-target" and target is not None:
            named["Name"] = target
        return [{"Name": name, "Value": value} for name, value in named.items()]

    def _run(self) -> None:
        while not self._closing.wait(_FLUSH_SECONDS):
            self.flush()
        self.flush()


def _names(status: int) -> list[str]:
    """The metrics that an answer counts in."""
    if status == _THROTTLED:
        return ["Invocations", "Throttles"]
    if status >= _FIRST_SYSTEM_ERROR:
        return ["Invocations", "SystemErrors"]
    if status >= _FIRST_USER_ERROR:
        return ["Invocations", "UserErrors"]
    return ["Invocations"]
