"""One call of a runtime, with a bearer token or with SigV4, and its answer.

boto3 cannot send a bearer token to InvokeAgentRuntime, so such a call is plain HTTPS to the same URL as boto3's. Paths,
headers and query are those of botocore's model of `bedrock-agentcore`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote

from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnectionError
from pydantic import SecretStr

from lifecycle.clients import Clients
from lifecycle.smoke_test.bounded import MAX_BYTES, TooLateError, read, within
from lifecycle.smoke_test.untrusted import UNREADABLE, is_object, json_value

SESSION_HEADER = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
_BEFORE_PARSE = "before-parse.bedrock-agentcore.InvokeAgentRuntime"
JSON_TYPE = "application/json"
EVENT_STREAM = "text/event-stream"


# botocore's errors for a missing or incomplete answer; they have no more specific base class in common.
_UNANSWERED = (HTTPClientError, NoConnectionError, IncompleteReadError)


@dataclass(frozen=True)
class Target:
    """The runtime to call, and the session.

    Attributes:
        arn: The runtime's ARN.
        qualifier: The endpoint's name, `DEFAULT` or `live`.
        session_id: The session, 33 to 256 characters.
    """

    arn: str
    qualifier: str
    session_id: str


@dataclass(frozen=True)
class Message:
    """What to send.

    Attributes:
        body: The payload, JSON.
        mcp_session_id: For MCP: the session that the server named, if any.
        mcp_version: For MCP: the protocol version that was agreed on.
        mcp_method: For MCP from 2026-07-28 on: the method of the body.
        mcp_name: For MCP from 2026-07-28 on: the name of the tool that is called, as a header carries it.
    """

    body: bytes
    mcp_session_id: str | None = None
    mcp_version: str | None = None
    mcp_method: str | None = None
    mcp_name: str | None = None


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        status: The HTTP status; None when there was no answer in time.
        code: AgentCore's name of the error, or the status's phrase, or why there is no answer.
        body: The text of the body, at most `MAX_BYTES` of it.
        content_type: Without parameters, lower case.
        mcp_session_id: The session id from an MCP server.
    """

    status: int | None
    code: str
    body: str = ""
    content_type: str = ""
    mcp_session_id: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Status and code on one line, such as `403 AccessDeniedException`."""
        return self.code if self.status is None else f"{self.status} {self.code}"


class Caller(Protocol):
    """Something that can call a runtime and stop its session."""

    def invoke(self, target: Target, message: Message, seconds: float) -> Answer:
        """Send a message; returns an answer without status when it takes longer than `seconds`."""

    def stop(self, target: Target, seconds: float) -> Answer:
        """Stop the target's session."""


class BearerCaller:
    """Calls with a bearer token, or without any authorization when the token is None."""

    def __init__(self, clients: Clients, token: SecretStr | None) -> None:
        self._clients = clients
        self._token = token

    def invoke(self, target: Target, message: Message, seconds: float) -> Answer:
        """See `Caller`."""
        headers = {
            "Content-Type": JSON_TYPE,
            "Accept": f"{JSON_TYPE}, {EVENT_STREAM}",
            "Mcp-Session-Id": message.mcp_session_id,
            "Mcp-Protocol-Version": message.mcp_version,
            "Mcp-Method": message.mcp_method,
            "Mcp-Name": message.mcp_name,
        }
        return self._post(target, "invocations", headers, message.body, seconds)

    def stop(self, target: Target, seconds: float) -> Answer:
        """See `Caller`."""
        return self._post(target, "stopruntimesession", {"Content-Type": JSON_TYPE}, b"{}", seconds)

    def _post(
        self,
        target: Target,
        action: str,
        headers: Mapping[str, str | None],
        body: bytes,
        seconds: float,
    ) -> Answer:
        base = str(self._clients.agentcore.meta.endpoint_url).rstrip("/")
        sent = {key: value for key, value in headers.items() if value is not None}
        # A small compressed body could become a huge one.
        sent["Accept-Encoding"] = "identity"
        sent[SESSION_HEADER] = target.session_id
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        url = f"{base}/runtimes/{quote(target.arn, safe='')}/{action}"

        def post() -> Answer:
            with (
                self._clients.http(seconds) as http,
                http.stream(
                    "POST",
                    url,
                    params={"qualifier": target.qualifier},
                    headers=sent,
                    content=body,
                ) as response,
            ):
                text = _text(read(response.iter_raw(), seconds))
            return Answer(
                status=response.status_code,
                code=_code(response.status_code, response.headers, text),
                body=text,
                content_type=_media_type(response.headers.get("content-type")),
                mcp_session_id=response.headers.get("mcp-session-id"),
            )

        try:
            return within(seconds, post)
        except (*UNREADABLE, TooLateError) as error:
            return Answer(None, _no_answer(error, seconds))


