"""The template as SAM transforms it, and the policies in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from local.stack.template import Template, read_template
from tests.foreign.javascript import PROJECT

# So that every conditional part is in it.
_PARAMETERS = {"NotificationEmail": "on-call@example.com", "SourceBucket": "the-teams-own-agents"}


@dataclass(frozen=True)
class Statement:
    """A statement of a policy of a role.

    Attributes:
        owner: The logical id of the role or policy.
        actions: What it allows.
        resources: On what; one that is no text, as JSON.
        condition: Under which conditions.
    """

    owner: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Any


@cache
def transformed() -> Template:
    """The transformed template, with all its options on."""
    return read_template(PROJECT / "template.yaml", _PARAMETERS, "us-east-1")


@cache
def statements() -> tuple[Statement, ...]:
    """Every statement of the roles' own policies."""
    return tuple(_statements())


def _statements() -> Iterator[Statement]:
    for name, resource in transformed().resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role":
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        elif resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            documents = [properties["PolicyDocument"]]
        else:
            continue
        for document in documents:
            for statement in _listed(document["Statement"]):
                # One that a parameter switches on.
                statement = statement.get("Fn::If", [None, statement])[1]
                if statement["Effect"] == "Deny":
                    continue
                yield Statement(
                    name,
                    tuple(_listed(statement["Action"])),
                    tuple(_text(each) for each in _listed(statement["Resource"])),
                    statement.get("Condition"),
                )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(resource: Any) -> str:
    """A resource as the template writes it, without CloudFormation's functions around the text."""
    while isinstance(resource, dict) and len(resource) == 1:
        (function, argument) = next(iter(resource.items()))
        if function == "Fn::If":
            resource = argument[1]
        elif function == "Fn::Sub":
            resource = argument if isinstance(argument, str) else argument[0]
        else:
            break
    return resource if isinstance(resource, str) else json.dumps(resource)
