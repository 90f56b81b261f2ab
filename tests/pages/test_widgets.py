"""Every widget of every page says what its use takes, and no page has one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from leanrag.permissions import ACTIONS
from leanrag.permitted_calls import ANYONE, INSTALLATION
from tests.page_widgets import BY_KEY, READS
from tests.widget_uses import KEYS, PAGES, WIDGETS, find_widgets, use_of

FILES = sorted(PAGES.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_widgets_of_a_file_are_those_that_are_declared(file: Path) -> None:
    assert find_widgets(file) == set(WIDGETS.get(file.name, {}))


def test_what_is_declared_is_there() -> None:
    assert set(WIDGETS) <= {file.name for file in FILES}
    assert {(file, key) for file, key in KEYS if key in WIDGETS.get(file, {})} == set(KEYS)
    uses = {use for widgets in WIDGETS.values() for use in widgets.values()}
    assert uses <= {READS, BY_KEY, ANYONE, INSTALLATION, *ACTIONS}


def test_a_new_button_without_a_declaration_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "new.py"
    file.write_text(
        '_KEY = "new_base"\n'
        "def draw(place, number):\n"
        '    key = f"new_{number}_{_KEY}"\n'
        '    place.button("Delete", key=key)\n'
        '    place.button("Erase", key=_KEY)\n'
        '    place.toggle("On")\n'
        '    place.checkbox("All", key=made(number))\n'
    )
    assert find_widgets(file) == {"new_*_new_base", "new_base", "-", "{made(number)}"}


def test_a_drawn_widget_is_known_by_its_key() -> None:
    assert use_of("documents_delete_source") == "knowledge.write"
    assert use_of("documents_filter_order") == READS
    assert use_of("passages_switch_off") == "knowledge.write"
    assert use_of("passages_words") == READS
    assert use_of("chat_input") == "ask"
    with pytest.raises(LookupError):
        use_of("brand_new_button")
