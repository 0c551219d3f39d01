"""The stub of the engine says what the engine has: the same names, the same parameters."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import bytestride
from bytestride import _core

STUB = ast.parse((Path(bytestride.__file__).parent / "_core.pyi").read_text(encoding="utf-8"))
CLASSES = {node.name: node for node in STUB.body if isinstance(node, ast.ClassDef)}
FUNCTIONS = {node.name: node for node in STUB.body if isinstance(node, ast.FunctionDef)}
# Names that pybind11 gives every class or module.
MADE_BY_PYBIND11 = {"_pybind11_conduit_v1_"}


def is_dunder(name):
    return name.startswith("__") and name.endswith("__")


def is_property(node):
    return any(isinstance(d, ast.Name) and d.id == "property" for d in node.decorator_list)


def members_in_stub(name):
    return {node.name: node for node in CLASSES[name].body if isinstance(node, ast.FunctionDef)}


def members_in_module(name):
    return {
        key: value
        for key, value in vars(getattr(_core, name)).items()
        if key == "__init__" or not (is_dunder(key) or key in MADE_BY_PYBIND11)
    }


def parameters_in_stub(node):
    """Names in order, "*" before those that go by name only; and the defaults' texts."""
    arguments = node.args
    assert not arguments.posonlyargs
    plain = [argument.arg for argument in arguments.args]
    defaults = dict(zip(reversed(plain), reversed(arguments.defaults), strict=False))
    by_name = [argument.arg for argument in arguments.kwonlyargs]
    defaults |= {
        name: default
        for name, default in zip(by_name, arguments.kw_defaults, strict=True)
        if default is not None
    }
    names = plain + (["*", *by_name] if by_name else [])
    return names, {name: ast.unparse(default) for name, default in defaults.items()}


def parameters_in_docstring(function):
    """The same from the first line of a docstring: ``name(a: int, *, b: str = 'x') -> None``."""
    line = function.__doc__.splitlines()[0]
    depth, parts, part = 0, [], ""
    for c in line[line.index("(") + 1 : line.rindex(")")]:
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += c
    parts += [part.strip()] if part.strip() else []
    names = [re.match(r"\*|\w+", part)[0] for part in parts]
    defaults = {
        name: ast.unparse(ast.parse(part.rpartition(" = ")[2]).body[0])
        for name, part in zip(names, parts, strict=True)
        if " = " in part
    }
    return names, defaults


def test_the_same_names():
    in_module = {name for name in vars(_core) if not is_dunder(name)}
    assert in_module - MADE_BY_PYBIND11 == {*CLASSES, *FUNCTIONS}
    assert {name for name in in_module if inspect.isclass(getattr(_core, name))} == {*CLASSES}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    expected = parameters_in_docstring(getattr(_core, name))
    assert parameters_in_stub(FUNCTIONS[name]) == expected


@pytest.mark.parametrize("name", CLASSES)
def test_classes(name):
    in_stub, in_module = members_in_stub(name), members_in_module(name)
    assert set(in_stub) == set(in_module)
    for member, node in in_stub.items():
        assert is_property(node) == isinstance(in_module[member], property), member
        if not is_property(node):
            assert parameters_in_stub(node) == parameters_in_docstring(in_module[member]), member


def test_nothing_in_the_module_is_without_a_signature():
    # One without names of its parameters would show them as arg0, arg1.
    for name in FUNCTIONS:
        assert "arg0" not in getattr(_core, name).__doc__
    for name in CLASSES:
        for member, value in members_in_module(name).items():
            if not isinstance(value, property):
                assert "arg0" not in value.__doc__, f"{name}.{member}"


def test_the_stub_is_all_declarations():
    # A class or function of it is declared once, and has no body to be run.
    names = [n.name for n in STUB.body if isinstance(n, ast.ClassDef | ast.FunctionDef)]
    assert len(names) == len(set(names))
    for node in ast.walk(STUB):
        if isinstance(node, ast.FunctionDef):
            assert [ast.unparse(line) for line in node.body] == ["..."]
