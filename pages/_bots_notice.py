"""What was just done with a bot, or why not."""

from __future__ import annotations

from pages._bots_errors import problem_text
from pages._notice import Notice

notice = Notice("bots", problem_text)
