"""A stand-in for an OpenID provider: a real HTTP server on this machine that signs one person in.

It speaks the authorization code flow (OpenID Connect Core 1.0, section 3.1), with PKCE left alone.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from jwt.algorithms import RSAAlgorithm

from tests.outer_tokens import RSA_KEY, as_jwk

CLIENT_ID, CLIENT_SECRET = "leanrag-console", "a secret of the tests"


class OidcProvider:
    """Signs in whoever `claims` says, without asking; a context manager."""

    def __init__(self, **claims: Any) -> None:
        self.claims = {"sub": "7", "email_verified": True, **claims}
        self._nonces: dict[str, str] = {}
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.provider = self

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def secrets_toml(self, console_url: str) -> str:
        """Return what the console's secrets.toml says of this provider."""
        return "\n".join(
            (
                "[auth]",
                f'redirect_uri = "{console_url}/oauth2callback"',
                f'cookie_secret = "{secrets.token_hex(32)}"',
                "[auth.acme]",
                f'client_id = "{CLIENT_ID}"',
                f'client_secret = "{CLIENT_SECRET}"',
                f'server_metadata_url = "{self.issuer}/.well-known/openid-configuration"',
            )
        )

    def code_for(self, nonce: str) -> str:
        code = secrets.token_urlsafe(16)
        self._nonces[code] = nonce
        return code

    def tokens_for(self, code: str) -> dict[str, Any]:
        now = int(time.time())
        told = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        told |= {"nonce": self._nonces.pop(code), **self.claims}
        signed = jwt.encode(told, RSA_KEY, algorithm="RS256", headers={"kid": "rsa"})
        return {"access_token": "unused", "token_type": "Bearer", "id_token": signed}

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def __enter__(self) -> OidcProvider:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    provider: OidcProvider


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        provider, address = self.server.provider, urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/authorize":
            back = {"code": provider.code_for(asked["nonce"]), "state": asked["state"]}
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(back)}")
            self.end_headers()
        elif address.path == "/keys":
            self._reply({"keys": [as_jwk(RSA_KEY, "rsa", RSAAlgorithm)]})
        else:
            self._reply(provider.metadata())

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._reply(self.server.provider.tokens_for(sent["code"][0]))

    def _reply(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
