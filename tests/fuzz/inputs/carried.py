"""Carries an accepted input through the stages, and checks each call of AWS against the service's own model."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
from botocore.exceptions import ClientError

from lifecycle import names
from lifecycle.artifact.given_image import pin_image
from lifecycle.artifact.package import publish_package
from lifecycle.artifact.settings import PublicationSettings
from lifecycle.artifact.shared.table import SharedArtifacts
from lifecycle.artifact.source import pack_object
from lifecycle.errors import ArtifactBuildError, InvalidRequestError, SmokeTestError
from lifecycle.identity import user_pool
from lifecycle.identity.caller_secret import ensure_secret
from lifecycle.identity.ledger import begin
from lifecycle.identity.provision import provision_identity
from lifecycle.promotions.entry import Promoted
from lifecycle.promotions.store import Provisioned
from lifecycle.record import Record
from lifecycle.request.model import Request, parse_request
from lifecycle.request.preparation import PrepareEvent, prepare_request
from lifecycle.request.providers import check_provider
from lifecycle.request.rollback import as_provision, completed
from lifecycle.runtime import configuration
from lifecycle.runtime.readiness import check_runtime
from lifecycle.sections.artifact import ArtifactRecord
from lifecycle.sections.identity import IdentityRecord
from lifecycle.sections.runtime import RuntimeRecord
from lifecycle.smoke_test.patience import Patience
from lifecycle.smoke_test.sign_in import sign_in
from local.agentcore.model.validation import find_faults
from tests.functions.lifecycle.runtime_clients import LocalClients
from tests.functions.lifecycle.runtime_world import BUCKET, HOST, ROLE, World
from tests.fuzz.tally import LetThrough

# S3 user guide, "Bucket naming rules" and "Naming Amazon S3 objects": rules that the model does not have.
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_LONGEST_KEY = 1024
_RANGES = {"integer": 2**31, "long": 2**63}


class CheckedClients(LocalClients):
    """Clients of moto and the local AgentCore that refuse a request which breaks its service's model."""

    def _client(self, service: str, *args: Any) -> Any:
        client = super()._client(service, *args)
        client.meta.events.register("before-parameter-build", _check)
        return client


def _check(params: dict[str, Any], model: Any, **_: Any) -> None:
    faults = [
        f"{fault.name}: {fault.message}"
        for fault in find_faults(model.input_shape, params)
        # boto3 takes files and several kinds of times for these.
        if not fault.message.endswith(("type blob", "type timestamp"))
    ]
    faults += _beyond_the_model(model.input_shape, params)
    if model.service_model.service_name == "s3":
        faults += _of_s3(params)
    if faults:
        raise LetThrough(f"{model.name}: {'; '.join(faults)[:500]}")


