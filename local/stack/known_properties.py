"""Which properties a resource type has, nested ones too, by the CloudFormation registry's own schemas.

They come with cfn-lint, which renews them with each release. Loading it takes seconds, so that only a stack that a
program makes by the API pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_REGION = "us-east-1"
_BRANCHES = ("allOf", "anyOf", "oneOf")


def unknown_properties(kind: str, properties: Any) -> list[str]:
    """Return the paths of the properties that a type does not have, such as `VersioningConfiguration.Colour`.

    Args:
        kind: The resource type. Of one that the registry does not have, such as `Custom::…`, nothing is known.
        properties: Its properties, without intrinsic functions.
    """
    schema = _schema_of(kind)
    return [] if schema is None else sorted({*_unknown(schema, [schema], properties, "")})


def _schema_of(kind: str) -> Schema | None:
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

    try:
        found = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, kind)
    except ResourceNotFoundError:
        return None
    schema: Schema = found.schema
    return schema


def _unknown(root: Schema, schemas: list[Schema], value: Any, path: str) -> Iterator[str]:
    """Walk through a value; a name is known if any of the schemas that may be meant has it."""
    known = [each for schema in schemas for each in _parts(root, schema)]
    if isinstance(value, list):
        items = [each["items"] for each in known if isinstance(each.get("items"), dict)]
        for item in value if items else ():
            yield from _unknown(root, items, item, path)
    if not isinstance(value, dict):
        return
    named = [each for each in known if "properties" in each]
    # Without names of its own, or with others allowed, an object may hold anything.
    if not named or any(_is_open(each) for each in known):
        return
    for name, item in value.items():
        below = f"{path}.{name}" if path else name
        fitting = [each["properties"][name] for each in named if name in each["properties"]]
        if fitting:
            yield from _unknown(root, fitting, item, below)
        else:
            yield below


def _parts(root: Schema, schema: Schema) -> Iterator[Schema]:
    """Yield a schema and everything that it is made of, without references."""
    seen: list[str] = []
    while "$ref" in schema and schema["$ref"] not in seen:
        seen.append(schema["$ref"])
        schema = _resolved(root, schema["$ref"])
    yield schema
    for name in _BRANCHES:
        for branch in schema.get(name, ()):
            if branch is not schema and isinstance(branch, dict):
                yield from _parts(root, branch)


def _resolved(root: Schema, reference: str) -> Schema:
    found: Any = root
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


def _is_open(schema: Schema) -> bool:
    if "patternProperties" in schema:
        return True
    return "properties" in schema and schema.get("additionalProperties", False) is not False
