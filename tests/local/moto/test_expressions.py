"""JSONata expressions are evaluated as AWS evaluates them."""

from __future__ import annotations

import time

import pytest

from tests.local.moto.machines import Machines, passing


def test_values_reach_expressions_unharmed(machines: Machines) -> None:
    given = {"text": 'a "quote" \\ and\na line', "none": None, "one": [1], "empty": []}
    states = {
        "A": {"Type": "Pass", "Assign": {"v": "{% $states.input %}"}, "Next": "P"},
        **passing(
            "{% {'all': $v, 'isNull': $v.none = null, 'exists': $exists($v.none), "
            "'missing': $exists($v.other), 'one': $v.one, 'cause': $parse($string($v))} %}"
        ),
    }
    assert machines.output(states, given) == {
        "all": given,
        "isNull": True,
        "exists": True,
        "missing": False,
        "one": [1],
        "cause": given,
    }


def test_a_definition_may_escape_characters(machines: Machines) -> None:
    states = {
        "A": {"Type": "Pass", "Assign": {"t": 'a "b"\nc'}, "Next": "P"},
        **passing('{% $t & "x" %}'),
    }
    assert machines.output(states) == 'a "b"\ncx'


def test_the_context_object_is_whole(machines: Machines) -> None:
    found = machines.output(passing("{% $states.context %}"), {"a": 1})
    execution, state = found["Execution"], found["State"]
    assert execution["Id"].endswith(f":{execution['Name']}")
    assert execution["Input"] == {"a": 1}
    assert (execution["RedriveCount"], state["RetryCount"]) == (0, 0)
    for moment in (execution["StartTime"], state["EnteredTime"]):
        time.strptime(moment, "%Y-%m-%dT%H:%M:%S.%fZ")


def test_functions_of_step_functions_are_there(machines: Machines) -> None:
    expression = (
        "{% {'u': $length($uuid()), 'h': $hash('a', 'MD5'), 'p': $partition([1,2,3], 2)} %}"
    )
    assert machines.output(passing(expression)) == {
        "u": 36,
        "h": "0cc175b9c0f1b6a831c399e269772661",
        "p": [[1, 2], [3]],
    }


@pytest.mark.parametrize(
    "expression", ["$states.input.nothing", "1 + 'a'", "$unknown(1)", "$hash('a', 'x')"]
)
def test_a_failed_expression_can_be_caught(machines: Machines, expression: str) -> None:
    catch = {
        "ErrorEquals": ["States.QueryEvaluationError"],
        "Output": "{% $states.errorOutput.Error %}",
        "Next": "S",
    }
    states = {
        "T": machines.call(f"{{% {expression} %}}", Catch=[catch]),
        "S": {"Type": "Succeed"},
    }
    assert machines.output(states) == "States.QueryEvaluationError"


def test_an_error_of_a_function_keeps_its_name_and_cause(machines: Machines) -> None:
    catch = {
        "ErrorEquals": ["WrongError"],
        "Assign": {"error": "{% $states.errorOutput %}"},
        "Output": "{% $parse($states.errorOutput.Cause).errorMessage %}",
        "Next": "P",
    }
    states = {
        "T": machines.call({"raise": 'say "hi"\n'}, Catch=[catch]),
        **passing("{% [$states.input, $error.Error] %}"),
    }
    assert machines.output(states) == ['say "hi"\n', "WrongError"]
