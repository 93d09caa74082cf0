"""Search attributes of a case in the Temporal Web UI. Plain text on the server: never a name of a person or client."""

from temporalio.common import SearchAttributeKey

PHASE = SearchAttributeKey.for_keyword("OffboardPhase")
LEVEL = SearchAttributeKey.for_keyword("OffboardLevel")
SCORE = SearchAttributeKey.for_float("OffboardScore")
WAITING_ON = SearchAttributeKey.for_keyword_list("OffboardWaitingOn")
NEXT_DEADLINE = SearchAttributeKey.for_datetime("OffboardNextDeadline")
DEPARTMENT = SearchAttributeKey.for_keyword("OffboardDepartment")

ALL: tuple[SearchAttributeKey, ...] = (PHASE, LEVEL, SCORE, WAITING_ON, NEXT_DEADLINE, DEPARTMENT)  # type: ignore[type-arg]

TASK_QUEUE = "offboard"
NAMESPACE_RETENTION_DAYS = 90
