"""Text on a terminal of any width: no word is cut, and a command is still one that a shell takes."""

from __future__ import annotations

import io
import shlex
import subprocess

import pytest
from rich.console import Console
from rich.text import Text

from cli.display.narrow import command_lines, print_named, print_rows, print_sentence, print_step

ASK = "lifecycle ask --local dev 'What can you do?'"
LONG = "arn:aws:states:us-east-1:123456789012:execution:machine:name"


def printed(columns: int, *, terminal: bool = True) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    console = Console(
        file=file, width=columns, force_terminal=terminal, color_system=None, highlight=False
    )
    return console, file


@pytest.mark.parametrize("columns", range(8, 90, 3))
@pytest.mark.parametrize(
    "command",
    [ASK, f"lifecycle follow --stack mine {LONG}", """printf '%s|' 'a b' "c d" e\\ f it\\'s"""],
)
def test_a_command_keeps_its_words_at_every_width(command: str, columns: int) -> None:
    lines = command_lines(command, columns)
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert shlex.split(" ".join(line.removesuffix("\\") for line in lines)) == shlex.split(command)
    for line in lines:
        assert len(line) <= columns - 2 or len(shlex.split(line.removesuffix(" \\"))) == 1


def test_a_shell_runs_the_lines_as_the_command() -> None:
    command = """printf '%s|' 'a  b' "c d" e\\ f"""
    lines = command_lines(command, 14)
    assert len(lines) > 2
    shown = subprocess.run(
        ["sh", "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "a  b|c d|e f|"


def test_facts_are_folded_between_words_on_a_terminal_alone() -> None:
    facts = [("state", "READY since a while"), ("arn", LONG), ("nothing", "")]
    console, file = printed(20)
    print_named(console, facts)
    assert file.getvalue().splitlines() == [
        "state    READY since",
        "         a while",
        "arn",
        f"  {LONG}",
        "nothing",
    ]
    console, file = printed(20, terminal=False)
    print_named(console, facts)
    assert file.getvalue().splitlines() == [
        "state    READY since a while",
        f"arn      {LONG}",
        "nothing",
    ]


def test_a_table_leaves_out_what_is_empty_and_becomes_facts_without_room() -> None:
    rows = [("dev", "", "version 1 passed"), ("shop", "", "none")]
    for columns, expected in (
        (24, ["name  smoke test", "dev   version 1 passed", "shop  none"]),
        (14, ["name  smoke", "      test", "dev   version", "      1 passed", "shop  none"]),
        (
            10,
            [
                "name",
                "  dev",
                "smoke test",
                "  version",
                "  1 passed",
                "",
                "name",
                "  shop",
                "smoke test",
                "  none",
            ],
        ),
    ):
        console, file = printed(columns)
        print_rows(console, ("name", "lock", "smoke test"), rows, fold={"smoke test"})
        assert file.getvalue().splitlines() == expected, columns
    console, file = printed(10, terminal=False)
    print_rows(console, ("name", "lock", "smoke test"), rows, fold={"smoke test"})
    assert len(file.getvalue().splitlines()) == 3


def test_a_sentence_and_its_command_stand_in_one_line_if_there_is_room() -> None:
    for columns, terminal, expected in (
        (40, True, ["To see it: lifecycle show dev"]),
        (20, True, ["To see it:", "  lifecycle show dev"]),
        (14, True, ["To see it:", "  lifecycle \\", "    show dev"]),
        (12, False, ["To see it: lifecycle show dev"]),
    ):
        console, file = printed(columns, terminal=terminal)
        print_step(console, "To see it:", "lifecycle show dev")
        assert file.getvalue().splitlines() == expected


def test_a_sentence_is_folded_between_words() -> None:
    console, file = printed(10)
    print_sentence(console, "nothing is cut here")
    assert [line.rstrip() for line in file.getvalue().splitlines()] == ["nothing is", "cut here"]


def test_a_word_that_is_wider_than_a_terminal_is_not_cut() -> None:
    console, file = printed(20)
    print_sentence(console, Text(f"no access to {LONG} here, and so on", "red"))
    assert file.getvalue().splitlines() == ["no access to", LONG, "here, and so on"]


def test_japanese_is_folded_after_any_character_and_a_line_break_begins_anew() -> None:
    console, file = printed(10)
    print_sentence(console, "東京は晴れです ok\nok ok ok ok")
    assert file.getvalue().splitlines() == ["東京は晴れ", "です ok", "ok ok ok", "ok"]
