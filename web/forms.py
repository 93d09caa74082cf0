"""Reading forms, and answering them with the page to look at next."""

from urllib.parse import parse_qs, urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

MOST_FIELDS = 20


async def fields(request: Request) -> dict[str, str]:
    """The fields of a form, the first value of each; a body that is no form has none."""
    raw = await request.body()
    try:
        sent = parse_qs(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0].replace("\r\n", "\n") for name, values in sent.items() if "\0" not in values[0]}


def redirect(request: Request, path: str, **query: str) -> Response:
    """The next page, in the language that the reader chose. A reload of it sends nothing again."""
    if lang := request.query_params.get("lang"):
        query["lang"] = lang
    return RedirectResponse(path + ("?" + urlencode(query) if query else ""), status_code=303)
