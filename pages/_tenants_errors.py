"""Why something about a tenant was not done, in the interface's language."""

from __future__ import annotations

import re

from leanrag.errors import LeanRagError
from pages._error_text import error_text
from pages._locale import t
from pages._safe_text import plain_text

_SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), key)
    for pattern, key in (
        (r".* is no tenant name: .*", "bad_slug"),
        (r"The tenant needs a name .*", "no_name"),
        (r"A tenant named '(?P<slug>.*)' exists already; .*", "taken"),
        (r"Say in 1 to (?P<most>\d+) letters why .*", "no_reason"),
        (r"To delete this tenant, type its short name: (?P<slug>.*)\.", "wrong_slug"),
        (r"LeanRAG makes this tenant anew at every start; .*", "first_tenant"),
        (r"This tenant is being deleted; .*", "deleting"),
        (r"There is no tenant .*|There is no such tenant; .*|This tenant is no longer .*", "gone"),
        (r"Write the e-mail address in Latin letters, .*", "latin_address"),
        (r"This is no e-mail address; .*", "no_address"),
        (r"There is no such sign-in of yours; .*", "no_sign_in"),
        (r"You are no member of that tenant; .*", "no_member"),
        (r"Your role in this tenant does not allow this; .*", "not_for_role"),
        (r"Only an administrator of this installation .*", "not_administrator"),
        (r"The export could not be written to .*", "not_written"),
    )
)


def problem_text(error: LeanRagError) -> str:
    """Return for markdown what was wrong and what to do; in English where no translation is."""
    said = error_text(error)
    if said != error.message:
        return plain_text(said)
    for pattern, key in _SENTENCES:
        matched = pattern.fullmatch(error.message)
        if matched:
            return plain_text(t(f"tenants.error_{key}", **matched.groupdict()))
    return plain_text(error.message)
