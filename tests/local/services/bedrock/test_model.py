"""What the deterministic model does with questions and with what tools said."""

from __future__ import annotations

from typing import Any

import pytest

from local.services.bedrock import tools
from local.services.bedrock.arithmetic import expressions_in
from local.services.bedrock.conversation import Conversation, ToolAnswer
from local.services.bedrock.model import reply
from local.services.bedrock.weather import about_weather, place_in


def spec(name: str, *properties: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {each: {"type": "string"} for each in properties},
        "required": list(required),
    }
    return {"name": name, "inputSchema": {"json": schema}}


WEATHER = spec("weather", "place")
CALCULATOR = spec("calculator", "mode", "expression", required=("expression",))


@pytest.mark.parametrize(
    ("text", "expressions"),
    [
        ("123 × 456 は？", ["123 * 456"]),
        ("１２３＋４５６は？", ["123 + 456"]),
        ("1,234 − 34 = ?", ["1234 - 34"]),
        ("(1+2)*3", ["(1 + 2) * 3"]),
        ("6÷4", ["6 / 4"]),
        ("2^10", ["2 ** 10"]),
        ("5² + 1", ["5 ** 2 + 1"]),
        ("√16", ["sqrt(16)"]),
        ("-5 + 3", ["-5 + 3"]),
        ("3 x 4", ["3 * 4"]),
        ("3に5を足すと？", ["3 + 5"]),
        ("3足す5引く1", ["3 + 5 - 1"]),
        ("100から7を引いて", ["100 - 7"]),
        ("6に7を掛けると", ["6 * 7"]),
        ("12を4で割ると", ["12 / 4"]),
        ("2の10乗", ["2 ** 10"]),
        ("9の平方根", ["sqrt(9)"]),
        ("200の15%は", ["200 * 15 / 100"]),
        ("What is 7 plus 5 times 2?", ["7 + 5 * 2"]),
        ("subtract 3 from 10", ["10 - 3"]),
        ("15% of 80", ["80 * 15 / 100"]),
        ("3 to the power of 4", ["3 ** 4"]),
        ("1+1と2+2", ["1 + 1", "2 + 2"]),
        ("2026-11-23の天気", []),
        ("03-1234-5678に電話して", []),
        ("version 3 is out", []),
        ("-5", []),
        ("1 + + は", []),
    ],
)
def test_arithmetic_is_found(text: str, expressions: list[str]) -> None:
    assert expressions_in(text) == expressions


@pytest.mark.parametrize(
    ("text", "about", "place"),
    [
        ("今の天気はどうですか？", True, None),
        ("大阪の明日の天気は？", True, "大阪"),
        ("東京は今日の天気どう", True, "東京"),
        ("ニューヨークの気温", True, "ニューヨーク"),
        ("What is the weather in New York on Monday?", True, "New York"),
        ("Will it rain at Monday for Osaka?", True, "Osaka"),
        ("元気ですか？", False, None),
    ],
)
def test_weather_questions_are_found(text: str, about: bool, place: str | None) -> None:
    assert (about_weather(text), place_in(text)) == (about, place)


def test_a_question_about_both_uses_both_tools() -> None:
    answer = reply(Conversation("札幌の天気と 3+4 は？", specs=[CALCULATOR, WEATHER]))
    assert [(use.name, use.input) for use in answer.tool_uses] == [
        ("weather", {"place": "札幌"}),
        ("calculator", {"expression": "3 + 4"}),
    ]
    assert answer.stop_reason == "tool_use"
    assert len({use.id for use in answer.tool_uses}) == 2


@pytest.mark.parametrize(
    ("answer", "question", "said"),
    [
        (ToolAnswer("calculator", "Result: 7", failed=False), "3+4は？", "計算結果は 7 です。"),
        (ToolAnswer("calculator", "Result: 7", failed=False), "3+4?", "The result is 7."),
        (ToolAnswer("weather", "東京は晴れ", failed=False), "天気は", "東京は晴れ"),
        (
            ToolAnswer("weather", "Error: 圏外", failed=True),
            "天気は",
            "weather ツールがエラーを返しました: 圏外",
        ),
        (
            ToolAnswer("weather", "no network", failed=True),
            "weather?",
            "The weather tool reported an error: no network",
        ),
    ],
)
def test_it_answers_with_what_the_tool_said(answer: ToolAnswer, question: str, said: str) -> None:
    got = reply(Conversation(question, answers=[answer], answered=True, specs=[CALCULATOR]))
    assert (got.text, got.tool_uses, got.stop_reason) == (said, [], "end_turn")


@pytest.mark.parametrize("question", ["こんにちは", "3+4は？", "東京の天気は？"])
def test_without_a_tool_it_says_what_it_can_do(question: str) -> None:
    system = "あなたは、翻訳ができるアシスタントです。\n- 短く答えること。"
    got = reply(Conversation(question, system=system))
    assert got.text.endswith("私は、翻訳ができるアシスタントです。")
    assert not got.tool_uses


def test_it_speaks_the_questions_language() -> None:
    got = reply(Conversation("Who are you?", system="You are a clerk. Be brief."))
    assert got.text.endswith("I am a clerk.")


def test_a_forced_tool_is_used() -> None:
    assert reply(Conversation("hello", specs=[WEATHER], forced="weather")).tool_uses[0].input == {
        "place": "hello"
    }
    both = Conversation("天気と 1+1", specs=[CALCULATOR, WEATHER], forced="calculator")
    assert [use.name for use in reply(both).tool_uses] == ["calculator"]


def test_the_input_fits_the_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "days": {"type": "integer"},
            "units": {"type": "string", "enum": ["celsius", "kelvin"]},
            "detail": {"type": "boolean", "default": True},
            "cityName": {"type": ["null", "string"]},
        },
        "required": ["days", "units", "detail", "cityName"],
    }
    filled = tools.fill({"inputSchema": {"json": schema}}, tools.PLACE, "大阪")
    assert filled == {"cityName": "大阪", "days": 0, "units": "celsius", "detail": True}
    assert tools.fill({"inputSchema": {"json": {}}}, tools.PLACE, "大阪") == {}
    numbers = {"properties": {"a": {"type": "number"}, "b": {"type": "number"}}}
    assert tools.fill({"inputSchema": {"json": numbers}}, tools.EXPRESSION, "1 + 2") is None
