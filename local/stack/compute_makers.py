"""Creators for what runs: Lambda, Step Functions, CodeBuild."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import Any

from local.services.functions.code import copy_code, lay_out_layers
from local.services.functions.spec import FunctionSpec
from local.stack.errors import TemplateError
from local.stack.making import Creator, Making, Properties, Resource, camel, given, tag_map, tags
from local.stack.template import LOCAL_BUCKET

_SUBSTITUTION = re.compile(r"\$\{(\w+)\}")


def function(making: Making, properties: Properties) -> Resource:
    """Make a function: known to Lambda's API, and registered to be run."""
    name = properties.take("FunctionName") or making.name(properties.logical_id)
    code = _folder(making, properties.need("Code"), properties)
    layers = [making.layers[arn] for arn in properties.take("Layers", [])]
    environment = properties.take("Environment", {}).get("Variables", {})
    logging = properties.take("LoggingConfig", {})
    timeout = float(properties.take("Timeout", 3))
    memory = int(properties.take("MemorySize", 128))
    role, handler = properties.need("Role"), properties.need("Handler")
    # moto asks for the code to be there; what runs is the folder, so a stub is enough.
    made = making.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Handler=handler,
        Code={"ZipFile": _small_zip()},
        Timeout=int(timeout),
        MemorySize=memory,
        Environment={"Variables": {key: str(value) for key, value in environment.items()}},
        Tags=tag_map(properties.take("Tags")),
        **given(
            Runtime=properties.take("Runtime"),
            Architectures=properties.take("Architectures"),
            Description=properties.take("Description"),
            TracingConfig=properties.take("TracingConfig"),
            EphemeralStorage=properties.take("EphemeralStorage"),
            LoggingConfig=logging or None,
        ),
    )
    properties.without_effect("ReservedConcurrentExecutions", "PackageType", "RecursiveLoop")
    folder = making.state_dir / "functions"
    opt = lay_out_layers(layers, folder / "opt" / name) if layers else None
    making.register(
        FunctionSpec(
            logical_id=properties.logical_id,
            name=name,
            arn=made["FunctionArn"],
            handler=handler,
            code=copy_code(code, folder / "code" / hashlib.sha256(bytes(code)).hexdigest()[:12]),
            role_arn=role,
            environment={key: str(value) for key, value in environment.items()},
            timeout=timeout,
            memory_mb=memory,
            log_group=logging.get("LogGroup") or f"/aws/lambda/{name}",
            json_logs=logging.get("LogFormat") == "JSON",
            log_level=logging.get("ApplicationLogLevel"),
            opt=opt,
            dead_letter_arn=properties.take("DeadLetterConfig", {}).get("TargetArn"),
        )
    )
    return Resource(name, {"Arn": made["FunctionArn"]})


def layer(making: Making, properties: Properties) -> Resource:
    """Make a layer's version; its folder is laid out below the functions that use it."""
    folder = _folder(making, properties.need("Content"), properties)
    arn = making.client("lambda").publish_layer_version(
        LayerName=properties.take("LayerName") or making.name(properties.logical_id),
        Content={"ZipFile": _small_zip()},
        **given(
            Description=properties.take("Description"),
            CompatibleRuntimes=properties.take("CompatibleRuntimes"),
            CompatibleArchitectures=properties.take("CompatibleArchitectures"),
            LicenseInfo=properties.take("LicenseInfo"),
        ),
    )["LayerVersionArn"]
    making.layers[arn] = folder
    return Resource(arn, {"LayerVersionArn": arn})


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
    logging = properties.take("LoggingConfiguration")
    arn = making.client("stepfunctions").create_state_machine(
        name=properties.take("StateMachineName") or making.name(properties.logical_id, longest=80),
        definition=_definition(making, properties),
        roleArn=properties.need("RoleArn"),
        tags=[{"key": tag["Key"], "value": tag["Value"]} for tag in tags(properties.take("Tags"))],
        **given(
            type=properties.take("StateMachineType"),
            loggingConfiguration=camel(logging) if logging else None,
            tracingConfiguration=camel(properties.take("TracingConfiguration")),
        ),
    )["stateMachineArn"]
    return Resource(arn, {"Arn": arn, "Name": arn.rpartition(":")[2]})


def _definition(making: Making, properties: Properties) -> str:
    """Return the definition with its substitutions.

    A `${name}` that has no substitution stays as it is, as in CloudFormation.
    """
    location = properties.take("DefinitionS3Location")
    text = properties.take("DefinitionString")
    if location is not None:
        text = _local_file(making, location, properties).read_text(encoding="utf-8")
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


def _folder(making: Making, location: dict[str, Any], properties: Properties) -> Path:
    folder = _local_file(making, location, properties)
    if not folder.is_dir():
        raise TemplateError(f"{properties.logical_id}: {folder} is no folder")
    return folder


def _local_file(making: Making, location: dict[str, Any], properties: Properties) -> Path:
    bucket = location.get("S3Bucket") or location.get("Bucket")
    key = location.get("S3Key") or location.get("Key")
    if bucket != LOCAL_BUCKET or not key:
        raise TemplateError(
            f"{properties.logical_id}: code comes from a folder beside the template"
        )
    return (making.folder / str(key)).resolve()


def _small_zip() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("README", "The embedded AWS runs functions from their folders.\n")
    return data.getvalue()


CREATORS: dict[str, Creator] = {
    "AWS::Lambda::Function": function,
    "AWS::Lambda::LayerVersion": layer,
    "AWS::Lambda::Version": function_version,
    "AWS::Lambda::Permission": permission,
    "AWS::StepFunctions::StateMachine": state_machine,
    "AWS::CodeBuild::Project": build_project,
}
