"""Secrets that customers write into a chat: payment cards, bank accounts, passwords, access keys.

They are never carried along: a summary goes into every later prompt of its conversation.
"""

from __future__ import annotations

import re

from leanrag.text.normalize import fold

MASK = "[…]"

# Payment cards: ISO/IEC 7812, 13 to 19 digits with a Luhn check digit, first digit 2 to 6 or 9.
_CARD = re.compile(r"(?<![\w+])[2-69۲-۶۹٢-٦٩](?:[ -]?\d){12,18}(?!\w)")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_KEY = re.compile(r"\b(?:sk|pk|ghp|gho|xox[abp]|AKIA|eyJ)[-_]?[\w-]{16,}")
# The word for it, then at most a few others, then what is secret: something with a digit in it.
_NAMED = re.compile(
    r"(?:\b(?:passwords?|passcode|pin(?: code)?|cvv2?|cvc|otp|one[- ]time code|verification code"
    r"|şifre\w*|parola\w*|doğrulama kodu\w*)\b|رمز|پسورد|گذرواژه|کد تایید|کد تأیید"
    r"|كلمة السر|كلمة المرور|كلمه السر|الرقم السري|الرمز السري|رمز التحقق)"
    r"(?:\W+\w+){0,3}?\W+(?P<secret>(?=\S*\d)[^\s,،؛;]{3,})",
    re.IGNORECASE,
)


def mask_secrets(text: str) -> str:
    """Return `text` with every secret exchanged for `[…]`."""
    text = _NAMED.sub(_mask_named, text)
    text = _KEY.sub(MASK, text)
    text = _IBAN.sub(lambda m: MASK if is_iban(m.group()) else m.group(), text)
    return _CARD.sub(lambda m: MASK if is_card(m.group()) else m.group(), text)


def holds_secret(text: str) -> bool:
    """Tell whether `text` holds a payment card, a bank account, a password or an access key."""
    return mask_secrets(text) != text


def is_card(number: str) -> bool:
    """Tell whether the digits of `number` end in the check digit of a payment card (Luhn)."""
    digits = [int(digit) for digit in fold(number) if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def is_iban(text: str) -> bool:
    """Tell whether `text` is an account number by ISO 13616: 97 leaves a remainder of 1."""
    letters = text.replace(" ", "")
    rotated = letters[4:] + letters[:4]
    return 15 <= len(letters) <= 34 and int("".join(str(int(c, 36)) for c in rotated)) % 97 == 1


def _mask_named(match: re.Match[str]) -> str:
    start, end = match.span("secret")
    return match.string[match.start() : start] + MASK + match.string[end : match.end()]
