"""LeanRAG: support bots that answer from a strict 1,500-token prompt."""

__version__ = "0.1.0"
