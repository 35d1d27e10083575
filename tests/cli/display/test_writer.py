"""A terminal gets whole words, a pipe gets the text as it is."""

from __future__ import annotations

import io

import pytest

from cli.display.lines import plain
from cli.display.writer import Writer, fold


@pytest.mark.parametrize("size", [1, 3, 100])
def test_words_are_not_cut(size: int) -> None:
    out = io.StringIO()
    writer = Writer(out, 10)
    text = "one two three\n  four five a-very-long-word\tsix"
    for start in range(0, len(text), size):
        writer.write(text[start : start + size])
    writer.end()
    assert out.getvalue() == "one two\nthree\n  four\nfive\na-very-long-word\nsix\n"


def test_japanese_is_folded_after_any_character() -> None:
    assert fold("東京の天気は晴れ", 6) == "東京の\n天気は\n晴れ"


def test_a_pipe_gets_what_came() -> None:
    out = io.StringIO()
    writer = Writer(out, None)
    writer.write("\x1b[31mone  two\t")
    writer.write("three")
    writer.end()
    assert out.getvalue() == "\x1b[31mone  two\tthree\n"


def test_nothing_said_is_no_line() -> None:
    out = io.StringIO()
    Writer(out, 10).end()
    assert out.getvalue() == ""


def test_control_characters_do_not_reach_a_terminal() -> None:
    assert fold("a\x1b]0;title\x07b\x9bc", 80) == "a]0;titlebc"
    assert plain("\x1b[31mred\x1b[0m\rover\tx\ny") == "redover    x\ny"


def test_further_lines_are_indented() -> None:
    assert fold("one two three", 8, "  ") == "one two\n  three"
