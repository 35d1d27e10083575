"""Writes a text that comes in pieces, and folds it between words on a terminal."""

from __future__ import annotations

import unicodedata
from typing import TextIO

from rich.cells import cell_len

_WIDE = 2


class Writer:
    """Writes at once what may be written; on a terminal only whole words, so that none is cut.

    Args:
        out: Where to write.
        width: The terminal's columns; `None` for a file or pipe, which gets the text as it is.
    """

    def __init__(self, out: TextIO, width: int | None) -> None:
        self._out = out
        self._width = width
        self._column = 0
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
            self._column = 0
        elif sign.isspace():
            self._flush_word()
            self._put(" ")
        elif not unicodedata.category(sign).startswith("C") or sign == "\u200d":
            # Control characters of an agent could change the terminal.
            self._word += sign
            if cell_len(sign) == _WIDE:
                # Japanese and Chinese may be folded after each character.
                self._flush_word()

    def _flush_word(self) -> None:
        if self._word:
            self._put(self._word)
            self._word = ""

    def _put(self, text: str) -> None:
        size = cell_len(text)
        if self._width is not None and self._column and self._column + size > self._width:
            self._out.write("\n")
            self._column = 0
            if text == " ":
                return
        self._out.write(text)
        self._column += size
