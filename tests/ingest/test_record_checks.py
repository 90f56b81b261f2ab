"""Lists of pairs and products as people and programs write them, read in this process."""

from __future__ import annotations

from decimal import Decimal

import pytest

from leanrag.errors import EmptyFile, FileRejected, FileTooLarge
from leanrag.ingest import record_tables
from leanrag.ingest.record_checks import check_table
from leanrag.ingest.record_rows import (
    FaqRow,
    ImportedRecords,
    ProductRow,
    RecordKind,
    RowProblem,
)
from leanrag.ingest.record_tables import read_delimited


def read(text: str, kind: RecordKind = "faq", currency: str = "") -> ImportedRecords:
    return check_table(read_delimited(text.encode(), kind), kind, currency=currency)


def product(text: str, currency: str = "") -> ProductRow:
    (row,) = read(text, "product", currency).rows
    assert isinstance(row, ProductRow)
    return row


def sentences(found: ImportedRecords) -> list[tuple[int, str, str]]:
    return [(p.row_number, p.column, p.sentence) for p in found.problems]


# ---- tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_usual_delimiter_and_line_end_is_told(delimiter: str, newline: str) -> None:
    lines = ["Soru{d}Cevap", '"Kargo; ücretsiz, mi|?"{d}Evet', "", '"İade?"{d}"14 gün\niçinde"']
    found = read("\ufeff" + newline.join(lines).format(d=delimiter))
    assert found.rows == (
        FaqRow("Kargo; ücretsiz, mi|?", "Evet"),
        FaqRow("İade?", "14 gün\niçinde"),
    )
    assert found.row_numbers == (2, 4)
    assert not found.problems


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1256", "iso8859_6"])
def test_lists_in_any_encoding_are_read(encoding: str) -> None:
    text = "السؤال,الجواب\n" + "هل الشحن مجاني؟,نعم للطلبات الكبيرة\n"
    found = check_table(read_delimited(text.encode(encoding), "faq"), "faq", currency="")
    assert found.rows == (FaqRow("هل الشحن مجاني؟", "نعم للطلبات الكبيرة"),)


def test_the_line_with_which_excel_declares_a_delimiter_is_kept_to() -> None:
    assert read("sep=^\nquestion^answer\nA, b?^c\n").rows == (FaqRow("A, b?", "c"),)


def test_titles_above_the_header_are_passed_over() -> None:
    found = read("Our FAQ,,\nAs of May,,\n,,\nNo,Question,Answer\n1,A?,B\n")
    assert found.rows == (FaqRow("A?", "B"),)
    assert found.ignored_columns == ("No",)
    assert found.row_numbers == (5,)


def test_rows_with_too_many_or_too_few_cells_are_said_to_have_them() -> None:
    found = read("question,answer,language\nA?,yes, we do,always\nB?,yes\nC?,no,en,\n")
    assert found.rows == (FaqRow("B?", "yes"), FaqRow("C?", "no", "en"))
    first, second = found.problems
    assert (first.row_number, first.is_left_out) == (2, True)
    assert "4 cells for 3 columns: put texts with commas in quotation marks" in first.sentence
    assert (second.row_number, second.is_left_out) == (3, False)


@pytest.mark.parametrize("text", ["", " \n,,\n", "question,answer\n", "question,answer\n,\n"])
def test_a_list_without_rows_is_refused(text: str) -> None:
    with pytest.raises(EmptyFile, match="choose a file with rows"):
        read(text)


def test_a_list_whose_columns_nobody_knows_is_refused_with_what_it_says() -> None:
    with pytest.raises(FileRejected, match=r"name them “question” and “answer”.*“Foo, Bar, Baz”"):
        read("Foo,Bar,Baz\n1,2,3\n")
    with pytest.raises(FileRejected, match="name it “title”"):
        read("Foo,Bar\n1,2\n", "product")


