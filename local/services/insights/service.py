"""`StartQuery` and `GetQueryResults` of CloudWatch Logs, which moto answers without the query's conditions."""

from __future__ import annotations

import json
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response

from local.edge.errors import ServiceError, respond
from local.edge.operations import Operations
from local.services.insights.query import MalformedQueryError, parse

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from local.edge.calls import Call

_MOST_QUERIES = 500
_JSON = "application/x-amz-json-1.1"


class Insights:
    """Serves the two operations (WSGI). A query is complete when it is asked for.

    Args:
        logs: Returns a boto3 client of CloudWatch Logs.
        arrive: Called before each query: what has arrived by now must be found.
    """

    def __init__(self, logs: Callable[[], Any], arrive: Callable[[], None]) -> None:
        self._logs = logs
        self._arrive = arrive
        self._model = Operations().service("logs")
        self._results: OrderedDict[str, list[list[dict[str, str]]]] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        request = Request(environ)
        call: Call = environ["local.call"]
        members = json.loads(request.get_data() or b"{}")
        answer = (
            self._start(members) if call.operation == "StartQuery" else self._results_of(members)
        )
        if isinstance(answer, ServiceError):
            return respond(answer, self._model, call.request_id, request)(environ, start_response)
        return Response(json.dumps(answer), 200, content_type=_JSON)(environ, start_response)

    def _start(self, members: dict[str, Any]) -> dict[str, Any] | ServiceError:
        groups = members.get("logGroupNames") or [members.get("logGroupName")]
        if None in groups:
            message = "This local AWS serves logGroupName and logGroupNames only."
            return ServiceError("InvalidParameterException", message, 400)
        try:
            query = parse(members.get("queryString", ""))
        except MalformedQueryError as error:
            return ServiceError("MalformedQueryException", str(error), 400)
        self._arrive()
        client = self._logs()
        window = {
            "startTime": int(members["startTime"]) * 1000,
            "endTime": int(members["endTime"]) * 1000,
        }
        events: list[dict[str, Any]] = []
        for group in groups:
            try:
                pages = client.get_paginator("filter_log_events").paginate(
                    logGroupName=group, **window
                )
                events += [event for page in pages for event in page["events"]]
            except client.exceptions.ResourceNotFoundException:
                message = f"Log group '{group}' does not exist for account ID in this region."
                return ServiceError("ResourceNotFoundException", message, 400)
        query_id = str(uuid.uuid4())
        with self._lock:
            self._results[query_id] = query.rows(events)
            while len(self._results) > _MOST_QUERIES:
                self._results.popitem(last=False)
        return {"queryId": query_id}

    def _results_of(self, members: dict[str, Any]) -> dict[str, Any] | ServiceError:
        with self._lock:
            rows = self._results.get(members.get("queryId", ""))
        if rows is None:
            return ServiceError("ResourceNotFoundException", "No such query.", 400)
        return {
            "status": "Complete",
            "results": rows,
            "statistics": {"recordsMatched": float(len(rows))},
        }
