"""Read the spans and event records of sessions from CloudWatch Logs.

AgentCore developer guide, "Telemetry setup and delivery": since 2026-07-20 a new agent has unified telemetry, and its
spans, with what was said, are in its own log group. Agents that are older, that use ADOT before 0.18.0 or that set
`UNIFIED_TRACES_DESTINATION_ENABLED` to false have split telemetry: spans in the account's group `aws/spans`, what was
said in event records in the agent's group. Both groups are read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.errors import AwsCallError, ServiceUnavailableError
from lifecycle.evaluations.sessions import MOST_TRACES, AskedSession, Document, SessionSpans
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.untrusted import json_value

SHARED_GROUP = "aws/spans"
_NOT_FOUND = "ResourceNotFoundException"
# Ten answers of an agent that thinks in a hundred steps; GetQueryResults returns at most 10,000.
_MOST_RECORDS = 1_000
# The clocks of this function and of CloudWatch Logs may differ.
_EARLIER = 60
_QUERY_SECONDS = 60.0
_RUNNING = frozenset({"Scheduled", "Running", "Unknown"})


class Telemetry:
    """The telemetry of one endpoint's agent.

    Args:
        logs: A boto3 CloudWatch Logs client.
        runtime_id: The runtime's id.
        endpoint: The endpoint's name.
        sleep: Waits between two looks at a query, seconds.

    Attributes:
        group: The agent's own log group.
        missing: Groups that do not exist.
    """

    def __init__(
        self,
        logs: Any,
        runtime_id: str,
        endpoint: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._logs = logs
        self._sleep = sleep
        self.group = f"{names.log_group_prefix(runtime_id)}{endpoint}"
        self.missing: set[str] = set()

    def read(self, asked: Sequence[AskedSession], since: float) -> list[SessionSpans]:
        """Read what is there of some sessions.

        Args:
            asked: The sessions.
            since: When the first of them began, in seconds since the epoch.

        Returns:
            What is known of each, in the order of `asked`.

        Raises:
            ServiceUnavailableError: A query did not end, or failed.
        """
        found = [SessionSpans(one.id, one.questions) for one in asked]
        window = {"startTime": int(since) - _EARLIER, "endTime": int(time.time()) + _EARLIER}
        of_session = [f'attributes.session.id = "{one.id}"' for one in found]
        for one, documents in zip(found, self._all(SHARED_GROUP, of_session, window), strict=True):
            one.add(documents, in_own_group=False)
        # Not every event record has the session's id (aws/agentcore-cli's collector looks for the trace instead).
        with_traces = [
            " or ".join([clause, *_of_traces(one)])
            for clause, one in zip(of_session, found, strict=True)
        ]
        for one, documents in zip(found, self._all(self.group, with_traces, window), strict=True):
            one.add(documents, in_own_group=True)
        return found

    def _all(
        self, group: str, clauses: list[str], window: dict[str, int]
    ) -> Iterator[list[Document]]:
        """Run one query for each clause; all are started before the first is waited for."""
        started = [self._start(group, clause, window) for clause in clauses]
        patience = Patience(_QUERY_SECONDS, self._sleep)
        for query_id in started:
            yield [] if query_id is None else self._result(group, query_id, patience)

    def _start(self, group: str, clause: str, window: dict[str, int]) -> str | None:
        query = f"fields @timestamp, @message\n| filter {clause}\n| sort @timestamp asc\n| limit {_MOST_RECORDS}"
        try:
            answer = self._logs.start_query(logGroupName=group, queryString=query, **window)
        except ClientError as error:
            if error.response["Error"]["Code"] != _NOT_FOUND:
                raise
            self.missing.add(group)
            return None
        return str(answer["queryId"])

    def _result(self, group: str, query_id: str, patience: Patience) -> list[Document]:
        tries = 0
        while True:
            tries += 1
            answer = self._logs.get_query_results(queryId=query_id)
            if answer["status"] == "Complete":
                return [*_documents(answer.get("results", []))]
            if answer["status"] not in _RUNNING:
                raise AwsCallError(
                    f"GetQueryResults: the query of {group} ended with the status {answer['status']}; retry"
                )
            if not patience.wait(tries):
                raise ServiceUnavailableError(
                    f"GetQueryResults: the query of {group} did not end in {_QUERY_SECONDS:.0f} s; the lifecycle "
                    "retries this step"
                )


def _of_traces(session: SessionSpans) -> list[str]:
    traces = session.trace_ids[:MOST_TRACES]
    listed = ", ".join(f'"{trace}"' for trace in traces if trace.isalnum())
    return [f"traceId in [{listed}]"] if listed else []


def _documents(rows: list[list[dict[str, str]]]) -> Iterator[Document]:
    for row in rows:
        for field in row:
            if field.get("field") != "@message":
                continue
            try:
                value = json_value(field.get("value", ""))
            except ValueError:
                # A line of the agent's own output.
                continue
            if isinstance(value, dict):
                yield value
