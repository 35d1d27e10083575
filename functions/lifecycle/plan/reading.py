"""Clients that only read: a call that would change something is noted and answered here, and AWS never sees it.

The stages of a provision run with these clients. So a plan and the provision after it decide by the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from lifecycle.clients import Clients, watched
from lifecycle.fence import READS

Answer = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Answers a call that is not made, from its parameters."""


class Unmade(str):
    """Stands for an id, an ARN or a digest that AWS makes up when it creates the thing."""

    __slots__ = ()


def unmade(what: str) -> Unmade:
    """The stand-in for what AWS makes up for a thing, such as `the user pool`."""
    return Unmade(f"(not known before {what} exists)")


@dataclass(frozen=True)
class Act:
    """A call that the provision would make.

    Attributes:
        operation: The client's method, such as `create_user_pool`.
        parameters: The call's.
    """

    operation: str
    parameters: Mapping[str, Any]


class ReadingClient:
    """A boto3 client that sends what reads, and answers the other calls by itself.

    What is asked about a thing that does not exist yet is answered as AWS would: it is not found.

    Args:
        client: The client.
        answers: The answer to each method that changes something.
        acts: Where such calls are noted.
    """

    def __init__(self, client: Any, answers: Mapping[str, Answer], acts: list[Act]) -> None:
        self._client = client
        self._answers = answers
        self._acts = acts

    def __getattr__(self, name: str) -> Any:
        """A method of the client, or what it has for everybody, such as `meta`."""
        if name in self._answers:
            return lambda **parameters: self._act(name, parameters)
        member = getattr(self._client, name)
        return self._reading(name, member) if callable(member) else member

    def _act(self, name: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self._acts.append(Act(name, parameters))
        return self._answers[name](parameters)

    def _reading(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def read(*arguments: Any, **parameters: Any) -> Any:
            if any(isinstance(value, Unmade) for value in parameters.values()):
                told = {"Code": "ResourceNotFoundException", "Message": "it does not exist yet"}
                raise ClientError({"Error": told}, name)
            return method(*arguments, **parameters)

        return read


class ReadingClients(Clients):
    """The clients of the stages of a provision; those of services that it changes only read.

    Attributes:
        acts: What the provision would do, in this order.

    Args:
        real: The clients that send what reads.
        answers: By the attribute of `Clients`, the answers of `ReadingClient`.
    """

    def __init__(self, real: Clients, answers: Mapping[str, Mapping[str, Answer]]) -> None:
        super().__init__()
        self.acts: list[Act] = []
        for name in ("dynamodb", "s3", "ecr", "codebuild", "cognito", "secrets", "iam"):
            self._take(real, name, answers)
        # The data plane is asked for its URL alone.
        for name in ("agentcore_control", "agentcore", "logs"):
            self._take(real, name, answers)

    def _take(self, real: Clients, name: str, answers: Mapping[str, Mapping[str, Answer]]) -> None:
        # Each is a cached property of `Clients`, which an attribute of the instance goes before.
        self.__dict__[name] = ReadingClient(_Later(real, name), answers.get(name, {}), self.acts)


class _Later:
    """A client that is made when it is first used."""

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(getattr(self._clients, self._name), name)


@contextmanager
def only_reading() -> Iterator[None]:
    """Let no call of AWS pass that is not known to read, whoever makes it.

    Raises:
        RuntimeError: There was one, which is a bug: no client answered it.
    """

    def refuse(operation: str, _: Mapping[str, Any]) -> None:
        if not operation.startswith(READS):
            raise RuntimeError(f"a plan only reads, and must not call {operation}")

    with watched(refuse):
        yield
