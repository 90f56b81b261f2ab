"""LlamaIndex as its first example uses it: every setting is its default but the embedder."""

from __future__ import annotations

from collections.abc import Sequence

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import PrivateAttr

from bench._baselines_data import WholeDocument
from bench._baselines_minilm import MiniLm


class LlamaIndexDefault:
    """`VectorStoreIndex.from_documents(documents).as_retriever()`, all in memory."""

    def __init__(self, documents: Sequence[WholeDocument], minilm: MiniLm) -> None:
        self._index = VectorStoreIndex.from_documents(
            [Document(text=document.text) for document in documents],
            embed_model=MiniLmEmbedding(minilm),
        )
        self._default = self._index.as_retriever()
        self.default_top_k: int | None = self._default.similarity_top_k
        self.chunks = len(self._index.index_struct.nodes_dict)

    def search(self, question: str, *, top_k: int | None) -> list[str]:
        """Return the `top_k` nearest nodes' texts; None for the default retriever."""
        retriever = self._default
        if top_k is not None:
            retriever = self._index.as_retriever(similarity_top_k=top_k)
        return [found.node.get_content() for found in retriever.retrieve(question)]


class MiniLmEmbedding(BaseEmbedding):
    """The same model for LlamaIndex; large batches, so that texts of one length go together."""

    _minilm: MiniLm = PrivateAttr()

    def __init__(self, minilm: MiniLm) -> None:
        super().__init__(model_name="all-MiniLM-L6-v2", embed_batch_size=2048)
        self._minilm = minilm

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [vector.tolist() for vector in self._minilm.embed_passages(texts)]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_query_embedding(self, query: str) -> list[float]:
        vector: list[float] = self._minilm.embed_question(query).tolist()
        return vector

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)
