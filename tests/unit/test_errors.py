"""An error says its sentence with its facts, in either language, also after it went over the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError

from connections import START_IT
from embedded.finding import what_happened
from models.approvals import Refusal
from models.case import Phase
from models.errors import MESSAGE_LIMIT, CaseConflict, DecisionRefused, OffboardError, Refused, Unavailable, filled
from reports.language import language
from services.cases import as_refusal

ENGLISH, CHINESE = language("en"), language("zh")


def over_the_wire(error: ApplicationError) -> BaseException:
    """The error as a caller in another process gets it."""
    converter, failure = pydantic_data_converter, Failure()
    converter.failure_converter.to_failure(error, converter.payload_converter, failure)
    return converter.failure_converter.from_failure(
        Failure.FromString(failure.SerializeToString()), converter.payload_converter
    )


@pytest.mark.parametrize("phase", list(Phase))
def test_an_error_of_a_case_is_read_in_chinese_after_the_wire(phase: Phase) -> None:
    told = as_refusal(over_the_wire(CaseConflict("the case is {phase}: its dates are fixed", phase=phase)))
    assert (type(told), told.detail) == (CaseConflict, {"phase": phase.value})
    assert told.message == ENGLISH.error(told) == f"the case is {phase.value}: its dates are fixed"
    assert CHINESE.error(told) == f"离职单{CHINESE.text(phase.value)}：日期已固定"


@pytest.mark.parametrize("reason", list(Refusal))
def test_a_refused_decision_says_why_in_chinese(reason: Refusal) -> None:
    told = as_refusal(over_the_wire(DecisionRefused("the decision does not count: {reason}", reason=reason)))
    assert told.detail == {"reason": reason.value}
    assert CHINESE.error(told) == f"该决定不予计入：{CHINESE.text(reason.value)}"


def test_an_error_of_an_older_worker_and_a_stranger_s_keep_their_message() -> None:
    older = ApplicationError("no employee has the id 'E{9}'", {"employee": "E9"}, type="UnknownEmployee")
    told = as_refusal(over_the_wire(older))
    assert (told.type, told.message) == ("UnknownEmployee", "no employee has the id 'E{9}'")
    assert CHINESE.error(told) == told.message
    assert as_refusal(ValueError("{odd}")).message == "{odd}"


def test_advice_inside_an_error_is_in_chinese_too() -> None:
    down = Unavailable("Temporal does not answer at {address}. {advice}", address="127.0.0.1:1", advice=START_IT)
    assert down.message == f"Temporal does not answer at 127.0.0.1:1. {START_IT}"
    assert CHINESE.error(down) == f"Temporal 在 127.0.0.1:1 没有应答。{CHINESE.text(START_IT)}"
    assert CHINESE.reason(what_happened(down)) == "Temporal 在 127.0.0.1:1 没有应答"
    assert CHINESE.reason(what_happened(TimeoutError())) == "没有应答"


@given(st.text())
def test_a_fact_stays_as_it_is(fact: str) -> None:
    error = Refused("there is no case {case}", case=fact)
    assert error.message == f"there is no case {fact}"
    assert CHINESE.error(error) == f"没有离职单 {fact}"


@given(st.text(st.sampled_from("{}!:.[]()0ab \n")), st.dictionaries(st.text("ab", max_size=2), st.text(max_size=5)))
def test_a_sentence_that_is_none_of_ours_never_fails(template: str, facts: dict[str, str]) -> None:
    assert isinstance(filled(template, facts), str)


def test_a_missing_fact_leaves_its_placeholder_and_hides_nothing() -> None:
    assert Refused("there is no case {case}").message == "there is no case {case}"
    assert Refused("a stray { brace", case=1).message == "a stray { brace"


def test_no_error_outgrows_what_the_engine_takes() -> None:
    error = Refused("{answer}", answer="x" * 10 * MESSAGE_LIMIT)
    assert len(error.message) == len(error.detail["answer"]) == MESSAGE_LIMIT


def test_only_a_system_that_does_not_answer_is_tried_again() -> None:
    assert not Unavailable("no answer").non_retryable
    assert Refused("no answer").non_retryable
    assert isinstance(Refused("no answer"), OffboardError)
