"""Which widgets the code of the pages has, and what the use of one that was drawn takes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pages._services
from tests import page_widgets, page_widgets_bots, page_widgets_people, page_widgets_shared
from tests.page_widgets import BY_KEY, UNNAMED, Use
from tests.page_widgets_shared import USES

PAGES = Path(pages._services.__file__).parent
_LISTS = (page_widgets, page_widgets_bots, page_widgets_people, page_widgets_shared)
WIDGETS = {file: held for one in _LISTS for file, held in one.WIDGETS.items()}
KEYS = {place: keys for one in _LISTS for place, keys in one.KEYS.items()}
# What a person can act with; a dataframe too, whose rows may be ticked.
_MAKERS = frozenset(
    (
        *("button", "download_button", "form_submit_button", "link_button", "menu_button"),
        *("toggle", "checkbox", "radio", "selectbox", "multiselect", "segmented_control", "pills"),
        *("text_input", "text_area", "number_input", "date_input", "time_input"),
        *("datetime_input", "file_uploader", "camera_input", "audio_input", "chat_input"),
        *("slider", "select_slider", "color_picker", "feedback", "pagination"),
        *("data_editor", "dataframe", "plotly_chart", "ButtonColumn"),
    )
)
_OPENERS = frozenset({"expander", "popover", "tabs"})  # where the page hears that one is opened
Texts = dict[str, str]


def find_widgets(file: Path) -> set[str]:
    """Return the keys of a file's widgets: * stands for what varies, braces for other code."""
    tree = ast.parse(file.read_text("utf-8"))
    constants = _constants(tree)
    return {
        key
        for scope in ast.walk(tree)
        if isinstance(scope, ast.Module | ast.FunctionDef)
        for key in _widgets_of(scope, constants)
    }


def use_of(key: str) -> Use:
    """Return what the use of a widget takes, by the key that it was drawn with.

    Raises LookupError for one that is not declared.
    """
    fitting = [(len(p.replace("*", "")), use) for p, use in _patterns() if fnmatchcase(key, p)]
    if not fitting:
        raise LookupError(f"{key} is declared in no list of widgets.")
    closest = max(length for length, _ in fitting)
    (use,) = {use for length, use in fitting if length == closest}
    return use


def _patterns() -> Iterator[tuple[str, Use]]:
    yield from USES.items()
    for file, widgets in WIDGETS.items():
        for key, use in widgets.items():
            if use != BY_KEY:
                yield from ((pattern, use) for pattern in KEYS.get((file, key), (key,)))


def _widgets_of(scope: ast.Module | ast.FunctionDef, constants: Texts) -> Iterator[str]:
    nodes = list(_own_nodes(scope))
    own = {
        node.targets[0].id: node.value
        for node in nodes
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.JoinedStr | ast.Constant)
    }
    for node in nodes:
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if is_call and _is_widget(node.func.attr, node.keywords):
            keys = [given.value for given in node.keywords if given.arg == "key"]
            yield _written(keys[0], own, constants) if keys else UNNAMED


def _is_widget(name: str, given: list[ast.keyword]) -> bool:
    is_told = any(one.arg == "on_change" for one in given)
    return name in _MAKERS or (name in _OPENERS and is_told)


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in a scope, and not in a function inside it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef):
            yield child
            yield from _own_nodes(child)


def _written(key: ast.expr, own: dict[str, ast.expr], constants: Texts) -> str:
    if isinstance(key, ast.Constant):
        return str(key.value)
    if isinstance(key, ast.JoinedStr):
        return "".join(_part(part, constants) for part in key.values)
    if isinstance(key, ast.Name) and key.id in own:
        return _written(own[key.id], {}, constants)
    if isinstance(key, ast.Name) and key.id in constants:
        return constants[key.id]
    return f"{{{ast.unparse(key)}}}"


def _part(part: ast.expr, constants: Texts) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    inner = part.value if isinstance(part, ast.FormattedValue) else part
    return constants.get(inner.id, "*") if isinstance(inner, ast.Name) else "*"


def _constants(tree: ast.Module) -> Texts:
    """Return the texts that stand at the top of a file under a name."""
    found: Texts = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            values = value.elts if isinstance(value, ast.Tuple) else [value]
            for name, text in zip(names, values, strict=False):
                if isinstance(name, ast.Name) and isinstance(text, ast.Constant):
                    found[name.id] = str(text.value)
    return found
