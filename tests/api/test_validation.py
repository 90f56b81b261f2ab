from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from leanrag.api.turn_schemas import AskRequest, ChatRequest
from leanrag.api.validation import Fault, describe


def faults_of(model: type[BaseModel], sent: object) -> tuple[Fault, ...]:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(sent)
    errors = [{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()]
    return describe(errors)


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({}, "question is missing."),
        ({"question": 7}, "question must be text."),
        ({"question": None}, "question must be text."),
        ({"question": "a\0b"}, "question holds a NUL character; remove it."),
        ({"question": "\ud800"}, "question holds half of a character; send valid Unicode."),
        ({"question": "a", "settings": {}}, "settings is not a field of this request."),
        ({"question": "a", "bot_id": "b" * 101}, "bot_id must have at most 100 characters."),
    ],
)
def test_each_fault_is_one_sentence_that_names_its_field(sent: object, message: str) -> None:
    assert faults_of(AskRequest, sent)[0].message == message


def test_a_wrong_id_is_shown_how_an_id_looks() -> None:
    (fault,) = faults_of(AskRequest, {"question": "a", "conversation_id": "7"})
    assert fault.field == "conversation_id"
    assert fault.message.startswith("conversation_id must be an id such as 0199")


@pytest.mark.parametrize("sent", [[], "text", 7, None])
def test_a_body_that_is_no_object_is_told_so(sent: object) -> None:
    (fault,) = faults_of(AskRequest, sent)
    assert fault.message.startswith("The body must be a JSON object")


def test_braces_in_what_was_sent_do_no_harm() -> None:
    faults = faults_of(AskRequest, {"question": "a", "{0.__class__}": 1})
    assert faults[0].message == "{0.__class__} is not a field of this request."


def test_a_stream_takes_message_and_session_id_as_well() -> None:
    session = "0199a7c4-5b1e-7c3a-9f64-3b0f6a2f8d11"
    request = ChatRequest.model_validate({"message": "hello", "session_id": session})
    assert request.question == "hello"
    assert str(request.conversation_id) == session
