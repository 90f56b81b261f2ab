"""What was just done with a member or a key, or why not."""

from __future__ import annotations

from pages._members_why import why_not
from pages._notice import Notice

notice = Notice("members", why_not)
