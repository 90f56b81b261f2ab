"""Text that is not ours, made safe for `st.markdown`: it can load nothing and link nowhere.

An image in a model's answer is fetched without a click, which would carry the answer's secrets
away in its address. So images, HTML, links and Streamlit's own directives all become plain text.
"""

from __future__ import annotations

import re
import unicodedata

_LINK = re.compile(r"\[((?:\\.|[^\[\]\\])*)\]\((?:\\.|[^()\\]|\((?:\\.|[^()\\])*\))*\)")
_ADDRESS = re.compile(
    r"(?i)([a-z][a-z0-9+.\-]{1,31}:)(?=//)|(\b(?:mailto|data|javascript|xmpp|tel):)(?=\S)"
    r"|(\bwww)(?=\.)|([\w.+\-]@)(?=[\w\-]+\.)"
)
_DIRECTIVE = re.compile(r"(?<![0-9]):(?=[a-z][\w\-]*[\[/{]|[a-z0-9_+\-]+:)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|~>$])")
_BREAK = "\u200b"  # zero-width: parts an address without changing how it looks


def safe_markdown(text: str) -> str:
    """Return text whose markdown keeps emphasis, lists, code and tables, and nothing that acts."""
    text = _ENTITY.sub("&amp;", _printable(text)).replace("<", "&lt;").replace("![", "[")
    while (unwrapped := _LINK.sub(r"\1", text)) != text:  # from the innermost outwards
        text = unwrapped
    # What is left of links has no words of its own; "]:" would define the address of others.
    text = text.replace("](", r"]\(").replace("]:", r"]\:")
    return _inert(text).replace("$", r"\$")


def plain_text(text: str) -> str:
    """Return text for a place that reads markdown, with every mark of markdown shown as it is."""
    escaped = _MARKUP.sub(r"\\\1", _inert(_printable(text)).replace("&", "&amp;"))
    return escaped.replace("<", "&lt;")


def _printable(text: str) -> str:
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


def _inert(text: str) -> str:
    """Part addresses, which markdown turns into links, and Streamlit's `:name[…]` and `:name:`."""
    return _DIRECTIVE.sub(f":{_BREAK}", _ADDRESS.sub(rf"\g<0>{_BREAK}", text))
