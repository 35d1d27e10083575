"""Reads a Converse request: what was asked, what the tools said, and whether the service would take it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class InvalidConversationError(ValueError):
    """The messages are not a conversation; the service answers `ValidationException`."""


@dataclass(frozen=True)
class ToolAnswer:
    """What one tool said.

    Attributes:
        name: The tool.
        text: Its result.
        failed: Whether the result is an error.
    """

    name: str
    text: str
    failed: bool


@dataclass(frozen=True)
class Conversation:
    """A Converse request, as the model sees it.

    Attributes:
        question: The user's last text.
        answers: What the tools said since then.
        answered: Whether the last message carries tool results.
        system: The system prompt.
        specs: The `toolSpec`s on offer.
        forced: The tool that must be used, `*` for any, or `None`.
    """

    question: str
    answers: list[ToolAnswer] = field(default_factory=list)
    answered: bool = False
    system: str = ""
    specs: list[Mapping[str, Any]] = field(default_factory=list)
    forced: str | None = None


def read(request: Mapping[str, Any]) -> Conversation:
    """Read and check a Converse request.

    Args:
        request: The request, already valid against botocore's input shape.

    Returns:
        The conversation.

    Raises:
        InvalidConversationError: The order of the messages or their blocks is one the service refuses.
    """
    messages = request.get("messages") or []
    specs = [
        t["toolSpec"] for t in request.get("toolConfig", {}).get("tools", []) if "toolSpec" in t
    ]
    _check(messages, has_tools=bool(specs))
    question_at, question = 0, ""
    names: dict[str, str] = {}
    for index, message in enumerate(messages):
        for block in message["content"]:
            if "toolUse" in block:
                names[block["toolUse"]["toolUseId"]] = block["toolUse"]["name"]
        texts = [block["text"] for block in message["content"] if "text" in block]
        if message["role"] == "user" and texts:
            question_at, question = index, "\n".join(texts)
    results = [
        block["toolResult"]
        for message in messages[question_at:]
        for block in message["content"]
        if "toolResult" in block
    ]
    return Conversation(
        question=question,
        answers=[
            ToolAnswer(names[r["toolUseId"]], _text(r["content"]), r.get("status") == "error")
            for r in results
        ],
        answered=any("toolResult" in block for block in messages[-1]["content"]),
        system="\n".join(b["text"] for b in request.get("system", []) if "text" in b),
        specs=specs,
        forced=_forced(request.get("toolConfig", {}).get("toolChoice", {})),
    )


def _forced(choice: Mapping[str, Any]) -> str | None:
    if "tool" in choice:
        return str(choice["tool"]["name"])
    return "*" if "any" in choice else None


def _text(content: list[Mapping[str, Any]]) -> str:
    return "\n".join(
        str(b["text"] if "text" in b else b["json"]) for b in content if {"text", "json"} & b.keys()
    )


def _check(messages: list[Mapping[str, Any]], *, has_tools: bool) -> None:
    if not messages or messages[0]["role"] != "user":
        raise InvalidConversationError("A conversation must start with a user message.")
    if messages[-1]["role"] != "user":
        raise InvalidConversationError("A conversation must end with a user message.")
    open_uses: set[str] = set()
    for index, message in enumerate(messages):
        content = message["content"]
        if not content:
            raise InvalidConversationError(f"The content field at messages.{index} is empty.")
        if index and messages[index - 1]["role"] == message["role"]:
            raise InvalidConversationError(
                f"Roles must alternate between user and assistant, but messages.{index} repeats"
                f" {message['role']}."
            )
        for at, block in enumerate(content):
            if "text" in block and not block["text"].strip():
                raise InvalidConversationError(
                    f"The text field in the ContentBlock object at messages.{index}.content.{at} is"
                    " blank. Add text to the text field, and try again."
                )
        uses = {b["toolUse"]["toolUseId"] for b in content if "toolUse" in b}
        results = {b["toolResult"]["toolUseId"] for b in content if "toolResult" in b}
        if (uses or results) and not has_tools:
            raise InvalidConversationError(
                "The toolConfig field must be defined when using toolUse and toolResult content blocks."
            )
        if results - open_uses:
            raise InvalidConversationError(
                f"messages.{index} has toolResult blocks without a toolUse in the turn before:"
                f" {', '.join(sorted(results - open_uses))}"
            )
        if open_uses - results:
            raise InvalidConversationError(
                f"Expected toolResult blocks at messages.{index}.content for the following Ids:"
                f" {', '.join(sorted(open_uses - results))}"
            )
        open_uses = uses