def test_lists_beyond_the_limits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileTooLarge, match="row 3 has more than 100,000 letters"):
        read(f"question,answer\nA?,b\nC?,{'x' * 100_002}\n")
    with pytest.raises(FileTooLarge, match="row 2 has more than 100,000 letters"):
        read(f'question,answer\nA?,"{"x," * 100_000}\n')
    with pytest.raises(FileTooLarge, match="Row 1 has 501 columns"):
        read(",".join(["question", "answer", *"c" * 499]) + "\nA?,b\n")
    monkeypatch.setattr(record_tables, "MAX_ROWS", 2)
    assert len(read("question,answer\nA?,b\nC?,d\n").rows) == 2
    with pytest.raises(FileTooLarge, match="more than 2 rows"):
        read("question,answer\nA?,b\nC?,d\nE?,f\n")


def test_a_cell_of_just_the_limit_is_read() -> None:
    assert read(f"question,answer\nA?,{'x' * 100_000}\n").rows == (FaqRow("A?", "x" * 100_000),)


# ---- pairs ------------------------------------------------------------------------------------


def test_two_columns_without_a_header_are_pairs_where_questions_tell() -> None:
    found = read("چطور سفارش بدهم؟,از سایت.\nساعت کار؟,۹ تا ۵\nنشانی,خیابان اول\n")
    assert [row.question for row in found.rows if isinstance(row, FaqRow)] == [
        *("چطور سفارش بدهم؟", "ساعت کار؟", "نشانی"),
    ]
    assert found.row_numbers == (1, 2, 3)


def test_a_header_in_another_language_is_no_pair() -> None:
    found = read("Frage;Antwort\nWann offen?;Um 9\nWo?;Hier\n")
    assert found.rows == (FaqRow("Wann offen?", "Um 9"), FaqRow("Wo?", "Hier"))


@pytest.mark.parametrize(
    "text", ["a,b\nc,d\n", "Yes.,A?\nNo.,B?\n", "A?,B?\nC?,D?\n", "A?,b,c\nD?,e,f\n", "A?\nB?\n"]
)
def test_columns_without_a_header_that_may_mean_anything_are_refused(text: str) -> None:
    with pytest.raises(FileRejected):
        read(text)


def test_pairs_that_lack_a_side_are_left_out_with_their_number() -> None:
    found = read("question,answer,language\nA?,b,\n,c,\nD?,,\n,,fa\n")
    assert found.rows == (FaqRow("A?", "b"),)
    assert sentences(found) == [
        (3, "question", "There is no question; the row is left out."),
        (4, "answer", "There is no answer; the row is left out."),
        (5, "question", "There is no question and no answer; the row is left out."),
    ]
    assert all(problem.is_left_out for problem in found.problems)


def test_the_same_pair_is_kept_once_and_another_answer_to_it_is_pointed_out() -> None:
    found = read("Soru,Cevap\nNerede?,Burada\nNerede? , Burada\nNEREDE?,Orada\n")
    assert found.rows == (FaqRow("Nerede?", "Burada"), FaqRow("NEREDE?", "Orada"))
    assert found.problems == (
        RowProblem(3, "", "This pair is the same as in row 2; the row is left out.", True),
        RowProblem(4, "Soru", "Row 2 answers the same question otherwise; keep one."),
    )


def test_a_language_that_is_none_of_the_four_is_left_to_the_text() -> None:
    found = read("question,answer,language\nA?,b,Deutsch\nC?,d,fa-IR\n")
    assert found.rows == (FaqRow("A?", "b"), FaqRow("C?", "d", "fa"))
    assert found.problems[0].column == "language"
    assert "“Deutsch” is none of" in found.problems[0].sentence


def test_articles_of_a_help_desk_are_pairs_without_their_html_and_drafts() -> None:
    found = read(
        "id,title,body,status\n"
        "1,Return &amp; refund,<p>In <b>14</b> days.</p><p>Free.</p>,publish\n"
        "2,Secret,Not yet,draft\n"
    )
    assert found.rows == (FaqRow("Return & refund", "In 14 days.\nFree."),)
    assert sentences(found) == [
        (3, "status", "“draft” keeps it from customers; the row is left out.")
    ]
    assert found.ignored_columns == ("id", "status")


