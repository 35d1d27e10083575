"""CloudFormation's intrinsic functions and conditions, for a template that is being deployed."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from local.stack.errors import TemplateError

NO_VALUE = object()
"""What `AWS::NoValue` becomes: the property is left out."""

_SUB_REFERENCE = re.compile(r"\$\{(!?)([^}]+)\}")


class Made(Protocol):
    """A resource that exists."""

    @property
    def ref(self) -> str:
        """What `Ref` gives."""

    @property
    def attributes(self) -> Mapping[str, Any]:
        """What `Fn::GetAtt` gives."""


class Resolver:
    """Resolves values of one stack.

    Args:
        parameters: Values of the parameters.
        pseudo: Pseudo parameters such as `AWS::Region`.
        mappings: The template's mappings.
        conditions: The template's conditions.
        made: Resources made so far; grows while the stack is deployed.
    """

    def __init__(
        self,
        *,
        parameters: Mapping[str, Any],
        pseudo: Mapping[str, Any],
        mappings: Mapping[str, Any],
        conditions: Mapping[str, Any],
        made: Mapping[str, Made],
    ) -> None:
        self._parameters = parameters
        self._pseudo = pseudo
        self._mappings = mappings
        self._conditions = conditions
        self._made = made
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::Equals": self._equals,
            "Fn::And": lambda value: all(self.resolve(item) for item in value),
            "Fn::Or": lambda value: any(self.resolve(item) for item in value),
            "Fn::Not": lambda value: not self.resolve(value[0]),
            "Fn::FindInMap": self._find_in_map,
            "Fn::Base64": lambda value: base64.b64encode(
                str(self.resolve(value)).encode()
            ).decode(),
            "Fn::GetAZs": lambda _value: [f"{self._pseudo['AWS::Region']}{zone}" for zone in "abc"],
            "Condition": self.condition,
        }

    def resolve(self, value: Any) -> Any:
        """Return a value with every intrinsic function in it worked out.

        Raises:
            TemplateError: For an unknown name or function.
        """
        if isinstance(value, list):
            resolved = [self.resolve(item) for item in value]
            return [item for item in resolved if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (name, argument), *_ = value.items()
            # A policy statement has a key "Condition" too, with an object behind it.
            if name in self._functions and not (name == "Condition" and isinstance(argument, dict)):
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                raise TemplateError(f"the embedded AWS does not know the function {name}")
        items = ((name, self.resolve(item)) for name, item in value.items())
        return {name: item for name, item in items if item is not NO_VALUE}

    def condition(self, name: str) -> bool:
        """Say whether a condition of the template holds.

        Raises:
            TemplateError: If there is none of that name.
        """
        if name not in self._conditions:
            raise TemplateError(f"the template has no condition {name}")
        return bool(self.resolve(self._conditions[name]))

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        for known in (self._pseudo, self._parameters):
            if name in known:
                return known[name]
        if name in self._made:
            return self._made[name].ref
        raise TemplateError(f"Ref {name}: no such parameter or resource")

    def _get_att(self, argument: Any) -> Any:
        name, _, attribute = (
            argument.partition(".")
            if isinstance(argument, str)
            else (argument[0], ".", str(self.resolve(argument[1])))
        )
        if name not in self._made:
            raise TemplateError(f"Fn::GetAtt {name}.{attribute}: no such resource")
        attributes = self._made[name].attributes
        if attribute not in attributes:
            raise TemplateError(
                f"Fn::GetAtt {name}.{attribute}: the embedded AWS has only "
                f"{', '.join(sorted(attributes)) or 'no attributes'} of it"
            )
        return attributes[attribute]

    def _sub(self, argument: Any) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else argument

        def value_of(found: re.Match[str]) -> str:
            literal, name = found.groups()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                return str(self.resolve(variables[name]))
            return str(self._get_att(name) if "." in name else self._ref(name))

        return _SUB_REFERENCE.sub(value_of, text)

    def _join(self, argument: Any) -> str:
        delimiter, parts = argument
        return str(delimiter).join(str(part) for part in self.resolve(parts))

    def _select(self, argument: Any) -> Any:
        index, values = argument
        return self.resolve(values)[int(self.resolve(index))]

    def _split(self, argument: Any) -> list[str]:
        delimiter, text = argument
        return str(self.resolve(text)).split(delimiter)

    def _if(self, argument: Any) -> Any:
        name, when_true, when_false = argument
        return self.resolve(when_true if self.condition(name) else when_false)

    def _equals(self, argument: Any) -> bool:
        one, other = self.resolve(argument)
        return str(one) == str(other)

    def _find_in_map(self, argument: Any) -> Any:
        name, *keys = self.resolve(argument)[:3]
        value: Any = self._mappings.get(name, {})
        for key in keys:
            if key not in value:
                raise TemplateError(f"Fn::FindInMap {name}: there is no {'.'.join(keys)}")
            value = value[key]
        return value


def references(value: Any) -> set[str]:
    """Return every logical id or parameter that a value refers to, for the order of making."""
    if isinstance(value, list):
        return set().union(*(references(item) for item in value))
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for name, argument in value.items():
        if name == "Ref" and isinstance(argument, str):
            found.add(argument)
        elif name == "Fn::GetAtt":
            found.add(argument.partition(".")[0] if isinstance(argument, str) else argument[0])
        elif name == "Fn::Sub":
            text = argument if isinstance(argument, str) else argument[0]
            names = {found_[1] for found_ in _SUB_REFERENCE.findall(text) if not found_[0]}
            if not isinstance(argument, str):
                names -= set(argument[1])
                found |= references(argument[1])
            found |= {item.partition(".")[0] for item in names}
        else:
            found |= references(argument)
    return found
