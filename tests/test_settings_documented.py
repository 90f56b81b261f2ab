"""The settings' page names every knob with its default, and every knob says what it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from leanrag.settings import Settings, environment_name

PAGE = (Path(__file__).parents[1] / "docs" / "settings.md").read_text("utf-8")


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_on_its_page_with_its_default(field: str) -> None:
    info = Settings.model_fields[field]
    shown = "*(unset)*" if info.default in (None, "") else f"`{info.default}`"
    assert info.description
    assert f"| `{environment_name(field)}` | {shown} |" in PAGE
