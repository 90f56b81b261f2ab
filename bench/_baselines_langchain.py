"""LangChain's splitter, store and retriever: every setting is its default but the embedder."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_text_splitters import RecursiveCharacterTextSplitter

from bench._baselines_data import WholeDocument
from bench._baselines_minilm import MiniLm


class LangChainDefault:
    """`InMemoryVectorStore.from_documents(split, …).as_retriever()`.

    `splitter_settings` are those of RecursiveCharacterTextSplitter, in letters; none for defaults.
    """

    def __init__(
        self, documents: Sequence[WholeDocument], minilm: MiniLm, **splitter_settings: int
    ) -> None:
        split = RecursiveCharacterTextSplitter(**splitter_settings).split_documents(
            [Document(page_content=document.text) for document in documents]
        )
        self._store = InMemoryVectorStore.from_documents(split, MiniLmEmbeddings(minilm))
        self._default = self._store.as_retriever()
        parameters = inspect.signature(InMemoryVectorStore.similarity_search).parameters
        self.default_top_k: int | None = parameters["k"].default
        self.chunks = len(split)

    def search(self, question: str, *, top_k: int | None) -> list[str]:
        """Return the `top_k` nearest documents' texts; None for the default retriever."""
        retriever = self._default
        if top_k is not None:
            retriever = self._store.as_retriever(search_kwargs={"k": top_k})
        return [found.page_content for found in retriever.invoke(question)]


class MiniLmEmbeddings(Embeddings):
    """The same model for LangChain."""

    def __init__(self, minilm: MiniLm) -> None:
        self._minilm = minilm

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Embed in order: n lists of 384 numbers."""
        return [vector.tolist() for vector in self._minilm.embed_passages(texts)]

    def embed_query(self, text: str) -> list[float]:
        """Embed one text: 384 numbers."""
        vector: list[float] = self._minilm.embed_question(text).tolist()
        return vector
