"""Whose secret a credential provider may use, by the secret's tags. Its value is not read.

They are other tags than those of the smoke test's secrets: what an agent may use, its code can also read.
"""

from __future__ import annotations

from lifecycle.names import ENVIRONMENT_TAG, STACK_TAG, TAG_PREFIX
from lifecycle.provider.secret_tags import Tags, Use, names_user

ENVIRONMENTS_TAG = f"{TAG_PREFIX}:credential-environments"
"""The tag of a caller's own secret that says whose agents may use it: `<stack>/<environment>`, a space between each.

`...` at the end stands for any rest of the name.
"""
HOSTS_TAG = f"{TAG_PREFIX}:credential-hosts"
"""The tag of a client secret; its value is the hosts of the providers that it may be sent to."""


def refusal(tags: Tags, use: Use) -> str | None:
    """Tell why no credential provider of an environment may use a secret.

    Args:
        tags: The secret's tags.
        use: Who uses it, and for OAuth 2.0 the host of the discovery document; an API key has no host.

    Returns:
        What is wrong with the secret, and what to do; None if its tags allow it.
    """
    if STACK_TAG in tags or ENVIRONMENT_TAG in tags:
        return (
            "belongs to an environment, and no agent may use it; name a secret of your own, without the tags "
            f"{STACK_TAG} and {ENVIRONMENT_TAG}"
        )
    # Nothing of the tags in the message: whom else the secret is for is its owner's business.
    users = tags.get(ENVIRONMENTS_TAG, "").split()
    if not any(names_user(user, use) for user in users):
        said = "without " + use.user if users else ""
        return (
            f"has {'a' if users else 'no'} tag {ENVIRONMENTS_TAG} {said}".rstrip()
            + f"; {how_to_allow(use)}"
        )
    if use.host and use.host not in tags.get(HOSTS_TAG, "").lower().split():
        return f"has no tag {HOSTS_TAG} with {use.host}; {how_to_allow(use)}"
    return None


def how_to_allow(use: Use) -> str:
    """What the owner of a secret does to allow it."""
    host = f" and {HOSTS_TAG}={use.host}" if use.host else ""
    return (
        f"if the secret is meant for the agent of this environment, its owner gives it the tag {ENVIRONMENTS_TAG}="
        f"{use.user}{host}"
    )
