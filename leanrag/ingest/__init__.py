"""From an uploaded file to stored passages: validate, decode, extract, cut, summarize, store."""