def _beyond_the_model(shape: Any, value: Any) -> Iterator[str]:
    """What every service refuses: numbers beyond their type, texts that are no Unicode."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            yield f"no Unicode: {value!r}"
    elif shape.type_name == "structure" and isinstance(value, dict):
        for name, item in value.items():
            yield from _beyond_the_model(shape.members[name], item)
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            yield from _beyond_the_model(shape.member, item)
    elif shape.type_name == "map" and isinstance(value, dict):
        for name, item in value.items():
            yield from _beyond_the_model(shape.key, name)
            yield from _beyond_the_model(shape.value, item)
    elif shape.type_name in _RANGES:
        most = _RANGES[shape.type_name]
        if not -most <= value < most:
            yield f"{value} is no {shape.type_name}"


def _of_s3(params: dict[str, Any]) -> Iterator[str]:
    bucket = params.get("Bucket", BUCKET)
    if not _BUCKET.fullmatch(bucket) or _is_address(bucket):
        yield f"InvalidBucketName: {bucket}"
    if len(params.get("Key", "").encode(errors="replace")) > _LONGEST_KEY:
        yield f"KeyTooLongError: {params['Key'][:50]}…"


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


_ABSENT = ("an evaluator", "an object")


def carry(world: World, given: dict[str, Any]) -> None:
    """Run the stages of a provision with an input that was accepted.

    Raises:
        LetThrough: A service would refuse a request for its form.
    """
    try:
        prepared = prepare_request(
            PrepareEvent(execution=world.execution, input=given), clients=world.clients
        )
    except InvalidRequestError as error:
        # The stack allows neither the provider nor the secret, and the account has no such evaluator and no such cases.
        # Nothing was made.
        absent = any(f"allowed: {what} that exists" in str(error) for what in _ABSENT)
        if given["auth"]["type"] == "jwt" or absent:
            return
        raise
    request = prepared.request
    world.request = request
    # A rebuild's input is the record's request.
    kept = world.record(request.environment).request
    assert kept is not None
    assert parse_request(kept) == request
    _is_rolled_back(world, request)
    provision_identity(world.event(), clients=world.clients)
    with suppress(ArtifactBuildError):  # no such version, image or entry file
        if not world.publish().done:
            world.finish_build()
            world.publish()
    if not _is_published(world, request):
        artifact = _some_artifact(request)
        world.records.update(request.environment, world.execution, artifact=artifact)
    assert world.deploy().change == "created"
    assert world.loop(check_runtime).done


def _is_rolled_back(world: World, request: Request) -> None:
    """A rollback to a version of this request asks for it again, pinned, in a form that every stage reads."""
    promoted = Promoted(
        version="1",
        runtime_id="r-1",
        promoted_at="",
        execution=world.execution,
        slot=0,
        digest="digest",
    )
    source = (request.artifact.source or request.artifact.package) and {"versionId": "v" * 1024}
    provisioned = Provisioned(request=as_provision(request), artifact={"source": source})
    world.promotions.write(request.environment, promoted, provisioned)
    runtime = RuntimeRecord(name="r", id="r-1", live_version="2")
    record = Record(environment=request.environment, runtime=runtime, promotions=[promoted])
    asked = parse_request({"action": "rollback", "environment": request.environment})
    back = completed(asked, record, world.promotions)
    assert Request.model_validate(back.to_json()) == back
    assert parse_request(as_provision(back)).auth == request.auth


def _is_published(world: World, request: Request) -> bool:
    artifact = world.record(request.environment).artifact
    return artifact is not None and artifact.published


def send(world: World, request: Request, stack: str) -> None:
    """Make the requests in which a provision hands parts of its input on, without the stages around them.

    Args:
        world: The account; nothing in it has the stack's name.
        request: An input that was accepted.
        stack: The stack's name.

    Raises:
        LetThrough: A service would refuse a request for its form.
    """
    tags = request.tags | names.tags(stack, request.environment)
    _send_identity(world, request, stack, tags)
    _send_artifact(world, request)
    record = Record(
        environment=request.environment,
        identity=_identity(request),
        artifact=_some_artifact(request),
    )
    wanted = configuration.desired(request, record, ROLE, "model-1", stack, "us-west-2")
    token = names.client_token(stack)
    try:
        made = world.control.create_agent_runtime(
            agentRuntimeName=names.runtime_name(stack, request.environment),
            clientToken=token,
            tags=tags,
            **configuration.creation(wanted),
        )
        world.pass_(5)
        observed = world.control.get_agent_runtime(agentRuntimeId=made["agentRuntimeId"])
        changed = configuration.update(
            world.control, {**wanted, "description": "changed"}, observed
        )
        world.control.update_agent_runtime(**changed, clientToken=token)
    except ClientError as error:
        raise LetThrough(str(error)) from error


def _send_identity(world: World, request: Request, stack: str, tags: dict[str, str]) -> None:
    clients = world.clients
    if request.auth.type == "cognito":
        user_pool.create_pool(
            clients.cognito, names.resource_name(stack, request.environment), tags
        )
        name = names.secret_name(stack, request.environment, request.auth.cognito_flow)
        ensure_secret(clients.secrets, name, tags, None)
    if request.auth.type == "jwt":
        try:
            httpx.URL(str(request.auth.discovery_url))
        except httpx.InvalidURL as error:
            raise LetThrough(f"auth.discoveryUrl: {error}") from error
        # Both may refuse, since there is no such secret.
        with suppress(InvalidRequestError):
            check_provider(request.auth, request.environment, clients)
        with suppress(SmokeTestError):
            sign_in(request.environment, begin(None, request.auth), clients, Patience(30.0))


def _identity(request: Request) -> IdentityRecord:
    url = "https://cognito.example.com/pool/.well-known/openid-configuration"
    identity = begin(None, request.auth)
    if request.auth.type != "cognito":
        return identity
    return identity.model_copy(update={"client_id": "client1", "discovery_url": url})


def _send_artifact(world: World, request: Request) -> None:
    artifact, clients = request.artifact, world.clients
    with suppress(ArtifactBuildError):  # there is no such object or image
        if artifact.source is not None:
            with pack_object(clients.s3, artifact.source, artifact.type):
                pass
        if artifact.package is not None:
            settings = PublicationSettings.load()
            shared = SharedArtifacts(clients.dynamodb, settings.artifacts_table_name)
            publish_package(clients, settings, shared, request, artifact.package)
        if artifact.container_uri is not None:
            pin_image(clients, PublicationSettings.load(), artifact.container_uri)


def _some_artifact(request: Request) -> ArtifactRecord:
    return ArtifactRecord(
        type=request.artifact.type,
        bucket=BUCKET,
        key="package.zip",
        container_uri=f"{HOST}/agents@sha256:{'0' * 64}",
        runtime=request.artifact.runtime or "PYTHON_3_13",
        entry_point=request.artifact.entry_point or ["main.py"],
        published=True,
    )
