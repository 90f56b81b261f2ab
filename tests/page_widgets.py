"""Every widget of the pages that work on knowledge, and the action that its use takes.

A new widget must be added here: tests compare this with the pages' own code, and let each role draw
the pages.
"""

from __future__ import annotations

from typing import Literal

from leanrag.permissions import Action
from leanrag.permitted_calls import ANYONE

READS: Literal["reads"] = "reads"  # changes what is shown, and nothing that is kept
BY_KEY: Literal["by key"] = "by key"  # each page that shares the widget has its own
Use = Action | Literal["anyone", "installation", "reads", "by key"]
ASK: Use = "ask"
KNOWLEDGE: Use = "knowledge.write"
TUNING: Use = "tuning.write"
UNNAMED = "-"

# By file: a widget's key with * for what varies, or in braces the code that makes it.
WIDGETS: dict[str, dict[str, Use]] = {
    "chat.py": {"chat_new_after_missing": ASK, "{INPUT_KEY}": ASK},
    "_chat_citation.py": {"chat_source_download": READS},
    "_chat_live.py": {"chat_stop": ASK},
    "_chat_messages.py": {
        "chat_again_*": ASK,
        "chat_citation_*_*": READS,
        "chat_refresh_*": READS,
        "chat_xray_button_*": READS,
    },
    "_chat_sidebar.py": {
        "chat_delete_confirm": "conversations.write",
        "chat_new": ASK,
        "chat_open_*": READS,
    },
    "_chat_welcome.py": {"chat_*": ASK},
    "_documents_add.py": {"documents_unsaved_*": KNOWLEDGE, "documents_form": KNOWLEDGE},
    "_documents_add_files.py": {
        "documents_add": KNOWLEDGE,
        "documents_chunk_tokens": KNOWLEDGE,
        "documents_files_*": KNOWLEDGE,
        "documents_kind": KNOWLEDGE,
        "documents_look": KNOWLEDGE,
        "documents_look_file": KNOWLEDGE,
    },
    "_documents_add_manual.py": {
        "documents_manual_look": KNOWLEDGE,
        "documents_manual_save": KNOWLEDGE,
        "documents_title_manual_*": KNOWLEDGE,
        "{manual_key()}": KNOWLEDGE,
    },
    "_documents_add_options.py": {
        "documents_bot_*": KNOWLEDGE,
        "documents_citable_*": KNOWLEDGE,
        "documents_tags_*": KNOWLEDGE,
    },
    "_documents_add_outcomes.py": {
        "documents_outcome_*": READS,
        "documents_outcomes_close": READS,
    },
    "_documents_add_records.py": {
        "documents_add_currency": KNOWLEDGE,
        "documents_example_*": KNOWLEDGE,
        "documents_import_*_*": KNOWLEDGE,
        "{_title_key(kind)}": KNOWLEDGE,
    },
    "_documents_add_website.py": {
        "documents_title_website_*": KNOWLEDGE,
        "documents_website_depth": KNOWLEDGE,
        "documents_website_hosts": KNOWLEDGE,
        "documents_website_pages": KNOWLEDGE,
        "documents_website_start": KNOWLEDGE,
        "documents_website_url_*": KNOWLEDGE,
    },
    "_documents_choice.py": {"{key}": READS},
    "_documents_cut.py": {"*_page_*": READS},
    "_documents_delete.py": {
        "documents_delete_*": KNOWLEDGE,
        "documents_delete_no": KNOWLEDGE,
        "documents_delete_yes": KNOWLEDGE,
    },
    "_documents_failed.py": {
        "documents_again_*": KNOWLEDGE,
        "documents_ended_open_*": READS,
        "documents_failed_more": READS,
    },
    "_documents_grid.py": {
        "*_anyway": KNOWLEDGE,
        "*_bring_back": KNOWLEDGE,
        "*_drop": KNOWLEDGE,
        "*_page_*": READS,
        "*_save": KNOWLEDGE,
        "documents_rows_shown": READS,
        "{_editor_key(key, grid)}": KNOWLEDGE,
    },
    "_documents_grid_problems.py": {"*_download": READS, "*_problems": READS},
    "_documents_list.py": {
        "documents_card_open_*": READS,
        "documents_choose_*": KNOWLEDGE,
        "documents_open": READS,
        "documents_page_*": READS,
        "documents_table_*": READS,
    },
    "_documents_list_bulk.py": {
        "documents_bulk_*": KNOWLEDGE,
        "documents_bulk_tag": KNOWLEDGE,
        "documents_bulk_use": KNOWLEDGE,
        "documents_choose_all": KNOWLEDGE,
        "documents_choose_none": KNOWLEDGE,
        "documents_everything": KNOWLEDGE,
    },
    "_documents_list_filter.py": {
        "documents_clear": READS,
        "{_key('find')}": READS,
        "{_key('order')}": READS,
        "{_key(name)}": READS,
    },
    "_documents_notice.py": {"documents_notice_close": READS, "documents_undo": KNOWLEDGE},
    "_documents_progress.py": {"documents_progress_open_*": READS, "documents_stop_*": KNOWLEDGE},
    "_documents_site.py": {
        "documents_site_page": READS,
        "documents_site_pages": READS,
        "documents_site_status": READS,
    },
    "_documents_source.py": {"documents_back": READS},
    "_documents_source_actions.py": {
        "documents_*_*": KNOWLEDGE,
        "documents_download": READS,
        "documents_edit": KNOWLEDGE,
        "documents_newer": KNOWLEDGE,
        "documents_process": KNOWLEDGE,
    },
    "_documents_source_again.py": {
        "documents_again_depth": KNOWLEDGE,
        "documents_again_no": KNOWLEDGE,
        "documents_again_pages": KNOWLEDGE,
        "documents_again_size": KNOWLEDGE,
        "documents_again_yes": KNOWLEDGE,
    },
    "_documents_source_drafts.py": {"documents_bring_back": KNOWLEDGE},
    "_documents_source_edit.py": {
        "documents_edit_no": KNOWLEDGE,
        "documents_edit_yes": KNOWLEDGE,
        "{_BOT}": KNOWLEDGE,
        "{_KIND}": KNOWLEDGE,
        "{_TAGS}": KNOWLEDGE,
        "{_TITLE}": KNOWLEDGE,
    },
    "_documents_source_manual.py": {
        "documents_text_drop": KNOWLEDGE,
        "documents_text_save": KNOWLEDGE,
        "{key}": KNOWLEDGE,
    },
    "_documents_source_newer.py": {
        "documents_newer_no": KNOWLEDGE,
        "documents_newer_yes": KNOWLEDGE,
        "{_file_key(source)}": KNOWLEDGE,
    },
    "_documents_source_passages.py": {"documents_passage_page": READS},
    "_documents_source_records.py": {"documents_export": READS},
    "_documents_suggest.py": {
        "documents_approve_*": KNOWLEDGE,
        "documents_pair_choose_*": KNOWLEDGE,
        "documents_pair_edit_*": KNOWLEDGE,
        "documents_pair_page": READS,
        "documents_pair_page_*": READS,
        "documents_pairs_all": KNOWLEDGE,
        "documents_reject_*": KNOWLEDGE,
    },
    "_documents_suggest_edit.py": {
        "documents_pair_no": KNOWLEDGE,
        "documents_pair_yes": KNOWLEDGE,
        "{answer}": KNOWLEDGE,
        "{question}": KNOWLEDGE,
    },
    "_documents_switch.py": {"documents_switch_again": KNOWLEDGE},
    "_documents_waiting.py": {"documents_pairs_open": READS},
    "_figure.py": {"{key}": READS},
    "_passages_bulk.py": {
        "passages_bulk_*": KNOWLEDGE,
        "passages_pick_*": KNOWLEDGE,
        "passages_pick_page": KNOWLEDGE,
        "passages_selecting": KNOWLEDGE,
    },
    "_passages_edit.py": {
        "passages_*": KNOWLEDGE,
        "passages_edit": KNOWLEDGE,
        "passages_edit_no": KNOWLEDGE,
        "passages_edit_text_*": KNOWLEDGE,
        "passages_edit_tldr_*": KNOWLEDGE,
        "passages_edit_yes": KNOWLEDGE,
        "passages_revert": KNOWLEDGE,
    },
    "_passages_filter.py": {
        "passages_clear": READS,
        "{_key('words')}": READS,
        "{_key(name)}": READS,
    },
    "_passages_list.py": {"passages_open_*": READS, "passages_page_*": READS},
    "_passages_place.py": {UNNAMED: READS, "passages_back": READS, "passages_go_*": READS},
    "_passages_review.py": {
        "passages_*_*": KNOWLEDGE,
        "passages_review": READS,
        "passages_review_back": READS,
        "passages_see_*": READS,
    },
    "_retrieval_bot.py": {"retrieval_bot": READS},
    "_retrieval_many.py": {
        "retrieval_example": READS,
        "retrieval_file_*": READS,
        "retrieval_run": READS,
    },
    "_retrieval_one.py": {"retrieval_question": READS},
    "_retrieval_passages.py": {
        "retrieval_open": READS,
        "retrieval_open_*": READS,
        "retrieval_order": READS,
        "retrieval_table": READS,
    },
    "_retrieval_table.py": {
        "retrieval_download": READS,
        "retrieval_misses": READS,
        "retrieval_results": READS,
    },
    "_shell.py": {"shell_language_choice": READS},
    "_sign_in.py": {  # nobody is signed in yet
        UNNAMED: ANYONE,
        "sign_in_again": ANYONE,
        "sign_in_by_*": ANYONE,
        "sign_in_go_on": ANYONE,
        "sign_in_other": ANYONE,
        "sign_in_typed_code": ANYONE,
        "sign_in_typed_email": ANYONE,
    },
    "_tuning_keywords.py": {
        "tuning_filter_intent": READS,
        "tuning_filter_language": READS,
        "tuning_keyword_grid_*_*": TUNING,
        "tuning_keywords_shown": READS,
        "tuning_search": READS,
    },
    "_tuning_routing.py": {
        "tuning_add_intent": TUNING,
        "tuning_intent_name": TUNING,
        "tuning_own_intent": TUNING,
        "tuning_remove_intent": TUNING,
        "tuning_routing_grid_*_*": TUNING,
        "tuning_routing_shown": READS,
    },
    "_tuning_save.py": {
        "tuning_discard": TUNING,
        "tuning_rebase": TUNING,
        "tuning_reset": TUNING,
        "tuning_reset_no": TUNING,
        "tuning_reset_yes": TUNING,
        "tuning_save": TUNING,
    },
    "_tuning_try.py": {"tuning_question": READS},
    "_usage_table.py": {"usage_breakdown": READS, "usage_download": READS, "usage_table": READS},
    "_usage_tiles.py": {"usage_hours": READS},
    "_visitor.py": {"shell_sign_out": ANYONE, "shell_tenant_choice": ANYONE},
}

