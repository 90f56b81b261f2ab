from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bench import ablation
from bench._ablation_parts import AS_SHIPPED, PARTS, Part
from bench._learn_examples import half_of
from bench._recall_data import PublicQuestion
from bench._recall_figures import Asked
from leanrag import bootstrap, passage_store
from leanrag.budget import BudgetLimits, TokenBudgetController
from leanrag.embeddings import LocalEmbedder
from leanrag.guarded_database import GuardedDatabase
from leanrag.ingest.chunk import cut
from leanrag.ingest.extracted import Chunk, ExtractedDocument, ExtractedPage
from leanrag.passage_search import PassageSearch
from leanrag.retriever import ContextRetriever
from leanrag.text.language import detect_language
from leanrag.text.tokens import load_counter
from leanrag.types import SOURCE_KINDS, Evidence, Language, Memory, Route, SourceShare
from tests.product_parts import Parts, make_parts, new_tenant

QUESTION = "In which year was the warrenty of the northern garden pump 7 extended?"
TURKISH = "Bahçe pompasının garantisi ne zaman uzatılacak?"  # "uzatıldı" has another stem
ROUTE = Route("en", "general", 1.0, (), SourceShare(SOURCE_KINDS, 1_500), SourceShare((), 0))
PARTS_TAKEN_AWAY = [part for part in PARTS if part is not AS_SHIPPED and not part.is_learned]


def documents():
    """Yield title and text of forty documents that all say something about the question."""
    for n in range(36):
        number = 7 if n in (7, 8) else n  # two say the same under other titles
        year = 1990 + number
        yield (
            f"Garden pump {number} of the northern works" if n != 8 else "A copy",
            f"# Warranty {number}\n\nThe warranty of the garden pump {number} was extended in"
            f" {year}. Garden hoses were sold with pumps. Its motor is quiet.\n\n"
            + " ".join(
                f"Part {part} of the northern series {number} was tested in the garden {part + n}"
                f" times, and its bearings held for {part + 3} seasons of watering."
                for part in range(2 + 9 * (n % 2))
            ),
        )
    yield (
        "Bahçe pompası 7",
        "Bahçe pompası 7 için garanti (garden pump warranty 7) 1999'da uzatıldı."
        " Hortumlar bahçe için ayrı satılır.",
    )


def chunks_of(part: Part) -> list[Chunk]:
    cuts = [
        chunk
        for title, text in documents()
        for chunk in cut(
            ExtractedDocument(title, (ExtractedPage(None, text),)),
            kind="document",
            max_tokens=part.settings(Path("unused")).chunk_tokens,
            counter=load_counter(),
            fallback_title=title,
        )
    ]
    return [replace(chunk, position=position) for position, chunk in enumerate(cuts)]


def stored_without(part: Part) -> list[dict[int, float]]:
    with part.taken_away():
        return [
            passage_store.document_weights(c.title, c.heading, c.text, c.language)
            for c in chunks_of(part)
        ]


