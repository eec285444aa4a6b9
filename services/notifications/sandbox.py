"""Templates as publishers may write them: a small part of Jinja, in which nothing can be called, reached or repeated
without end.

What may stand in a template is a list of its syntax's parts, not of what is forbidden: values, their parts by name,
conditions, loops over the lists there are, and a few filters. Values are text, lists and objects of text, never Python
objects with attributes; so there is nothing to walk along, no file, no import, no macro, no arithmetic.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes, pass_eval_context
from jinja2.filters import do_join
from jinja2.nodes import EvalContext
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

MOST_SOURCE = 50_000
"""Characters of one source."""
MOST_OUTPUT = 300_000
"""Characters that one source may become."""
MOST_DEPTH = 2
"""Loops inside each other."""
FILTERS = ("capitalize", "default", "e", "escape", "first", "join", "last", "length", "lower", "title", "trim", "upper")
TESTS = ("defined", "undefined", "none", "string")
_EACH = "each entry of"
"""The filter that every loop's list goes through; no template can name it."""
_LOOP = ("first", "index", "index0", "last", "length", "revindex")
_SPECIAL = ("caller", "kwargs", "self", "super", "varargs")
_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.If,
    nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter, nodes.Test,
    nodes.Concat,
)  # fmt: skip
_WORDS = {nodes.Macro: "macro", nodes.Call: "a call", nodes.CallBlock: "call", nodes.Import: "import",
          nodes.FromImport: "import", nodes.Include: "include", nodes.Extends: "extends", nodes.Block: "block",
          nodes.Assign: "set", nodes.AssignBlock: "set", nodes.With: "with",
          nodes.FilterBlock: "a filter block"}  # fmt: skip


class TemplateRefused(Exception):
    """A template says something that it may not, or can't be rendered; the message says what, and the line.

    ``part`` of the template is told by whoever renders all of them.
    """

    part = "html"

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(at_line(message, line))


def at_line(message: str, line: int | None) -> str:
    """What is wrong, with the line of the source where it is known."""
    return message if line is None else f"Line {line}: {message}"


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, closed further: parts of values by key only, and nothing is ever called."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, list) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.getattr(obj, argument) if isinstance(argument, str) else self.undefined(obj=obj, name=argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return isinstance(obj, LoopContext) and attr in _LOOP

    def is_safe_callable(self, obj: Any) -> bool:
        return False


def _entries(value: Any, line: int) -> Any:
    """A list to go through. Letters of a text aren't one: loops inside each other over long ones wouldn't end."""
    if not isinstance(value, list | Mapping):
        raise TemplateRefused("A loop goes over one of the lists that there are, by its name.", line)
    return value


@pass_eval_context
def _joined(context: EvalContext, value: Any, between: str = "", attribute: str | None = None) -> str:
    """As Jinja's, of lists only and no longer than a mail: joined letters, joined again, would fill the memory."""
    if not isinstance(value, list):
        raise TemplateRefused("Only a list can be joined.")
    if sum(len(str(each)) + len(str(between)) for each in value) > MOST_OUTPUT:
        raise TemplateRefused(f"It becomes longer than {MOST_OUTPUT:,} characters.")
    joined: str = do_join(context, value, between, attribute)
    return joined


def _environment(*, escapes: bool) -> _Environment:
    made = _Environment(
        autoescape=escapes, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=False
    )
    made.globals = {}
    made.filters = {**{name: made.filters[name] for name in FILTERS}, "join": _joined, _EACH: _entries}
    made.tests = {name: made.tests[name] for name in TESTS}
    return made


_HTML, _TEXT = _environment(escapes=True), _environment(escapes=False)


def render(source: str, context: Mapping[str, Any], *, html: bool) -> str:
    """What ``source`` says with these values. Values are text: in HTML they are escaped, and never read as source.

    Raises TemplateRefused.
    """
    template = compiled(source, html=html)
    parts: list[str] = []
    size = 0
    try:
        for part in template.generate(dict(context)):
            size += len(part)
            if size > MOST_OUTPUT:
                raise TemplateRefused(f"It becomes longer than {MOST_OUTPUT:,} characters.")
            parts.append(part)
    except TemplateRefused:
        raise
    except Exception as error:
        raise TemplateRefused(_words(error), _line_of(error)) from None
    return "".join(parts)


