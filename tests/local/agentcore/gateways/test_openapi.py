"""OpenAPI documents: which a gateway takes, and which tools it makes of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from local.agentcore.control.gateways.openapi.document import DocumentError, read_document
from local.agentcore.control.gateways.openapi.operations import Operation, operations_of

PETS: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "https://pets.example.com/v1/"}],
    "paths": {
        "/pets/{id}": {
            "parameters": [
                {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
            ],
            "get": {
                "operationId": "getPet",
                "summary": "Get a pet.",
                "parameters": [
                    {
                        "name": "units",
                        "in": "query",
                        "description": "Which units.",
                        "schema": {"type": "string", "enum": ["kg", "lb"]},
                    },
                    {"$ref": "#/components/parameters/Trace"},
                ],
                "responses": {"200": {"description": "The pet."}},
            },
            "put": {
                "operationId": "putPet",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}
                    },
                },
                "responses": {"200": {"description": "Done."}},
            },
        }
    },
    "components": {
        "parameters": {"Trace": {"name": "X-Trace", "in": "header", "schema": {"type": "string"}}},
        "schemas": {
            "Pet": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "oneOf": {"type": "integer"}},
            }
        },
    },
}


def changed(*path: str, value: Any) -> dict[str, Any]:
    """Return the document with something else at a path; without it, for `...`."""
    document = copy.deepcopy(PETS)
    found = document
    for key in path[:-1]:
        found = found[key]
    if value is ...:
        del found[path[-1]]
    else:
        found[path[-1]] = value
    return document


def tools(document: dict[str, Any], *, nested: bool = False) -> list[Operation]:
    return operations_of(read_document(json.dumps(document)), nested_body=nested)


@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump], ids=["json", "yaml"])
@pytest.mark.parametrize("version", ["3.0.0", "3.1.0"])
def test_each_operation_is_a_tool(write: Callable[[Any], str], version: str) -> None:
    text = write({**PETS, "openapi": version})
    get, put = operations_of(read_document(text), nested_body=False)
    assert (get.method, get.url) == ("GET", "https://pets.example.com/v1/pets/{id}")
    assert get.tool == {
        "name": "getPet",
        "description": "Get a pet.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "units": {"type": "string", "enum": ["kg", "lb"], "description": "Which units."},
                "X-Trace": {"type": "string"},
            },
            "required": ["id"],
        },
    }
    assert put.body == ("name", "oneOf")
    assert put.tool["inputSchema"]["required"] == ["id", "name"]
    assert "description" not in put.tool


def test_a_body_can_be_one_argument() -> None:
    _, put = tools(PETS, nested=True)
    schema = put.tool["inputSchema"]
    assert schema["required"] == ["id", "body"]
    assert schema["properties"]["body"]["required"] == ["name"]
    assert put.whole_body


def test_yaml_may_have_numbers_as_statuses() -> None:
    text = yaml.safe_dump(PETS).replace("'200'", "200")
    assert len(operations_of(read_document(text), nested_body=False)) == 2


GET = ("paths", "/pets/{id}", "get")
PUT = ("paths", "/pets/{id}", "put")
PET = ("components", "schemas", "Pet")
JSON_BODY = (*PUT, "requestBody", "content")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (changed("openapi", value="2.0"), "Swagger 2.0"),
        (changed("openapi", value=3), "3.0 or 3.1"),
        (changed("info", value=...), "'info' is a required property"),
        (changed("servers", value=...), "server with an https URL"),
        (changed("servers", value=[{"url": "http://pets.example.com"}]), "https URL"),
        (changed("servers", value=[{"url": "/v1"}]), "https URL"),
        (
            changed(
                "servers",
                value=[{"url": "https://{a}.com", "variables": {"a": {"default": "b"}}}],
            ),
            "variables",
        ),
        (changed("paths", value={}), "no operation"),
        (changed(*GET, "operationId", value=...), "no operationId"),
        (changed(*PUT, "operationId", value="getPet"), "getPet"),
        (changed("paths", "/pets/{id}", "parameters", value=[]), "id"),
        (changed(*PET, "oneOf", value=[{"type": "object"}]), "'oneOf' is not supported"),
        (changed(*PET, "allOf", value=[{"type": "object"}]), "'allOf' is not supported"),
        (changed(*GET, "callbacks", value={}), "'callbacks' is not supported"),
        (changed(*GET, "security", value=[{"key": []}]), "security"),
        (
            changed(
                "components",
                "securitySchemes",
                value={"key": {"type": "apiKey", "in": "header", "name": "k"}},
            ),
            "Security schemes",
        ),
        (changed("components", "parameters", "Trace", "in", value="cookie"), "cookie"),
        (changed("components", "parameters", "Trace", "explode", value=True), "serialization"),
        (changed("components", "parameters", value={}), "nowhere"),
        (changed(*PET, "properties", "x", value={"$ref": "https://a/b"}), "begin with '#/'"),
        (
            changed(*PET, "properties", "x", value={"$ref": "#/components/schemas/Pet"}),
            "contains itself",
        ),
        (changed(*PET, "properties", "id", value={"type": "string"}), "also in the body"),
        (changed(*JSON_BODY, value={"application/xml": {}}), "application/json only"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_no_gateway_supports_is_refused_by_name(document: dict[str, Any], says: str) -> None:
    with pytest.raises(DocumentError, match=says):
        tools(document)


@pytest.mark.parametrize("text", ["", "{", "[]", "a: b: c", "- 1", "!!python/object:x {}"])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        read_document(text)


def test_no_value_of_a_document_is_repeated() -> None:
    document = changed("info", "version", value=["s3cret"])
    with pytest.raises(DocumentError) as raised:
        tools(document)
    assert "s3cret" not in str(raised.value)


def test_many_anchors_are_read_once() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    with pytest.raises(DocumentError, match=r"3\.0 or 3\.1"):
        read_document("\n".join(lines))
