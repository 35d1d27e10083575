"""Read what describes the tools of a target: a Lambda function's tools, or an OpenAPI document.

AgentCore gets both inline, never as an object in S3: what was checked is what it uses, and the gateway's role may read
no bucket.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from lifecycle.request.artifact import Source
from lifecycle.request.cases.source import read_latest
from lifecycle.request.gateway.targets import OpenApi, ToolSchema
from lifecycle.request.gateway.tools import tool_faults
from lifecycle.request.inputs import is_unicode, shown

_OPENAPI = re.compile(r"3\.[01](\.\d+)?(-[0-9A-Za-z.-]+)?")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The members of a path that are operations."""
_MOST_OPERATIONS = 500


class DocumentRefusedError(Exception):
    """The document cannot be used. The message has none of its content; the caller names the field.

    Attributes:
        whole: The message with what was given: only for a document that is in the input itself.

    Args:
        allowed: What is allowed.
        what: What was given, without content.
        given: The same with content.
        place: Where in the document.
    """

    def __init__(
        self,
        allowed: str,
        *,
        what: str = "what is not shown",
        given: str | None = None,
        place: str = "",
    ) -> None:
        where = f"{place}: " if place else ""
        super().__init__(f"{where}given {what}, allowed: {allowed}")
        self.whole = f"{where}given {given or what}, allowed: {allowed}"


def tools_of(schema: ToolSchema, s3: Callable[[], Any]) -> tuple[list[dict[str, Any]], str | None]:
    """The tools of a Lambda function.

    Args:
        schema: As the input has it.
        s3: Returns a boto3 S3 client; called only for an object.

    Returns:
        The tools, and the version of the object that was read; None where there is none.

    Raises:
        DocumentRefusedError: What S3 has is no list of tools.
        UnreadableError: There is no such object, it may not be read, or it has more than 1 MB.
    """
    if schema.inline is not None:
        return schema.inline, None
    value, version = _json_of(_source(schema), s3)
    if not isinstance(value, list):
        raise DocumentRefusedError("a list of tools", what="what is no JSON list")
    faults = tool_faults(value)
    if faults:
        fault = faults[0]
        raise DocumentRefusedError(fault.allowed, given=shown(fault.given), place=fault.path)
    if not value:
        raise DocumentRefusedError("1 or more", what="no tool")
    return value, version


def openapi_of(document: OpenApi, s3: Callable[[], Any]) -> tuple[str, str | None]:
    """An OpenAPI document as AgentCore gets it: JSON, written in one way.

    Args:
        document: As the input has it.
        s3: As for `tools_of`.

    Returns:
        The document, and the version of the object that was read; None where there is none.

    Raises:
        DocumentRefusedError: It is no OpenAPI document in JSON.
        UnreadableError: As for `tools_of`.
    """
    if document.inline is not None:
        value, version = _parsed(document.inline), None
    else:
        value, version = _json_of(_source(document), s3)
    named = value.get("openapi") if isinstance(value, dict) else None
    if not isinstance(named, str) or _OPENAPI.fullmatch(named) is None:
        raise DocumentRefusedError(
            "an object with openapi 3.0 or 3.1", what="no OpenAPI document in JSON"
        )
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        # Python reads NaN, Infinity and 1e999, which JSON has not.
        raise DocumentRefusedError("finite numbers", what="a number that JSON has not") from None
    if not is_unicode(text):
        raise DocumentRefusedError("texts that UTF-8 can carry", what="half a surrogate pair")
    return text, version


def operations_of(document: str) -> list[str]:
    """The names of the tools of a document: its operations' ids.

    AgentCore makes no tool of an operation without one (developer guide, "OpenAPI schema targets").

    Raises:
        DocumentRefusedError: It has none, or more than 500.
    """
    paths = json.loads(document).get("paths")
    found = [
        operation["operationId"]
        for item in (paths.values() if isinstance(paths, dict) else ())
        if isinstance(item, dict)
        for method, operation in item.items()
        if method in METHODS
        and isinstance(operation, dict)
        and isinstance(operation.get("operationId"), str)
    ]
    if not found or len(found) > _MOST_OPERATIONS:
        raise DocumentRefusedError(
            f"1 to {_MOST_OPERATIONS}", what=f"{len(found)} operations with an operationId"
        )
    return found


def _source(document: ToolSchema | OpenApi) -> Source:
    source = document.source
    if source is None:
        raise DocumentRefusedError("inline, or bucket and key", what="nothing")
    return source


def _json_of(source: Source, s3: Callable[[], Any]) -> tuple[Any, str | None]:
    body, pinned = read_latest(s3(), source)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise DocumentRefusedError("JSON in UTF-8", what="what is no UTF-8") from None
    return _parsed(text), pinned.version_id


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DocumentRefusedError("JSON", what="what is no JSON") from None
