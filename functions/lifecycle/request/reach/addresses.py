"""Every address that an OpenAPI document could lead a gateway to; what could lead anywhere else is refused by name.

A gateway sends the API key or the token of a target with each call. So a member that is not known here is refused, not
passed over. Source of the objects' members: OpenAPI Specification 3.0.4 and 3.1.1. The addresses in `securitySchemes`
are not called: credentials are configured outside the document (developer guide, "OpenAPI schema targets").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lifecycle.request.inputs import shown
from lifecycle.request.reach.documents import METHODS, DocumentRefusedError

_ROOT = {
    *("openapi", "info", "servers", "paths", "components", "security", "tags", "externalDocs"),
    "jsonSchemaDialect",
}
_COMPONENTS = {
    *("schemas", "responses", "parameters", "examples", "requestBodies", "headers"),
    *("securitySchemes", "links", "pathItems"),
}
_PATH_ITEM = {*METHODS, "$ref", "summary", "description", "servers", "parameters"}
_OPERATION = {
    *("tags", "summary", "description", "externalDocs", "operationId", "parameters"),
    *("requestBody", "responses", "deprecated", "security", "servers"),
}
_SERVER = {"url", "description", "name"}
# Calls to others, and servers whose URLs callers complete: a gateway needs none of them, so they may not be there.
_NONE_OF = frozenset({"webhooks", "callbacks", "variables"})
# A path is put behind the URL of a server: without its slash it would go on with the host name.
_PATH = re.compile(r"/(?![/\\])[^\\?#\s]*")
_COMPONENT = re.compile(r"#/components/([A-Za-z]+)/([^/#]+)(/[^#]*)?")
_DIALECTS = {
    "https://spec.openapis.org/oas/3.1/dialect/base",
    "https://json-schema.org/draft/2020-12/schema",
}
# What names an address outside the document: an identifier is what other references are relative to.
_OUTSIDE = ("$id", "externalValue", "operationRef")
_OTHER_HOSTS = ("host", ":authority")
_API_GATEWAY = "x-amazon-apigateway-"


def servers_of(document: str) -> list[tuple[str, str]]:
    """The servers that a document names: its own, those of paths and those of operations.

    Args:
        document: An OpenAPI document in JSON.

    Returns:
        Of each server, where in the document it is, and its URL.

    Raises:
        DocumentRefusedError: A part of the document could lead to an address that is not below one of these URLs.
    """
    root = json.loads(document)
    _only(root, _ROOT, "")
    found = list(_servers(root, "servers"))
    for name, item in _object(root.get("paths"), "paths").items():
        if name.startswith("x-"):
            continue
        place = f"paths.{name}"
        if _PATH.fullmatch(name) is None:
            raise DocumentRefusedError(
                "paths that begin with exactly one / and have no \\, ?, # or space",
                given=shown(name),
                place="paths",
            )
        found += _of_path(item, place)
    components = _object(root.get("components", {}), "components")
    _only(components, _COMPONENTS, "components")
    for name, item in _object(components.get("pathItems", {}), "components.pathItems").items():
        found += _of_path(item, f"components.pathItems.{name}")
    schemas = _object(components.get("schemas", {}), "components.schemas")
    for place, value in _objects(root):
        _check_references(place, value)
        _check_mapping(place, value, schemas)
        found += _elsewhere(place, value)
    return found


def _of_path(item: Any, place: str) -> Iterator[tuple[str, str]]:
    _only(_object(item, place), _PATH_ITEM, place)
    if "$ref" in item:
        found = _COMPONENT.fullmatch(str(item["$ref"]))
        if found is None or found[1] != "pathItems" or found[3]:
            raise DocumentRefusedError(
                "references to #/components/pathItems/",
                given=f"the reference {shown(item['$ref'])}",
                place=place,
            )
    if "servers" in item:
        yield from _servers(item, f"{place}.servers")
    for method in METHODS:
        if method not in item:
            continue
        where = f"{place}.{method}"
        operation = _object(item[method], where)
        _only(operation, _OPERATION, where)
        if "servers" in operation:
            yield from _servers(operation, f"{where}.servers")


def _servers(owner: dict[str, Any], place: str) -> Iterator[tuple[str, str]]:
    servers = owner.get("servers")
    # What counts instead of an empty list is not documented.
    if not isinstance(servers, list) or not servers:
        raise DocumentRefusedError(
            "at least one server with a URL, in a list", what="no servers", place=place
        )
    for index, server in enumerate(servers):
        where = f"{place}.{index}"
        url = _object(server, where).get("url")
        _only(server, _SERVER, where)
        if not isinstance(url, str) or "{" in url:
            raise DocumentRefusedError(
                "a URL without variables", given=f"the server {shown(url)}", place=where
            )
        yield f"{where}.url", url


def _object(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DocumentRefusedError("an object", what="no object", place=place)
    return value


def _only(value: dict[str, Any], names: set[str], place: str) -> None:
    for name in value:
        if name in names or (name.startswith("x-") and not name.startswith(_API_GATEWAY)):
            continue
        if name in _NONE_OF:
            raise DocumentRefusedError(f"a document without {name}", what=name, place=place)
        raise DocumentRefusedError(
            "the members that OpenAPI 3.0 and 3.1 have here",
            given=f"the member {shown(name)}",
            what="another member",
            place=place,
        )


def _objects(root: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object, however deep, with its place."""
    left: list[tuple[str, Any]] = [("", root)]
    while left:
        place, value = left.pop()
        if isinstance(value, dict):
            yield place, value
            left += [(f"{place}.{name}".lstrip("."), item) for name, item in value.items()]
        elif isinstance(value, list):
            left += [(f"{place}.{index}", item) for index, item in enumerate(value)]


