"""Undo a Content-Encoding piece by piece, so that a bomb is met at the limit and never beyond."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import brotli

from leanrag.crawl.failures import FetchFailed

ACCEPTED_CODINGS = "gzip, deflate, br"
_PIECE_BYTES = 256 * 1024
_BROKEN = "The page's compressed data is damaged."


class _Decoder(Protocol):
    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` decodes to, in pieces of bounded size."""

    @property
    def is_finished(self) -> bool:
        """Whether the data came to its end."""


def read_capped(chunks: Iterable[bytes], coding: str, *, max_bytes: int) -> bytes:
    """Decode a body as it arrives. Raises FetchFailed: too large, damaged, or an unknown coding.

    `max_bytes` bounds what is received and what it decodes to alike.
    """
    decoder = _decoder(coding)
    body = bytearray()
    received = 0
    for chunk in chunks:
        received += len(chunk)
        for piece in decoder.pieces(chunk):
            body += piece
            _check_size(len(body), max_bytes)
        _check_size(received, max_bytes)
    if received and not decoder.is_finished:
        raise FetchFailed("The page broke off before its end.")
    return bytes(body)


def gunzip_capped(data: bytes, *, max_bytes: int) -> bytes:
    """Unpack a .gz file. Raises FetchFailed: too large or damaged."""
    body = bytearray()
    for piece in _Zlib(zlib.MAX_WBITS | 16).pieces(data):
        body += piece
        _check_size(len(body), max_bytes)
    return bytes(body)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise FetchFailed(f"The page is larger than the limit of {max_bytes:,} bytes.")


def _decoder(coding: str) -> _Decoder:
    match coding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Zlib(zlib.MAX_WBITS | 16)
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
    raise FetchFailed("The page is compressed in a way that was not asked for.")


class _Identity:
    is_finished = True

    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Zlib:
    """gzip (of several members, too), zlib or raw deflate, by its window bits."""

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._decompressor = zlib.decompressobj(window_bits)

    @property
    def is_finished(self) -> bool:
        return self._decompressor.eof

    def pieces(self, data: bytes) -> Iterator[bytes]:
        try:
            while data:
                if self._decompressor.eof:
                    if not data.strip(b"\0"):  # padding behind the last member
                        return
                    self._decompressor = zlib.decompressobj(self._window_bits)
                yield self._decompressor.decompress(data, _PIECE_BYTES)
                data = self._decompressor.unconsumed_tail or self._decompressor.unused_data
        except zlib.error as error:
            raise FetchFailed(_BROKEN) from error


class _Deflate:
    """What servers call deflate: zlib's format, or none around the raw data."""

    def __init__(self) -> None:
        self._inner: _Zlib | None = None

    @property
    def is_finished(self) -> bool:
        return self._inner is not None and self._inner.is_finished

    def pieces(self, data: bytes) -> Iterator[bytes]:
        if not data:
            return
        if self._inner is None:  # RFC 1950: the low four bits of the first byte are 8
            is_zlib = data[0] & 0x0F == 8
            self._inner = _Zlib(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        yield from self._inner.pieces(data)


class _Brotli:
    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    @property
    def is_finished(self) -> bool:
        return bool(self._decompressor.is_finished())

    def pieces(self, data: bytes) -> Iterator[bytes]:
        try:
            piece = self._decompressor.process(data, output_buffer_limit=_PIECE_BYTES)
            while piece:
                yield piece
                if self.is_finished:
                    return
                piece = self._decompressor.process(b"", output_buffer_limit=_PIECE_BYTES)
        except brotli.error as error:
            raise FetchFailed(_BROKEN) from error
