"""Text: language, normalisation, analyzers, sentences and exact token counts."""
