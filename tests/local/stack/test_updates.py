"""A stack that is deployed again where its files have changed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.edge.faults import Fault, FaultKind
from local.embedded import EmbeddedAws

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Word: {Type: String, Default: "one"}
Resources:
  Source: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer/}}
  Reader:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code/
      Handler: app.handler
      Runtime: python3.13
      Timeout: 20
      Layers: [!Ref Source]
      Environment: {Variables: {SOURCE: /opt/text}}
  Other:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: other/, Handler: app.handler, Runtime: python3.13}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: machine.json, Role: "arn:aws:iam::123456789012:role/x"}
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: first}}
Outputs:
  Reader: {Value: !Ref Reader}
"""
CODE = """
import os, pathlib, time
def handler(event, context):
    pathlib.Path(event["began"]).touch() if event else None
    while event and not pathlib.Path(event["end"]).exists():
        time.sleep(0.01)
    return [os.getpid(), "WORD", pathlib.Path(os.environ["SOURCE"]).read_text()]
"""


def machine(comment: str) -> str:
    return json.dumps(
        {"Comment": comment, "StartAt": "End", "States": {"End": {"Type": "Succeed"}}}
    )


class World:
    """A local AWS, and the folder that its stack is deployed from."""

    def __init__(self, folder: Path, aws: EmbeddedAws) -> None:
        self.folder, self.aws = folder, aws

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def update(self) -> dict[str, Any]:
        answer = httpx.post(f"{self.aws.endpoint_url}/_local/stack", trust_env=False, timeout=60)
        found: dict[str, Any] = answer.json()
        return found

    def read(self, **event: Any) -> list[Any]:
        made = self.aws.client("lambda").invoke(
            FunctionName=self.aws.outputs["Reader"], Payload=json.dumps(event)
        )
        found: list[Any] = json.load(made["Payload"])
        return found

    def sha(self, name: str) -> str:
        found = self.aws.client("lambda").get_function(
            FunctionName=self.aws.stack.resources[name].ref
        )
        return str(found["Configuration"]["CodeSha256"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("stack")
    for name in ("code", "other", "layer"):
        (folder / name).mkdir()
    for name in ("code", "other"):
        (folder / name / "app.py").write_text(CODE.replace("WORD", "one"))
    (folder / "layer" / "text").write_text("first")
    (folder / "machine.json").write_text(machine("first"))
    (folder / "template.yaml").write_text(TEMPLATE)
    with EmbeddedAws.start(
        state_dir=tmp_path_factory.mktemp("aws"), template=folder / "template.yaml"
    ) as aws:
        yield World(folder, aws)


def test_nothing_is_deployed_when_nothing_differs(world: World) -> None:
    before = world.read()
    (world.folder / "code" / "__pycache__").mkdir()
    (world.folder / "code" / "__pycache__" / "app.cpython-311.pyc").write_bytes(b"compiled")
    done = world.update()
    assert (done["files"], done["updated"], done["left"]) == ([], [], [])
    assert world.read() == before, "the same process"


def test_new_code_replaces_the_processes_of_its_function_only(world: World) -> None:
    before, other = world.read(), world.sha("Other")
    sha = world.sha("Reader")
    world.write("code/app.py", CODE.replace("WORD", "two"))
    world.write("code/more.py", "")
    assert world.read() == before, "an edit alone changes nothing"
    done = world.update()
    assert done["files"] == ["code/app.py", "code/more.py"]
    assert done["updated"] == ["Reader"]
    now = world.read()
    assert now[1:] == ["two", before[2]]
    stacks = world.aws.client("cloudformation").describe_stacks()["Stacks"]
    assert stacks[0]["StackStatus"] == "UPDATE_COMPLETE"
    assert stacks[0]["Parameters"] == [{"ParameterKey": "Word", "ParameterValue": "one"}]
    assert now[0] != before[0]
    assert world.sha("Reader") != sha
    assert world.sha("Other") == other
    (world.folder / "code" / "more.py").unlink()
    assert world.update()["files"] == ["code/more.py"]


def test_a_layer_replaces_the_functions_that_use_it(world: World) -> None:
    layers = [name for name in world.aws.stack.resources if name.startswith("Source")]
    before = world.aws.stack.resources[layers[0]].ref
    for text in ("second", "third", "first", "second"):
        world.write("layer/text", text)
        done = world.update()
        assert done["files"] == ["layer/text"]
        assert sorted(done["updated"]) == sorted([*layers, "Reader"])
        assert world.read()[2] == text
    now = world.aws.stack.resources[layers[0]].ref
    assert int(now.rpartition(":")[2]) == int(before.rpartition(":")[2]) + 4
    # The last copy of a folder, and the one before it, from which functions may still run.
    copies = world.aws.state_dir / "functions" / "code"
    assert {len(list(folder.iterdir())) for folder in copies.iterdir()} <= {1, 2}


def test_a_call_that_runs_ends_with_the_old_code(world: World, tmp_path: Path) -> None:
    ended: list[list[Any]] = []
    word = world.read()[1]
    event = {"began": str(tmp_path / "began"), "end": str(tmp_path / "end")}
    call = threading.Thread(target=lambda: ended.append(world.read(**event)))
    call.start()
    while not (tmp_path / "began").exists():
        assert call.is_alive()
    world.write("code/app.py", CODE.replace("WORD", "three"))
    assert world.update()["updated"] == ["Reader"]
    assert world.read()[1] == "three"
    (tmp_path / "end").touch()
    call.join()
    assert ended[0][1] == word
    assert world.read()[1] == "three", "the old process serves no more"


def test_a_definition_is_updated(world: World) -> None:
    world.write("machine.json", machine("second"))
    done = world.update()
    assert (done["files"], done["updated"]) == (["machine.json"], ["Machine"])
    arn = world.aws.stack.resources["Machine"].ref
    found = world.aws.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
    assert json.loads(found["definition"])["Comment"] == "second"


def test_the_template_is_read_again(world: World) -> None:
    changed = TEMPLATE.replace("Timeout: 20", "Timeout: 25").replace("first", "second")
    added = "  Added: {Type: AWS::SNS::Topic}\nOutputs:\n  Added: {Value: !Ref Added}\n"
    world.write("template.yaml", changed.replace("Outputs:\n", added))
    done = world.update()
    assert (done["files"], sorted(done["updated"])) == ([], ["Added", "Reader"])
    assert done["left"] == ["Topic"]
    assert world.update()["left"] == ["Topic"], "it is still not what the template says"
    name = world.aws.outputs["Reader"]
    found = world.aws.client("lambda").get_function_configuration(FunctionName=name)
    assert found["Timeout"] == 25
    stacks = world.aws.client("cloudformation").describe_stacks()["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stacks[0]["Outputs"]}
    assert outputs == world.aws.outputs
    assert set(outputs) == {"Added", "Reader"}


def test_a_template_that_cannot_be_deployed_is_refused(world: World) -> None:
    before = (world.folder / "template.yaml").read_text()
    world.write("template.yaml", "Resources: 1")
    assert world.update() == {"message": "template.yaml: no Resources in it"}
    world.write("template.yaml", before.replace("other/", "nowhere/"))
    assert "Other: " in world.update()["message"]
    world.write("template.yaml", before)
    assert world.update()["updated"] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Resources: {", "template.yaml: while parsing a flow"),
        ("Parameters:\nResources: {}", "template.yaml: [/Parameters] 'null'"),
        ("Parameters: Wo\nResources: {}", "template.yaml: [/Parameters] has no names"),
        ("Resources: {Topic: }", "template.yaml: [/Resources/Topic] 'null'"),
        ("Resources: {Topic: Ty}", "template.yaml: [/Resources/Topic] has no names"),
        ("Resources: {Topic: {Properties: Na}}", "template.yaml: [/Resources/Topic] has no names"),
    ],
)
def test_a_template_that_is_half_saved_is_refused(world: World, text: str, reason: str) -> None:
    before = (world.folder / "template.yaml").read_text()
    world.write("template.yaml", text)
    done = world.update()
    world.write("template.yaml", before)
    assert done["message"].startswith(reason)


def test_what_an_editor_leaves_while_it_edits_is_no_code(world: World) -> None:
    locks = [world.folder / "code" / name for name in (".#app.py", "gone.py", ".app.py.swp")]
    for lock in locks[:2]:
        lock.symlink_to("user@host.123:456")
    locks[2].write_bytes(b"swap")
    try:
        assert world.update()["updated"] == []
        world.write("code/app.py", CODE.replace("WORD", "locked"))
        assert world.update()["updated"] == ["Reader"]
        assert world.read()[1] == "locked"
    finally:
        for lock in locks:
            lock.unlink()


def test_a_link_is_what_it_leads_to(world: World) -> None:
    world.write("linked.py", "first")
    (world.folder / "code" / "linked.py").symlink_to(world.folder / "linked.py")
    assert world.update()["files"] == ["code/linked.py"]
    assert world.update()["files"] == []
    world.write("linked.py", "second")
    assert world.update()["files"] == ["code/linked.py"]


def test_a_file_that_cannot_be_read_is_named(world: World) -> None:
    world.write("code/more.py", "")
    found, real = world.folder / "code" / "more.py", Path.read_bytes

    def vanish(path: Path) -> bytes:
        if path == found:
            path.unlink()
        return real(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", vanish)
        assert "No such file or directory" in world.update()["message"]
    assert world.update()["updated"] == []


@pytest.mark.parametrize("kind", ["accessDenied", "timeoutBefore"])
def test_a_record_that_could_not_be_written_is_written_later(world: World, kind: FaultKind) -> None:
    world.write("code/app.py", CODE.replace("WORD", kind))
    world.aws.faults.add(Fault("cloudformation", "UpdateStack", kind, times=0))
    refused = world.update()["message"]
    world.aws.faults.clear()
    assert "UpdateStack" in refused or "before we received a valid response" in refused
    assert world.read()[1] == kind
    before = len(world.aws.calls.calls("cloudformation", "UpdateStack"))
    assert world.update()["updated"] == []
    (call,) = world.aws.calls.calls("cloudformation", "UpdateStack")[before:]
    assert call.status == 200


def test_a_connection_that_is_cut_once_is_tried_again(world: World) -> None:
    world.write("code/app.py", CODE.replace("WORD", "again"))
    world.aws.faults.add(Fault("cloudformation", "UpdateStack", "timeoutBefore"))
    assert world.update()["updated"] == ["Reader"]
    assert world.read()[1] == "again"
