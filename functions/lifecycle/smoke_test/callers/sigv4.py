"""Call a runtime with the function's own AWS credentials, through boto3."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnectionError

from lifecycle.clients import Clients
from lifecycle.provider.bounded import MAX_BYTES, TooLateError, read, within
from lifecycle.smoke_test.invocation import (
    JSON_TYPE,
    Answer,
    Message,
    Target,
    code_of,
    media_type,
    no_answer,
    text_of,
)
from lifecycle.smoke_test.untrusted import is_object

# botocore's errors for a missing or incomplete answer; they have no more specific base class in common.
_UNANSWERED = (HTTPClientError, NoConnectionError, IncompleteReadError)


class SigV4Caller:
    """Calls with the function's own AWS credentials."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    @property
    def signs(self) -> bool:
        """See `Caller`."""
        return True

    def authorization(self, url: str, headers: Mapping[str, str]) -> dict[str, str]:
        """See `Caller`. The signature covers the given headers, too."""
        meta = self._clients.agentcore.meta
        request = AWSRequest("GET", url, headers=dict(headers))
        credentials = self._clients.credentials.get_frozen_credentials()
        SigV4Auth(credentials, meta.service_model.signing_name, meta.region_name).add_auth(request)
        return {name: value for name, value in request.headers.items() if name not in headers}

    def invoke(self, target: Target, message: Message, seconds: float) -> Answer:
        """See `Caller`. botocore reads the whole body of a card, and of an error; `MAX_BYTES` of it are kept."""
        kept: list[tuple[str, str]] = []

        def invoke() -> Answer:
            client = self._clients.agentcore_within(seconds)
            with _watched(client, message, kept):
                return (
                    _card(client, target)
                    if message.card
                    else _send(client, target, message, seconds)
                )

        answer = _answered(invoke, seconds)
        if kept and answer.status is not None:
            text, kind = kept[-1]
            return replace(answer, body=text, content_type=kind)
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
            return Answer(status, code_of(status, {}, ""))

        return _answered(stop, seconds)


def _send(client: Any, target: Target, message: Message, seconds: float) -> Answer:
    optional = {
        "mcpSessionId": message.mcp_session_id,
        "mcpProtocolVersion": message.mcp_version,
        "mcpMethod": message.mcp_method,
        "mcpName": message.mcp_name,
    }
    response = client.invoke_agent_runtime(
        agentRuntimeArn=target.arn,
        qualifier=target.qualifier,
        runtimeSessionId=target.session_id,
        contentType=JSON_TYPE,
        accept=message.accept,
        payload=message.body,
        **{key: value for key, value in optional.items() if value is not None},
    )
    # The body's own context manager returns the raw connection, not the body.
    with closing(response["response"]) as stream:
        text = text_of(read(stream.iter_chunks(), seconds))
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return Answer(
        status=status,
        code=code_of(status, {}, ""),
        body=text,
        content_type=media_type(response.get("contentType")),
        mcp_session_id=response.get("mcpSessionId"),
    )


def _card(client: Any, target: Target) -> Answer:
    response = client.get_agent_card(
        agentRuntimeArn=target.arn,
        qualifier=target.qualifier,
        runtimeSessionId=target.session_id,
    )
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return Answer(status, code_of(status, {}, ""))


@contextmanager
def _watched(client: Any, message: Message, kept: list[tuple[str, str]]) -> Iterator[None]:
    """Keep the body that botocore is about to parse, and send the header that botocore's model does not have."""

    def keep(response_dict: dict[str, Any], **_: Any) -> None:
        raw = response_dict.get("body")
        if isinstance(raw, bytes):
            kind = media_type(response_dict["headers"].get("content-type"))
            kept.append((text_of(raw[:MAX_BYTES]), kind))
            # botocore fails on what is no object, and on what is nested deep.
            response_dict["body"] = raw if is_object(raw) else b"{}"

    def add(params: dict[str, Any], **_: Any) -> None:
        if message.a2a_version is not None:
            params["headers"]["A2A-Version"] = message.a2a_version

    # botocore keeps only the message of a refusal; what an agent of MCP or A2A says is in its body.
    handlers: dict[str, Callable[..., None]] = {"before-parse": keep, "before-call": add}
    names = {event: f"{event}.bedrock-agentcore.{message.operation}" for event in handlers}
    for event, handler in handlers.items():
        client.meta.events.register(names[event], handler, unique_id=names[event])
    try:
        yield
    finally:
        for name in names.values():
            client.meta.events.unregister(name, unique_id=name)


def _answered(call: Callable[[], Answer], seconds: float) -> Answer:
    try:
        return within(seconds, call)
    except ClientError as error:
        return _refusal(error)
    except (*_UNANSWERED, TooLateError) as error:
        return no_answer(error, seconds)


def _refusal(error: ClientError) -> Answer:
    details = error.response["Error"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    return Answer(
        status=status,
        # A body of JSON-RPC or of events names no code.
        code=str(details.get("Code") or code_of(status, {}, "")),
        body=str(details.get("Message", "")),
    )
