"""An expression is parsed once, and each evaluation is as its first."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser

from local.moto.stepfunctions import jsonata_engine
from local.moto.stepfunctions.jsonata_engine import JsonataError, evaluate

DEFINITIONS = [*(Path(__file__).parents[3] / "statemachine").glob("*.asl.json")]
VALUES: dict[str, Any] = {
    "a": {"b": [{"c": 1, "d": "x"}, {"c": 2, "d": "y"}], "e": None},
    "n": 3,
    "one": [1],
}
EXPRESSIONS = [
    "$a.b.c",
    "$a.b[c > 1].d",
    "$a.b^(>c).d",
    "$a.b{d: $sum(c)}",
    "$a.b@$x#$i.{'at': $i, 'c': $x.c}",
    "$a.b.c.%.d",
    "[$one, [2], $a.b.c[]]",
    "{'k': $n, 'none': $a.e, 'list': [1, [2]]}",
    "$map($a.b, function($v, $i) { $v.c * $n + $i })",
    "($f := function($x) { $x <= 1 ? 1 : $x * $f($x - 1) }; $f($n))",
    "($add := function($x, $y) { $x + $y }; $more := $add(?, 2); $more($n))",
    "($first := $substring(?, 0, 1); $first('text'))",
    "$n ~> $string ~> $length",
    "($square := function($x) { $x * $x }; $twice := $square ~> $square; $twice($n))",
    "$replace('a1b2', /[0-9]/, '-')",
    "$match('a1b2', /[a-z]([0-9])/).match",
    "$a ~> |b|{'new': c}, 'd'|",
    "$eval('$n + 1')",
    "$n = 3 ? $a.**.d : 'no'",
    "$reduce([1..5], function($p, $v) { $p + $v })",
    "($g := function($x)<n:n>{ $x }; $g($n))",
    "$partition([1, 2, 3], 2)",
    "$hash('a', 'SHA-256') & $string($parse('[1]'))",
]


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    jsonata_engine._parsed.cache_clear()
    yield
    jsonata_engine._parsed.cache_clear()


def tree(value: Any, seen: dict[int, int] | None = None) -> Any:
    """Everything that a syntax tree holds, in a form that can be compared."""
    seen = {} if seen is None else seen
    if not isinstance(value, Parser.Symbol | list | tuple):
        return value if isinstance(value, str | int | float | bool) else repr(value)
    if id(value) in seen:
        return seen[id(value)]
    seen[id(value)] = len(seen)
    if isinstance(value, list | tuple):
        return [tree(item, seen) for item in value]
    held = {name: held for name, held in vars(value).items() if name != "_outer_instance"}
    return type(value).__name__, {name: tree(each, seen) for name, each in held.items()}


def outcome(expression: str, values: dict[str, Any]) -> Any:
    try:
        return evaluate(expression, values)
    except JsonataError as error:
        return str(error)


def test_an_expression_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = Parser.parse

    def count(self: Parser, text: str, *more: Any) -> Any:
        parsed.append(text)
        return parse(self, text, *more)

    monkeypatch.setattr(Parser, "parse", count)
    assert [evaluate("$n * 2", {"n": n}) for n in range(3)] == [0, 2, 4]
    assert parsed == ["$n * 2"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_later_evaluation_is_as_the_first(expression: str) -> None:
    others = {"a": {"b": {"c": 7, "d": "z"}, "e": 0}, "n": 5, "one": []}
    fresh = []
    for values in (VALUES, others):
        jsonata_engine._parsed.cache_clear()
        fresh.append(outcome(expression, values))
    for _ in range(2):
        assert [outcome(expression, values) for values in (VALUES, others)] == fresh


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_evaluation_changes_nothing_of_what_is_kept(expression: str) -> None:
    outcome(expression, VALUES)
    if jsonata_engine._SIGNATURE.search(expression):
        assert jsonata_engine._parsed.cache_info().currsize == 0
        return
    kept = jsonata_engine._parsed(expression).ast
    before = tree(kept)
    for values in (VALUES, {}, {"a": [VALUES["a"]], "n": "text"}):
        outcome(expression, values)
    assert tree(kept) == before


def test_the_expressions_of_the_definitions_stay_as_they_were_parsed() -> None:
    found = {
        text.replace('\\"', '"')
        for file in DEFINITIONS
        for text in re.findall(r"\{%\s*(.*?)\s*%\}", file.read_text(encoding="utf-8"))
    }
    assert len(found) > 50
    for expression in found:
        outcome(expression, VALUES)
        if not jsonata_engine._SIGNATURE.search(expression):
            assert tree(jsonata_engine._parsed(expression).ast) == tree(Jsonata(expression).ast)


def test_threads_evaluate_one_expression_at_once() -> None:
    """They begin together, and each evaluates it often."""
    expression = "$sum($map([1..20], function($v) { $v * $n })) + $eval('$n')"
    together, outcomes = threading.Barrier(4), {}

    def run(n: int) -> None:
        together.wait(60)
        outcomes[n] = [evaluate(expression, {"n": n}) for _ in range(20)]

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {n: [211 * n] * 20 for n in range(4)}


def test_what_is_kept_is_bounded() -> None:
    for number in range(jsonata_engine._KEPT + 10):
        evaluate(f"{number}", {})
    evaluate("'" + "x" * jsonata_engine._KEPT_LENGTH + "'", {})
    assert jsonata_engine._parsed.cache_info().currsize == jsonata_engine._KEPT
    assert evaluate("'" + "x" * jsonata_engine._KEPT_LENGTH + "'", {}).startswith("xx")


def test_an_expression_with_a_fault_fails_every_time() -> None:
    for _ in range(2):
        with pytest.raises(JsonataError):
            evaluate("$n +", {"n": 1})
