"""What can be wrong with a template, said as CloudFormation or SAM would say it.

StackError
├── TemplateError             the template itself
│   ├── ParameterError        a parameter is missing or against its own constraints
│   ├── UnknownResourceError  a type that the embedded AWS cannot make
│   └── UnknownPropertyError  a property that it would have to ignore
└── ResourceFailedError       a service refused to make a resource
"""

from __future__ import annotations


class StackError(Exception):
    """The stack cannot be deployed."""


class TemplateError(StackError):
    """The template is wrong, or uses what the embedded AWS does not have."""


class ParameterError(TemplateError):
    """A parameter has no value, or one against its own constraints."""


class UnknownResourceError(TemplateError):
    """There is no creator for a resource's type: what cannot be made is not passed over."""

    def __init__(self, logical_id: str, resource_type: str) -> None:
        super().__init__(
            f"{logical_id}: the embedded AWS cannot make a {resource_type}; add a creator for it "
            "in local/stack/, or leave it out of the template"
        )


class UnknownPropertyError(TemplateError):
    """A creator does not know a property, which would otherwise be ignored without a word."""

    def __init__(self, logical_id: str, resource_type: str, names: list[str]) -> None:
        super().__init__(
            f"{logical_id} ({resource_type}): the embedded AWS does not know "
            f"{', '.join(names)}; teach its creator in local/stack/"
        )


class ResourceFailedError(StackError):
    """A service refused to make a resource."""

    def __init__(self, logical_id: str, resource_type: str, reason: str) -> None:
        super().__init__(f"{logical_id} ({resource_type}): {reason}")
