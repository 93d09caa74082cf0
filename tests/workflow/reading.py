"""Reading a history as somebody would who got hold of the engine's database."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory


def everything_in(history: WorkflowHistory) -> str:
    """All text of a history: every field, and every payload decoded."""
    return "\n".join(_texts(json.loads(history.to_json())))


def summary_of(event: HistoryEvent) -> str:
    """The summary that the Web UI shows beside an event; empty when there is none."""
    data = event.user_metadata.summary.data
    return str(json.loads(data)) if data else ""


def kinds(history: WorkflowHistory, field: str) -> list[dict[str, Any]]:
    """The attributes of every event of one kind, as plain JSON."""
    return [
        MessageToDict(getattr(event, f"{field}_event_attributes"))
        for event in history.events
        if event.WhichOneof("attributes") == f"{field}_event_attributes"
    ]


def activities_in(history: WorkflowHistory) -> list[str]:
    """Names of the activities in the order in which they were asked for."""
    return [each["activityType"]["name"] for each in kinds(history, "activity_task_scheduled")]


def _texts(found: object) -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield str(key)
            if key in {"data", "encodedAttributes"} and isinstance(value, str):
                yield from _decoded(value)
            else:
                yield from _texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from _texts(value)
    else:
        yield str(found)


def _decoded(data: str) -> Iterator[str]:
    text = base64.b64decode(data).decode(errors="replace")
    yield text
    try:
        yield from _texts(json.loads(text))  # escapes become the characters that they stand for
    except json.JSONDecodeError:
        return
