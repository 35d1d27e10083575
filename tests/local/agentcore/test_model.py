"""The model-driven layer by itself: patterns, values, routes, loud faults."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.test import Client

from local.agentcore.model.app import ModelApp
from local.agentcore.model.errors import ServiceError
from local.agentcore.model.patterns import compile_pattern
from local.agentcore.model.protocol import Routes, load_model, to_json
from local.agentcore.model.validation import find_faults

CONTROL = load_model("bedrock-agentcore-control")
DATA = load_model("bedrock-agentcore")


@pytest.mark.parametrize("model", [CONTROL, DATA], ids=["control", "data"])
def test_every_pattern_of_the_service_can_be_read(model: Any) -> None:
    patterns = {
        model.shape_for(name).metadata["pattern"]
        for name in model.shape_names
        if "pattern" in model.shape_for(name).metadata
    }
    assert len(patterns) > 50
    for pattern in patterns:
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        (r"[^\p{C}]*", "plain text", "a\x00b"),
        (r"\p{L}+", "été", "a1"),
        (r"\P{L}", "1", "a"),
        (r"[\p{Alpha}_]+", "a_B", "é"),
        (r"\p{IsLu}+", "ÀB", "a"),
        (r"(?<year>\d{4})-\k", None, None),
        (r"(?<year>\d{4})", "2026", "２０２６"),
        (r"\w+", "abc", "é"),
        (r"a\z", "a", "a\n"),
        (r"\h+", " \t", "\n"),
        (r"[]a]+", "]a", "b"),
        (r"[^]]", "a", "]"),
        (r"(?<=x)y|y", "y", "x"),
        (r"\[x\]", "[x]", "x"),
    ],
)
def test_constructs_that_python_spells_otherwise(
    pattern: str, fits: str | None, does_not: str | None
) -> None:
    if fits is None or does_not is None:
        with pytest.raises(ValueError, match="no translation"):
            compile_pattern(pattern)
        return
    assert compile_pattern(pattern).fullmatch(fits)
    assert not compile_pattern(pattern).fullmatch(does_not)


@pytest.mark.parametrize("pattern", ["[a-z&&[^b]]", "[a[bc]]", r"[\P{L}]", r"\p{Nonsense}"])
def test_what_cannot_be_translated_is_said(pattern: str) -> None:
    with pytest.raises(ValueError, match="no "):
        compile_pattern(pattern)


def test_a_pattern_holds_for_the_whole_value() -> None:
    shape = CONTROL.shape_for("AgentRuntimeName")
    assert find_faults(shape, "agent_1") == []
    for wrong in ("1agent", "an-agent", "agent\n", "x" * 49, ""):
        assert find_faults(shape, wrong), wrong


def test_timestamps_are_written_as_the_model_says() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 600000, tzinfo=UTC)
    assert to_json(CONTROL.shape_for("DateTimestamp"), moment) == "2026-01-02T03:04:05.600000Z"


def test_routes_are_those_of_the_model() -> None:
    routes = Routes(CONTROL, ["GetAgentRuntime", "ListTagsForResource", "ListAgentRuntimes"])
    for path in ("/runtimes/a-0123456789/", "/runtimes/a-0123456789"):
        operation, members = routes.find("GET", path) or (None, {})
        assert operation is not None
        assert (operation.name, members) == ("GetAgentRuntime", {"agentRuntimeId": "a-0123456789"})
    assert routes.find("PATCH", "/runtimes/a-0123456789/") is None
    _, members = routes.find("GET", "/tags/arn%3Aaws%3Ax%2Fy") or (None, {})
    assert members == {"resourceArn": "arn:aws:x/y"}
    assert routes.find("GET", "/tags/arn:aws:x/y") is None


def serve(handler: Any) -> Any:
    app = ModelApp("bedrock-agentcore-control", {"ListAgentRuntimes": handler})
    return Client(app).post("/runtimes/")


@pytest.mark.parametrize(
    "output",
    [
        {},
        {"agentRuntimes": [{"agentRuntimeId": "x"}]},
        {"agentRuntimes": "text"},
        {"agentRuntimes": [], "nextToken": "with space"},
    ],
)
def test_an_answer_that_breaks_the_model_is_loud(
    output: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = serve(lambda request: output)
    assert answer.status_code == 500
    assert answer.headers["x-amzn-errortype"] == "InternalServerException"
    assert "breaks its own model" in caplog.text


def test_errors_have_the_status_of_their_trait() -> None:
    statuses = {
        "AccessDeniedException": 403,
        "ConflictException": 409,
        "ResourceNotFoundException": 404,
        "ServiceQuotaExceededException": 402,
        "ThrottlingException": 429,
    }
    for code, status in statuses.items():

        def fail(request: dict[str, Any], code: str = code) -> dict[str, Any]:
            raise ServiceError(code, "no")

        answer = serve(fail)
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (status, code)
        assert json.loads(answer.data) == {"message": "no"}
        assert answer.headers["x-amzn-RequestId"]


def test_the_gateways_request_id_is_answered_back() -> None:
    class Call:
        request_id = "from-the-gateway"

    app = ModelApp(
        "bedrock-agentcore-control", {"ListAgentRuntimes": lambda request: {"agentRuntimes": []}}
    )
    answer = Client(app).post("/runtimes/", environ_overrides={"local.call": Call()})
    assert answer.headers["x-amzn-RequestId"] == "from-the-gateway"


def test_an_unknown_path_is_an_unknown_operation() -> None:
    answer = Client(ModelApp("bedrock-agentcore-control", {})).get("/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"
