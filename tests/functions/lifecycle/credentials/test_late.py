"""What AgentCore shows late: lists, and the tags of what was made a moment ago."""

from __future__ import annotations

import pytest
from botocore.exceptions import ReadTimeoutError

from lifecycle.errors import CredentialsError, ServiceUnavailableError
from tests.functions.lifecycle.credentials.outbound import Outbound
from tests.functions.lifecycle.refusing import refused

NOT_FOUND = ("not found", "ResourceNotFoundException")


def test_a_teardown_finds_what_the_record_has_and_no_list_shows_yet(outbound: Outbound) -> None:
    outbound.provision("one", outbound.key(), outbound.oauth2())
    there = outbound.providers()
    with (
        outbound.told(
            "ListApiKeyCredentialProviders", lambda told: told.update(credentialProviders=[])
        ),
        outbound.told(
            "ListOauth2CredentialProviders", lambda told: told.update(credentialProviders=[])
        ),
    ):
        gone = outbound.delete()
    assert outbound.providers() == []
    assert {f"credential provider {name}" for name in there} <= set(gone.removed)


def test_a_provider_whose_answer_was_lost_is_ours_once_its_tags_are_there(
    outbound: Outbound,
) -> None:
    with outbound.lost("CreateApiKeyCredentialProvider"), pytest.raises(ReadTimeoutError):
        outbound.deploy(outbound.key())
    with outbound.told("ListTagsForResource", lambda told: told.update(tags={})):
        with pytest.raises(ServiceUnavailableError, match="has no tags yet"):
            outbound.again()
        with pytest.raises(ServiceUnavailableError, match="has no tags yet"):
            outbound.delete()
    outbound.delete()
    assert outbound.providers() == []


def test_one_that_stays_without_tags_is_somebody_elses(outbound: Outbound) -> None:
    with outbound.lost("CreateApiKeyCredentialProvider"), pytest.raises(ReadTimeoutError):
        outbound.deploy(outbound.key())
    (name,) = outbound.providers()

    def old(told: dict[str, object]) -> None:
        told["createdTime"] = told["createdTime"].replace(year=2020)  # type: ignore[attr-defined]

    with (
        outbound.told("ListTagsForResource", lambda told: told.update(tags={})),
        outbound.told("GetApiKeyCredentialProvider", old),
    ):
        with pytest.raises(CredentialsError, match="its tags do not say"):
            outbound.again()
        gone = outbound.delete()
    assert [kept.resource for kept in gone.kept] == [f"credential provider {name}"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_provider_that_is_listed_and_not_found_at_first_does_not_stay(
    outbound: Outbound, times: int
) -> None:
    outbound.provision("one", outbound.key())
    with refused(outbound.control, "GetApiKeyCredentialProvider", *NOT_FOUND, times):
        try:
            outbound.delete()
        except ServiceUnavailableError:
            outbound.delete()
    assert (outbound.providers(), outbound.roles()) == ([], [])


def test_a_provider_whose_tags_are_not_found_is_not_taken_for_somebody_elses(
    outbound: Outbound,
) -> None:
    outbound.provision("one", outbound.key())
    with (
        refused(outbound.control, "ListTagsForResource", *NOT_FOUND),
        pytest.raises(ServiceUnavailableError, match="ListTagsForResource does not find it"),
    ):
        outbound.delete()
    assert outbound.delete().kept[-1].resource.startswith("secret ")
    assert outbound.providers() == []
