"""Writes a text that comes in pieces, and folds it between words on a terminal."""

from __future__ import annotations

import io
import unicodedata
from typing import TextIO

from rich.cells import cell_len

_WIDE = 2
# They join the characters of one sign, such as an emoji.
_JOINERS = "\u200c\u200d"


class Writer:
    """Writes at once what may be written; on a terminal only whole words, so that none is cut.

    Args:
        out: Where to write.
        width: The terminal's columns; `None` for a file or pipe, which gets the text as it is.
        indent: What each further line of a folded line begins with.
    """

    def __init__(self, out: TextIO, width: int | None, indent: str = "") -> None:
        self._out = out
        self._indent = indent
        self._width = width
        self._column = 0
        self._gap = ""
        self._word = ""
        self._ended = True

    def write(self, text: str) -> None:
        """Write a piece."""
        if not text:
            return
        self._ended = text.endswith("\n")
        if self._width is None:
            self._out.write(text)
        else:
            for sign in text:
                self._take(sign)
        self._out.flush()

    def end(self) -> None:
        """Write what is left, and end the line."""
        self._flush_word()
        if not self._ended:
            self._out.write("\n")
            self._ended = True
            self._column = 0
        self._out.flush()

    def _take(self, sign: str) -> None:
        if sign == "\n":
            self._flush_word()
            self._out.write("\n")
            self._column, self._gap = 0, ""
        elif sign.isspace():
            self._flush_word()
            self._gap += " "
        elif is_printable(sign):
            self._word += sign
            if cell_len(sign) == _WIDE:
                # Japanese and Chinese may be folded after each character.
                self._flush_word()

    def _flush_word(self) -> None:
        if not self._word:
            return
        size = cell_len(self._gap + self._word)
        if self._width is not None and self._column and self._column + size > self._width:
            self._out.write(f"\n{self._indent}")
            self._column, self._gap = len(self._indent), ""
        self._out.write(self._gap + self._word)
        self._column += cell_len(self._gap + self._word)
        self._gap = self._word = ""


def is_printable(sign: str) -> bool:
    """Whether a character may be written to a terminal; a control character of an agent could change it."""
    return not unicodedata.category(sign).startswith("C") or sign in _JOINERS


def fold(text: str, width: int, indent: str = "") -> str:
    """Fold a text between words; a word that is longer than a line is not cut.

    Args:
        text: The text.
        width: How many columns a line has.
        indent: What each further line begins with.
    """
    out = io.StringIO()
    writer = Writer(out, width, indent)
    writer.write(text)
    writer.end()
    return out.getvalue().rstrip("\n")
