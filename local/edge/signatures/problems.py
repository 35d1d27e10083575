"""What can be wrong with a signature."""

from __future__ import annotations

from enum import Enum, auto


class Problem(Enum):
    """What is wrong."""

    UNSIGNED = auto()
    INCOMPLETE = auto()
    INCOMPLETE_QUERY = auto()
    TWO_SIGNATURES = auto()
    SCOPE = auto()
    UNKNOWN_KEY = auto()
    WRONG_TOKEN = auto()
    EXPIRED_TOKEN = auto()
    MISMATCH = auto()
    SKEWED = auto()
    EXPIRED_URL = auto()
    UNSIGNED_HEADER = auto()
    OLD_VERSION = auto()
    PAYLOAD_MISMATCH = auto()
    PAYLOAD_FORM = auto()
    PAYLOAD_MISSING = auto()
    PAYLOAD_BROKEN = auto()
    CHECKSUM_MISMATCH = auto()


class SignatureError(Exception):
    """A request is not signed, or not rightly.

    Attributes:
        problem: What is wrong.
        message: The same in words, if they are more than the service's own; holds no secret and no expected signature.
    """

    def __init__(self, problem: Problem, message: str = "") -> None:
        super().__init__(f"{problem.name}: {message}")
        self.problem = problem
        self.message = message