class Shop:
    """The documents in a real database: once as shipped, and again for each part stored apart."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._shipped = self._store(AS_SHIPPED)

    def found_without(self, part: Part) -> tuple[list[Any], list[Any]]:
        """Return chances and sentences as ranked, and what prompts of two sizes carry."""
        with part.taken_away():
            tenant_id = self._store(part) if part.is_stored else self._shipped
            evidence = self._retrieve(tenant_id, QUESTION, "en")
            turkish = self._retrieve(tenant_id, TURKISH, "tr")
            prompts = [carried(evidence, tokens) for tokens in (700, 1_400)]
        ranked = [
            (p.title, p.position, p.probability, p.sentences)
            for p in (*evidence.primary, *turkish.primary)
        ]
        return ranked, prompts

    def _store(self, part: Part) -> UUID:
        tenant_id = new_tenant(self._parts.database)
        source = self._parts.ingest.add_records(
            tenant_id,
            kind="document",
            title="shop",
            filename="shop.jsonl",
            data=b"shop",
            chunks=chunks_of(part),
        )
        assert source.status == "processed"
        return tenant_id

    def _retrieve(self, tenant_id: UUID, question: str, language: Language) -> Evidence:
        profile = bootstrap.load_profile("evidence-1")
        search = PassageSearch(LocalEmbedder().model, candidates=50)
        with self._parts.database.tenant(tenant_id) as session:
            return ContextRetriever(search, profile, min_relevance=0.05).retrieve(
                tenant_id,
                question,
                replace(ROUTE, language=language),
                vector=LocalEmbedder().embed_question(question).vectors[0],
                bot_id=tenant_id,  # everything is every bot's
                session=session,
            )


def carried(evidence: Evidence, tokens: int) -> list[tuple[int, str]]:
    limits = BudgetLimits(max_prompt_tokens=tokens, max_question_tokens=40)
    prompt = TokenBudgetController(load_counter(), limits).assemble(
        persona="",
        question=QUESTION,
        memory=Memory(),
        citable=evidence,
        learn_only=Evidence((), ()),
        route=ROUTE,
    )
    return [(decision.passage.position, decision.text) for decision in prompt.carried()]


@pytest.fixture(scope="module")
def shop(shared_database: GuardedDatabase) -> Shop:
    return Shop(make_parts(shared_database))


@pytest.fixture(scope="module")
def shipped(shop: Shop) -> tuple[list[Any], list[Any]]:
    return shop.found_without(AS_SHIPPED)


@pytest.fixture(scope="module")
def stored() -> list[dict[int, float]]:
    return stored_without(AS_SHIPPED)


def asked(language="en", *, found=True, milliseconds=10.0):
    return Asked(language, language, {300: found, 600: True}, {}, milliseconds, {})


def test_the_corpus_has_what_every_part_is_about(shipped):
    chunks = chunks_of(AS_SHIPPED)
    assert len(shipped[0]) > 20  # of both questions; more than ten of each, and others wait behind
    assert {chunk.language for chunk in chunks} == {"en", "tr"}
    assert any(chunk.heading for chunk in chunks)
    assert any(chunk.token_count > 200 for chunk in chunks)
    assert detect_language(QUESTION, default="tr") == "en"


def test_an_index_of_its_own_changes_nothing_by_itself(shop, shipped):
    assert shop.found_without(Part("stored again", is_stored=True)) == shipped


@pytest.mark.parametrize("part", PARTS_TAKEN_AWAY, ids=lambda part: part.name)
def test_every_part_changes_what_is_found_or_carried(part, shop, shipped):
    assert shop.found_without(part) != shipped


@pytest.mark.parametrize("part", PARTS_TAKEN_AWAY, ids=lambda part: part.name)
def test_exactly_the_parts_with_an_index_of_their_own_change_what_is_stored(part, stored):
    assert (stored_without(part) != stored) is part.is_stored


def test_everything_is_back_in_its_place_afterwards(shop, shipped):
    for part in PARTS:
        with part.taken_away():
            pass
    assert shop.found_without(AS_SHIPPED) == shipped


def test_a_name_that_is_gone_cannot_be_taken_away():
    part = Part("renamed", {"leanrag.ranking.NO_SUCH_CONSTANT": 1})
    with pytest.raises(AttributeError, match="NO_SUCH_CONSTANT"), part.taken_away():
        pass


def test_a_weight_that_is_gone_cannot_be_taken_away():
    with pytest.raises(KeyError, match="no weight nothing"):
        Part("renamed", passage={"nothing": 0.0}).profile("evidence-1")


def test_names_can_be_given_in_a_list():
    names = [part.name for part in PARTS]
    assert len(set(names)) == len(names)
    assert not any("," in name for name in names)


def test_an_effect_is_the_mean_over_languages_and_its_difference():
    with_part = (asked("fa"), asked("fa"), asked("fa"), asked("fa"), asked("en"))
    without = (*with_part[:3], asked("fa", found=False), asked("en", found=False))
    effect = ablation.effect_of("a part", 7, without, with_part)
    at_300, at_600 = effect.budgets[300], effect.budgets[600]
    assert at_300.by_language == {"fa": 75.0, "en": 0.0}
    assert (at_300.mean_percent, at_300.difference) == (37.5, -62.5)
    assert (at_300.gained, at_300.lost) == (0, 2)
    assert (at_600.mean_percent, at_600.difference, at_600.lost) == (100.0, 0.0, 0)


def test_questions_gained_and_lost_are_counted_apart():
    first, second = (asked(), asked(found=False)), (asked(found=False), asked())
    effect = ablation.effect_of("a part", None, first, second).budgets[300]
    assert (effect.gained, effect.lost, effect.difference) == (1, 1, 0.0)


def test_the_time_is_the_median_of_the_turns_before_the_model():
    questions = tuple(asked(milliseconds=float(n)) for n in range(101))
    assert ablation.effect_of("a part", None, questions, questions).preview_p50_ms == 50.0


def test_a_line_names_the_part_its_loss_and_every_language():
    with_part = (asked("fa"), asked("en"))
    without = (asked("fa", found=False), asked("en"))
    printed = ablation.line(ablation.effect_of("no pairs", 7, without, with_part))
    assert printed.split() == [
        "no", "pairs", "noise", "7",
        "@300", "50.0", "(-50.0", "=", "+0", "-1)", "@600", "100.0", "(", "+0.0", "=", "+0", "-0)",
        "fa", "0.0/100.0", "en", "100.0/100.0", "10.0", "ms",
    ]  # fmt: skip


def test_halves_are_put_together_in_order_though_ids_repeat_in_languages():
    questions = [
        PublicQuestion(f"q{number}", language, "Why?", ("So.",))
        for language in ("fa", "en")
        for number in range(20)
    ]
    everything = [asked(q.language, milliseconds=float(i)) for i, q in enumerate(questions)]
    halves = [
        {7: tuple(a for q, a in zip(questions, everything, strict=True) if is_in(q, half))}
        for half in (0, 1)
    ]
    assert all(half[7] for half in halves)
    assert ablation.together(questions, halves) == {7: tuple(everything)}


def is_in(question: PublicQuestion, half: int) -> bool:
    return half_of(question.question_id) == half


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--only", "no gravity"], "no part no gravity"),
        (["--budgets", "20"], "50 to 1000"),
        (["--limit", "0"], "1 or more"),
        (["--questions", "nowhere.jsonl"], "no file nowhere.jsonl"),
    ],
)
def test_wrong_options_are_refused_in_a_sentence(wrong, message, tmp_path, capsys):
    file = tmp_path / "empty.jsonl"
    file.touch()
    with pytest.raises(SystemExit):
        ablation.main(["--passages", str(file), "--questions", str(file), *wrong])
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_measures_the_product_with_and_without_parts(tmp_path, capsys):
    passages, questions = tmp_path / "passages.jsonl", tmp_path / "questions.jsonl"
    write(passages, ({"lang": "en", "title": t, "text": x, "pid": t} for t, x in documents()))
    write(questions, (a_question(number) for number in range(10, 22)))
    options = ["--passages", passages, "--questions", questions, "--budgets", "100,600", "--json"]
    only = "no ranking at all,no title in the index,weights of the other half"
    assert ablation.main([*map(str, options), "--only", only, "--noise", "7"]) == 0
    effects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(effect["part"], effect["noise"]) for effect in effects] == [
        (name, noise)
        for name in ("as shipped", *dict.fromkeys(sorted(only.split(","), key=_place)))
        for noise in (None, 7)
    ]
    assert {effect["questions"] for effect in effects} == {12}
    assert effects[0]["budgets"]["600"]["mean_percent"] == 100.0
    assert effects[0]["budgets"]["600"]["difference"] == 0.0


def a_question(number: int):
    title = f"Garden pump {number} of the northern works"
    text = f"In which year was the warranty of the garden pump {number} extended?"
    answers = [str(1990 + number)]
    return {"lang": "en", "id": f"q{number}", "question": text, "answers": answers, "pid": title}


def write(path: Path, objects) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in objects), "utf-8")


def _place(name: str) -> int:
    return [part.name for part in PARTS].index(name)
