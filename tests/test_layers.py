"""The layers hold: app → pages, API, CLI → leanrag → db; a step imports no sibling step."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path for folder in ("leanrag", "db", "pages") for path in (ROOT / folder).rglob("*.py")
)
# The steps of a turn and of ingest: only a flow may put two of them together.
STEPS = {
    "leanrag.answer",
    "leanrag.citations",
    "leanrag.counterfactual",
    "leanrag.extractive",
    "leanrag.llm",
    "leanrag.memory",
    "leanrag.summary_writer",
    "leanrag.summary_checks",
    "leanrag.tldr_writer",
    "leanrag.quotas",
    "leanrag.ranking",
    "leanrag.retriever",
    "leanrag.ingest.chunk",
    "leanrag.ingest.extract",
    "leanrag.ingest.manual",
    "leanrag.ingest.tldr",
    "leanrag.ingest.validate",
}
FLOWS = {
    "leanrag.answer",
    "leanrag.bootstrap",
    "leanrag.ingest.extracts",
    "leanrag.ingest.extracts_model",
    "leanrag.ingest.pipeline",
    "leanrag.ingest.processing",
    "leanrag.ingest.reading",
    "leanrag.settlement",
    "leanrag.speech",
    "leanrag.stream",
    "leanrag.summary_renewal",
    "leanrag.turn_basis",
}
# A step and its part: retrieval ranks; a file is read as found.
PARTS = {
    ("leanrag.retriever", "leanrag.ranking"),
    ("leanrag.summary_writer", "leanrag.llm"),
    ("leanrag.tldr_writer", "leanrag.llm"),
    ("leanrag.ingest.extract", "leanrag.ingest.validate"),
    ("leanrag.ingest.manual", "leanrag.ingest.chunk"),
}
FRAMEWORKS = {"streamlit", "fastapi", "starlette"}
MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 60


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden(module: str) -> set[str]:
    """Name the packages that a module must not import."""
    if module.startswith("db"):
        return {"leanrag", "pages", *FRAMEWORKS}
    if module.startswith("pages"):
        return {"sqlalchemy", "db", "fastapi", "leanrag.api", "leanrag.cli"}
    if module == "leanrag.api" or module.startswith("leanrag.api."):
        return {"sqlalchemy", "streamlit", "pages", "leanrag.cli"}
    if module.startswith("leanrag.cli"):
        return {"sqlalchemy", "pages", "leanrag.api", *FRAMEWORKS}
    return {"pages", "leanrag.api", "leanrag.cli", *FRAMEWORKS} - (
        {"leanrag.cli"} if module == "leanrag.__main__" else set()
    )


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    banned = forbidden(module_name(path))
    wrong = [
        name for name in imports(path) if any(name == b or name.startswith(f"{b}.") for b in banned)
    ]
    assert not wrong


@pytest.mark.parametrize("path", SOURCES, ids=module_name)
def test_only_flows_import_sibling_steps(path: Path) -> None:
    module = module_name(path)
    if module in FLOWS or module not in STEPS:
        return
    siblings = {name for name in imports(path) if name in STEPS and name != module}
    assert not {s for s in siblings if (module, s) not in PARTS}


@pytest.mark.parametrize("path", [*SOURCES, ROOT / "app.py"], ids=module_name)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= MAX_FILE_LINES
    long = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert not long


@pytest.mark.parametrize("folder", ["leanrag", "db"])
def test_public_names_have_docstrings(folder: str) -> None:
    bare = [
        f"{module_name(path)}.{node.name}"
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] == folder and "versions" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and _is_public(node, path)
        and not ast.get_docstring(node)
    ]
    assert not bare


def _is_public(node: ast.AST, path: Path) -> bool:
    """Tell whether a definition stands at the top of a module or in a public class there."""
    for top in ast.parse(path.read_text("utf-8")).body:
        if getattr(top, "name", None) == getattr(node, "name", "") and type(top) is type(node):
            return True
        if isinstance(top, ast.ClassDef) and not top.name.startswith("_"):
            names = [getattr(child, "name", None) for child in top.body]
            if getattr(node, "name", "") in names:
                return True
    return False
