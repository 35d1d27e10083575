"""The reference engine of JSONata, held against what the local engine did during executions.

Step Functions says which version it follows: "Transforming data with JSONata" in its developer guide
names JSONata 2.0.6, which package.json pins. There an expression without a result is an error.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.moto.stepfunctions import jsonata_engine
from tests.foreign import javascript

SCRIPT = Path(__file__).with_name("jsonata.mjs")
Evaluate = Callable[[str, dict[str, Any]], Any]


@dataclass(frozen=True)
class Evaluation:
    """One evaluation by the local engine.

    Attributes:
        expression: JSONata.
        variables: Values by name, without the `$`.
        result: The value as plain JSON; `None` for null and for undefined.
        error: The message of the fault, if it failed.
    """

    expression: str
    variables: dict[str, Any]
    result: Any = None
    error: str | None = None


@dataclass
class Evaluations:
    """All evaluations of some executions."""

    made: list[Evaluation] = field(default_factory=list)

    def recording(self, evaluate: Evaluate) -> Evaluate:
        """Wrap the local engine's `evaluate` so that each call is kept."""

        def recorded(expression: str, variables: dict[str, Any]) -> Any:
            text = at_one_moment(expression)
            given = json.loads(json.dumps(variables))
            try:
                result = evaluate(text, variables)
            except jsonata_engine.JsonataError as error:
                self.made.append(Evaluation(text, given, error=str(error)))
                raise
            self.made.append(Evaluation(text, given, json.loads(json.dumps(result))))
            return result

        return recorded

    def missing(self, definition: Any) -> list[str]:
        """Return the expressions of a definition that no execution evaluated."""
        evaluated = {e.expression for e in self.made}
        return [
            wanted
            for wanted in sorted(set(expressions(definition)))
            if not any(wanted in expression for expression in evaluated)
        ]

    def differences(self) -> list[str]:
        """Evaluate everything again with the reference; say where it comes to something else."""
        unique = {json.dumps([e.expression, e.variables]): e for e in self.made}
        asked = [{"expression": e.expression, "variables": e.variables} for e in unique.values()]
        answers = javascript.run(SCRIPT, asked)
        assert len(answers) == len(asked)
        return [
            f"{e.expression}\n  with {json.dumps(e.variables)}\n"
            f"  here: {e.error or json.dumps(e.result)}\n  reference: {json.dumps(answer)}"
            for e, answer in zip(unique.values(), answers, strict=True)
            if not agrees(e, answer)
        ]


def expressions(definition: Any) -> Iterator[str]:
    """Return the JSONata of each `{% … %}` in a definition."""
    if isinstance(definition, str):
        if definition.startswith("{%"):
            yield definition.removeprefix("{%").removesuffix("%}").strip()
    elif isinstance(definition, dict | list):
        for value in definition.values() if isinstance(definition, dict) else definition:
            yield from expressions(value)


def at_one_moment(expression: str) -> str:
    """Bind `$millis` to the present, so that a later evaluation has the same time."""
    if "$millis()" not in expression:
        return expression
    now = int(time.time() * 1000)
    return f"($millis := function() {{ {now} }}; {expression})"


def agrees(evaluation: Evaluation, answer: dict[str, Any]) -> bool:
    """Say whether the reference came to the same.

    Undefined is `None` here. moto asks `$exists(…)` of each expression after it has a result, which
    is an evaluation of its own, so undefined and null are told apart there.
    """
    if "error" in answer or evaluation.error is not None:
        return "error" in answer and evaluation.error is not None
    return canonical(evaluation.result) == canonical(answer.get("value"))


def canonical(value: Any) -> str:
    """Write JSON such that equal values are equal texts: 1.0 is 1, and true is not."""
    text = json.dumps(value, sort_keys=True)
    return json.dumps(json.loads(text, parse_float=_number), sort_keys=True)


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number


@contextmanager
def recorded_evaluations() -> Iterator[Evaluations]:
    """Record what the local engine evaluates, by whichever of our modules it is called."""
    evaluations = Evaluations()
    original = jsonata_engine.evaluate
    callers = [
        module
        for name, module in sys.modules.items()
        if name.partition(".")[0] == "local" and getattr(module, "evaluate", None) is original
    ]
    recorder = evaluations.recording(original)
    for module in callers:
        vars(module)["evaluate"] = recorder
    try:
        yield evaluations
    finally:
        for module in callers:
            vars(module)["evaluate"] = original


# --- regular expressions ---------------------------------------------------------------------------

_LITERALS = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|(?<=[(\[{,;:?=>])\s*/((?:\\.|[^/\\\n])+)/"""
)
_CLASS = re.compile(r"\[(?:\\.|[^\]\\])*\]")


def patterns(expression: str) -> list[str]:
    """Return the regular expressions in an expression: `/…/` where a value can stand."""
    return [pattern for pattern in _LITERALS.findall(expression) if pattern]


def repeats_a_group(pattern: str) -> bool:
    r"""Say whether a pattern repeats a group, as `(?:\\.|[^"])*` does.

    Step Functions runs on Java, whose engine calls itself once for each turn of such a group and
    overflows its stack on a long text. The repetition of one character or class is a loop.
    """
    plain = re.sub(r"\\.", "x", _CLASS.sub("x", pattern))
    return re.search(r"\)\s*(?:[*+]|\{)", plain) is not None
