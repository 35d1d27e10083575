"""Read a SAM template, check its parameters, translate it to plain CloudFormation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import intrinsics_multi_constructor

from local.edge.service_models import new_session
from local.stack.errors import ParameterError, TemplateError

LOCAL_BUCKET = "local-folder"
"""Stands in S3 locations of the translation for files beside the template."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The fast loader of PyYAML where it has one; SAM's own takes a second for a long template."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)

_LOCATIONS = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}


MANAGED_POLICIES = {
    name: f"arn:aws:iam::aws:policy/{path}"
    for name, path in (
        ("AmazonDynamoDBReadOnlyAccess", "AmazonDynamoDBReadOnlyAccess"),
        ("AmazonS3ReadOnlyAccess", "AmazonS3ReadOnlyAccess"),
        ("AWSLambdaBasicExecutionRole", "service-role/AWSLambdaBasicExecutionRole"),
        ("AWSXRayDaemonWriteAccess", "AWSXRayDaemonWriteAccess"),
        ("AWSXrayWriteOnlyAccess", "AWSXrayWriteOnlyAccess"),
        ("CloudWatchLogsFullAccess", "CloudWatchLogsFullAccess"),
    )
}
"""The names of AWS's managed policies; SAM asks IAM for them, which needs an account."""


_SECTIONS = ("Globals", "Parameters", "Mappings", "Conditions", "Resources", "Outputs")
"""The parts of a template whose entries have names and values."""


@dataclass(frozen=True)
class Template:
    """A template after translation.

    Attributes:
        folder: Where the template is; paths in it start there.
        parameters: Every parameter with its value.
        resources: Resources by logical id.
        outputs: Outputs by name.
        conditions: Conditions by name.
        mappings: Mappings by name.
        description: Its description.
        body: The template's text, as it was written.
    """

    folder: Path
    parameters: dict[str, Any]
    resources: dict[str, dict[str, Any]]
    outputs: dict[str, dict[str, Any]]
    conditions: dict[str, Any]
    mappings: dict[str, Any]
    description: str
    body: str


def read_template(file: Path, parameters: Mapping[str, str], region: str) -> Template:
    """Read and translate a template.

    Args:
        file: The template.
        parameters: Values for its parameters; what is left out takes its default.
        region: Region that it is translated for.

    Raises:
        ParameterError: A value is missing, unknown, or against its constraints.
        TemplateError: The template is no valid SAM template.
    """
    body = file.read_text(encoding="utf-8")
    try:
        source = yaml.load(body, _Loader)  # noqa: S506 - a safe loader with CloudFormation's tags
    except yaml.YAMLError as error:
        raise TemplateError(f"{file.name}: {' '.join(str(error).split())}") from error
    if not isinstance(source, dict) or not isinstance(source.get("Resources"), dict):
        raise TemplateError(f"{file.name}: no Resources in it")
    _check_form(file.name, source)
    values = check_parameters(source.get("Parameters", {}), parameters)
    _point_at_files(source)
    try:
        # `transform` would look for a region in this machine's AWS configuration.
        session = boto3.Session(region_name=region, botocore_session=new_session())
        translator = Translator({}, Parser(), None, session)
        translated = translator.translate(
            source, {**values}, get_managed_policy_map=lambda: MANAGED_POLICIES
        )
        # Measurements are for the cloud service; left unpublished they make a warning.
        translator.metrics.publish()
    except InvalidDocumentException as error:
        said = "; ".join(str(cause.message) for cause in error.causes) or error.message
        raise TemplateError(f"{file.name}: {said}") from error
    return Template(
        folder=file.parent,
        parameters=values,
        resources=translated["Resources"],
        outputs=translated.get("Outputs", {}),
        conditions=translated.get("Conditions", {}),
        mappings=translated.get("Mappings", {}),
        description=translated.get("Description", ""),
        body=body,
    )


def check_parameters(
    declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]
) -> dict[str, Any]:
    """Return every parameter's value, checked as CloudFormation does.

    Raises:
        ParameterError: Naming the parameter, with its `ConstraintDescription` if it has one.
    """
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise ParameterError(f"the template has no parameter {', '.join(unknown)}")
    values: dict[str, Any] = {}
    for name, declaration in declared.items():
        if name in given:
            value = str(given[name])
        elif "Default" in declaration:
            value = str(declaration["Default"])
        else:
            raise ParameterError(f"the parameter {name} has no default and needs a value")
        _check(name, declaration, value)
        kind = str(declaration.get("Type", "String"))
        values[name] = value.split(",") if "List" in kind else value
    return values


def _check(name: str, declaration: Mapping[str, Any], value: str) -> None:
    said = declaration.get("ConstraintDescription")

    def refuse(why: str) -> None:
        raise ParameterError(f"the parameter {name} is {value!r}: {said or why}")

    if declaration.get("Type") == "Number":
        try:
            number = float(value)
        except ValueError:
            refuse("not a number")
            return
        if number < float(declaration.get("MinValue", number)):
            refuse(f"less than {declaration['MinValue']}")
        if number > float(declaration.get("MaxValue", number)):
            refuse(f"more than {declaration['MaxValue']}")
    elif not (
        int(declaration.get("MinLength", 0))
        <= len(value)
        <= int(declaration.get("MaxLength", len(value)))
    ):
        refuse("too short or too long")
    allowed = declaration.get("AllowedValues")
    if allowed is not None and value not in [str(item) for item in allowed]:
        refuse(f"not one of {', '.join(str(item) for item in allowed)}")
    pattern = declaration.get("AllowedPattern")
    # CloudFormation matches the whole value.
    if pattern is not None and not re.fullmatch(pattern, value):
        refuse(f"does not match {pattern}")


def _check_form(name: str, source: dict[str, Any]) -> None:
    """Refuse what an unfinished template has: keys without a value, and texts where there are names and values."""
    for path, value in _parts("", source):
        if value is None:
            # CloudFormation's own words.
            raise TemplateError(f"{name}: [{path}] 'null' values are not allowed in templates")
    for section in _SECTIONS:
        for path, value in _entries(f"/{section}", source.get(section, {})):
            properties = value.get("Properties", {}) if isinstance(value, dict) else None
            if not isinstance(properties, dict):
                raise TemplateError(f"{name}: [{path}] has no names with values")


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield each value of a template with its path."""
    yield path, value
    if isinstance(value, dict | list):
        for below, item in _entries(path, value):
            yield from _parts(below, item)


def _entries(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        named = value.items() if isinstance(value, dict) else enumerate(value)
        return ((f"{path}/{name}", item) for name, item in named)
    return iter([(path, value)])


def _point_at_files(source: dict[str, Any]) -> None:
    """Turn paths into S3 locations, which is what the translation takes (`sam package` does so)."""
    function = source.get("Globals", {}).get("Function", {})
    if isinstance(function.get("CodeUri"), str):
        function["CodeUri"] = {"Bucket": LOCAL_BUCKET, "Key": function["CodeUri"]}
    for resource in source["Resources"].values():
        name = _LOCATIONS.get(resource.get("Type", ""))
        properties = resource.get("Properties", {})
        if name and isinstance(properties.get(name), str):
            properties[name] = {"Bucket": LOCAL_BUCKET, "Key": properties[name]}
