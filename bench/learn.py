"""Learns the weights of ranking again, from questions whose answers are known.

    python bench/learn.py --passages FILE --questions FILE [--noise SEED] [--name NAME]
                          [--dense [fa,en,ar,tr]] [--embedding-model NAME] [--limit N] [--json]

All passages go into one tenant through the product's ingest. Every question is asked twice, as it
is and mistyped, in the product's retrieval test, and the features that its ranking computes are
noted on the way. Right is a passage that holds an answer and comes from the passage that the
question was asked of (where the files' `pid` tells it), and its sentences that hold the answer.

Two soft-max models are fitted by maximum likelihood: on each half of the questions, and on all.
Each half's weights are then judged on the other half, by language, clean and mistyped. The weights
come as TOML for leanrag/ranking_profiles.toml: add them under a new name; the rest is comments.

--dense learns the weight of the embedding model's score as well, which otherwise counts nothing
while learning; name the languages that the model knows, if it does not know all. Models on this
machine need nothing else; a provider's is asked with the key of the environment, and bills.
Everything happens in a data directory of its own, removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from unittest.mock import patch
from uuid import UUID

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by numpy once: threads would disturb the neighbours

if __package__ in {None, ""}:  # run as a file: only its own directory is on the path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench import _learn_figures as figures
from bench import _question_options as question_options
from bench import _recall_data as data
from bench import _turn_product as product
from bench._learn_examples import Example, Gold, example, observed, read_gold, without_dense
from bench._recall_noise import add_noise
from leanrag import bootstrap
from leanrag.bootstrap import Services, start_services
from leanrag.embeddings import embedder_from
from leanrag.ranking_profiles import NOTHING, DenseWeight, RankingProfile, load_profile
from leanrag.settings import Settings, load_settings
from leanrag.types import LANGUAGES, Language

LOCAL = "local"


def main(arguments: Sequence[str] | None = None) -> int:
    """Learn the weights and print the report."""
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING)
    with product.data_directory() as home:
        settings = _settings(home, options.embedding_model)
        shipped = load_profile(settings.ranking_profile)
        report = learn(settings, shipped, options)
    if options.json:
        print(json.dumps(asdict(report), indent=2))
    else:
        print("\n".join(figures.lines(report, shipped, options.name)))
    return 0


def learn(
    settings: Settings, shipped: RankingProfile, options: argparse.Namespace
) -> figures.Report:
    """Index all passages, ask the chosen questions, and fit the models to what ranking saw."""
    questions = data.read_questions(options.questions, limit=options.limit)
    gold = read_gold(options.passages, options.questions)
    with (
        _ranking_by(_asking_profile(shipped, options.dense)),
        closing(start_services(settings, worker=False, demo=False)) as services,
    ):
        tenant_id = services.tenants.create("learn", "Learn").tenant_id
        stored = data.index(services, tenant_id, data.read_passages(options.passages))
        asked = _examples(services, tenant_id, questions, gold, seed=options.noise)
        examples = [e if e.language in options.dense else without_dense(e) for e in asked]
        machine = product.describe_machine(services)
    model = embedder_from(settings).model
    weights = figures.cross_fitted(examples, dense=bool(options.dense))
    return figures.Report(
        machine=machine,
        passages=stored,
        noise=options.noise,
        embedding_model=model,
        dense=options.dense,
        taught=figures.taught(examples),
        weights=weights,
        judged=figures.judge(examples, weights, figures.shipped_weights(shipped, model)),
    )


def _examples(
    services: Services,
    tenant_id: UUID,
    questions: Sequence[data.PublicQuestion],
    gold: Gold,
    *,
    seed: int,
) -> Iterator[Example]:
    """Ask every question as it is and mistyped, and yield what ranking saw."""
    with observed() as observer:
        for question in questions:
            key = f"{seed}:{question.question_id}"
            mistyped = add_noise(question.text, question.language, key=key)
            for text in (question.text, mistyped):
                observer.forget()
                services.previews.search(tenant_id, text)
                own = gold.get((question.language, question.question_id))
                yield example(question, observer, own, is_mistyped=text is mistyped)


def _asking_profile(shipped: RankingProfile, dense: tuple[Language, ...]) -> RankingProfile:
    """Return the profile to ask by: it decides which candidates are found and read, no weight.

    To learn the dense weight, the score has to count as much as BM25; otherwise it counts nothing.
    """
    own = NOTHING
    if dense:
        own = DenseWeight(shipped.lexical_weight, shipped.dense["*"].least_similarity, dense)
    return replace(shipped, dense={"*": own})


@contextmanager
def _ranking_by(profile: RankingProfile) -> Iterator[None]:
    with patch.object(bootstrap, "load_profile", lambda name: profile):
        yield


def _settings(home: Path, embedding_model: str) -> Settings:
    """Return the defaults with this embedding model, and what its provider needs, if it has one."""
    settings = product.settings_for(home)
    if embedding_model == LOCAL:
        return settings
    own = load_settings()
    changes = {
        "embedding_model": embedding_model,
        "openai_api_key": own.openai_api_key,
        "openai_base_url": own.openai_base_url,
    }
    return settings.model_copy(update=changes)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Learn the weights of ranking from questions.")
    question_options.add_files(parser)
    parser.add_argument("--noise", type=int, default=1, metavar="SEED", help="of the typing errors")
    parser.add_argument("--name", default="learned", help="of the profile that is printed")
    parser.add_argument(
        "--dense",
        type=_languages,
        nargs="?",
        const=LANGUAGES,
        default=(),
        metavar="LANG,…",
        help="learn the dense weight too, for questions in these languages (all)",
    )
    parser.add_argument("--embedding-model", default=LOCAL, metavar="NAME", help="to learn it of")
    parser.add_argument("--limit", type=int, metavar="N", help="questions of each language")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    question_options.check(parser, options)
    return options


def _languages(text: str) -> tuple[Language, ...]:
    chosen = tuple(language for language in LANGUAGES if language in text.split(","))
    if len(chosen) < len(text.split(",")):
        raise argparse.ArgumentTypeError(f"give some of {','.join(LANGUAGES)}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
