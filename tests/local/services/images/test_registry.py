"""The build's own client of ECR: signed as AWS signs, patient with what passes, and clear about what does not."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from local.edge.credentials import CredentialStore, Principal
from local.edge.signatures.verification import verify
from local.services.images import registry
from local.services.images.registry import RegistryError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TOKEN = base64.b64encode(b"AWS:the:password").decode()
AUTHORIZATION = {"authorizationData": [{"authorizationToken": TOKEN}]}


class Ecr:
    """Checks every signature, and gives the answers that it was told, the last one for ever."""

    def __init__(self) -> None:
        self.store = CredentialStore()
        self.answers: list[tuple[int, dict[str, Any]]] = [(200, AUTHORIZATION)]
        self.seen: list[Any] = []
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        keys = self.store.issue(Principal("build", "arn:aws:iam::123456789012:role/b", "role"), 60)
        self.variables = keys.environment() | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server.port}"
        }

    def app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data()
        verify(request, body, self.store)
        self.seen.append((request.headers["X-Amz-Target"], json.loads(body)))
        status, answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return Response(json.dumps(answer), status)(environ, start_response)


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ecr]:
    monkeypatch.setattr(registry, "_FIRST_PAUSE_SECONDS", 0.0)
    ecr = Ecr()
    thread = threading.Thread(target=ecr.server.serve_forever)
    thread.start()
    yield ecr
    ecr.server.shutdown()
    thread.join()
    ecr.server.server_close()


def test_the_password_is_what_the_aws_cli_prints(ecr: Ecr) -> None:
    assert registry.password("eu-west-1", ecr.variables) == "the:password"
    assert ecr.seen == [("AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", {})]


def test_it_tries_again_what_may_pass(ecr: Ecr) -> None:
    busy = {"__type": "com.amazonaws.ecr#ThrottlingException", "message": "slow down"}
    ecr.answers = [(400, busy), (500, {}), (200, AUTHORIZATION)]
    assert registry.password("eu-west-1", ecr.variables) == "the:password"
    ecr.answers = [(400, busy)]
    ecr.seen.clear()
    with pytest.raises(RegistryError, match=r"ThrottlingException.*slow down"):
        registry.password("eu-west-1", ecr.variables)
    assert len(ecr.seen) == registry.TRIES


def test_a_refusal_is_final(ecr: Ecr) -> None:
    ecr.answers = [(400, {"__type": "AccessDeniedException", "Message": "no"}), (200, {})]
    with pytest.raises(RegistryError) as refused:
        registry.call("PutImage", {"imageTag": "a"}, "eu-west-1", ecr.variables)
    assert (refused.value.code, refused.value.reason) == ("AccessDeniedException", "no")
    assert str(refused.value) == (
        "An error occurred (AccessDeniedException) when calling the PutImage operation: no"
    )
    assert len(ecr.seen) == 1


def test_it_says_what_is_missing(ecr: Ecr) -> None:
    with pytest.raises(RegistryError, match="AWS_SECRET_ACCESS_KEY is not set"):
        registry.password("eu-west-1", ecr.variables | {"AWS_SECRET_ACCESS_KEY": ""})
    nobody = ecr.variables | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with pytest.raises(RegistryError, match="refused"):
        registry.password("eu-west-1", nobody)
