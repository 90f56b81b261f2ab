"""Everything about getting in, in one place: who a request comes from, and how it signs in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from db.tenancy import Database
from leanrag.access_tokens import AccessToken, AccessTokens, claimed_issuer
from leanrag.api_keys import KEY_MARK, ApiKeys
from leanrag.errors import ConfigurationError, Forbidden, InvalidInput, Unauthenticated
from leanrag.identity import NOT_YOURS, Identity, local_identity
from leanrag.kept_secrets import derive_key, root_secret
from leanrag.mail import mailer_from
from leanrag.members import Members
from leanrag.oidc import OidcSignIn
from leanrag.outer_keys import outer_keys_from
from leanrag.outer_users import OuterUsers
from leanrag.people import People
from leanrag.sessions import Sessions
from leanrag.settings import Settings
from leanrag.sign_in import SignInService

_SIGN_IN = "Sign in first: with a code from your mail, an access token or a key."
_ENDED = "You are signed out here; sign in again."


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings along: a bearer token, a session cookie, a tenant's name, an address.

    A token counts before a cookie: no page of another site can add one to a request.
    """

    bearer: str = ""
    cookie: str = ""
    tenant: str = ""
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """People, members, sign-ins, tokens and keys, and who is who."""

    settings: Settings
    local_tenant_id: UUID
    people: People
    members: Members
    sessions: Sessions
    sign_in: SignInService
    tokens: AccessTokens
    keys: ApiKeys
    outer_users: OuterUsers
    oidc: OidcSignIn

    def identify(self, credentials: Credentials) -> Identity:
        """Return who a request comes from. Raises Unauthenticated, and Forbidden for a tenant that
        is not the caller's.

        In local mode whoever brings no key is the owner of the one tenant.
        """
        if credentials.bearer.startswith(KEY_MARK):
            identity = self.keys.find(credentials.bearer, ip=credentials.ip)
            return self._in_its_tenant(identity, credentials.tenant)
        if self.settings.auth == "none":
            identity = local_identity(self.local_tenant_id, ip=credentials.ip)
            return self._in_its_tenant(identity, credentials.tenant)
        if credentials.bearer:
            return self._of_token(credentials)
        if not credentials.cookie:
            raise Unauthenticated(_SIGN_IN)
        found = self.sessions.find(credentials.cookie, tenant=credentials.tenant, ip=credentials.ip)
        if found is None:
            raise Unauthenticated(_ENDED)
        return found

    def issue_token(self, email: str, code: str, *, ip: str = "", agent: str = "") -> AccessToken:
        """Exchange a code from the mail for an access token. Raises as `verify_code` does."""
        made = self.sign_in.verify_code(email, code, ip=ip, agent=agent, kind="token")
        return self.tokens.issue(made)

    def prepare(self) -> None:
        """Give the first tenant its owner, whom the setting names. Raises ConfigurationError."""
        settings = self.settings
        if settings.auth == "none" or not settings.owner_email:
            return
        try:
            person_id = self.members.ensure_owner(self.local_tenant_id, settings.owner_email)
        except InvalidInput as exc:
            raise ConfigurationError(f"LEANRAG_OWNER_EMAIL: {exc.message}") from exc
        self.people.make_administrator(person_id)

    def close(self) -> None:
        """Send the mail that waits."""
        self.sign_in.close()

    def _of_token(self, credentials: Credentials) -> Identity:
        token = credentials.bearer
        issuer = self.outer_users.issuer
        if issuer and claimed_issuer(token) == issuer:
            return self.outer_users.find(token, tenant=credentials.tenant, ip=credentials.ip)
        claims = self.tokens.read(token)
        found = self.sessions.find_token(
            claims.sign_in_id,
            claims.token_version,
            tenant=credentials.tenant,
            ip=credentials.ip,
        )
        if found is None or found.person_id != claims.person_id:
            raise Unauthenticated(_ENDED)
        return found

    def _in_its_tenant(self, identity: Identity, named: str) -> Identity:
        """Return an identity of one tenant if `named` is that one's id or slug, or left out."""
        if not named or named.lower() == str(identity.tenant_id):
            return identity
        if named != self.members.tenant_slug(identity.tenant_id):
            raise Forbidden(NOT_YOURS)
        return identity


def make_access(database: Database, settings: Settings, local_tenant_id: UUID) -> Access:
    """Put the parts together, and give the first tenant its owner. Raises ConfigurationError."""
    root = root_secret(settings)
    people, sessions = People(database), Sessions(database, settings)
    access = Access(
        settings=settings,
        local_tenant_id=local_tenant_id,
        people=people,
        members=Members(database, people),
        sessions=sessions,
        sign_in=SignInService(
            database,
            sessions,
            mailer_from(settings),
            settings,
            pepper=derive_key(root, "sign-in codes"),
        ),
        tokens=AccessTokens(derive_key(root, "access tokens")),
        keys=ApiKeys(database),
        outer_users=OuterUsers(database, sessions, settings, outer_keys_from(settings)),
        oidc=OidcSignIn(database, sessions),
    )
    access.prepare()
    return access
