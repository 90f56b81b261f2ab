"""Every widget of the page of bots, and the action that its use takes."""

from __future__ import annotations

from tests.page_widgets import READS, UNNAMED, Use

BOTS: Use = "bots.write"

WIDGETS: dict[str, dict[str, Use]] = {
    "_bots_change.py": {
        UNNAMED: BOTS,
        "bots_delete_*": BOTS,
        "bots_rename_*": BOTS,
        "bots_rename_name": BOTS,
    },
    "_bots_create.py": {
        UNNAMED: BOTS,
        "bots_new": BOTS,
        "bots_new_name": BOTS,
        "bots_new_slug": BOTS,
    },
    "_bots_list.py": {"bots_open_*": READS, "bots_page_*": READS},
    "_bots_one.py": {"bots_close": READS, "bots_view": READS},
    "_bots_save.py": {
        UNNAMED: BOTS,
        "bots_clash_mine": BOTS,
        "bots_discard": BOTS,
        "bots_discard_no": BOTS,
        "bots_discard_yes": BOTS,
        "bots_moved_mine": BOTS,
        "bots_moved_theirs": BOTS,
        "bots_note": BOTS,
        "bots_publish": BOTS,
        "bots_save": BOTS,
    },
    "_bots_texts.py": {"{key}": BOTS},
    "_bots_versions.py": {
        UNNAMED: BOTS,
        "bots_back_*": BOTS,
        "bots_back_note": BOTS,
        "bots_compare_*": READS,
        "bots_show_*": READS,
        "bots_versions_page_*_*": READS,
    },
    "_chat_bot.py": {"chat_bot_choice": READS},
}

# Keys that the code makes, as they are drawn.
KEYS: dict[tuple[str, str], tuple[str, ...]] = {
    ("_bots_change.py", UNNAMED): ("FormSubmitter:bots_rename*",),
    ("_bots_create.py", UNNAMED): ("FormSubmitter:bots_new*",),
    ("_bots_save.py", UNNAMED): ("FormSubmitter:bots_publish*",),
    ("_bots_texts.py", "{key}"): ("bots_text_*",),
    ("_bots_versions.py", UNNAMED): ("FormSubmitter:bots_back*",),
}
