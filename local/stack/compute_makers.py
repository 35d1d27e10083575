"""Creators for what runs: Lambda, Step Functions, CodeBuild."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

from local.services.functions.spec import FunctionSpec
from local.stack.errors import TemplateError
from local.stack.making import (
    Creator,
    Making,
    Properties,
    Resource,
    Updater,
    camel,
    given,
    tag_map,
    tags,
)

_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")


def function(making: Making, properties: Properties) -> Resource:
    """Make a function: known to Lambda's API, and registered to be run."""
    created, settings, spec = _function(making, properties)
    made = making.client("lambda").create_function(
        FunctionName=spec["name"], Code={"ZipFile": _small_zip(spec["code"])}, **created, **settings
    )
    return _registered(making, spec, made["FunctionArn"])


def update_function(making: Making, properties: Properties, _old: Resource) -> Resource:
    """Update a function as a deployment does: its code, its settings, and the processes that run it."""
    created, settings, spec = _function(making, properties)
    client, name = making.client("lambda"), spec["name"]
    made = client.update_function_code(
        FunctionName=name,
        ZipFile=_small_zip(spec["code"]),
        **given(Architectures=created.get("Architectures")),
    )
    client.update_function_configuration(FunctionName=name, **settings)
    client.tag_resource(Resource=made["FunctionArn"], Tags=created["Tags"])
    return _registered(making, spec, made["FunctionArn"])


