"""Web addresses: the one strict reading that a request is made from, and when two are one page."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import idna

from leanrag.crawl.failures import FetchRefused

MAX_URL_CHARACTERS = 2_000
DEFAULT_PORTS = {"http": 80, "https": 443}

_NOT_IN_A_URL = re.compile(r"[\x00-\x20\x7f\\]")
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBER_LIKE = re.compile(r"(?:\d+|0x[0-9a-f]*)\Z")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PATH_LETTERS = "/%:@!$&'()*+,;=~-._"
# What tells a site where its visitor comes from, or who he is, and never which page he sees.
_TRACKING = re.compile(
    r"(?i)utm_\w+|(?:fb|g|d|y|tt|tw)clid|msclkid|[wg]braid|gclsrc|mc_[ce]id|igshid|_g[al]|_hs\w+"
    r"|mkt_tok|vero_\w+|oly_\w+|_openstat|wickedid|ref_src|pk_\w+|mtm_\w+"
)
_SESSION = re.compile(
    r"(?i)phpsessid|jsessionid|aspsessionid\w*|asp\.net_sessionid|session_?id|sess_?id|cfid|cftoken"
)
_SESSION_ITEM = re.compile(r"(?i)(?:sid|zenid|oscsid|session)=[0-9a-z]{16,}")
_PATH_SESSION = re.compile(r"(?i);jsessionid=[^/?#;]*|\(S\([a-z0-9]{24}\)\)/?")
_INDEX_FILE = re.compile(r"(?i)/(?:index|default)\.(?:x?html?|php\d?|aspx?|jsp|cfm)\Z")


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An absolute http or https address in its parts.

    `host` is lower-case ASCII (punycode) or an IP address without brackets; `target` is the path
    with its query, percent-encoded.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """Host and, where it is not the scheme's own, port: what the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The address as one string, without a fragment."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def site(self) -> str:
        """The host without "www.", and the port where it is not 80 or 443: one website."""
        host = self.host.removeprefix("www.")
        return host if self.port in DEFAULT_PORTS.values() else f"{host}:{self.port}"


def parse_web_address(url: str) -> WebAddress:
    """Read an absolute address. Raises FetchRefused for anything that two readers may read apart.

    Names in other scripts are mapped as browsers do (UTS 46); numbers that only some programs take
    for an IPv4 address (decimal, octal, hexadecimal, short) are refused, and so are user names.
    """
    url = url.strip()
    if len(url) > MAX_URL_CHARACTERS:
        raise FetchRefused(f"This address is longer than {MAX_URL_CHARACTERS} letters.")
    if _NOT_IN_A_URL.search(url):
        raise FetchRefused(
            f"“{_shown(url)}” holds a space, a backslash or a control character; correct it."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FetchRefused(f"“{_shown(url)}” is not a web address; correct it.") from error
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not parts.netloc:
        raise FetchRefused(f"“{_shown(url)}” does not begin with http:// or https://.")
    if "@" in parts.netloc:
        raise FetchRefused("An address with a user name or password in it is not fetched.")
    host = _read_host(parts.hostname or "", is_bracketed=parts.netloc.startswith("["))
    if port == 0:
        raise FetchRefused(f"“{_shown(url)}” names port 0, which does not exist.")
    return WebAddress(
        scheme, host, port or DEFAULT_PORTS[scheme], _read_target(parts.path, parts.query)
    )


def normalise_url(url: str) -> str:
    """Return the address to request: without fragment, tracking and session parameters.

    Raises FetchRefused as `parse_web_address` does.
    """
    return parse_web_address(url).url


def join_url(base: str, reference: str) -> str | None:
    """Return what a link on page `base` leads to, normalised; None where that is no web page."""
    reference = re.sub(r"[\t\n\r]", "", reference.strip()).replace(" ", "%20")
    try:
        return normalise_url(urljoin(base, reference))
    except (FetchRefused, ValueError):
        return None


def page_key(url: str) -> str:
    """Return what addresses of one page share: no scheme, "www.", index file or last slash.

    The order of query parameters does not count either. Raises FetchRefused as above.
    """
    address = parse_web_address(url)
    path, _, query = address.target.partition("?")
    path = _INDEX_FILE.sub("/", path).rstrip("/") or "/"
    return f"{address.site}{path}?{'&'.join(sorted(query.split('&')))}".rstrip("?")


def site_of(url_or_host: str) -> str:
    """Return the website that an address, or a host with or without port, belongs to.

    Raises FetchRefused where it is neither.
    """
    has_scheme = "://" in url_or_host
    return parse_web_address(url_or_host if has_scheme else f"http://{url_or_host}/").site


def _shown(url: str) -> str:
    """Return the beginning of an address without what would break a line of a message."""
    return re.sub(r"[\x00-\x20\x7f]+", " ", url)[:100]


def _read_host(host: str, *, is_bracketed: bool) -> str:
    if is_bracketed:
        return _read_ipv6(host)
    mapped = _map_host(host)
    if not mapped or not _HOST.fullmatch(mapped) or len(mapped) > 253:
        raise FetchRefused(f"“{_shown(host)}” is not the name of a website; correct it.")
    if not _NUMBER_LIKE.match(mapped.rpartition(".")[2]):
        return mapped
    try:
        return str(ipaddress.IPv4Address(mapped))
    except ValueError as error:
        raise FetchRefused(
            f"“{_shown(host)}” is an unusual way to write an IP address; it is not fetched."
        ) from error


def _read_ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError as error:
        raise FetchRefused(f"“{_shown(host)}” is not an IPv6 address; correct it.") from error
    if address.scope_id is not None:
        raise FetchRefused("An IPv6 address with a zone belongs to a local network.")
    return str(address)


def _map_host(host: str) -> str:
    """Return a name in lower-case ASCII, or "" where it has none."""
    try:
        mapped = idna.uts46_remap(host, std3_rules=False, transitional=False).removesuffix(".")
        return mapped if mapped.isascii() else idna.encode(mapped).decode("ascii")
    except idna.IDNAError:
        return ""


def _read_target(path: str, query: str) -> str:
    path = _PATH_SESSION.sub("", path)
    path = _remove_dots(_escape(path)) or "/"
    kept = [item for item in query.split("&") if item and not _is_noise(item)]
    return f"{path}?{_escape('&'.join(kept), also='?[]|')}" if kept else path


def _is_noise(item: str) -> bool:
    name = item.partition("=")[0]
    return bool(
        _TRACKING.fullmatch(name) or _SESSION.fullmatch(name) or _SESSION_ITEM.fullmatch(item)
    )


def _escape(text: str, *, also: str = "") -> str:
    """Percent-encode what must be, decode what need not be, and write hexadecimals in capitals."""
    text = quote(_BROKEN_ESCAPE.sub("%25", text), safe=_PATH_LETTERS + also)
    return _ESCAPE.sub(_unescape_letter, text)


def _unescape_letter(match: re.Match[str]) -> str:
    letter = chr(int(match[1], 16))
    return letter if letter in _UNRESERVED else match[0].upper()


def _remove_dots(path: str) -> str:
    """Resolve "." and ".." as RFC 3986, section 5.2.4, does."""
    kept: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == "..":
            kept = kept[:-1] or [""]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    path = "/".join(kept)
    return path if path.startswith("/") else f"/{path}"
