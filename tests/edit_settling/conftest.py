"""A book of three passages, and who edits it."""

from __future__ import annotations

import pytest

from leanrag.embedding_models import EmbeddingModels
from leanrag.embeddings import LocalEmbedder
from leanrag.guarded_database import GuardedDatabase
from leanrag.passage_edits import PassageEdits
from leanrag.text.tokens import load_counter
from tests.edit_settling.edited_book import DELIVERY, HOURS, RETURNS, Shop, write
from tests.product_parts import Parts, make_parts


@pytest.fixture(scope="module")
def parts(shared_database: GuardedDatabase) -> Parts:
    return make_parts(shared_database)


@pytest.fixture(scope="module")
def edits(parts: Parts) -> PassageEdits:
    models = EmbeddingModels(LocalEmbedder())
    return PassageEdits(parts.database, models, load_counter(), parts.settings)


@pytest.fixture
def shop(parts: Parts, edits: PassageEdits) -> Shop:
    return Shop(parts, edits, write(DELIVERY, RETURNS, HOURS))
