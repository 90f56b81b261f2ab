"""Codes: few, short-lived, counted before they are compared, and silent about who is known."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from db.models import Person, SignIn, SignInCode
from leanrag.errors import InvalidInput, RateLimited, WrongCode
from leanrag.guarded_database import GuardedDatabase
from leanrag.mail import LogMailer
from tests.access_parts import Door

ADA = "ada@shop.example"


@pytest.fixture
def door(database: GuardedDatabase, tmp_path: Path) -> Iterator[Door]:
    made = Door(database, tmp_path)
    yield made
    made.access.close()


def test_a_code_from_the_mail_opens_a_session_once(door: Door) -> None:
    code = door.code(ADA)
    made = door.sign_in.verify_code(ADA, code, ip="203.0.113.7", agent="Browser")
    assert made.person_id == door.owner.person_id
    with pytest.raises(WrongCode):
        door.sign_in.verify_code(ADA, code)


def test_the_address_is_the_same_in_any_case_and_spacing(door: Door) -> None:
    code = door.code("  Ada@SHOP.example ")
    assert door.sign_in.verify_code("ADA@shop.EXAMPLE", code).person_id == door.owner.person_id


@pytest.mark.parametrize("write", ["{0}", " {0} ", "{1}-{2}", "{3}"])
def test_a_code_is_read_however_a_keyboard_writes_it(door: Door, write: str) -> None:
    code = door.code(ADA)
    persian = code.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    door.sign_in.verify_code(ADA, write.format(code, code[:3], code[3:], persian))


@pytest.mark.parametrize("wrong", ["", "abcdef", "12345", "1234567", "0" * 10_000, "12 34 5x"])
def test_what_is_no_code_is_refused_in_the_same_words(door: Door, wrong: str) -> None:
    door.code(ADA)
    with pytest.raises(WrongCode, match="wrong or no longer valid"):
        door.sign_in.verify_code(ADA, wrong)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@shop.example",
        "ada@shop..example",
        "ada@-shop.example",
        "a b@c.de",
        "ada@shop.example\nBcc: x@y.zz",
        "ada@shop.example,x@y.zz",
        "x" * 65 + "@shop.example",
        "\u212aada@shop.example",  # the Kelvin sign
        "ada@sho\u0440.example",  # a Cyrillic letter
    ],
)
def test_what_is_no_address_is_refused(door: Door, address: str) -> None:
    with pytest.raises(InvalidInput):
        door.sign_in.request_code(address)


def test_only_the_newest_code_is_valid(door: Door) -> None:
    first = door.code(ADA)
    second = door.code(ADA)
    if first != second:
        with pytest.raises(WrongCode):
            door.sign_in.verify_code(ADA, first)
    door.sign_in.verify_code(ADA, second)


def test_a_code_ends_after_ten_minutes(door: Door) -> None:
    code = door.code(ADA)
    lives = door.execute(select(SignInCode.expires_at - SignInCode.created_at))[0][0]
    assert abs(lives - timedelta(minutes=10)) < timedelta(seconds=1)
    door.execute(update(SignInCode).values(expires_at=func.now() - timedelta(seconds=1)))
    with pytest.raises(WrongCode):
        door.sign_in.verify_code(ADA, code)


def test_the_sixth_try_is_refused_even_with_the_right_code(door: Door) -> None:
    code = door.code(ADA)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        with pytest.raises(WrongCode):
            door.sign_in.verify_code(ADA, wrong)
    with pytest.raises(WrongCode):
        door.sign_in.verify_code(ADA, code)


def test_of_200_parallel_guesses_five_are_counted_and_none_wins(door: Door) -> None:
    code = int(door.code(ADA))
    guesses = [f"{(code + step) % 10**6:06d}" for step in range(1, 200)]

    def guess(text: str) -> bool:
        try:
            door.sign_in.verify_code(ADA, text)
        except WrongCode:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        wins = sum(pool.map(guess, guesses))
    assert wins == 0
    assert door.execute(select(SignInCode.tries)) == [(5,)]
    assert not guess(f"{code:06d}")


def test_of_five_parallel_right_codes_one_opens_a_session(door: Door) -> None:
    code = door.code(ADA)

    def verify(_: int) -> bool:
        try:
            door.sign_in.verify_code(ADA, code)
        except WrongCode:
            return False
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(verify, range(5))) == 1
    assert door.execute(select(func.count(SignIn.sign_in_id))) == [(1,)]


def test_neither_code_nor_address_is_stored_as_it_is(door: Door) -> None:
    code = door.code(ADA)
    (row,) = door.execute(select(SignInCode.__table__))
    assert code not in str(row)
    assert ADA not in str(row)


def test_nobody_gets_a_code_that_works_for_an_unknown_address(door: Door) -> None:
    door.sign_in.request_code("nobody@shop.example")
    door.access.people.add("former@shop.example")  # known, and a member of nothing
    door.sign_in.request_code("former@shop.example")
    door.sign_in.close()
    assert door.box.letters == []
    rows = door.execute(select(SignInCode.person_id))
    assert rows == [(None,), (None,)]
    # Even whoever could read the table finds no person behind the right code.
    pairs = ((f"{guess:06d}", "nobody@shop.example") for guess in range(3))
    for guess, address in pairs:
        with pytest.raises(WrongCode, match="wrong or no longer valid"):
            door.sign_in.verify_code(address, guess)


def test_known_and_unknown_addresses_are_limited_alike(door: Door) -> None:
    refusals = []
    for address in (ADA, "nobody@shop.example"):
        for _ in range(5):
            door.sign_in.request_code(address)
        with pytest.raises(RateLimited) as refusal:
            door.sign_in.request_code(address)
        refusals.append(refusal.value)
    for one in refusals:
        assert one.details["limit"] == one.details["used"] == 5
        assert one.details["remaining"] == 0
        assert 890 <= int(str(one.details["reset"])) <= 900
    assert refusals[0].message == refusals[1].message


def test_a_network_address_is_limited_over_all_addresses(door: Door) -> None:
    for number in range(20):
        door.sign_in.request_code(f"p{number}@shop.example", ip="198.51.100.9")
    with pytest.raises(RateLimited):
        door.sign_in.request_code("another@shop.example", ip="198.51.100.9")
    door.sign_in.request_code("another@shop.example", ip="198.51.100.10")


def test_one_ipv6_network_counts_as_one(door: Door) -> None:
    for number in range(20):
        door.sign_in.request_code(f"p{number}@shop.example", ip=f"2001:db8:0:7::{number:x}")
    with pytest.raises(RateLimited):
        door.sign_in.request_code("another@shop.example", ip="2001:db8:0:7:ffff::1")
    door.sign_in.request_code("another@shop.example", ip="2001:db8:0:8::1")


def test_a_day_has_a_limit_too(database: GuardedDatabase, tmp_path: Path) -> None:
    door = Door(database, tmp_path, sign_in_codes_per_address_a_day=6)
    earlier = update(SignInCode).values(created_at=func.now() - timedelta(hours=1))
    for _ in range(3):
        door.sign_in.request_code(ADA)
        door.sign_in.request_code(ADA)
        door.execute(earlier)
    with pytest.raises(RateLimited):
        door.sign_in.request_code(ADA)
    door.access.close()


def test_parallel_requests_cannot_pass_the_limit(door: Door) -> None:
    def ask(_: int) -> bool:
        try:
            door.sign_in.request_code(ADA, ip="198.51.100.9")
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == 5


def test_old_requests_are_forgotten(door: Door) -> None:
    door.code(ADA)
    old = "00000000-0000-7000-8000-000000000000"
    door.execute(update(SignInCode).values(code_id=old))
    door.code(ADA)
    assert door.execute(select(func.count(SignInCode.code_id))) == [(1,)]


def test_known_and_unknown_addresses_take_about_the_same_time(
    database: GuardedDatabase, tmp_path: Path
) -> None:
    class SlowPost(LogMailer):
        def send(self, letter: object) -> None:
            time.sleep(0.05)

    door = Door(database, tmp_path, sign_in_codes_per_address=100)
    door.execute(update(Person).values(seen_at=func.now()))
    door.sign_in._mailer = SlowPost()
    took: dict[str, list[float]] = {ADA: [], "nobody@shop.example": []}
    for _ in range(15):
        for address, times in took.items():
            begun = time.perf_counter()
            door.sign_in.request_code(address)
            times.append(time.perf_counter() - begun)
    known, unknown = (statistics.median(times) for times in took.values())
    door.access.close()
    print(f"known {1000 * known:.2f} ms, unknown {1000 * unknown:.2f} ms")
    assert abs(known - unknown) < 0.02  # a mail takes 50 ms here


def test_a_mail_that_cannot_be_sent_is_logged_without_its_code(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    from leanrag.mail import MailFailed

    sent = []

    class Broken(LogMailer):
        def send(self, letter: object) -> None:
            sent.append(letter)
            raise MailFailed("The mail could not be sent; try again in some minutes.")

    door.sign_in._mailer = Broken()
    door.sign_in.request_code(ADA)
    door.sign_in.close()
    assert "could not be sent" in caplog.text
    assert sent
    assert sent[0].subject[-6:] not in caplog.text