# What the keys are that code in braces, or a key that is handed over, makes.
KEYS: dict[tuple[str, str], tuple[str, ...]] = {
    ("chat.py", "{INPUT_KEY}"): ("chat_input",),
    ("_chat_welcome.py", "chat_*"): ("chat_example_*",),
    ("_documents_add_manual.py", "{manual_key()}"): ("documents_manual_text_*",),
    ("_documents_add_records.py", "{_title_key(kind)}"): (
        "documents_title_faq_*",
        "documents_title_product_*",
    ),
    ("_documents_choice.py", "{key}"): ("documents_view", "documents_pair_state"),
    ("_documents_cut.py", "*_page_*"): ("documents_cut_page_*",),
    ("_documents_grid.py", "*_anyway"): ("documents_add_*_anyway", "documents_rows_*_anyway"),
    ("_documents_grid.py", "*_bring_back"): (
        "documents_add_*_bring_back",
        "documents_rows_*_bring_back",
    ),
    ("_documents_grid.py", "*_drop"): ("documents_add_*_drop", "documents_rows_*_drop"),
    ("_documents_grid.py", "*_page_*"): ("documents_add_*_page_*", "documents_rows_*_page_*"),
    ("_documents_grid.py", "*_save"): ("documents_add_*_save", "documents_rows_*_save"),
    ("_documents_grid.py", "{_editor_key(key, grid)}"): (
        "documents_add_*_editor_*",
        "documents_rows_*_editor_*",
    ),
    ("_documents_list_filter.py", "{_key('find')}"): ("documents_filter_find",),
    ("_documents_list_filter.py", "{_key('order')}"): ("documents_filter_order",),
    ("_documents_list_filter.py", "{_key(name)}"): ("documents_filter_*",),
    ("_documents_source_actions.py", "documents_*_*"): (
        "documents_citable_*",
        "documents_enabled_*",
    ),
    ("_documents_source_edit.py", "{_BOT}"): ("documents_edit_bot",),
    ("_documents_source_edit.py", "{_KIND}"): ("documents_edit_kind",),
    ("_documents_source_edit.py", "{_TAGS}"): ("documents_edit_tags",),
    ("_documents_source_edit.py", "{_TITLE}"): ("documents_edit_title",),
    ("_documents_source_manual.py", "{key}"): ("documents_text_*",),
    ("_documents_source_newer.py", "{_file_key(source)}"): ("documents_newer_*",),
    ("_documents_suggest_edit.py", "{answer}"): ("documents_pair_a_*",),
    ("_documents_suggest_edit.py", "{question}"): ("documents_pair_q_*",),
    ("_figure.py", "{key}"): (),
    ("_passages_edit.py", "passages_*"): (
        "passages_learn_only",
        "passages_may_quote",
        "passages_switch_off",
        "passages_switch_on",
    ),
    ("_passages_filter.py", "{_key('words')}"): ("passages_words",),
    ("_passages_filter.py", "{_key(name)}"): (
        *("passages_source", "passages_kind", "passages_language", "passages_citable"),
        *("passages_enabled", "passages_edited", "passages_tag"),
    ),
    ("_passages_review.py", "passages_*_*"): (
        "passages_keep_*",
        "passages_take_newer_*",
        "passages_drop_*",
    ),
    ("_sign_in.py", UNNAMED): (),
}
