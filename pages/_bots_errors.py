"""Why something about a bot was not done, in the interface's language."""

from __future__ import annotations

from leanrag.bot_content import FIELDS
from leanrag.errors import LeanRagError
from pages._locale import t
from pages._problem_text import KnownSentences, translated_problem

_SENTENCES = KnownSentences(
    (r".* is no short name of a bot: .*", "bad_slug"),
    (r"A bot named '(?P<slug>.*)' exists already; .*", "taken"),
    (r"The bot needs a name of at most (?P<most>\d+) letters .*", "no_name"),
    (r"To delete this bot, type its short name: (?P<slug>.*)\.", "wrong_slug"),
    (r"A tenant needs a bot; .*", "last"),
    (r"A tenant has (?P<most>\d+) bots at most; .*", "too_many"),
    (r"There is no bot .*", "gone"),
    (r"Your role in this tenant does not allow this; .*", "not_for_role"),
    (r"Version (?P<version>\d+), which is in force, says exactly this .*", "same"),
    (r"Persona and instructions together are too long .*", "too_long"),
    (r"The .* has .* characters and may have (?P<most>[\d,]+); .*", "too_many_letters"),
    (r".* saved this draft at .*, after you opened it; .*", "draft_saved"),
    (r"The draft was published or discarded after you opened it; .*", "draft_gone"),
    (r"This bot has no open draft; .*", "no_draft"),
    (r"Version (?P<version>\d+) was published meanwhile and changes .*", "clash"),
    (r"This bot has no version (?P<version>\d+); .*", "no_version"),
    prefix="bots.error_",
)


def problem_text(error: LeanRagError) -> str:
    """Return for markdown what was wrong and what to do; in English where no translation is."""
    return translated_problem(
        error,
        _SENTENCES,
        fields=clashing_fields(error),
        tokens=error.details.get("tokens", ""),
        limit=error.details.get("limit", ""),
    )


def clashing_fields(error: LeanRagError) -> str:
    """Return the names of the fields that a draft and a newer version both change."""
    fields = error.details.get("fields")
    named = fields if isinstance(fields, list) else []
    return ", ".join(t(f"bots.field_{name}") for name in FIELDS if name in named)
