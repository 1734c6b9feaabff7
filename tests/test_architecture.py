# SPDX-License-Identifier: AGPL-3.0-or-later
"""The house is built as the design says: who imports whom, and how large a thing may get."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import natm_stack
from natm_stack.paths import shipped

PACKAGE = Path(natm_stack.__file__).parent
FILES = sorted(p for p in PACKAGE.rglob("*.py") if "shipped" not in p.parts)
CATALOG = sorted(p for p in shipped("catalog").rglob("*.py"))
TESTS = sorted(p for p in Path(__file__).parent.rglob("*.py"))

# Words and errors are everybody's. Of the rest, each part imports what stands here and no more.
EVERYBODY = {"", "errors", "i18n", "plaintext"}
ARROWS = {"load", "load_vetting", "load_ladder", "vet", "resolve", "isolation", "render", "diff",
          "preflight"}
SHARED = {"acme", "backupfile", "composefile", "ejecting", "mailing", "paths", "signin",
          "stackfile", "templating", "varsfile", "vault", "yamlfile"}
EFFECTS = {"process", "files", "secrets", "server", "apply"}
MAY_IMPORT: dict[str, set[str]] = {
    # Pure, and of no arrow in particular.
    "errors": set(), "i18n": set(), "plaintext": set(), "model": set(), "paths": set(),
    "yamlfile": set(),
    "templating": set(), "acme": {"model"}, "vault": {"model"}, "varsfile": {"model"},
    "composefile": {"model", "templating"}, "backupfile": {"model"},
    "signin": {"model"}, "mailing": {"model"},
    "ejecting": {"model", "backupfile", "composefile", "paths"},
    "stackfile": {"files", "load", "templating"},
    # The arrows, left to right.
    "load": {"model", "yamlfile"},
    "load_vetting": {"model", "load", "yamlfile"},
    "load_ladder": {"model", "load", "yamlfile"},
    "vet": {"model"},
    "resolve": {"model", "load"},
    "isolation": {"model", "load", "resolve"},
    "render": {"model", "acme", "backupfile", "composefile", "mailing", "paths", "signin",
               "templating", "varsfile"},
    "diff": {"model", "composefile"},
    "preflight": {"model", "diff"},
    # The effects.
    "process": set(),
    "files": {"model", "vault"},
    "secrets": {"model", "files", "vault", "yamlfile"},
    "server": {"model", "paths", "process"},
    "apply": {"model", "files", "paths", "process", "server", "varsfile"},
    # What is sent away and runs alone.
    "checks": set(), "server_side": set(),
    # What brings all of it together.
    "flows": {"model", *ARROWS, *SHARED, *EFFECTS},
    "cli": {"flows", "model", "files", "apply"},
    "testing": {"model", "flows", *ARROWS, *SHARED, *EFFECTS},
    "__main__": {"cli"},
}
ALONE = {"checks", "server_side", "errors", "i18n"}
"""These do not even import what is everybody's."""

# What is used in few places, and named with them; lazy imports count too.
ONLY_IN: dict[str, set[str]] = {
    "click": {"cli"}, "rich": {"cli"}, "segno": {"cli"}, "pydantic": {"model", "load"},
    "ruamel": {"stackfile"},
    "jinja2": {"templating"}, "ansible": {"vault", "secrets", "apply"}, "httpx": {"checks"},
    "yaml": {"yamlfile", "composefile", "varsfile"},
    "subprocess": {"process", "testing", "server_side", "checks"},
}


