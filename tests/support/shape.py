"""Public names, docstrings, and types of the source, read from the syntax tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

__all__ = ["Callable", "Module", "modules"]

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Callable:
    """One function or method."""

    where: str
    node: FunctionNode
    public: bool
    documented: bool

    @property
    def typed(self) -> bool:
        """Whether all arguments and the result have a type."""
        arguments = self.node.args
        named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        named += [name for name in (arguments.vararg, arguments.kwarg) if name]
        untyped = [name.arg for name in named if name.annotation is None]
        return self.node.returns is not None and set(untyped) <= {"self", "cls"}


@dataclass(frozen=True)
class Module:
    """One source file."""

    path: Path
    name: str

    @cached_property
    def text(self) -> str:
        """Content of the file."""
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        """Syntax tree of the file."""
        return ast.parse(self.text, filename=self.name)

    def callables(self) -> Iterator[Callable]:
        """Yield all functions and methods, including nested functions."""
        yield from self._inside(self.tree, public=True)

    def undocumented_classes(self) -> Iterator[str]:
        """Yield the public classes without a docstring."""
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.ClassDef)
                and ast.get_docstring(node) is None
                and not node.name.startswith("_")
            ):
                yield f"{self.name}:{node.lineno} {node.name}"

    def _inside(self, parent: ast.AST, *, public: bool) -> Iterator[Callable]:
        for node in ast.iter_child_nodes(parent):
            if isinstance(node, FunctionNode):
                yield self._callable(node, public=public)
                yield from self._inside(node, public=False)
            elif isinstance(node, ast.ClassDef):
                open_class = public and not node.name.startswith("_")
                yield from self._inside(node, public=open_class)
            else:
                yield from self._inside(node, public=public)

    def _callable(self, node: FunctionNode, *, public: bool) -> Callable:
        decorators = {
            ast.unparse(decorator).rpartition(".")[2]
            for decorator in node.decorator_list
        }
        return Callable(
            where=f"{self.name}:{node.lineno} {node.name}",
            node=node,
            public=public and not node.name.startswith("_"),
            documented=ast.get_docstring(node) is not None or "override" in decorators,
        )


def modules(root: Path, folders: tuple[str, ...]) -> tuple[Module, ...]:
    """Return all modules in the folders, in order."""
    found = [
        path for folder in folders for path in sorted((root / folder).rglob("*.py"))
    ]
    return tuple(Module(path, str(path.relative_to(root))) for path in found)
