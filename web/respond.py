"""Turning results into HTTP answers: pages for people, `application/problem+json` for programs."""

from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports.language import LANGUAGES, Language
from reports.plain import plain
from web.problems import RETRY_AFTER, WORDS, Problem, document
from web.security import redact
from web.words import choose

TEMPLATES = Path(__file__).with_name("templates")
CSS = TEMPLATES.joinpath("style.css").read_text(encoding="utf-8")
LANGUAGE_NAMES = {"en": "English", "zh-CN": "中文"}


def words_for(request: Request, recipient: str | None = None) -> Language:
    """The language of an answer."""
    return choose(request.query_params.get("lang"), recipient, request.headers.get("accept-language"))


def page(request: Request, words: Language, template: str, status: int = 200, **shown: Any) -> Response:
    """A page in one language with a switch to the other one."""
    other = next(tag for tag in LANGUAGES if tag != words.tag)
    html = (
        _templates()
        .get_template(template)
        .render(
            t=words.text,
            lang=words.tag,
            other_lang=other,
            other_name=LANGUAGE_NAMES[other],
            switch="?" + urlencode({"lang": other}),
            chosen="?" + urlencode({"lang": words.tag}) if "lang" in request.query_params else "",
            css=Markup(CSS),  # noqa: S704  (our own file; its hash is in the content policy)
            **shown,
        )
    )
    return HTMLResponse(html, status, headers={"Content-Language": words.tag, "Vary": "Accept-Language, Accept"})


def problem(
    request: Request, kind: Problem, public_url: str, words: Language | None = None, wait: int = RETRY_AFTER
) -> Response:
    """A refusal as a page, or as problem+json for the API and for who asks for JSON. `wait` in seconds."""
    words = words or words_for(request)
    facts = WORDS[kind]
    if wants_json(request):
        body = document(kind, words, public_url, redact(request.url.path))
        answer: Response = JSONResponse(body, facts.status, media_type="application/problem+json")
        answer.headers["Content-Language"] = words.tag
    else:
        answer = page(
            request, words, "problem.html", facts.status, title=words.text(facts.title), detail=words.text(facts.detail)
        )
    if facts.status in (429, 503):
        answer.headers["Retry-After"] = str(wait)
    return answer


def wants_json(request: Request) -> bool:
    """True for the API, and for a client that accepts JSON and not HTML."""
    accept = request.headers.get("accept", "")
    return request.url.path.startswith("/api/") or ("json" in accept and "text/html" not in accept)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=plain,
        trim_blocks=True,
        lstrip_blocks=True,
    )
