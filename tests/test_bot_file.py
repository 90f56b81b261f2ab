"""A draft as a file: what is written is read back, and mistakes are named."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leanrag.bot_content import BotContent, tidy
from leanrag.bot_file import read_draft_file, write_draft_file
from leanrag.bot_version_rows import BotVersion, VersionStamp
from leanrag.errors import InvalidInput
from leanrag.router import IntentRouting, KeywordRule
from leanrag.routing_rows import keyword_key, overlay
from leanrag.types import LANGUAGES

texts = st.text(max_size=40) | st.sampled_from(
    ['"""', "a\\nb\nc\\", 'say "hi"\n\n"""\n', "سلام\u200cها\nmerhaba", "tab\there", "# no comment"]
)
names = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=20)
messages = st.dictionaries(st.sampled_from(LANGUAGES), texts, max_size=4)
rules = st.builds(
    KeywordRule, names, st.sampled_from(LANGUAGES), names, st.integers(1, 3), st.booleans()
)
routings = st.builds(
    IntentRouting,
    names,
    st.just(("faq", "manual")),
    st.integers(0, 1500),
    st.sampled_from([(), ("website",)]),
    st.integers(0, 1500),
)
contents = st.builds(
    BotContent,
    texts,
    texts,
    messages,
    messages,
    st.builds(
        overlay,
        st.lists(rules, max_size=3, unique_by=keyword_key),
        st.lists(routings, max_size=2, unique_by=lambda routing: routing.intent),
    ),
)


@given(content=contents, edit=st.integers(0, 99), based_on=st.integers(0, 99))
def test_what_is_written_is_read_back(content: BotContent, edit: int, based_on: int):
    content = tidy(content)
    draft = BotVersion(VersionStamp(0, "draft", edit=edit, based_on=based_on), content)
    written = write_draft_file(draft)
    read = read_draft_file(written)
    assert (read.edit, read.based_on) == (edit, based_on)
    assert (read.content.persona, read.content.instructions) == (
        content.persona,
        content.instructions,
    )
    assert (read.content.greeting, read.content.fallback) == (content.greeting, content.fallback)
    assert read.content.routing == content.routing


def test_long_texts_stand_on_lines_of_their_own():
    content = BotContent(persona="Be kind.\nBe brief.", greeting={"en": "Hi!"})
    written = write_draft_file(BotVersion(VersionStamp(0, "draft", 3, based_on=2), content))
    assert 'persona = """\nBe kind.\nBe brief."""\n' in written
    assert '[greeting]\nen = "Hi!"\n' in written
    assert tomllib.loads(written)["edit"] == 3


VALID = 'edit = 0\nbased_on = 1\npersona = "x"\ninstructions = ""\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("persona = ", "no TOML"),
        ('persona = "x"', "file's edit is wrong"),
        (VALID.replace("edit = 0", 'edit = "0"'), "file's edit is wrong"),
        (VALID + 'tone = "warm"', "file's tone is wrong"),
        (VALID + "[greeting]\nen = 3", "greeting.en"),
        (VALID + '[[keywords]]\nintent = "a"\nlanguage = "de"', "keywords.0.language"),
        (
            VALID + '[[keywords]]\nintent="a"\nlanguage="en"\nkeyword="preis"\nweight=4',
            "weight of 'preis'",
        ),
        (
            VALID + '[[routings]]\nintent="a"\nprimary_kinds=["gossip"]\nprimary_tokens=1',
            "routings.0.primary_kinds",
        ),
    ],
)
def test_a_mistake_is_named(text: str, named: str):
    with pytest.raises(InvalidInput) as refusal:
        read_draft_file(text)
    assert named in refusal.value.message
