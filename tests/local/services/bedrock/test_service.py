"""The Bedrock API, measured by botocore: its parser reads every answer, its validator checks it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters

from local.services.bedrock import eventstream

MODEL = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}}
WEATHER = {"toolSpec": {"name": "weather", "inputSchema": {"json": SCHEMA}}}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": c} if isinstance(c, str) else c for c in content]}


def check_shape(client: Any, answer: dict[str, Any]) -> None:
    shape = client.meta.service_model.operation_model("Converse").output_shape
    validate_parameters({k: v for k, v in answer.items() if k != "ResponseMetadata"}, shape)


def test_converse_answers_in_the_modelled_shape(bedrock: Any) -> None:
    answer = bedrock.converse(
        modelId=MODEL,
        messages=[user("大阪の天気は？")],
        toolConfig={"tools": [WEATHER]},
    )
    check_shape(bedrock, answer)
    assert answer["stopReason"] == "tool_use"
    text, use = answer["output"]["message"]["content"]
    assert text["text"]
    assert use["toolUse"]["input"] == {"place": "大阪"}
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"] > 10


def test_the_stream_says_what_converse_says(bedrock: Any) -> None:
    request: dict[str, Any] = {
        "modelId": MODEL,
        "messages": [user("Weather in Salt Lake City?")],
        "toolConfig": {"tools": [WEATHER]},
    }
    blocks: dict[int, dict[str, Any]] = {}
    events = list(bedrock.converse_stream(**request)["stream"])
    shapes = bedrock.meta.service_model.shape_for("ConverseStreamOutput").members
    for event in events:
        ((name, body),) = event.items()
        validate_parameters(body, shapes[name])
        if name == "contentBlockStart":
            blocks[body["contentBlockIndex"]] = {**body["start"]["toolUse"], "input": ""}
        if name == "contentBlockDelta":
            block = blocks.setdefault(body["contentBlockIndex"], {"text": ""})
            if "text" in body["delta"]:
                block["text"] += body["delta"]["text"]
            else:
                block["input"] += body["delta"]["toolUse"]["input"]
    names = [next(iter(event)) for event in events]
    assert names[0] == "messageStart"
    assert names[-2:] == ["messageStop", "metadata"]
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"

    whole = bedrock.converse(**request)["output"]["message"]["content"]
    assert blocks[0] == whole[0]
    assert {**blocks[1], "input": json.loads(blocks[1]["input"])} == whole[1]["toolUse"]


def test_event_stream_messages_are_read_by_botocore() -> None:
    buffer = EventStreamBuffer()
    data = eventstream.event("名", b"{}") + eventstream.encode({"a": ""}, b"")
    for byte in data:
        buffer.add_data(bytes([byte]))
    first, second = list(buffer)
    assert first.headers == {
        ":event-type": "名",
        ":content-type": "application/json",
        ":message-type": "event",
    }
    assert first.payload == b"{}"
    assert second.headers == {"a": ""}


TOOL_USE = {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}}
TOOL_RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "晴れ"}]}}
ASSISTANT = {"role": "assistant", "content": [TOOL_USE]}


@pytest.mark.parametrize(
    ("messages", "tools", "said"),
    [
        ([], [], "start with a user"),
        ([{"role": "assistant", "content": [{"text": "a"}]}], [], "start with a user"),
        ([user("a"), {"role": "assistant", "content": [{"text": "b"}]}], [], "end with a user"),
        ([user("a"), user("b")], [], "alternate"),
        ([user(" ")], [], "blank"),
        ([user()], [], "empty"),
        ([user("a"), ASSISTANT, user(TOOL_RESULT)], [], "toolConfig"),
        ([user("a"), ASSISTANT, user("b")], [WEATHER], "Expected toolResult"),
        ([user(TOOL_RESULT)], [WEATHER], "without a toolUse"),
        ([{"role": "system", "content": [{"text": "a"}]}], [], "start with a user"),
    ],
)
def test_what_the_service_refuses(
    bedrock: Any, messages: list[Any], tools: list[Any], said: str
) -> None:
    request = {"toolConfig": {"tools": tools}} if tools else {}
    with pytest.raises(ClientError, match=said) as caught:
        bedrock.converse(modelId=MODEL, messages=messages, **request)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize("model_id", ["nobody.model-v1:0", "xx." + MODEL, MODEL + "0"])
def test_an_unknown_model_is_refused(bedrock: Any, model_id: str) -> None:
    with pytest.raises(ClientError) as caught:
        bedrock.converse(modelId=model_id, messages=[user("a")])
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize(
    "model_id",
    [
        MODEL.removeprefix("global."),
        "arn:aws:bedrock:us-east-1::foundation-model/" + MODEL.removeprefix("global."),
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/" + MODEL,
    ],
)
def test_a_model_has_many_names(bedrock: Any, model_id: str) -> None:
    assert bedrock.converse(modelId=model_id, messages=[user("a")])["stopReason"] == "end_turn"


def test_a_cut_answer_says_so(bedrock: Any) -> None:
    answer = bedrock.converse(
        modelId=MODEL, messages=[user("Hello")], inferenceConfig={"maxTokens": 3}
    )
    check_shape(bedrock, answer)
    assert answer["stopReason"] == "max_tokens"


@pytest.mark.parametrize(
    ("path", "authorization", "body", "status", "code"),
    [
        ("converse", "", b"{}", 403, "AccessDeniedException"),
        ("converse", "Bearer x", b"{}", 403, "AccessDeniedException"),
        ("converse", "AWS4-HMAC-SHA256 x", b"nonsense", 400, "SerializationException"),
        ("converse", "AWS4-HMAC-SHA256 x", b"[]", 400, "SerializationException"),
        ("converse", "AWS4-HMAC-SHA256 x", b'{"messages": 1}', 400, "ValidationException"),
        ("invoke", "AWS4-HMAC-SHA256 x", b"{}", 404, "UnknownOperationException"),
    ],
)
def test_requests_that_boto3_would_not_send(
    bedrock_url: str, path: str, authorization: str, body: bytes, status: int, code: str
) -> None:
    answer = httpx.post(
        f"{bedrock_url}/model/{MODEL}/{path}",
        content=body,
        headers={"Authorization": authorization},
    )
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (status, code)
