r"""Step Functions: cuts the text of a definition into tokens with one regular expression.

antlr's lexer is written in Python and looks at each character by itself: 0.3 s of CPU for the definition of the
lifecycle. The tokens are those of moto's grammar (`ASLLexer.g4` in moto and in LocalStack). Its rules for strings all
end at the same quote, so that the first rule that fits has the string, as in antlr. Where the text has anything that is
no token, antlr's lexer reads all of it and says what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

import moto.stepfunctions.parser.asl.parse.asl_parser as sfn_parser
from antlr4.Token import Token
from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer

_TYPES = {name[1:-1]: type_ for type_, name in enumerate(ASLLexer.literalNames) if type_}
"""The types of tokens that have one text, by that text."""

_WHOLE = r"(?:0|[1-9][0-9]*)"
_TOKEN = re.compile(
    rf"""
    (?P<space>[ \t\n\r]+)
    |(?P<string>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{{4}}))*")
    |(?P<number>-?{_WHOLE}(?:\.[0-9]+)?(?:[Ee][+\-]?{_WHOLE})?)
    |(?P<literal>{"|".join(re.escape(text) for text in _TYPES if text[0] != '"')})
    """,
    re.VERBOSE,
)
_INTEGER = re.compile(_WHOLE)
_VARIABLE = re.compile(r'"\$[a-zA-Z_]')
_INTRINSIC = re.compile(r'"States\..+\(.*\)"')

# Type, start, stop, line and column of a token.
_Found = tuple[int, int, int, int, int]


def read_tokens_at_once() -> None:
    """Read the tokens of a definition with a regular expression, where moto has antlr look at each character.

    Upstream: upstream/definition-tokens.md.
    """
    sfn_parser.ASLLexer = TableLexer  # type: ignore[attr-defined, assignment]


class TableLexer(ASLLexer):
    """A lexer with the tokens of `ASLLexer`.

    Args:
        input: The text.
    """

    def __init__(self, input: Any) -> None:  # noqa: A002 - antlr's name
        super().__init__(input)
        found = tokens(input.strdata)
        self._found: Iterator[_Found] | None = (
            None if found is None else chain(found, repeat(found[-1]))
        )

    def nextToken(self) -> Any:  # noqa: N802 - antlr's name
        """Return the next token; at the end of the text, one of the type `EOF` each time."""
        if self._found is None:
            return super().nextToken()
        type_, start, stop, line, column = next(self._found)
        return self._factory.create(
            self._tokenFactorySourcePair,
            type_,
            None,
            self.DEFAULT_TOKEN_CHANNEL,
            start,
            stop,
            line,
            column,
        )


def tokens(text: str) -> list[_Found] | None:
    """Return the tokens of a text, the last one of the type `EOF`; None if there is anything that is no token."""
    found: list[_Found] = []
    index, line, line_start = 0, 1, 0
    while index < len(text):
        match = _TOKEN.match(text, index)
        if match is None:
            return None
        start, index = index, match.end()
        if match.lastgroup == "space":
            lines = match[0].count("\n")
            if lines:
                line += lines
                line_start = text.rindex("\n", start, index) + 1
            continue
        found.append((_type(match), start, index - 1, line, start - line_start))
    return [*found, (Token.EOF, index, index - 1, line, index - line_start)]


def _type(match: re.Match[str]) -> int:
    text = match[0]
    if match.lastgroup == "number":
        return ASLLexer.INT if _INTEGER.fullmatch(text) else ASLLexer.NUMBER
    return _TYPES.get(text) or _type_of_string(text)


def _type_of_string(text: str) -> int:
    """Return the type of a string by the rules of the grammar, in their order."""
    if text.endswith('.$"'):
        return ASLLexer.STRINGDOLLAR
    if text.startswith('"$$'):
        return ASLLexer.STRINGPATHCONTEXTOBJ
    if text == '"$"' or text.startswith(('"$.', '"$[')):
        return ASLLexer.STRINGPATH
    if _VARIABLE.match(text):
        return ASLLexer.STRINGVAR
    if _INTRINSIC.fullmatch(text):
        return ASLLexer.STRINGINTRINSICFUNC
    if text.startswith('"{%') and text.endswith('%}"') and len(text) >= len('"{%%}"'):
        return ASLLexer.STRINGJSONATA
    return ASLLexer.STRING
