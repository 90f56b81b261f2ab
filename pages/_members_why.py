"""Why a member or a key could not be added or changed, in the interface's language."""

from __future__ import annotations

from leanrag.errors import LeanRagError
from pages._problem_text import KnownSentences, translated_problem

_SENTENCES = KnownSentences(
    (r"This person is a member of the tenant already; .*", "members.why.already"),
    (r"A tenant needs an owner; .*", "members.why.last_owner"),
    (r"There is no such member here; .*", "members.why.gone"),
    (r"Your role does not allow giving or taking the role .*", "members.why.giving"),
    (r"Your role in this tenant does not allow this; .*", "members.why.role"),
    (r"This is not of the tenant that you are in; .*", "members.why.elsewhere"),
    (r"Write the e-mail address in Latin letters, .*", "members.why.latin"),
    (r"This is no e-mail address; .*", "members.why.address"),
    (r"The name must have at most (?P<most>\d+) letters\.", "members.why.name"),
    (r"You are signed out here; .*|Sign in first: .*", "members.why.signed_out"),
    (r"Give the key a name of at most (?P<most>\d+) letters\.", "keys.why.name"),
    (r"Choose what the key may do, .*", "keys.why.scopes"),
    (r"The end of the key is past; .*", "keys.why.end"),
    (r"There is no such key here; .*", "keys.why.gone"),
    (r"Only a member can make a key; .*", "keys.why.member"),
)


def why_not(error: LeanRagError) -> str:
    """Return for markdown why something was not done; in English where no translation says it."""
    return translated_problem(error, _SENTENCES)
