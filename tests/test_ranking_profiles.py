"""Profiles: found by name, complete, and never changed after their release."""

from __future__ import annotations

import hashlib
import json

import pytest

from leanrag.errors import ConfigurationError
from leanrag.ranking_profiles import (
    PASSAGE_FEATURES,
    PROFILES_FILE,
    SENTENCE_FEATURES,
    DenseWeight,
    RankingProfile,
    load_profile,
)
from leanrag.settings import Settings

SHIPPED = load_profile("evidence-1")
# Of the weights as released: new weights get a new name, and a new line here.
RELEASED = {"evidence-1": "edf6fb2339531afeaf6ec57765e12dde43adbff851a192473892565b18741b90"}


def digest(profile: RankingProfile) -> str:
    """Return the SHA-256 of all numbers of a profile, whatever the file's layout."""
    dense = {
        name: [d.weight, d.least_similarity, *d.languages] for name, d in profile.dense.items()
    }
    numbers = [dict(profile.passage), dict(profile.sentence), dense]
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_profile_never_changes(name: str) -> None:
    assert digest(load_profile(name)) == RELEASED[name]


def test_every_profile_of_the_file_is_registered_as_released() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_profile("no-such-profile")
    known = str(caught.value).rsplit(": ", 1)[1].rstrip(".").split(", ")
    assert known == list(RELEASED)


def test_the_default_setting_names_a_profile() -> None:
    assert Settings.model_fields["ranking_profile"].default in RELEASED


@pytest.mark.parametrize("name", RELEASED)
def test_a_profile_weighs_every_feature_and_none_below_zero(name: str) -> None:
    profile = load_profile(name)
    assert set(profile.passage) == set(PASSAGE_FEATURES) - {"dense"}
    assert set(profile.sentence) == set(SENTENCE_FEATURES)
    assert min(*profile.passage.values(), *profile.sentence.values()) >= 0
    assert "*" in profile.dense
    assert all(own.weight >= 0 for own in profile.dense.values())


def test_weights_come_in_the_order_of_the_features() -> None:
    weights = dict(zip(PASSAGE_FEATURES, SHIPPED.passage_weights(7.0).tolist(), strict=True))
    assert weights == {**SHIPPED.passage, "dense": 7.0}
    sentence = dict(zip(SENTENCE_FEATURES, SHIPPED.sentence_weights().tolist(), strict=True))
    assert sentence == SHIPPED.sentence
    assert SHIPPED.lexical_weight == SHIPPED.passage["lexical"]


def test_the_longest_known_part_of_an_embedding_models_name_decides() -> None:
    profile = RankingProfile(
        "own",
        SHIPPED.passage,
        SHIPPED.sentence,
        {"*": DenseWeight(1, 0.5), "text": DenseWeight(2, 0.5), "text-large": DenseWeight(3, 0.5)},
    )
    names = ["text-large-2", "text-small", "other"]
    assert [profile.dense_weight(name, "fa").weight for name in names] == [3, 2, 1]


def test_hashed_character_ngrams_count_nothing_and_models_of_meaning_count() -> None:
    assert not SHIPPED.uses_dense("local-chargram-1536")
    assert SHIPPED.dense_weight("local-chargram-1536", "en").least_similarity > 1
    assert SHIPPED.uses_dense("text-embedding-3-small")


def test_a_model_counts_only_in_the_languages_that_it_knows() -> None:
    name = "sentence-transformers/all-MiniLM-L6-v2"
    assert SHIPPED.uses_dense(name)
    assert SHIPPED.dense_weight(name, "en").weight > 0
    assert SHIPPED.dense_weight(name, "fa").weight == 0
    assert SHIPPED.dense_weight("text-embedding-3-large", "fa").weight > 0


def test_an_unknown_name_is_refused_with_the_setting_and_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"LEANRAG_RANKING_PROFILE.*evidence-1"):
        load_profile("evidence-0")


def test_the_file_says_that_profiles_never_change() -> None:
    assert "never changes" in PROFILES_FILE.read_text("utf-8")