def _function(
    making: Making, properties: Properties
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return what only CreateFunction takes, what an update takes, too, and what the processes need."""
    who = properties.logical_id
    code = making.sources.copy(properties.need("Code"), who)
    layers = [making.layers[arn] for arn in properties.take("Layers", [])]
    environment = properties.take("Environment", {}).get("Variables", {})
    variables = {key: str(value) for key, value in environment.items()}
    logging = properties.take("LoggingConfig", {})
    name = properties.take("FunctionName") or making.name(who)
    spec: dict[str, Any] = {
        "logical_id": who,
        "name": name,
        "handler": properties.need("Handler"),
        "code": code,
        "role_arn": properties.need("Role"),
        "environment": variables,
        "timeout": float(properties.take("Timeout", 3)),
        "memory_mb": int(properties.take("MemorySize", 128)),
        "log_group": logging.get("LogGroup") or f"/aws/lambda/{name}",
        "json_logs": logging.get("LogFormat") == "JSON",
        "log_level": logging.get("ApplicationLogLevel"),
        "opt": making.sources.layers(layers) if layers else None,
        "dead_letter_arn": properties.take("DeadLetterConfig", {}).get("TargetArn"),
    }
    settings = {
        "Role": spec["role_arn"],
        "Handler": spec["handler"],
        "Timeout": int(spec["timeout"]),
        "MemorySize": spec["memory_mb"],
        "Environment": {"Variables": variables},
        **given(
            Runtime=properties.take("Runtime"),
            Description=properties.take("Description"),
            TracingConfig=properties.take("TracingConfig"),
            EphemeralStorage=properties.take("EphemeralStorage"),
            LoggingConfig=logging or None,
        ),
    }
    created = {
        "Tags": tag_map(properties.take("Tags")),
        **given(Architectures=properties.take("Architectures")),
    }
    properties.without_effect("ReservedConcurrentExecutions", "PackageType", "RecursiveLoop")
    return created, settings, spec


def _registered(making: Making, spec: dict[str, Any], arn: str) -> Resource:
    making.register(FunctionSpec(arn=arn, **spec))
    return Resource(spec["name"], {"Arn": arn})


def layer(making: Making, properties: Properties) -> Resource:
    """Make a layer's version; its folder is laid out for the functions that use it."""
    folder = making.sources.copy(properties.need("Content"), properties.logical_id)
    arn = making.client("lambda").publish_layer_version(
        LayerName=properties.take("LayerName") or making.name(properties.logical_id),
        Content={"ZipFile": _small_zip(folder)},
        **given(
            Description=properties.take("Description"),
            CompatibleRuntimes=properties.take("CompatibleRuntimes"),
            CompatibleArchitectures=properties.take("CompatibleArchitectures"),
            LicenseInfo=properties.take("LicenseInfo"),
        ),
    )["LayerVersionArn"]
    making.layers[arn] = folder
    return Resource(arn, {"LayerVersionArn": arn})


def update_layer(making: Making, properties: Properties, _old: Resource) -> Resource:
    """Publish the layer's next version, which replaces the old one."""
    return layer(making, properties)


def function_version(making: Making, properties: Properties) -> Resource:
    """Publish a version."""
    made = making.client("lambda").publish_version(
        FunctionName=properties.need("FunctionName"),
        **given(Description=properties.take("Description")),
    )
    return Resource(made["FunctionArn"], {"Version": made["Version"]})


def permission(making: Making, properties: Properties) -> Resource:
    """Let a service invoke a function."""
    making.client("lambda").add_permission(
        StatementId=properties.logical_id,
        FunctionName=properties.need("FunctionName"),
        Action=properties.need("Action"),
        Principal=properties.need("Principal"),
        **given(
            SourceArn=properties.take("SourceArn"), SourceAccount=properties.take("SourceAccount")
        ),
    )
    return Resource(properties.logical_id)


def state_machine(making: Making, properties: Properties) -> Resource:
    """Make a state machine, its definition read and substituted here."""
    settings = _state_machine(making, properties)
    arn = making.client("stepfunctions").create_state_machine(
        name=properties.take("StateMachineName") or making.name(properties.logical_id, longest=80),
        tags=[{"key": tag["Key"], "value": tag["Value"]} for tag in tags(properties.take("Tags"))],
        **given(type=properties.take("StateMachineType")),
        **settings,
    )["stateMachineArn"]
    return Resource(arn, {"Arn": arn, "Name": arn.rpartition(":")[2]})


def update_state_machine(making: Making, properties: Properties, old: Resource) -> Resource:
    """Update a state machine; executions that run go on with the definition that they started with."""
    settings = _state_machine(making, properties)
    properties.without_effect("StateMachineName", "StateMachineType", "Tags")
    making.client("stepfunctions").update_state_machine(stateMachineArn=old.ref, **settings)
    return old


def _state_machine(making: Making, properties: Properties) -> dict[str, Any]:
    logging = properties.take("LoggingConfiguration")
    return {
        "definition": _definition(making, properties),
        "roleArn": properties.need("RoleArn"),
        **given(
            loggingConfiguration=camel(logging) if logging else None,
            tracingConfiguration=camel(properties.take("TracingConfiguration")),
        ),
    }


def _definition(making: Making, properties: Properties) -> str:
    """Return the definition with its substitutions.

    A `${name}` that has no substitution stays as it is, as in CloudFormation.
    """
    location = properties.take("DefinitionS3Location")
    text = properties.take("DefinitionString")
    if location is not None:
        text = making.sources.text(location, properties.logical_id)
    if text is None:
        raise TemplateError(f"{properties.logical_id} needs a DefinitionUri or a DefinitionString")
    substitutions = properties.take("DefinitionSubstitutions", {})

    def value_of(found: re.Match[str]) -> str:
        return str(substitutions.get(found[1], found[0]))

    return _SUBSTITUTION.sub(value_of, text)


def build_project(making: Making, properties: Properties) -> Resource:
    """Make a CodeBuild project."""
    name = properties.take("Name") or making.name(properties.logical_id, longest=255)
    environment = properties.need("Environment")
    project = making.client("codebuild").create_project(
        name=name,
        source=_source(properties.need("Source")),
        artifacts=camel(properties.need("Artifacts")),
        environment=camel(environment),
        serviceRole=properties.need("ServiceRole"),
        **given(
            description=properties.take("Description"),
            timeoutInMinutes=properties.take("TimeoutInMinutes"),
            queuedTimeoutInMinutes=properties.take("QueuedTimeoutInMinutes"),
            encryptionKey=properties.take("EncryptionKey"),
            logsConfig=camel(properties.take("LogsConfig")),
            tags=camel(tags(properties.take("Tags"))) or None,
        ),
    )["project"]
    properties.without_effect("Cache", "ConcurrentBuildLimit", "Visibility")
    return Resource(name, {"Arn": project["arn"]})


def _source(source: dict[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = camel(source)
    # The one member whose name differs: BuildSpec in the template, buildspec in the API.
    if "buildSpec" in written:
        written["buildspec"] = written.pop("buildSpec")
    return written


def _small_zip(folder: Path) -> bytes:
    """Return a zip for moto, which asks for code. What runs is the folder, whose name is its content's."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        entry = zipfile.ZipInfo("README", (1980, 1, 1, 0, 0, 0))
        archive.writestr(entry, f"The local AWS runs the code {folder.name} from its folder.\n")
    return data.getvalue()


CREATORS: dict[str, Creator] = {
    "AWS::Lambda::Function": function,
    "AWS::Lambda::LayerVersion": layer,
    "AWS::Lambda::Version": function_version,
    "AWS::Lambda::Permission": permission,
    "AWS::StepFunctions::StateMachine": state_machine,
    "AWS::CodeBuild::Project": build_project,
}


UPDATERS: dict[str, Updater] = {
    "AWS::Lambda::Function": update_function,
    "AWS::Lambda::LayerVersion": update_layer,
    "AWS::StepFunctions::StateMachine": update_state_machine,
}
"""What can be updated without a restart of the local AWS."""