def test_the_header_again_between_joined_files_is_no_pair() -> None:
    found = read("question,answer\nA?,b\nquestion,answer\nC?,d\n")
    assert found.rows == (FaqRow("A?", "b"), FaqRow("C?", "d"))


# ---- products ---------------------------------------------------------------------------------

SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Tags,Published,Option1 Name,Option1 Value,Variant SKU,\
Variant Price,Image Src,Cost per item,Status
tea,Black tea,"<p>Strong &amp; dark.</p>",Pot Co,"a, b",TRUE,Size,100 g,T1,12.50,https://x/1.jpg,4,active
tea,,,,,,,250 g,T2,25.00,https://x/2.jpg,5,
tea,,,,,,,,,,https://x/3.jpg,,
cup,Cup,A cup.,Pot Co,,TRUE,Title,Default Title,C1,"1,299.00",,2,active
hid,Hidden,x,,,FALSE,Title,Default Title,,5,,,active
old,Old,x,,,TRUE,Title,Default Title,,5,,,archived
"""


def test_an_export_of_shopify_has_one_product_for_all_its_variants() -> None:
    found = read(SHOPIFY, "product", "USD")
    assert found.rows == (
        ProductRow(
            title="Black tea",
            price=Decimal("12.50"),
            currency="USD",
            description="Strong & dark.",
            attributes=(
                ("Variant Price", "12.50, 25.00 USD"),
                ("Size", "100 g, 250 g"),
                ("Vendor", "Pot Co"),
                ("Tags", "a, b"),
                ("Variant SKU", "T1, T2"),
            ),
        ),
        ProductRow(
            title="Cup",
            price=Decimal("1299.00"),
            currency="USD",
            description="A cup.",
            attributes=(("Vendor", "Pot Co"), ("Variant SKU", "C1")),
        ),
    )
    assert found.ignored_columns == ("Published", "Image Src", "Cost per item", "Status")
    assert [(p.row_number, p.column) for p in found.problems] == [(6, "Published"), (7, "Status")]


def test_what_variants_have_in_common_is_said_once() -> None:
    rows = "h,Mug,5,Colour,red,Size,S\nh,,5,,red,,L\nh,,6,,blue,,L\nx,,7,,red,,S\n"
    names = "Handle,Title,Price,Option1 Name,Option1 Value,Option2 Name,Option2 Value\n"
    found = read(names + rows, "product")
    (row,) = found.rows
    assert isinstance(row, ProductRow)
    assert row.attributes == (("Price", "5, 6"), ("Colour", "red, blue"), ("Size", "S, L"))
    assert [(p.row_number, p.column) for p in found.problems] == [(5, "Title")]


def test_an_export_of_woocommerce_is_read_with_its_attributes() -> None:
    row = product(
        "ID,Type,SKU,Name,Published,Short description,Description,Regular price,Images,"
        "Attribute 1 name,Attribute 1 value(s),Attribute 1 visible,Meta: _x\n"
        '7,simple,P-7,Cezve,1,Bakır.,"<p>El yapımı\\n</p>","249,90",https://x/y.jpg,'
        "Hacim,200 ml,1,z\n",
        "TRY",
    )
    assert (row.title, row.price, row.currency) == ("Cezve", Decimal("249.90"), "TRY")
    assert row.description.startswith("Bakır.\nEl yapımı")
    assert row.attributes == (("Hacim", "200 ml"), ("Type", "simple"), ("SKU", "P-7"))


def test_a_shop_in_turkish_names_the_currency_in_the_header() -> None:
    row = product("Ürün Adı;Fiyat (TL);Renk\nCezve;1.250;bakır\n")
    assert row == ProductRow("Cezve", Decimal(1250), "TRY", attributes=(("Renk", "bakır"),))


def test_a_shop_in_persian_writes_its_own_digits_and_address() -> None:
    row = product(
        "نام محصول,قیمت,توضیحات,لینک\nقوری,۱۲۰٬۰۰۰ تومان,چینی سفید,www.shop.example/قوری\n"
    )
    assert row == ProductRow(
        "قوری", Decimal(120_000), "تومان", "چینی سفید", url="https://www.shop.example/قوری"
    )


def test_a_shop_in_arabic_has_its_currency_in_a_column() -> None:
    row = product("اسم المنتج,السعر,العملة\nإبريق,١٬٢٥٠,ر.س\n")
    assert row == ProductRow("إبريق", Decimal(1250), "SAR")


def test_an_unclear_price_leaves_the_product_without_one_and_says_so() -> None:
    found = read("title,price\nPot,1.234\nCup,dear\nTray,\n", "product")
    assert found.rows == (ProductRow("Pot"), ProductRow("Cup"), ProductRow("Tray"))
    assert [(p.row_number, p.column, p.is_left_out) for p in found.problems] == [
        (2, "price", False),
        (3, "price", False),
    ]
    assert "1234 or 1.234; name the currency" in found.problems[0].sentence


def test_a_price_in_another_currency_than_the_column_says_is_pointed_out() -> None:
    found = read("title,price,currency\nPot,5 €,USD\nCup,5 $,US$\n", "product")
    assert sentences(found) == [
        (2, "price", "The price is in EUR and the column beside it says USD.")
    ]
    assert [row.currency for row in found.rows if isinstance(row, ProductRow)] == ["EUR", "USD"]


def test_an_address_that_no_browser_should_open_is_left_out() -> None:
    found = read("title,url\nPot,javascript:alert(1)\nCup,https://x.example/a?b=1\n", "product")
    assert [row.url for row in found.rows if isinstance(row, ProductRow)] == [
        *("", "https://x.example/a?b=1"),
    ]
    assert "“javascript:alert(1)” is no web address" in found.problems[0].sentence


def test_at_most_thirty_columns_become_attributes_and_empty_ones_none() -> None:
    names = [f"a{number}" for number in range(40)]
    cells = ["" if number % 8 == 0 else "x" for number in range(40)]
    found = read(f"title,{','.join(names)}\nPot,{','.join(cells)}\n", "product")
    (row,) = found.rows
    assert isinstance(row, ProductRow)
    assert len(row.attributes) == 30
    assert found.ignored_columns == ("a35", "a36", "a37", "a38", "a39")


def test_attributes_in_one_cell_count_to_the_thirty() -> None:
    pairs = "; ".join(f"a{number}=x" for number in range(31))
    found = read(f"title,attributes,more\nPot,{pairs},y\nCup,steel,\n", "product")
    first, second = found.rows
    assert isinstance(first, ProductRow)
    assert first.attributes[-1] == ("a29", "x")
    assert "left out: “a30, more”" in found.problems[0].sentence
    assert isinstance(second, ProductRow)
    assert second.attributes == (("attributes", "steel"),)


def test_the_same_product_is_kept_once() -> None:
    found = read("title,price\nPot,5\nPot,5\nPot,6\n", "product")
    assert [row.price for row in found.rows if isinstance(row, ProductRow)] == [5, 6]
    assert sentences(found) == [
        (3, "", "This product is the same as in row 2; the row is left out.")
    ]


def test_a_product_without_a_title_is_left_out() -> None:
    found = read("title,price\n,5\nPot,6\n", "product")
    assert sentences(found) == [(2, "title", "There is no title; the row is left out.")]


def test_a_column_without_a_name_is_ignored_by_its_number() -> None:
    assert read("title,,price\nPot,x,5\n", "product").ignored_columns == ("column 2",)


def test_html_that_cannot_be_read_is_pointed_out_where_it_stands() -> None:
    found = read(f"title,description\nPot,<p {'a=1 ' * 6000}>\n", "product")
    assert found.rows == (ProductRow("Pot"),)
    assert found.problems[0].column == "description"


def test_the_apostrophe_that_keeps_a_formula_from_running_is_taken_off() -> None:
    assert product("Name,SKU\n'=1+1,'-5\n").attributes == (("SKU", "-5"),)
    assert product("Name,SKU\n'=1+1,'-5\n").title == "=1+1"
