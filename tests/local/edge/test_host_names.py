"""Names by which containers ask for the local AWS, over real HTTP: only those that were given."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import boto3
import httpx
import pytest
from botocore.config import Config

from local.edge.host_names import HostNameError, HostNames
from local.edge.server import EVERYWHERE, HOST, AddressError, PortError, Server
from tests.local.edge.test_server import hello
from tests.local.edge.world import World

NAMES = ("host.docker.internal", "aws.localhost", "172.17.0.1")


@pytest.fixture
def world() -> Iterator[World]:
    world = World(names=HostNames(NAMES))
    yield world
    world.server.stop()


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("localhost:4566", None),
        ("b.localhost:4566", "b"),
        ("host.docker.internal:4566", None),
        ("HOST.docker.internal", None),
        ("my.bucket.host.docker.internal:4566", "my.bucket"),
        ("172.17.0.1:4566", None),
        ("aws.localhost:4566", None),
        ("b.aws.localhost", "b"),
    ],
)
def test_a_name_and_the_bucket_before_it(host: str, bucket: str | None) -> None:
    names = HostNames(NAMES)
    assert names.include(host)
    assert names.bucket(host) == bucket
    assert names.on_loopback(host) == (f"{bucket}.localhost" if bucket else "localhost")


@pytest.mark.parametrize(
    "host",
    ["docker.internal", "xhost.docker.internal", "host.docker.internal.evil.example", "evil"],
)
def test_no_other_name_is_one(host: str) -> None:
    assert not HostNames(NAMES).include(host)
    assert not HostNames().include("host.docker.internal:4566")


@pytest.mark.parametrize("text", ["http://x", "x:1", "", "*", "a_b", "-x", "x/y", "a..b", "a" * 64])
def test_what_is_no_host_name_is_refused(text: str) -> None:
    with pytest.raises(HostNameError, match="is not a host name: give it without scheme and port"):
        HostNames([text])


@pytest.mark.parametrize(
    ("style", "seen"), [("virtual", "sources.localhost"), ("path", "localhost")]
)
def test_a_container_is_served_and_a_page_of_its_name_is_not(
    world: World, style: str, seen: str
) -> None:
    """The signature covers the name that was asked for; moto sees the bucket as on loopback."""
    url = f"http://host.docker.internal:{world.server.port}"
    real = socket.getaddrinfo

    def resolve(host: str | bytes | None, *arguments: object, **named: object) -> object:
        there = str(host).endswith("host.docker.internal")
        return real(HOST if there else host, *arguments, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve)
        patch.setenv("NO_PROXY", "*")
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id=world.keys.access_key_id,
            aws_secret_access_key=world.keys.secret_access_key,
            aws_session_token=world.keys.session_token,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": style}),
        )
        client.get_object(Bucket="sources", Key="k")["Body"].close()
    (call,) = world.log.calls()
    assert (call.service, call.operation, call.status) == ("s3", "GetObject", 200)
    assert world.hosts == [seen]
    health = f"{world.url}/_local/health"
    named = {"Host": f"host.docker.internal:{world.server.port}"}
    assert httpx.get(health, headers=named, trust_env=False).status_code == 200
    page = {**named, "Origin": url}
    assert httpx.get(health, headers=page, trust_env=False).status_code == 403


def test_a_name_that_was_not_given_says_how_to_give_it() -> None:
    world = World()
    try:
        answer = httpx.get(
            f"{world.url}/_local/health", headers={"Host": "host.docker.internal"}, trust_env=False
        )
    finally:
        world.server.stop()
    assert answer.status_code == 421
    assert "lifecycle local up --host-name NAME" in answer.json()["message"]


def test_only_the_addresses_that_are_wanted_are_listened_on() -> None:
    # Every address of 127.0.0.0/8 is this machine's (RFC 1122, section 3.2.1.3); macOS configures only the first.
    other = "127.0.0.2"
    try:
        socket.create_server((other, 0)).close()
    except OSError:
        pytest.skip(f"{other} is no address of this machine")
    for bind, addresses in ((HOST, {HOST}), (other, {HOST, other}), (EVERYWHERE, {HOST, other})):
        server = Server(hello, bind=bind)
        server.start()
        try:
            listening = {
                address for address in (HOST, other) if _answers(f"http://{address}:{server.port}")
            }
        finally:
            server.stop()
        assert listening == addresses
        assert not any(_answers(f"http://{address}:{server.port}") for address in addresses)


def test_an_address_of_another_machine_and_a_port_in_use_are_named() -> None:
    # TEST-NET-1, which nobody has (RFC 5737).
    with pytest.raises(AddressError, match=r"192\.0\.2\.1 is no address of this machine"):
        Server(hello, bind="192.0.2.1")
    with socket.create_server((EVERYWHERE, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=f"port {port} of {EVERYWHERE} is in use"):
            Server(hello, port, bind=EVERYWHERE)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).text == "hello"
    except httpx.ConnectError:
        return False
