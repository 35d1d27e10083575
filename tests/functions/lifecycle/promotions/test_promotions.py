"""The last promotions: the list is bounded, its items fit into DynamoDB, and the record stays small."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lifecycle import names
from lifecycle.clients import Clients
from lifecycle.errors import InvalidRequestError
from lifecycle.promotions.entry import (
    MOST,
    SLOTS,
    Promoted,
    before,
    free_slot,
    of_version,
    with_newest,
)
from lifecycle.promotions.store import PromotionItems, Provisioned, is_promotion
from lifecycle.record import Record
from lifecycle.request.limits.environment import ENVIRONMENT_PATTERN
from lifecycle.request.model import parse_request
from lifecycle.sections.identity import IdentityRecord
from lifecycle.table import Records

EXECUTION = "arn:aws:states:us-east-1:123456789012:execution:lifecycle:" + "e" * 80
# DynamoDB, "Quotas": 400 KB an item, names included; an update of an item is as large as the larger of both states.
_MOST_BYTES = 400 * 1024


def promoted(version: int, slot: int = 0, runtime_id: str = "r-1", digest: str = "d") -> Promoted:
    return Promoted(
        version=str(version),
        runtime_id=runtime_id,
        promoted_at="2026-11-26T22:00:00Z",
        execution=EXECUTION,
        slot=slot,
        digest=digest,
    )


def many(count: int) -> list[Promoted]:
    kept: list[Promoted] = []
    for version in range(1, count + 1):
        kept = with_newest(kept, promoted(version, free_slot(kept)))
    return kept


def test_the_list_keeps_the_last_ten_and_never_reuses_a_listed_slot() -> None:
    kept = many(25)
    assert [one.version for one in kept] == [str(version) for version in range(16, 26)]
    assert len({one.slot for one in kept}) == MOST
    assert free_slot(kept) in set(range(SLOTS)) - {one.slot for one in kept}


def test_a_version_that_is_promoted_again_at_once_is_listed_once() -> None:
    kept = with_newest(many(3), promoted(3, 7))
    assert [(one.version, one.slot) for one in kept] == [("1", 0), ("2", 1), ("3", 7)]
    back = with_newest(kept, promoted(2, 4))
    assert [one.version for one in back] == ["1", "2", "3", "2"]


def test_another_runtime_begins_another_list() -> None:
    kept = with_newest(many(3), promoted(1, 3, runtime_id="r-2"))
    assert [(one.version, one.runtime_id) for one in kept] == [("1", "r-2")]


def test_the_version_before_is_the_newest_promotion_of_another_one() -> None:
    kept = many(3)
    assert before(kept, "3") == kept[1]
    assert before([*kept, promoted(2, 5)], "2") == kept[2]
    assert before(kept[:1], "1") is None
    assert of_version([*kept, promoted(2, 5)], "2") == promoted(2, 5)
    assert of_version(kept, "9") is None


def test_an_item_of_another_promotion_is_not_taken(table_clients: Clients) -> None:
    items = PromotionItems(table_clients.dynamodb, "environments")
    one, other = promoted(1, digest="one"), promoted(2, digest="other")
    assert items.read("dev", one) is None
    provisioned = Provisioned(request={"environment": "dev", "ttlHours": 0.5})
    items.write("dev", one, provisioned)
    assert items.read("dev", one) == provisioned
    assert items.of_version("dev", [other, one], "1") == provisioned
    items.write("dev", other, Provisioned(request={}))
    assert items.read("dev", one) is None


def test_the_items_are_no_records_and_go_with_the_record(table_clients: Clients) -> None:
    records = Records(table_clients.dynamodb, "environments")
    records.acquire("dev", EXECUTION, lambda _: False, {})
    records.acquire("dev-2", EXECUTION, lambda _: False, {})
    items = PromotionItems(table_clients.dynamodb, "environments")
    for slot in range(SLOTS):
        items.write("dev", promoted(slot + 1, slot), Provisioned(request={}))
    items.write("dev-2", promoted(1), Provisioned(request={}))
    assert sorted(record.environment for record in records.all()) == ["dev", "dev-2"]
    assert records.delete("dev", "another") is False
    assert items.read("dev", promoted(1)) is not None
    assert records.delete("dev", EXECUTION)
    left = table_clients.dynamodb.scan(TableName="environments")["Items"]
    assert sorted(item["environment"]["S"] for item in left) == ["dev-2", "dev-2#promotion#0"]


def test_what_dynamodb_did_not_delete_is_deleted_again(table_clients: Clients) -> None:
    calls: list[int] = []

    class Busy:
        def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
            (wanted,) = RequestItems.values()
            calls.append(len(wanted))
            left = wanted[5:]
            return {"UnprocessedItems": {"environments": left} if left else {}}

    PromotionItems(Busy(), "environments").delete("dev")
    assert calls == [11, 6, 1]


def test_no_environment_has_the_name_of_an_item() -> None:
    assert is_promotion("dev#promotion#3")
    assert not is_promotion("dev")
    with pytest.raises(InvalidRequestError):
        parse_request({"environment": "dev#promotion#3"})
    assert "#" not in ENVIRONMENT_PATTERN


def test_the_largest_promotion_fits_into_an_item_and_ten_of_them_leave_the_record_small(
    table_clients: Clients,
) -> None:
    # An identity repeats what the request says of clients, audiences and scopes, so it is never larger.
    clients_ = [f"client-{number:05}" for number in range(6_150)]
    auth: dict[str, Any] = {
        "type": "jwt",
        "discoveryUrl": "https://idp.example.com/.well-known/openid-configuration",
        "allowedClients": clients_,
        "tokenSecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:a-abcdef",
    }
    request = parse_request({"auth": auth})
    assert 95_000 < len(json.dumps(request.to_json()).encode()) <= 100_000
    identity = IdentityRecord(
        type="jwt",
        discovery_url=auth["discoveryUrl"],
        allowed_clients=clients_,
        token_secret_arn=auth["tokenSecretArn"],
    ).model_dump(mode="json", by_alias=True)
    provisioned = Provisioned(
        request=request.to_json(), identity=identity, artifact={"key": "k" * 1024}
    )
    items = PromotionItems(table_clients.dynamodb, "environments")
    listed = [one.model_copy(update={"digest": names.digest(one.version)}) for one in many(MOST)]
    for one in listed:
        items.write("dev", one, provisioned)
    stored = table_clients.dynamodb.get_item(
        TableName="environments", Key={"environment": {"S": "dev#promotion#0"}}
    )["Item"]
    size = sum(len(name) + len(value["S"].encode()) for name, value in stored.items())
    assert 180_000 < size < _MOST_BYTES / 1.5
    record = Record(environment="dev", promotions=listed).model_dump(mode="json", by_alias=True)
    assert len(json.dumps(record["promotions"])) < 8_000
    assert items.read("dev", listed[-1]) == provisioned
