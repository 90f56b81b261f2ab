"""Hashed character n-grams: like spellings get like vectors, in every process."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from leanrag.character_embedder import LocalEmbedder


def similarity(a: str, b: str) -> float:
    vectors = LocalEmbedder().embed([a, b]).vectors
    return float(vectors[0] @ vectors[1])


def test_local_vectors_are_float32_of_unit_length_and_bill_nothing():
    texts = ["Delivery takes three days.", "ارسال رایگان است", "", "?!", "a", "iade süresi"]
    embedded = LocalEmbedder(512).embed(texts)
    assert embedded.vectors.dtype == np.float32
    assert embedded.vectors.shape == (6, 512)
    assert np.allclose(np.linalg.norm(embedded.vectors, axis=1), 1.0, atol=1e-6)
    assert (embedded.prompt_tokens, embedded.reported) == (0, True)


def test_a_local_vector_does_not_depend_on_the_texts_beside_it():
    alone = LocalEmbedder().embed(["return policy"]).vectors[0]
    beside = LocalEmbedder().embed(["shipping", "return policy", "x" * 5000]).vectors[1]
    assert np.array_equal(alone, beside)


def test_texts_without_a_word_share_one_fixed_vector():
    vectors = LocalEmbedder().embed(["", "  \n", "?!…", "\u200c"]).vectors
    assert np.array_equal(vectors, np.tile(np.eye(1, 1536, dtype=np.float32), (4, 1)))


def test_no_texts_make_no_vectors():
    assert LocalEmbedder(64).embed([]).vectors.shape == (0, 64)


@pytest.mark.parametrize(
    ("variant", "plain"),
    [
        ("DELIVERY", "delivery"),
        ("كتاب علي", "کتاب علی"),
        ("می‌خواهم", "میخواهم"),
        ("İSTANBUL", "istanbul"),
        ("café", "cafe"),
        ("۱۲۳۴", "1234"),
    ],
)
def test_spelling_variants_get_the_same_local_vector(variant: str, plain: str):
    assert similarity(variant, plain) == pytest.approx(1.0, abs=1e-6)


def test_a_typing_error_stays_near_and_another_subject_far():
    question = "how long does delivery take"
    assert similarity(question, "how long does delivry take") > 0.6
    assert abs(similarity(question, "cancel my account password")) < 0.2


def test_word_order_does_not_matter_because_no_gram_crosses_words():
    assert similarity("red shoes size", "size shoes red") == pytest.approx(1.0, abs=1e-6)


def test_a_word_repeated_fifty_times_does_not_drown_the_others():
    # Weighted by plain counts it would be about 0.02.
    assert similarity("price " * 50 + "shipping", "shipping") > 0.1


def test_local_vectors_are_the_same_in_another_process():
    code = (
        "import json; from leanrag.character_embedder import LocalEmbedder;"
        "print(json.dumps(LocalEmbedder(64).embed(['ارسال and iade']).vectors.tolist()))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    here = LocalEmbedder(64).embed(["ارسال and iade"]).vectors
    assert np.array_equal(np.array(json.loads(printed), dtype=np.float32), here)


def test_a_question_is_embedded_as_any_text():
    embedder = LocalEmbedder(128)
    asked = embedder.embed_question("return policy").vectors
    assert np.array_equal(asked, embedder.embed(["return policy"]).vectors)
