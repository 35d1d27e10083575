"""The checks of `make check` and `make build` find what they are for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.checks import locks, package, render_definitions

ROOT = Path(__file__).parents[2]
TEMPLATE = """
Resources:
  CheckFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: CheckFunction, Handler: handlers.check.handler, Role: !GetAtt Role.Arn}
  Table:
    Type: AWS::DynamoDB::Table
"""


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(11) + machine.to_bytes(2, "little") + bytes(40)


@pytest.fixture
def build(tmp_path: Path) -> Path:
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    (tmp_path / "CheckFunction/handlers").mkdir(parents=True)
    (tmp_path / "CheckFunction/handlers/check.py").write_text("")
    (tmp_path / "CheckFunction/handlers/__pycache__").mkdir()
    (tmp_path / "CheckFunction/handlers/__pycache__/check.cpython-313.pyc").write_bytes(b"")
    (tmp_path / "CheckFunction/core.so").write_bytes(elf(183))
    return tmp_path


def test_a_package_for_arm64_is_fine(build: Path) -> None:
    assert list(package.problems(build)) == []


def test_a_binary_for_another_machine_is_found(build: Path) -> None:
    (build / "CheckFunction/wrong.so").write_bytes(elf(62))
    assert list(package.problems(build)) == [
        "CheckFunction: CheckFunction/wrong.so is not for arm64 (machine 62)"
    ]


def test_a_module_without_bytecode_is_found(build: Path) -> None:
    (build / "CheckFunction/handlers/more.py").write_text("")
    assert list(package.problems(build)) == [
        "CheckFunction: 1 modules have no bytecode, such as more.py: run make build"
    ]


def test_byte_compiled_packages_are_alike_and_hold_without_their_times(tmp_path: Path) -> None:
    for name in ("One", "Two"):
        (tmp_path / name / "inner").mkdir(parents=True)
        (tmp_path / name / "inner/module.py").write_text("VALUE = 1\n")
    (tmp_path / "Two/own.py").write_text("OWN = 2\n")
    subprocess.run([sys.executable, ROOT / ".ci/byte_compile.py", tmp_path], check=True)
    for name in ("One", "Two"):
        (made,) = (tmp_path / name / "inner/__pycache__").iterdir()
        # PEP 552: the flags are 1 for a hash that is not compared.
        assert made.read_bytes()[4:8] == (1).to_bytes(4, "little")
        assert b"/inner/module.py" not in made.read_bytes()
    assert len(list((tmp_path / "Two/__pycache__").iterdir())) == 1


def test_a_build_folder_without_a_package_is_refused(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, ROOT / ".ci/byte_compile.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "run sam build first" in ended.stderr


def test_a_package_without_its_handler_or_dependencies_is_found(build: Path) -> None:
    (build / "CheckFunction/handlers/check.py").unlink()
    (build / "CheckFunction/core.so").unlink()
    assert list(package.problems(build)) == [
        "CheckFunction: handlers/check.py is missing",
        "CheckFunction: no binary at all",
    ]


def test_the_locks_of_the_project_hold() -> None:
    assert locks.main() == 0


def test_a_name_that_is_not_locked_is_found() -> None:
    source = "# comment\n-r other.in\nPy_Yaml>=6\nhttpx\n"
    lock = "py-yaml[extra]==6.0 \\\n    --hash=sha256:00\n"
    assert list(locks.lock_problems("x.txt", source, lock)) == [
        "x.txt: httpx is not locked: run make lock"
    ]


def test_a_version_without_a_hash_and_a_host_are_found() -> None:
    lock = "a==1 \\\n    --hash=sha256:00\nb==2\nc @ https://example.invalid/c.zip\n"
    found = list(locks.lock_problems("x.txt", "a\nb\n", lock))
    assert found == ["x.txt: b==2 has no hash", "x.txt: names a host"]


def test_a_host_that_this_machine_is_set_up_with_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "https://user:word@mirror.invalid/simple")
    monkeypatch.setenv("UV_INDEX", "mine=https://other.invalid/simple http://127.0.0.1:1/simple")
    hosts = locks.registry_hosts()
    assert hosts[-2:] == ["mirror.invalid", "other.invalid"]
    assert "127.0.0.1" not in hosts


def test_definitions_are_rendered_whole() -> None:
    text = '{"a": "${CheckRuntimeFunctionArn}", "b": "${LifecycleStateMachineArn}"}'
    rendered = render_definitions.render(text)
    assert ":function:CheckRuntimeFunction" in rendered
    assert ":stateMachine:LifecycleStateMachine" in rendered
    assert "${" not in rendered
    with pytest.raises(ValueError, match=r"no substitution is known for \$\{Number\}"):
        render_definitions.render('{"a": "${Number}"}')
    with pytest.raises(ValueError, match="Expecting"):
        render_definitions.render('{"a": ${CheckRuntimeFunctionArn}}')


def test_a_python_that_is_nowhere_is_said_so() -> None:
    script = Path(__file__).parents[2] / ".ci/with-python"
    ended = subprocess.run(
        [script, "3.99", "true"], capture_output=True, text=True, check=False, cwd=script.parents[1]
    )
    assert ended.returncode == 1
    assert "Python 3.99 is needed" in ended.stderr
