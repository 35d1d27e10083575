"""What the runtime's stages say about their loops: what they wait for, and how long it took."""

from __future__ import annotations

from typing import Any

from lifecycle.request.stage_event import StageEvent


def again(world: Any, stage: str, result: Any) -> Any:
    """Call a stage with what the last call of the loop said, as the definition does."""
    from_stage = {
        "deploy": world.deploy,
        "check": world.check,
        "promote": world.promote,
        "delete": world.delete_runtime,
    }[stage]
    event = world.event

    def with_look(*arguments: Any, **more: Any) -> StageEvent:
        given: StageEvent = event(*arguments, **more)
        return given.model_copy(update={"look": result.look, "learned": result.learned})

    world.event = with_look
    try:
        return from_stage()
    finally:
        world.event = event


def until_done(world: Any, stage: str, result: Any) -> Any:
    for _ in range(10):
        if result.done:
            return result
        world.pass_(2)
        result = again(world, stage, result)
    raise AssertionError(result)


def test_a_creation_an_update_and_a_deployment_of_nothing(world: Any) -> None:
    world.begin("one")
    world.build()
    created = world.deploy()
    assert (created.done, created.look.kind, created.learned) == (False, "create", {})
    ready = until_done(world, "check", created)
    assert list(ready.learned) == ["create"]
    # A deployment that changes nothing sees that the runtime is ready, and nobody has to look again.
    unchanged = world.deploy()
    assert unchanged.change == "created"
    assert (
        not unchanged.done
    )  # this execution created it; whether it is as it must be, the check decides
    world.records.release("dev", world.execution)
    world.begin("two")
    world.build()
    unchanged = world.deploy()
    assert (unchanged.change, unchanged.done, unchanged.look) == ("unchanged", True, None)
    world.records.release("dev", world.execution)
    world.begin("three", {"runtime": {"description": "another"}})
    world.build()
    updated = world.deploy()
    assert (updated.change, updated.done, updated.look.kind) == ("updated", False, "update")


def test_a_promotion_and_a_deletion(world: Any) -> None:
    world.begin("one")
    world.build()
    until_done(world, "check", world.deploy())
    world.prove()
    begun = world.promote()
    assert begun.look.kind == "promote"
    assert list(until_done(world, "promote", begun).learned) == ["promote"]
    begun = world.delete_runtime()
    assert begun.look.kind == "deleteEndpoints"
    gone = until_done(world, "delete", begun)
    assert set(gone.learned) == {"deleteEndpoints", "delete"}


def test_a_runtime_that_is_busy_with_another_change_teaches_nothing(world: Any) -> None:
    world.begin("one")
    world.build()
    world.deploy()
    world.records.release("dev", world.execution)
    world.begin("two")
    world.build()
    waits = world.deploy()
    assert (waits.change, waits.done, waits.look.kind) == ("unchanged", False, None)
    assert until_done(world, "check", waits).learned == {}
