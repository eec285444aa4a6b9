"""Files stay small, speak for themselves, and know nothing of the machine they were written on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import named, own_files

_LONGEST_FILE = 300
_LONGEST_FUNCTION = 40
_CODE = ("services/", "shared/", "embedded/", "tools/", "bench/")
# Home and work folders of whoever wrote it; where an image or the launcher has its own, it is below /srv or /app.
_MACHINE = re.compile(r"(?<![\w.~}/-])/(?:home|root|Users|work)/[\w.-]+")
_REGISTRY = re.compile("|".join(["pypi" + r"\.org", r"files\.python" + "hosted", r"registry\.npm" + "js"]))
_PYTHON = own_files(".py")


def _public(path: Path) -> bool:
    return named(path).startswith(_CODE) and "tests" not in path.parts and "migrations" not in path.parts


def test_no_file_is_too_long() -> None:
    lengths = {named(path): len(path.read_text("utf-8").splitlines()) for path in _PYTHON}
    assert {name: length for name, length in lengths.items() if length > _LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    assert [
        f"{named(path)}:{node.lineno} {node.name} ({length})"
        for path in _PYTHON
        if _public(path)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (length := _lines(node)) > _LONGEST_FUNCTION
    ] == []


def test_what_services_and_kit_offer_has_a_docstring() -> None:
    offered = [path for path in _PYTHON if _public(path) and named(path).startswith(("services/", "shared/"))]
    assert len(offered) > 80
    assert [f"{named(path)}: {name}" for path in offered for name in _without_docstring(path)] == []


@pytest.mark.parametrize("pattern", [_MACHINE, _REGISTRY], ids=["machine", "registry"])
def test_nothing_names_a_machine_or_a_package_registry(pattern: re.Pattern[str]) -> None:
    found = []
    for path in own_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{named(path)}: {match[0]}" for match in pattern.finditer(text)]
    assert found == []


@pytest.mark.parametrize("text", ["see {}/x", "'{}'", "cd {}"])
@pytest.mark.parametrize("place", ["home", "root", "work"])
def test_a_path_of_a_machine_is_recognized(text: str, place: str) -> None:
    assert _MACHINE.search(text.format(f"/{place}/somebody"))


def _lines(function: ast.AST) -> int:
    """Lines on which something begins: neither the inside of a long text (SQL) nor lone closing brackets."""
    return len({node.lineno for node in ast.walk(function) if isinstance(node, (ast.expr, ast.stmt))})


def _without_docstring(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    if tree.body and not ast.get_docstring(tree):
        yield "the module"
    yield from _silent(tree.body, "")


def _silent(body: list[ast.stmt], inside: str) -> Iterator[str]:
    for node in body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if node.name.startswith("_") or node.name in _SAID_ELSEWHERE or _marks(node) & {"overload", "property"}:
            continue
        if not ast.get_docstring(node):
            yield f"{inside}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from _silent(node.body, f"{inside}{node.name}.")


def _marks(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    return {mark.id for mark in node.decorator_list if isinstance(mark, ast.Name)}


def _ports() -> Iterator[str]:
    """Methods that a port promises: its adapters needn't say it again."""
    for path in _PYTHON:
        if _public(path):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Protocol" for base in node.bases):
                    yield from (
                        inner.name
                        for inner in node.body
                        if isinstance(inner, ast.FunctionDef) and ast.get_docstring(inner)
                    )


# pytest's own hooks are described by pytest.
_SAID_ELSEWHERE = {*_ports(), "pytest_runtest_setup", "pytest_terminal_summary", "pytest_unconfigure"}
