"""What customers should not have written is not carried along."""

from __future__ import annotations

import pytest

from leanrag.customer_secrets import holds_secret, mask_secrets


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Card 4111 1111 1111 1111, exp 04/29", "Card […], exp 04/29"),
        ("5500-0000-0000-0004", "[…]"),
        ("کارتم ۴۱۱۱ ۱۱۱۱ ۱۱۱۱ ۱۱۱۱ هست", "کارتم […] هست"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN […] please"),
        ("TR330006100519786457841326", "[…]"),
        ("my password is hunter22", "my password is […]"),
        ("رمز من abc123 است", "رمز من […] است"),
        ("كلمة السر هي qwe456", "كلمة السر هي […]"),
        ("şifrem gizli77 idi", "şifrem […] idi"),
        ("sk-proj-abcdefghijklmnop1234", "[…]"),
    ],
)
def test_a_secret_is_masked(text: str, masked: str):
    assert mask_secrets(text) == masked
    assert holds_secret(text)


@pytest.mark.parametrize(
    "text",
    [
        "order 4821377190461",  # no check digit
        "call +90 555 000 41 27",
        "invoice TR12 is for 1,450 lira",
        "I forgot my password",
        "رمز موفقیت چای خوب است",
    ],
)
def test_what_is_no_secret_stays(text: str):
    assert mask_secrets(text) == text
    assert not holds_secret(text)