def part_of(file: Path) -> str:
    """The part of the house a file belongs to; the package's own `__init__` is nobody's."""
    first = file.relative_to(PACKAGE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def module_of(file: Path) -> list[str]:
    """A file's module, from the package down."""
    parts = list(file.relative_to(PACKAGE).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "__init__" else parts


@cache
def tree(file: Path) -> ast.Module:
    """A file, parsed once."""
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imported(file: Path) -> frozenset[str]:
    """Every module a file imports, wherever in it, with its full name."""
    return frozenset(imports(file))


def imports(file: Path) -> Iterator[str]:
    """The same, one after the other."""
    inside = file.relative_to(PACKAGE).parent.parts
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            above = inside[:len(inside) - node.level + 1]
            base = ["natm_stack", *above, *(node.module.split(".") if node.module else [])]
            # `from . import x` may name a module or something of the package itself.
            for alias in node.names:
                whole = PACKAGE.joinpath(*base[1:], alias.name)
                is_module = whole.with_suffix(".py").is_file() or whole.is_dir()
                yield ".".join([*base, alias.name] if is_module else base)


def ours(file: Path) -> set[str]:
    """The parts of the house that a file imports, its own left out."""
    names = {name for name in imported(file) if name.split(".")[0] == "natm_stack"}
    return {[*name.split("."), ""][1] for name in names} - {part_of(file)}


def test_a_part_imports_what_the_table_says() -> None:
    for file in FILES:
        part = part_of(file)
        if part:
            allowed = MAY_IMPORT[part] | (set() if part in ALONE else EVERYBODY)
            assert ours(file) <= allowed, file


def test_the_table_names_parts_that_exist() -> None:
    parts = {part_of(file) for file in FILES} - {""}
    assert set(MAY_IMPORT) == parts
    assert {p for allowed in MAY_IMPORT.values() for p in allowed} <= parts


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {".".join(["natm_stack", *module_of(f)]): set(imported(f)) for f in FILES}
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " -> ".join([*above[above.index(name):], name])
        if name not in done:
            for other in sorted(graph.get(name, set()) & set(graph) - {name, "natm_stack"}):
                visit(other, (*above, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_used_in_its_place(library: str) -> None:
    users = {part_of(f) for f in FILES if library in {n.split(".")[0] for n in imported(f)}}
    assert users <= ONLY_IN[library]


def test_nothing_goes_round_the_gate_to_other_programs() -> None:
    round_it = re.compile(r"\bos\.(system|popen|exec[lv]\w*|spawn\w*|posix_spawn)\(|shell=True")
    assert [f for f in FILES if round_it.search(f.read_text(encoding="utf-8"))] == []


def test_a_file_is_read_in_one_sitting() -> None:
    lengths = {f: len(f.read_text(encoding="utf-8").splitlines())
               for f in [*FILES, *CATALOG, *TESTS]}
    assert {file: n for file, n in lengths.items() if n > 400} == {}


def test_every_file_says_its_licence() -> None:
    for file in [*FILES, *CATALOG, *TESTS]:
        text = file.read_text(encoding="utf-8")
        assert not text or "SPDX-License-Identifier: AGPL-3.0-or-later" in text[:200], file


def test_a_function_fits_on_a_screen() -> None:
    lengths = {f"{file}:{node.name}": (node.end_lineno or 0) - node.lineno + 1
               for file in [*FILES, *CATALOG] for node in ast.walk(tree(file))
               if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert {name: n for name, n in lengths.items() if n > 40} == {}


def test_what_others_use_says_what_it_is() -> None:
    for file in FILES:
        if part_of(file) not in ("server_side", "apply", "__main__"):
            public = [n for n in tree(file).body if isinstance(n, ast.FunctionDef | ast.ClassDef)
                      and not n.name.startswith("_")]
            silent = [n.name for n in public if not ast.get_docstring(n)]
            assert ast.get_docstring(tree(file)), file
            assert silent == [], file


# Written so that this file itself has none of them.
PRIVATE = re.compile(r"/wor[k]/|deb[.]debian|pypi[.]org|pythonhoste[d]|registry[.]npm|npmjs[.]")
ROOTS = ["natm_stack", "catalog", "roles", "inventories", "tests", "benchmarks", "docs"]


def test_no_file_knows_where_it_was_written() -> None:
    """Neither a path of somebody's machine nor the mirror they happen to use."""
    root = Path(__file__).parent.parent
    files = [p for name in ROOTS for p in (root / name).rglob("*") if p.is_file()]
    files += [p for p in root.iterdir() if p.suffix in (".md", ".toml", ".sh", ".txt")]
    for path in files:
        if path.suffix not in (".pyc", ".png", ".jpg", ".woff2"):
            found = PRIVATE.search(path.read_bytes().decode("utf-8", "replace"))
            assert found is None, f"{path}: {found}"
