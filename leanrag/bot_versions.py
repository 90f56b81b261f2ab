"""Versions of what a bot says: drafted, checked, published at once, and rolled back.

Every change of a tenant's bots or routing waits for the one before it. Who saves, publishes or
discards names the edit that they have seen; when it is no longer the newest, they are told who came
before, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from db.models import GLOBAL_TENANT_ID
from db.tenancy import Database
from leanrag import bot_version_rows as rows
from leanrag.acting_name import acting_name
from leanrag.bot_content import (
    MAX_NAME_CHARACTERS,
    MAX_NOTE_CHARACTERS,
    BotContent,
    FieldChange,
    changes,
    merge,
    tidy,
    tidy_line,
)
from leanrag.bot_version_rows import DRAFT_VERSION, BotVersion, VersionStamp
from leanrag.bots import find_bot
from leanrag.errors import ConfigurationError, Conflict, InvalidInput
from leanrag.prompts import voice
from leanrag.routing_rows import lay_over, lock_tenant, read_overlay, replace_overlay
from leanrag.tuning import TuningDraft, check_draft

BotName = str | UUID | None


class BotVersions:
    """Lists, drafts, publishes and restores the versions of a tenant's bots.

    A bot is named by slug or id; None is the tenant's first. All raise NotFound for an unknown one.
    """

    def __init__(self, database: Database, check_persona: Callable[[str], int]) -> None:
        """Let `check_persona` refuse, by ConfigurationError, what is too long for the prompt."""
        self._database = database
        self._check_persona = check_persona

    def list(self, tenant_id: UUID, bot: BotName = None) -> tuple[VersionStamp, ...]:
        """Return the draft, if one is open, then the versions, newest first."""
        with self._database.tenant(tenant_id) as session:
            bot_id = find_bot(tenant_id, bot, session=session).bot_id
            return rows.list_stamps(tenant_id, bot_id, session=session)

    def get(self, tenant_id: UUID, bot: BotName = None, version: int | None = None) -> BotVersion:
        """Return one version, or (None) the published one. Raises NotFound."""
        with self._database.tenant(tenant_id) as session:
            bot_id = find_bot(tenant_id, bot, session=session).bot_id
            if version is None:
                return rows.published_version(tenant_id, bot_id, session=session)
            return rows.find_version(tenant_id, bot_id, version, session=session)

    def open_draft(self, tenant_id: UUID, bot: BotName = None) -> BotVersion:
        """Return the open draft, or the published version as edit 0 of one; it stores nothing."""
        with self._database.tenant(tenant_id) as session:
            bot_id = find_bot(tenant_id, bot, session=session).bot_id
            draft = rows.find_draft(tenant_id, bot_id, session=session)
            if draft is not None:
                return draft
            current = rows.published_version(tenant_id, bot_id, session=session)
            stamp = VersionStamp(DRAFT_VERSION, "draft", based_on=current.stamp.version)
            return BotVersion(stamp, current.content)

    def save_draft(
        self,
        tenant_id: UUID,
        bot: BotName,
        content: BotContent,
        *,
        edit: int,
        based_on: int,
        edited_by: str = "",
    ) -> BotVersion:
        """Store a draft that began as `edit` of a copy of version `based_on`.

        Only what cannot be stored is refused: a draft may be unfinished until it is published.
        Naming a newer version as `based_on` says that its changes were seen. Raises Conflict when
        the draft is not at `edit` any more, InvalidInput, NotFound for an unknown `based_on`.
        """
        content = tidy(content)
        edited_by = tidy_line("name", acting_name(edited_by), MAX_NAME_CHARACTERS)
        with self._database.tenant(tenant_id) as session:
            bot_id = self._lock(tenant_id, bot, session=session)
            _check_edit(tenant_id, bot_id, edit, session=session)
            _find_base(tenant_id, bot_id, based_on, session=session)
            rows.write_draft(
                tenant_id, bot_id, content, based_on=based_on, edited_by=edited_by, session=session
            )
            return _stored_draft(tenant_id, bot_id, session=session)

    def discard_draft(self, tenant_id: UUID, bot: BotName = None, *, edit: int) -> None:
        """Delete the open draft. Raises Conflict when it is not at `edit` any more."""
        with self._database.tenant(tenant_id) as session:
            bot_id = self._lock(tenant_id, bot, session=session)
            _check_edit(tenant_id, bot_id, edit, session=session)
            _stored_draft(tenant_id, bot_id, session=session)
            rows.delete_draft(tenant_id, bot_id, session=session)

    def publish(
        self,
        tenant_id: UUID,
        bot: BotName = None,
        *,
        edit: int,
        note: str = "",
        edited_by: str = "",
    ) -> BotVersion:
        """Put the draft in force, all or nothing; its routing goes to the tenant's other bots too.

        Fields that the draft left alone are taken from what was published since it was begun.
        Raises Conflict when the draft is not at `edit` any more, or when it and a version
        published since change the same field; InvalidInput for what cannot be put in force.
        """
        note = tidy_line("note", note, MAX_NOTE_CHARACTERS)
        edited_by = tidy_line("name", acting_name(edited_by), MAX_NAME_CHARACTERS)
        with self._database.tenant(tenant_id) as session:
            bot_id = self._lock(tenant_id, bot, session=session)
            _check_edit(tenant_id, bot_id, edit, session=session)
            draft = _stored_draft(tenant_id, bot_id, session=session)
            current = rows.published_version(tenant_id, bot_id, session=session)
            base = _find_base(tenant_id, bot_id, draft.stamp.based_on, session=session)
            content = merge(
                base.content,
                draft.content,
                current.content,
                current_version=current.stamp.version,
            )
            content = self._checked(content, current, session=session)
            rows.publish_draft(
                tenant_id, bot_id, content, note=note, edited_by=edited_by, session=session
            )
            self._put_in_force(tenant_id, bot_id, content, current, edited_by, session=session)
            return rows.published_version(tenant_id, bot_id, session=session)

    def rollback(
        self, tenant_id: UUID, bot: BotName = None, *, to: int, note: str = "", edited_by: str = ""
    ) -> BotVersion:
        """Publish a new version that says and routes as version `to` did; a draft stays open.

        Raises NotFound for an unknown version, Conflict when the same is in force already, and
        InvalidInput when today's limits or intents no longer allow it.
        """
        note = tidy_line("note", note, MAX_NOTE_CHARACTERS)
        edited_by = tidy_line("name", acting_name(edited_by), MAX_NAME_CHARACTERS)
        with self._database.tenant(tenant_id) as session:
            bot_id = self._lock(tenant_id, bot, session=session)
            content = rows.find_version(tenant_id, bot_id, to, session=session).content
            current = rows.published_version(tenant_id, bot_id, session=session)
            content = self._checked(content, current, session=session)
            rows.publish_content(
                tenant_id,
                bot_id,
                content,
                note=note,
                edited_by=edited_by,
                restored_from=to,
                session=session,
            )
            self._put_in_force(tenant_id, bot_id, content, current, edited_by, session=session)
            return rows.published_version(tenant_id, bot_id, session=session)

    def compare(
        self, tenant_id: UUID, bot: BotName, before: int, after: int
    ) -> tuple[FieldChange, ...]:
        """Return every field in which two versions differ. Raises NotFound."""
        old, new = (self.get(tenant_id, bot, version) for version in (before, after))
        return changes(old.content, new.content)

    def _lock(self, tenant_id: UUID, bot: BotName, *, session: Session) -> UUID:
        lock_tenant(tenant_id, session=session)
        return find_bot(tenant_id, bot, session=session).bot_id

    def _checked(self, content: BotContent, current: BotVersion, *, session: Session) -> BotContent:
        """Return the content as it is stored. Raises InvalidInput, and Conflict for no change."""
        content = tidy(content)
        if content == current.content:
            raise Conflict(
                f"Version {current.stamp.version}, which is in force, says exactly this already;"
                " there is nothing to publish."
            )
        try:
            self._check_persona(voice(content.persona, content.instructions))
        except ConfigurationError as exc:
            raise InvalidInput(
                "Persona and instructions together are too long for the system prompt, which would"
                f" take {exc.details.get('tokens')} tokens of {exc.details.get('limit')}; shorten"
                " them.",
                **exc.details,
            ) from exc
        merged = lay_over(read_overlay(GLOBAL_TENANT_ID, session=session), content.routing)
        check_draft(TuningDraft(merged.keywords, merged.routings, version=""))
        return content

    def _put_in_force(
        self,
        tenant_id: UUID,
        bot_id: UUID,
        content: BotContent,
        before: BotVersion,
        edited_by: str,
        *,
        session: Session,
    ) -> None:
        """Write the routing, if it is another, to where questions are routed by it."""
        if content.routing == before.content.routing:
            return
        replace_overlay(tenant_id, content.routing, session=session)
        rows.publish_routing(
            tenant_id, content.routing, edited_by=edited_by, except_bot=bot_id, session=session
        )


def _find_base(tenant_id: UUID, bot_id: UUID, version: int, *, session: Session) -> BotVersion:
    current = rows.published_version(tenant_id, bot_id, session=session)
    if version == current.stamp.version:
        return current
    return rows.find_version(tenant_id, bot_id, version, session=session)


def _stored_draft(tenant_id: UUID, bot_id: UUID, *, session: Session) -> BotVersion:
    """Return the open draft. Raises Conflict where none is."""
    draft = rows.find_draft(tenant_id, bot_id, session=session)
    if draft is None:
        raise Conflict("This bot has no open draft; save one first.")
    return draft


def _check_edit(tenant_id: UUID, bot_id: UUID, edit: int, *, session: Session) -> None:
    """Raise Conflict unless the draft is at `edit`, telling what came in between."""
    draft = rows.find_draft(tenant_id, bot_id, session=session)
    if edit == (0 if draft is None else draft.stamp.edit):
        return
    if draft is not None:
        stamp = draft.stamp
        raise Conflict(
            f"{stamp.edited_by or 'Somebody'} saved this draft at {_time(stamp.updated_at)}, after"
            " you opened it; load it and make your changes again.",
            edit=stamp.edit,
            edited_by=stamp.edited_by,
            updated_at=stamp.updated_at,
        )
    stamp = rows.published_version(tenant_id, bot_id, session=session).stamp
    raise Conflict(
        "The draft was published or discarded after you opened it; in force is version"
        f" {stamp.version}, published by {stamp.edited_by or 'somebody'} at"
        f" {_time(stamp.published_at)}. Open a new draft.",
        published=stamp.version,
        edited_by=stamp.edited_by,
        published_at=stamp.published_at,
    )


def _time(at: datetime | None) -> str:
    return "an unknown time" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
