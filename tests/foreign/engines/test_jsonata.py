r"""The definitions' expressions and the reference engine of JSONata.

The expressions of whole executions are compared in tests/statemachine, where those executions are.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from lifecycle.stages import Machine
from local.moto.stepfunctions.jsonata_engine import evaluate
from tests.foreign import javascript
from tests.foreign.engines import reference
from tests.foreign.engines.reference import Evaluation, Evaluations

ROOT = Path(__file__).parents[3]
FILES = {machine: ROOT / "statemachine" / f"{machine}.asl.json" for machine in Machine}


def definition(machine: Machine) -> Any:
    return json.loads(FILES[machine].read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("$x + 1", 4),
        ("$x = 2 ? 'yes' : 'no'", "yes"),
        ("$nobody", 1),
        ("[1]", 1),
        ("1 = 1", 1),
        ("$sum('a')", 3),
    ],
)
def test_another_result_is_a_difference(expression: str, result: Any) -> None:
    wrong = Evaluations([Evaluation(expression, {"x": 2}, result)])
    # `$x = 2 ? 'yes' : 'no'` is the one that agrees.
    assert len(wrong.differences()) == (result != "yes")


def test_an_error_on_one_side_alone_is_a_difference() -> None:
    fails, works = "$sum('a')", "$sum([1])"
    alike = [Evaluation(fails, {}, error="not a list"), Evaluation(works, {}, 1.0)]
    assert Evaluations(alike).differences() == []
    assert len(Evaluations([Evaluation(works, {}, error="broken")]).differences()) == 1


def test_an_expression_that_no_execution_evaluated_is_found() -> None:
    made = Evaluations([Evaluation("$exists(($a))", {})])
    assert made.missing({"Output": {"a": "{% $a %}", "b": ["{% $b %}"]}}) == ["$b"]


@pytest.mark.parametrize("machine", Machine)
def test_no_pattern_repeats_a_group(machine: Machine) -> None:
    patterns = [
        pattern
        for expression in reference.expressions(definition(machine))
        for pattern in reference.patterns(expression)
    ]
    assert patterns
    assert [pattern for pattern in patterns if reference.repeats_a_group(pattern)] == []


@pytest.mark.parametrize(
    ("expression", "patterns", "refused"),
    [
        (r"$match($raw, /\"((?:\\.|[^\\\"])*)\"/)", [r"\"((?:\\.|[^\\\"])*)\""], True),
        (r"$replace($a,/(ab){2,}/i, '')", ["(ab){2,}"], True),
        (r"$a ~> /(x)+?/", ["(x)+?"], True),
        (r"$split($a, /[()*]*\)*(x)/)", [r"[()*]*\)*(x)"], False),
        ("($a - $b) / 1000 + ($c) / 2", [], False),
        ("$join([', /(a)*/', $b], \"(/(a)*/\")", [], False),
    ],
)
def test_patterns_are_found_and_those_that_recurse_are_refused(
    expression: str, patterns: list[str], refused: bool
) -> None:
    assert reference.patterns(expression) == patterns
    assert any(reference.repeats_a_group(pattern) for pattern in patterns) is refused


MESSAGES = {
    "long": 50_000 * r"\n",
    "quoted": 20_000 * r"{\"a\": \"b\"}, ",
    "plain": 100_000 * "x",
    "backslash at the end": r"C:\\",
    "empty": "",
    "separators of lines": "a\u2028b\u0085c",
}
CAUSES = [
    '{{"errorMessage": "{}", "errorType": "FleetError", "stackTrace": ["a \\"b\\""]}}',
    '{{"errorMessage":"{}"}}',
    '{{\n  "errorType": "Sandbox.Timedout",\n  "errorMessage": "{}"\n}}\n',
]


@pytest.mark.parametrize("machine", Machine)
def test_an_error_message_of_any_length_is_read_by_both_engines(machine: Machine) -> None:
    found = [
        expression
        for expression in reference.expressions(definition(machine))
        if "errorMessage" in expression
    ]
    assert found
    made, wanted = [], []
    for expression, template, message in itertools.product(found, CAUSES, MESSAGES.values()):
        error = {"Error": "E", "Cause": template.format(message)}
        variables = {"failure": None, "states": {"errorOutput": error, "input": error}}
        made.append(Evaluation(expression, variables, evaluate(expression, variables)))
        wanted.append(message)
    assert [evaluation.result for evaluation in made] == wanted
    assert Evaluations(made).differences() == []


@pytest.mark.parametrize("machine", Machine)
def test_awss_own_language_service_has_nothing_to_say(machine: Machine) -> None:
    script = Path(__file__).with_name("language_service.mjs")
    whole = definition(machine)
    broken = {**whole, "StartAt": "Nowhere"}
    of_whole, of_broken = javascript.run(script, [json.dumps(whole), json.dumps(broken)])
    assert of_whole == []
    assert any("StartAt" in message for message in of_broken)
