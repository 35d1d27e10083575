"""The model: no network, no chance; the same conversation always gets the same reply.

It does what a tool-using model does with questions about the weather and arithmetic: it asks for a tool
that the request offers, and after the result it answers in the question's language with what the tool said.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from local.services.bedrock import arithmetic, tools, weather
from local.services.bedrock.conversation import Conversation, ToolAnswer

StopReason = Literal["end_turn", "tool_use", "max_tokens"]

_JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


@dataclass(frozen=True)
class ToolUse:
    """One request of the model to use a tool."""

    id: str
    name: str
    input: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model says.

    Attributes:
        text: What it says first.
        tool_uses: The tools it asks for after that.
        stop_reason: Why it stopped, as in Converse's `stopReason`.
    """

    text: str
    tool_uses: list[ToolUse] = field(default_factory=list)
    stop_reason: StopReason = "end_turn"

    def content(self) -> list[dict[str, Any]]:
        """Return the content blocks of a Converse message."""
        uses = [
            {"toolUse": {"toolUseId": use.id, "name": use.name, "input": use.input}}
            for use in self.tool_uses
        ]
        return [{"text": self.text}, *uses]


def reply(conversation: Conversation, max_tokens: int | None = None) -> Reply:
    """Reply to a conversation.

    Args:
        conversation: What was asked and what the tools said.
        max_tokens: The most tokens the text may have; `None` is no limit.

    Returns:
        Tool uses for a question that a tool on offer can answer, the tools' answers when they have
        answered, and else a sentence that says what this assistant can do.
    """
    japanese = bool(_JAPANESE.search(conversation.question))
    if conversation.answered:
        text = "\n".join(_told(answer, japanese=japanese) for answer in conversation.answers)
        return _cut(text or ("承知しました。" if japanese else "Understood."), max_tokens)
    wanted = _wanted(conversation)
    if wanted:
        uses = [
            ToolUse(_use_id(conversation, index, name), name, tool_input)
            for index, (name, tool_input) in enumerate(wanted)
        ]
        text = "確認します。" if japanese else "Let me check."
        return Reply(text, uses, "tool_use")
    return _cut(_offer(conversation, japanese=japanese), max_tokens)


def count_tokens(text: str) -> int:
    """Estimate tokens: four ASCII characters each, or one other character."""
    ascii_letters = sum(character.isascii() for character in text)
    return len(text) - ascii_letters + -(-ascii_letters // 4)


def _wanted(conversation: Conversation) -> list[tuple[str, dict[str, Any]]]:
    question, specs = conversation.question, conversation.specs
    wanted: list[tuple[str, dict[str, Any]]] = []
    if weather.about_weather(question) and (spec := tools.find(specs, tools.WEATHER)):
        filled = tools.fill(spec, tools.PLACE, weather.place_in(question))
        if filled is not None:
            wanted.append((spec["name"], filled))
    for expression in arithmetic.expressions_in(question):
        if spec := tools.find(specs, tools.CALCULATOR):
            filled = tools.fill(spec, tools.EXPRESSION, expression)
            if filled is not None:
                wanted.append((spec["name"], filled))
    if conversation.forced:
        return _forced(wanted, conversation.forced, specs, question)
    return wanted


def _forced(
    wanted: list[tuple[str, dict[str, Any]]],
    forced: str,
    specs: list[Mapping[str, Any]],
    question: str,
) -> list[tuple[str, dict[str, Any]]]:
    fitting = [use for use in wanted if forced in ("*", use[0])]
    spec = next((spec for spec in specs if forced in ("*", spec["name"])), None)
    if fitting or spec is None:
        return fitting
    return [(spec["name"], tools.fill(spec, tools.EXPRESSION, question) or {})]


def _use_id(conversation: Conversation, index: int, name: str) -> str:
    seed = json.dumps([conversation.question, index, name])
    return "tooluse_" + hashlib.sha256(seed.encode()).hexdigest()[:22]


def _told(answer: ToolAnswer, *, japanese: bool) -> str:
    text = answer.text.strip()
    if answer.failed:
        text = re.sub(r"^Error:\s*", "", text)
        if japanese:
            return f"{answer.name} ツールがエラーを返しました: {text}"
        return f"The {answer.name} tool reported an error: {text}"
    result = re.fullmatch(r"Result:\s*(.+)", text, re.DOTALL)
    if result:
        value = result.group(1)
        return f"計算結果は {value} です。" if japanese else f"The result is {value}."
    return text


def _offer(conversation: Conversation, *, japanese: bool) -> str:
    sentence = re.split(r"(?<=[。.!！])|\n", conversation.system.strip(), maxsplit=1)[0]
    who = re.sub(r"^あなたは", "私は", sentence)
    who = re.sub(r"^You are\b", "I am", who)
    if not who:
        names = ", ".join(spec["name"] for spec in conversation.specs)
        if japanese:
            who = f"使えるツールは {names} です。" if names else ""
        else:
            who = f"The tools I have are: {names}." if names else ""
    if japanese:
        return f"恐れ入りますが、そのご質問にはお答えできません。{who}"
    return f"I am sorry, I cannot help with that. {who}".strip()


def _cut(text: str, max_tokens: int | None) -> Reply:
    if max_tokens is None or count_tokens(text) <= max_tokens:
        return Reply(text)
    while text and count_tokens(text) > max_tokens:
        text = text[:-1]
    return Reply(text, stop_reason="max_tokens")
