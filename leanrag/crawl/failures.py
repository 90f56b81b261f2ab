"""What goes wrong while a website is fetched; part of the tree in `leanrag.errors`."""

from __future__ import annotations

from leanrag.errors import LeanRagError


class FetchFailed(LeanRagError):
    """An address did not answer, broke off, or sent what cannot be taken."""

    code = "fetch_failed"
    status = 502


class FetchRefused(FetchFailed):
    """An address must not be requested: its form, its port or where it leads is not allowed."""

    code = "fetch_refused"
    status = 422


class SiteUnavailable(FetchFailed):
    """A website is not reached, breaks off or is too slow: its other pages may fail, too."""

    code = "site_unavailable"
    status = 503


class NotAPage(FetchFailed):
    """An address holds something else than a page, a text or a PDF."""

    code = "not_a_page"
    status = 415


class NoPageRead(FetchFailed):
    """A website gave not one page with a text; the message names the start page's reason."""

    code = "no_page_read"
    status = 422


class PageUnreadable(FetchFailed):
    """A page arrived whole but could not be read within the limits of time and memory."""

    code = "page_unreadable"
    status = 422
