"""Which browser on which system signed in, in plain words, out of what it calls itself."""

from __future__ import annotations

import re

# The first that matches counts: most browsers also claim to be those that stand below them.
_BROWSERS: tuple[tuple[str, str], ...] = (
    (r"Edg(e|A|iOS)?/", "Microsoft Edge"),
    (r"OPR/|OPiOS/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"YaBrowser/", "Yandex Browser"),
    (r"Vivaldi/", "Vivaldi"),
    (r"DuckDuckGo/", "DuckDuckGo"),
    (r"FxiOS/|Firefox/", "Firefox"),
    (r"CriOS/|HeadlessChrome/|Chrome/", "Chrome"),
    (r"Chromium/", "Chromium"),
    (r"Version/[\d.]+ .*Safari/", "Safari"),
    (r"curl/", "curl"),
    (r"Wget/", "Wget"),
    (r"python-httpx/|python-requests/|aiohttp/|Python-urllib/", "Python"),
    (r"PostmanRuntime/", "Postman"),
    (r"okhttp/", "okhttp"),
    (r"node-fetch|undici|axios/", "Node.js"),
)
_SYSTEMS: tuple[tuple[str, str], ...] = (
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Android", "Android"),
    (r"Windows", "Windows"),
    (r"CrOS", "ChromeOS"),
    (r"Mac OS X|Macintosh|Darwin", "macOS"),
    (r"Linux|X11", "Linux"),
)


def browser_name(agent: str) -> str:
    """Return the browser's or the program's name; empty where it is none that is known."""
    return _first(_BROWSERS, agent)


def system_name(agent: str) -> str:
    """Return what it runs on; empty where that is not told."""
    return _first(_SYSTEMS, agent)


def is_handheld(agent: str) -> bool:
    """Tell whether it is a telephone or a tablet."""
    return system_name(agent) in ("iPhone", "iPad", "Android")


def _first(known: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for pattern, name in known if re.search(pattern, agent)), "")
