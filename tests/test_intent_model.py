from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from leanrag.intent_features import LENGTH, message_features
from leanrag.intent_learning import IntentExample, learn
from leanrag.intent_model import IntentModel, Prediction, read_model, shipped_model, write_model
from leanrag.types import DEFAULT_INTENTS, Language

_EXAMPLES = (
    IntentExample("what does the kettle cost", "en", "pricing"),
    IntentExample("any discount on kettles", "en", "pricing"),
    IntentExample("where is your shop", "en", "contact"),
    IntentExample("your address please", "en", "contact"),
)


def _best(prediction: Prediction) -> str:
    return max(zip(prediction.probabilities, prediction.intents, strict=True))[1]


@pytest.fixture(scope="module")
def model() -> IntentModel:
    return learn(_EXAMPLES)


def test_the_features_of_a_message_have_a_fixed_length() -> None:
    for message in (
        "price?",
        "Hello! I bought a kettle. It is red. Does it whistle when it boils?",
    ):
        values = np.array(message_features(message, "en").values)
        assert float(np.sqrt((values**2).sum())) == pytest.approx(LENGTH)


def test_the_sentence_that_asks_counts_most() -> None:
    message = "Hello there. The kettle arrived. How do I clean it?"
    features = message_features(message, "en")
    values = dict(zip(features.names, features.values, strict=True))
    assert values["=clean"] > values["=kettl"] > 0
    assert "=hello" not in values


def test_a_model_knows_the_messages_that_it_learned(model: IntentModel) -> None:
    for example in _EXAMPLES:
        assert _best(model.predict(example.text, "en")) == example.intent


def test_letter_groups_carry_over_to_a_mistyped_word(model: IntentModel) -> None:
    assert _best(model.predict("adress", "en")) == "contact"


def test_probabilities_add_up_to_one(model: IntentModel) -> None:
    assert sum(model.predict("what does it cost", "en").probabilities) == pytest.approx(1)


def test_the_words_that_spoke_for_an_intent_are_named(model: IntentModel) -> None:
    prediction = model.predict("an address for the blue lorry", "en")
    assert prediction.features[0].text == "address"
    assert {feature.intent for feature in prediction.features} == {"contact"}
    weights = [feature.weight for feature in prediction.features]
    assert weights == sorted(weights, reverse=True)
    assert weights[-1] > 0


def test_a_message_of_no_known_word_names_none(model: IntentModel) -> None:
    assert model.predict("???", "fa").features == ()


def test_own_labels_change_what_the_start_would_have_said(model: IntentModel) -> None:
    text = "where is your cheapest kettle"
    own = learn([*_EXAMPLES, IntentExample(text, "en", "product")], start=model)
    assert own.intents == (*model.intents, "product")
    assert _best(own.predict(text, "en")) == "product"
    assert _best(own.predict("any discount", "en")) == "pricing"


def test_learning_is_deterministic(model: IntentModel) -> None:
    again = learn(_EXAMPLES)
    assert again.rows == model.rows
    assert np.array_equal(again.weights, model.weights)


def test_there_is_nothing_to_learn_from_no_message() -> None:
    with pytest.raises(ValueError, match="no message"):
        learn([])


def test_a_written_model_reads_back_as_it_was(model: IntentModel, tmp_path: Path) -> None:
    write_model(model, tmp_path / "model.tsv", most_features=len(model.rows))
    read = read_model(tmp_path / "model.tsv")
    assert (read.intents, read.learned_from) == (model.intents, len(_EXAMPLES))
    for message in ("what does the shop cost", "adress", "?"):
        assert read.predict(message, "en").probabilities == pytest.approx(
            model.predict(message, "en").probabilities, abs=0.02
        )


def test_a_written_model_keeps_its_heaviest_features(model: IntentModel, tmp_path: Path) -> None:
    write_model(model, tmp_path / "model.tsv", most_features=5)
    assert len(read_model(tmp_path / "model.tsv").rows) == 5


@pytest.mark.parametrize(
    ("message", "language", "intent"),
    [
        ("is there a discount if I pay in cash?", "en", "pricing"),
        ("این کتری رو چجوری رسوب‌زدایی کنم؟", "fa", "howto"),
        ("متى تفتحون أبوابكم يوم السبت؟", "ar", "contact"),
        ("bu bardak porselen mi cam mı?", "tr", "product"),
    ],
)
def test_the_shipped_model_speaks_four_languages(
    message: str, language: Language, intent: str
) -> None:
    assert _best(shipped_model().predict(message, language)) == intent


def test_the_shipped_model_knows_the_default_intents() -> None:
    assert set(shipped_model().intents) == set(DEFAULT_INTENTS)
    assert shipped_model().learned_from > 2_000


def test_two_thousand_messages_are_learned_in_about_a_second() -> None:
    words = ("kettle price", "return form", "shop address", "colour size", "order late")
    examples = [
        IntentExample(f"{words[n % 5]} {n} of customer {n * 7 % 97}", "en", DEFAULT_INTENTS[n % 5])
        for n in range(2_000)
    ]
    started = time.thread_time()
    own = learn(examples, start=shipped_model())
    assert time.thread_time() - started < 3  # about 0.6 s on an idle machine
    assert _best(own.predict("shop address 12", "en")) == DEFAULT_INTENTS[2]
