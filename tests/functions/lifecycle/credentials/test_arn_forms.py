"""The service model and AWS's documents write the ARN of a credential provider in two ways (reading `provider-arn`)."""

from __future__ import annotations

from tests.functions.lifecycle.credentials.outbound import Outbound


def test_providers_are_made_kept_and_removed_as_the_model_writes_their_arns(
    outbound: Outbound,
) -> None:
    outbound.world.store.readings.change({"provider-arn": "acps"})
    made = outbound.deploy(outbound.key(), outbound.oauth2()).credentials
    assert made is not None
    assert made.change == "created"
    again = outbound.again().credentials
    assert again is not None
    assert again.providers == made.providers
    outbound.delete()
    assert outbound.providers() == []