@lru_cache(maxsize=2_000)
def compiled(source: str, *, html: bool) -> Template:
    """The template of a source, which has been looked through. Raises TemplateRefused."""
    try:
        return (_HTML if html else _TEXT).from_string(_over_lists_only(parsed(source, html=html)))
    except (RecursionError, SyntaxError, MemoryError):  # Python's compiler has limits of its own
        raise TemplateRefused("Too deep.") from None


def _over_lists_only(tree: nodes.Template) -> nodes.Template:
    """The tree, whose loops see to it that what they go through is a list."""
    for loop in list(tree.find_all(nodes.For)):
        more = {"lineno": loop.lineno, "environment": tree.environment}
        loop.iter = nodes.Filter(loop.iter, _EACH, [nodes.Const(loop.lineno, **more)], [], None, None, **more)
    return tree


def parsed(source: str, *, html: bool) -> nodes.Template:
    """The tree of a source, which has been looked through. Raises TemplateRefused."""
    if len(source) > MOST_SOURCE:
        raise TemplateRefused(f"Longer than {MOST_SOURCE:,} characters.")
    try:
        tree = (_HTML if html else _TEXT).parse(source)
        _look_through(tree, depth=0)
    except TemplateSyntaxError as error:
        raise TemplateRefused(str(error.message), error.lineno) from None
    except RecursionError:
        raise TemplateRefused("Too deep.") from None
    except ValueError:  # a number of thousands of digits
        raise TemplateRefused("It can't be read.") from None
    return tree


def _look_through(node: nodes.Node, *, depth: int) -> None:
    if type(node) not in _ALLOWED:
        told = next((word for kind, word in _WORDS.items() if isinstance(node, kind)), type(node).__name__.lower())
        raise TemplateRefused(f"{told} can't be used in a template.", node.lineno)
    _look_at_names(node)
    if isinstance(node, nodes.For):
        if depth >= MOST_DEPTH:
            raise TemplateRefused(f"More than {MOST_DEPTH} loops inside each other.", node.lineno)
        if not isinstance(node.iter, nodes.Name | nodes.Getattr) or node.recursive:
            raise TemplateRefused("A loop goes over one of the lists that there are, by its name.", node.lineno)
        depth += 1
    for child in node.iter_child_nodes():
        _look_through(child, depth=depth)


def _look_at_names(node: nodes.Node) -> None:
    if isinstance(node, nodes.Filter):
        if node.name not in FILTERS:
            raise TemplateRefused(
                f"There is no filter {node.name[:40]!r}. There are: {', '.join(FILTERS)}.", node.lineno
            )
        if node.node is None or node.dyn_args or node.dyn_kwargs:
            raise TemplateRefused("A filter is used as in {{ value|filter }}.", node.lineno)
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        raise TemplateRefused(f"There is no test {node.name[:40]!r}. There are: {', '.join(TESTS)}.", node.lineno)
    if isinstance(node, nodes.For) and not isinstance(node.target, nodes.Name):
        raise TemplateRefused("A loop has one variable.", node.lineno)
    name = node.attr if isinstance(node, nodes.Getattr) else node.name if isinstance(node, nodes.Name) else ""
    if isinstance(node, nodes.Name) and name in _SPECIAL:
        raise TemplateRefused(f"{name} can't be used in a template.", node.lineno)
    if name.startswith("_"):
        raise TemplateRefused("Names don't begin with an underscore.", node.lineno)
    if isinstance(node, nodes.Getitem) and not isinstance(node.arg, nodes.Const):
        raise TemplateRefused("What is in brackets must be a number or a text.", node.lineno)


def _line_of(error: Exception) -> int | None:
    """The template's line that failed, which Jinja puts into the traceback."""
    trace = error.__traceback__
    lines = [frame.lineno for frame in traceback.extract_tb(trace) if frame.filename == "<template>"]
    return lines[-1] if lines else None


def _words(error: Exception) -> str:
    found = re.sub(r"'dict object'", "that", str(error))
    return (
        found[:200] if type(error).__name__ == "UndefinedError" else f"It can't be rendered ({type(error).__name__})."
    )