def _check_references(place: str, value: dict[str, Any]) -> None:
    """Refuse references to another document. An object is no reference: a property may have any name."""
    for name in ("$ref", "$dynamicRef", "$recursiveRef"):
        reference = value.get(name)
        if reference is None or isinstance(reference, dict):
            continue
        within = isinstance(reference, str) and reference.startswith("#")
        if name == "$ref" and within:
            # Below a component, only a schema has parts that are again what they were looked at as.
            found = _COMPONENT.fullmatch(reference)
            within = (
                found is not None
                and found[1] in _COMPONENTS
                and (not found[3] or found[1] == "schemas")
            )
        if not within:
            raise DocumentRefusedError(
                "references that begin with #/components/",
                given=f"the reference {shown(reference)}",
                place=place,
            )
    for name in _OUTSIDE:
        if isinstance(value.get(name), str):
            raise DocumentRefusedError(f"a document without {name}", what=name, place=place)
    for name in ("$schema", "jsonSchemaDialect"):
        dialect = value.get(name)
        if isinstance(dialect, str) and dialect not in _DIALECTS:
            raise DocumentRefusedError(
                f"as {name} {' or '.join(sorted(_DIALECTS))}", given=shown(dialect), place=place
            )


def _check_mapping(place: str, value: dict[str, Any], schemas: dict[str, Any]) -> None:
    discriminator = value.get("discriminator")
    mapping = discriminator.get("mapping") if isinstance(discriminator, dict) else None
    for schema in mapping.values() if isinstance(mapping, dict) else ():
        if isinstance(schema, str) and schema not in schemas:
            found = _COMPONENT.fullmatch(schema)
            if found is None or found[1] != "schemas":
                raise DocumentRefusedError(
                    "names of #/components/schemas/", given=shown(schema), place=place
                )


def _elsewhere(place: str, value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What may name another address in an object of any kind, at whatever place."""
    for name in value:
        if name.startswith(_API_GATEWAY):
            raise DocumentRefusedError(
                "a document without the extensions of API Gateway", what=name, place=place
            )
    if value.get("in") == "header" and str(value.get("name")).lower() in _OTHER_HOSTS:
        # Behind a shared address, this header says which host is meant.
        raise DocumentRefusedError(
            "no parameter that names the host", given=shown(value["name"]), place=place
        )
    listed = value.get("servers")
    for server in [*(listed if isinstance(listed, list) else []), value.get("server")]:
        url = server.get("url") if isinstance(server, dict) else None
        if isinstance(url, str):
            yield f"{place}.servers".lstrip("."), url