class SigV4Caller:
    """Calls with the function's own AWS credentials, through boto3."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def invoke(self, target: Target, message: Message, seconds: float) -> Answer:
        """See `Caller`."""
        optional = {
            "mcpSessionId": message.mcp_session_id,
            "mcpProtocolVersion": message.mcp_version,
            "mcpMethod": message.mcp_method,
            "mcpName": message.mcp_name,
        }

        kept: list[tuple[str, str]] = []

        def keep(response_dict: dict[str, Any], **_: Any) -> None:
            raw = response_dict.get("body")
            if isinstance(raw, bytes):
                media_type = _media_type(response_dict["headers"].get("content-type"))
                kept.append((_text(raw[:MAX_BYTES]), media_type))
                # botocore fails on what is no object, and on what is nested deep.
                response_dict["body"] = raw if is_object(raw) else b"{}"

        def send(client: Any) -> Any:
            return client.invoke_agent_runtime(
                agentRuntimeArn=target.arn,
                qualifier=target.qualifier,
                runtimeSessionId=target.session_id,
                contentType=JSON_TYPE,
                accept=f"{JSON_TYPE}, {EVENT_STREAM}",
                payload=message.body,
                **{key: value for key, value in optional.items() if value is not None},
            )

        def invoke() -> Answer:
            client = self._clients.agentcore_within(seconds)
            # botocore keeps only the message of a refusal; an MCP server's refusal is in its body.
            client.meta.events.register(_BEFORE_PARSE, keep, unique_id=_BEFORE_PARSE)
            try:
                response = send(client)
            finally:
                client.meta.events.unregister(_BEFORE_PARSE, unique_id=_BEFORE_PARSE)
            # The body's own context manager returns the raw connection, not the body.
            with closing(response["response"]) as stream:
                text = _text(read(stream.iter_chunks(), seconds))
            status = response["ResponseMetadata"]["HTTPStatusCode"]
            return Answer(
                status=status,
                code=_code(status, {}, ""),
                body=text,
                content_type=_media_type(response.get("contentType")),
                mcp_session_id=response.get("mcpSessionId"),
            )

        answer = _answered(invoke, seconds)
        if kept and answer.status is not None:
            text, media_type = kept[-1]
            return replace(answer, body=text, content_type=media_type)
        return answer

    def stop(self, target: Target, seconds: float) -> Answer:
        """See `Caller`."""

        def stop() -> Answer:
            response = self._clients.agentcore_within(seconds).stop_runtime_session(
                agentRuntimeArn=target.arn,
                qualifier=target.qualifier,
                runtimeSessionId=target.session_id,
            )
            status = response["ResponseMetadata"]["HTTPStatusCode"]
            return Answer(status, _code(status, {}, ""))

        return _answered(stop, seconds)


def _answered(call: Callable[[], Answer], seconds: float) -> Answer:
    try:
        return within(seconds, call)
    except ClientError as error:
        return _refusal(error)
    except (*_UNANSWERED, TooLateError) as error:
        return Answer(None, _no_answer(error, seconds))


def _text(body: bytes) -> str:
    return body.decode("utf-8", errors="replace")


def _refusal(error: ClientError) -> Answer:
    details = error.response["Error"]
    return Answer(
        status=error.response["ResponseMetadata"]["HTTPStatusCode"],
        code=str(details.get("Code", "Unknown")),
        body=str(details.get("Message", "")),
    )


def _code(status: int, headers: Mapping[str, str], body: str) -> str:
    named = headers.get("x-amzn-errortype", "").split(":")[0]
    if not named and status >= HTTPStatus.BAD_REQUEST:
        named = _named_in(body)
    if not named:
        try:
            named = HTTPStatus(status).phrase
        except ValueError:
            named = "(no phrase)"
    return named.rpartition("#")[2]


def _named_in(body: str) -> str:
    try:
        value: Any = json_value(body)
    except ValueError:
        return ""
    named = (value.get("__type") or value.get("code") or "") if isinstance(value, dict) else ""
    return named if isinstance(named, str) else ""


def _media_type(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()


def _no_answer(error: Exception, seconds: float) -> str:
    if isinstance(error, TooLateError) or "Timeout" in type(error).__name__:
        return f"no answer within {seconds:.1f} s"
    return f"no answer ({type(error).__name__})"
