"""Why something about a tenant was not done, in the interface's language."""

from __future__ import annotations

from leanrag.errors import LeanRagError
from pages._problem_text import KnownSentences, translated_problem

_SENTENCES = KnownSentences(
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
    prefix="tenants.error_",
)


def problem_text(error: LeanRagError) -> str:
    """Return for markdown what was wrong and what to do; in English where no translation is."""
    return translated_problem(error, _SENTENCES)
