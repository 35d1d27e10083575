"""Intrinsic functions give what CloudFormation gives."""

from __future__ import annotations

from typing import Any

import pytest

from local.stack.deploy import in_order
from local.stack.errors import TemplateError, UnknownResourceError
from local.stack.intrinsics import Resolver, references
from local.stack.making import Resource


@pytest.fixture
def resolver() -> Resolver:
    return Resolver(
        parameters={"Stage": "prod", "Zones": ["a", "b"]},
        pseudo={"AWS::Region": "us-east-1", "AWS::Partition": "aws"},
        mappings={"Sizes": {"prod": {"memory": 512}}},
        conditions={
            "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
            "IsTest": {"Fn::Not": [{"Condition": "IsProd"}]},
            "Either": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsTest"}]},
            "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsTest"}]},
        },
        made={"Table": Resource("table-1", {"Arn": "arn:table-1"})},
    )


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Stage"}, "prod"),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "Table"}, "table-1"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:table-1"),
        ({"Fn::GetAtt": "Table.Arn"}, "arn:table-1"),
        (
            {"Fn::Sub": "${Stage}/${Table.Arn}/${!Stage}/${AWS::Region}"},
            "prod/arn:table-1/${Stage}/us-east-1",
        ),
        ({"Fn::Sub": ["${A}-${Stage}", {"A": {"Ref": "Table"}}]}, "table-1-prod"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-prod"),
        ({"Fn::Join": [",", {"Ref": "Zones"}]}, "a,b"),
        ({"Fn::Select": [1, {"Ref": "Zones"}]}, "b"),
        ({"Fn::Select": ["0", {"Fn::Split": ["/", "x/y"]}]}, "x"),
        ({"Fn::If": ["IsProd", 1, 2]}, 1),
        ({"Fn::If": ["Both", 1, 2]}, 2),
        ({"Fn::If": ["Either", 1, 2]}, 1),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "memory"]}, 512),
        ({"Fn::Base64": "x"}, "eA=="),
        ({"A": {"Fn::If": ["IsTest", 1, {"Ref": "AWS::NoValue"}]}, "B": 2}, {"B": 2}),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
        (
            {"Condition": {"StringEquals": {"a": {"Ref": "Stage"}}}},
            {"Condition": {"StringEquals": {"a": "prod"}}},
        ),
    ],
)
def test_functions(resolver: Resolver, value: Any, resolved: Any) -> None:
    assert resolver.resolve(value) == resolved


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Nothing"},
        {"Fn::GetAtt": ["Table", "StreamArn"]},
        {"Fn::GetAtt": ["Nothing", "Arn"]},
        {"Fn::If": ["Nothing", 1, 2]},
        {"Fn::FindInMap": ["Sizes", "dev", "memory"]},
        {"Fn::Transform": {"Name": "x"}},
    ],
)
def test_what_is_not_there_is_an_error(resolver: Resolver, value: Any) -> None:
    with pytest.raises(TemplateError):
        resolver.resolve(value)


def test_references_are_found_everywhere() -> None:
    value = [
        {"Ref": "A"},
        {"x": {"Fn::GetAtt": ["B", "Arn"]}},
        {"Fn::Sub": ["${C.Arn} ${!D} ${E}", {"E": {"Ref": "F"}}]},
    ]
    assert references(value) == {"A", "B", "C", "F"}


def resource(*names: str, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"x": [{"Ref": n} for n in names]}, **more}


def test_what_is_referred_to_comes_first() -> None:
    order = in_order(
        {
            "A": resource("B"),
            "B": resource("C", "Parameter"),
            "C": resource(),
            "D": resource(DependsOn="A"),
        }
    )
    assert order.index("C") < order.index("B") < order.index("A") < order.index("D")


def test_circles_and_unknown_types_are_refused() -> None:
    with pytest.raises(TemplateError, match="circular dependency between A, B"):
        in_order({"A": resource("B"), "B": resource("A")})
    with pytest.raises(UnknownResourceError, match=r"Box: .* cannot make a AWS::EC2::Instance"):
        in_order({"Box": {"Type": "AWS::EC2::Instance"}})
