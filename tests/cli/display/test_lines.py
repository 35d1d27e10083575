"""Lines that can be copied and grepped, on a narrow terminal as in a file."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from cli.display.lines import Cell, print_entry, print_facts, print_prose, print_table

LONG = "arn:aws:states:us-east-1:123456789012:execution:machine:name/with-a/and-more"


def narrow() -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, width=20), file


def test_facts_are_one_line_each_whatever_the_width() -> None:
    console, file = narrow()
    print_facts(console, [("arn", LONG), ("environment", "dev"), ("nothing", "")])
    assert file.getvalue().splitlines() == [
        f"arn          {LONG}",
        "environment  dev",
        "nothing",
    ]


def test_the_lines_of_a_value_stand_below_each_other() -> None:
    console, file = narrow()
    print_facts(console, [("answer", "晴れ\n\n16度"), ("version", "1")])
    assert file.getvalue().splitlines() == [
        "answer   晴れ",
        "",
        "         16度",
        "version  1",
    ]


def test_a_table_has_a_line_a_row_whatever_the_width() -> None:
    console, file = narrow()
    rows: list[tuple[Cell, ...]] = [
        ("東京", "1.5", LONG, ""),
        (Text("x", "red"), "10.0", "two\nlines", "no [markup]"),
    ]
    print_table(console, ("where", "seconds", "what", "why"), rows, right={"seconds"})
    assert file.getvalue().splitlines() == [
        f"where  seconds  {'what':<{len(LONG)}}  why",
        f"東京       1.5  {LONG}",
        f"x         10.0  {'two lines':<{len(LONG)}}  no [markup]",
    ]


def test_a_table_without_rows_is_its_heads() -> None:
    console, file = narrow()
    print_table(console, ("a", "b"), [])
    assert file.getvalue() == "a  b\n"


def on_terminal(width: int) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=True, color_system=None)
    rows = [
        ("An access token of another client", "201", "401 or 403", "401 UnauthorizedException"),
        ("A valid token", "31324", "200", "200 OK"),
    ]
    heads = ("check", "ms", "expected", "seen")
    print_table(console, heads, rows, right={"ms"}, fold={"check", "expected", "seen"})
    return file.getvalue().splitlines()


def test_on_a_narrow_terminal_a_table_is_folded_between_words() -> None:
    assert on_terminal(60) == [
        "check                  ms  expected    seen",
        "An access token of    201  401 or 403  401",
        "another client                         UnauthorizedException",
        "A valid token       31324  200         200 OK",
    ]


@pytest.mark.parametrize("width", [20, 47, 60, 80, 120])
def test_a_table_never_cuts_a_word_and_fits_if_its_words_do(width: int) -> None:
    lines = on_terminal(width)
    words = [word for line in lines for word in line.split()]
    for word in ("another", "UnauthorizedException", "expected", "31324"):
        assert word in words
    assert width < 47 or max(map(len, lines)) <= width


def test_on_a_wide_terminal_a_table_has_a_line_a_row() -> None:
    assert len(on_terminal(120)) == 3


def _terminal(width: int) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    console = Console(
        file=out, force_terminal=True, width=width, color_system=None, markup=False, highlight=False
    )
    return console, out


def test_sentences_are_folded_between_words_and_commands_are_not() -> None:
    console, out = _terminal(20)
    arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/r"
    print_prose(
        console, f"not found: [{arn}] in this stack\n  lifecycle ask dev --stack s '…'", "red"
    )
    assert out.getvalue().splitlines() == [
        "not found:",
        f"[{arn}]",
        "in this stack",
        "  lifecycle ask dev --stack s '…'",
    ]


def test_a_log_line_is_folded_on_a_terminal_only() -> None:
    console, out = _terminal(30)
    print_entry(console, "02:43:57", "agent live", "one two three four five six")
    assert out.getvalue().splitlines() == [
        "02:43:57  agent live  one two",
        "  three four five six",
    ]
    file = io.StringIO()
    print_entry(Console(file=file, width=30), "02:43:57", "build", "one two three four five")
    assert file.getvalue() == "02:43:57  build  one two three four five\n"
