"""The project's own files as values: modules, their imports, functions and handlers, read with `ast`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("smail", "accounts", "chat")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Import:
    """One imported name; `target` is the module where the project has it, else the name as written."""

    target: str
    line: int
    deferred: bool
    typing_only: bool


@dataclass(frozen=True)
class Module:
    name: str
    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def functions(self) -> list[FunctionNode]:
        return [node for node in ast.walk(self.tree) if isinstance(node, FunctionNode)]

    @cached_property
    def imports(self) -> list[Import]:
        return list(self._read_imports(self.tree, deferred=False, typing_only=False))

    @cached_property
    def broad_handlers(self) -> list[int]:
        """Return the lines of handlers that catch everything."""
        broad = {"Exception", "BaseException"}
        handlers = (node for node in ast.walk(self.tree) if isinstance(node, ast.ExceptHandler))
        return [node.lineno for node in handlers if node.type is None or broad & _names(node.type)]

    def has_reason(self, line: int) -> bool:
        """True when a comment stands on the line or next to it."""
        return any("#" in text for text in self.lines[max(0, line - 2) : line + 1])

    def at(self, line: int) -> str:
        return f"{self.path.relative_to(ROOT)}:{line}"

    def _read_imports(self, node: ast.AST, *, deferred: bool, typing_only: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, child.lineno, deferred, typing_only)
            elif isinstance(child, ast.ImportFrom):
                for alias in child.names:
                    yield Import(_target(child.module or "", alias.name), child.lineno, deferred, typing_only)
            else:
                yield from self._read_imports(
                    child,
                    deferred=deferred or isinstance(child, FunctionNode),
                    typing_only=typing_only or _is_typing_block(child),
                )


def modules() -> list[Module]:
    """Return all modules of the product, without migrations: Django writes those."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                parts = path.relative_to(ROOT).with_suffix("").parts
                found.append(Module(".".join(parts).removesuffix(".__init__"), path))
    return found


def files(folder: str, suffix: str, *, without: str = "vendor") -> list[Path]:
    return [path for path in sorted((ROOT / folder).rglob(f"*{suffix}")) if without not in path.parts]


def length(function: FunctionNode) -> int:
    """Return the lines of a function from its def to its end, without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def parameters(function: FunctionNode) -> int:
    every = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([argument for argument in every if argument.arg not in ("self", "cls")])


def requirement_lines(path: str) -> list[str]:
    return [line for line in (ROOT / path).read_text().splitlines() if re.match(r"[A-Za-z]", line)]


def _target(module: str, name: str) -> str:
    inside = ROOT.joinpath(*module.split("."), name)
    if module.split(".")[0] in PACKAGES and (inside.with_suffix(".py").exists() or inside.is_dir()):
        return f"{module}.{name}"
    return module


def _names(node: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _is_typing_block(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in _names(node.test)
