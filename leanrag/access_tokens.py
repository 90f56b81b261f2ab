"""Tokens for the API: JWTs that name a sign-in, which every request looks up again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt

from leanrag.errors import Unauthenticated
from leanrag.sessions import NewSession

ISSUER = "leanrag"
AUDIENCE = "leanrag-api"
ALGORITHM = "HS256"
_REQUIRED = ["iss", "aud", "exp", "iat", "sub", "jti", "version"]
_REFUSED = "This access token is not valid here, or no longer; sign in again for a new one."
_MAX_LETTERS = 4096


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, and in how many seconds it ends."""

    text: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a verified token says: the sign-in that it stands for, and of which version."""

    sign_in_id: UUID
    person_id: UUID
    token_version: int


class AccessTokens:
    """Issues and verifies tokens with one key of 32 bytes, by one algorithm."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, made: NewSession) -> AccessToken:
        """Write the token of a sign-in of kind "token"; it ends when that does."""
        now = datetime.now(UTC)
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now,
            "exp": made.expires_at,
            "sub": str(made.person_id),
            "jti": str(made.sign_in_id),
            "version": made.token_version,
        }
        text = jwt.encode(claims, self._key, algorithm=ALGORITHM)
        return AccessToken(text, round((made.expires_at - now).total_seconds()))

    def read(self, token: str) -> TokenClaims:
        """Verify a token: signature, algorithm, issuer, audience, times, every claim.

        Raises Unauthenticated, which does not tell what was wrong. Whether it was revoked is told
        by `Sessions.find_token`.
        """
        try:
            claims = self._decode(token)
            version = claims["version"]
            if type(version) is not int:
                raise ValueError(version)
            return TokenClaims(UUID(claims["jti"]), UUID(claims["sub"]), version)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as exc:
            raise Unauthenticated(_REFUSED) from exc

    def _decode(self, token: str) -> dict[str, Any]:
        if len(token) > _MAX_LETTERS or not token.isascii():
            raise ValueError(len(token))
        # Headers that point to a key (jwk, jku, x5u, kid) are read by nobody.
        return jwt.decode(
            token,
            self._key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": _REQUIRED},
        )


def claimed_issuer(token: str) -> str:
    """Return the issuer that a token names, unverified: it chooses who is to verify it."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError):
        return ""
    issuer = claims.get("iss")
    return issuer if isinstance(issuer, str) else ""
