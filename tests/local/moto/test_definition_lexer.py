"""Definitions are cut into the same tokens as antlr's lexer cuts them into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from antlr4 import InputStream
from antlr4.error.ErrorListener import ErrorListener
from antlr4.Token import Token
from hypothesis import given
from hypothesis import strategies as st
from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer

from local.moto.stepfunctions.definition_lexer import TableLexer, tokens
from tests.fuzz.profile import tries

PROJECT = Path(__file__).parents[3]
DEFINITIONS = sorted((PROJECT / "statemachine").glob("*.asl.json"))
LITERALS = [name[1:-1] for name in ASLLexer.literalNames[1:]]
STRINGS = [
    *("", "$", "$$", "$.", "$[0]", "$.a.b[*]", "$$.Execution.Id", "$a", "$_1", "$1", "$ a", "$é"),
    *(".$", "a.$", "$.$", "$$.$", "a.$ ", "RoleArn.$", r"a\\.$", r"\u002e$", r"a\u00e9.$"),
    *("{%}", "{%%}", "{% $a & '\\\"' %}", "{% a %", " {% a %}", "{% a %}.$", "%}"),
    *("States.x()", "States.()", "States.(()", "States.()()", "States.x(", "States.x() "),
    *("States.ALL", "States.All", "States.Format('{}', $.x)", "States.x(\\n)", "States.\u2028()"),
    *(
        r"\"",
        r"\\",
        r"\/\b\f\n\r\t",
        r"\uD83D\uDE00",
        r"\x",
        r"\u12",
        r"\u12G4",
        "\\",
        "\t",
        "\x00",
    ),
    *("\x7f", "\x85", "\u2028", "😀", "Task", "task", "Task ", "true", "日本語"),
]
OTHERS = [
    *("0", "-0", "00", "01", "-1", "1.5", "1.", ".5", "-", "1e5", "1E+05", "1e-5", "1e", "1.5e3"),
    *("10", "+1", "truely", "True", "nullnull", "falsetrue", "NaN", "١"),
    *(" ", "\n", "\r\n", "\t", "\x0b", "\xa0", "\ufeff", '"', "'a'", "//", "\\", "#"),
]
PIECES = [*LITERALS, *(f'"{text}"' for text in STRINGS), *OTHERS]


class Said(ErrorListener):  # type: ignore[misc]
    """Keeps what a lexer says."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[int, int, str]] = []

    def syntaxError(  # noqa: N802 - antlr's name
        self, _recognizer: Any, _symbol: Any, line: int, column: int, said: str, _error: Any
    ) -> None:
        self.lines.append((line, column, said))


def cut(lexer: type[ASLLexer], text: str) -> tuple[list[tuple[Any, ...]], list[Any]]:
    """All tokens of a text with all that a parser reads of them, and what the lexer said is wrong."""
    made: Any = lexer(InputStream(text))
    said = Said()
    made.removeErrorListeners()
    made.addErrorListener(said)
    found: list[tuple[Any, ...]] = []
    while not found or found[-1][0] != Token.EOF:
        each = made.nextToken()
        assert each.source == (made, made.inputStream)
        where = (each.start, each.stop, each.line, each.column)
        found.append((each.type, each.text, *where, each.channel, each.tokenIndex))
    again = made.nextToken()
    assert (again.type, again.start, again.line, again.column) == (
        Token.EOF,
        *found[-1][2:6:2],
        found[-1][5],
    )
    return found, said.lines


def check(text: str) -> None:
    assert cut(TableLexer, text) == cut(ASLLexer, text)


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda file: str(file.name))
def test_our_definitions_have_the_same_tokens(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    check(text)
    check(json.dumps(json.loads(text), ensure_ascii=False))
    assert tokens(text) is not None, "read by antlr's lexer"


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_each_kind_of_token_is_the_same(piece: str) -> None:
    check(piece)


@tries(200, 20_000)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from(["", " ", "\n", ", "]))
def test_tokens_beside_each_other_are_the_same(pieces: list[str], between: str) -> None:
    check(between.join(pieces))


@tries(200, 20_000)
@given(st.text(st.sampled_from('"$.[]{}%\\/u0aE1-+e(),: \nStates') | st.characters(), max_size=30))
def test_any_text_has_the_same_tokens(text: str) -> None:
    check(text)
    check(f'"{text}"')


def test_every_rule_of_the_grammar_is_known() -> None:
    rules = set(ASLLexer.symbolicNames[len(LITERALS) + 1 :])
    strings = {"STRINGDOLLAR", "STRINGPATHCONTEXTOBJ", "STRINGPATH", "STRINGVAR"}
    strings |= {"STRINGINTRINSICFUNC", "STRINGJSONATA", "STRING"}
    assert rules == strings | {"INT", "NUMBER", "WS"}
