"""What was just done about tenants and sign-ins, or why not."""

from __future__ import annotations

from pages._notice import Notice
from pages._tenants_errors import problem_text

notice = Notice("tenants", problem_text)
