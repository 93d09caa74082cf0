"""Policy files: named, versioned, checked when they are loaded."""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from models.errors import PolicyError
from models.policy import Policy
from models.warning_policy import WarningPolicy

SHIPPED = Path(__file__).parent.parent / "policies"
EARLY_WARNING = "early_warning"  # the folder, in either place, for the policies of the early warning
STANDARD = "standard"

Kind = TypeVar("Kind", Policy, WarningPolicy)


def load_policy(name: str, folder: Path | None = None) -> Policy:
    """Read `<name>.toml` from `folder`, or from the policies that ship with Offboard.

    Raises PolicyError naming the file and every field that is wrong.
    """
    with _readable(folder):
        return _find(Policy, name, (_there(folder), SHIPPED))


def load_warning_policy(name: str = STANDARD, folder: Path | None = None) -> WarningPolicy:
    """Read `early_warning/<name>.toml`, from `folder` or from those that ship. Raises PolicyError likewise."""
    with _readable(folder):
        own = _there(folder)
        return _find(WarningPolicy, name, (own / EARLY_WARNING if own else None, SHIPPED / EARLY_WARNING))


@contextmanager
def _readable(folder: Path | None) -> Iterator[None]:
    """What the system does not let us read is a refusal, and never another policy in its place."""
    try:
        yield
    except OSError as refused:
        raise PolicyError(
            "the policies in {folder} cannot be read: {answer}; nothing was decided without them",
            folder=folder or SHIPPED,
            answer=refused.strerror or refused,
        ) from refused


def _there(folder: Path | None) -> Path | None:
    """The folder that was set. Without it the shipped policies would take the place of stricter ones, unseen."""
    if folder and not folder.is_dir():
        raise PolicyError("the folder of policies {folder} is not there; nothing was decided without it", folder=folder)
    return folder


def _find(kind: type[Kind], name: str, places: tuple[Path | None, Path]) -> Kind:
    for place in places:
        path = place / f"{name}.toml" if place else None
        if path and path.is_file():
            return _read(kind, path)
    known = sorted({path.stem for place in places if place for path in place.glob("*.toml")})
    raise PolicyError("there is no policy {policy!r}; known policies: {known}", policy=name, known=", ".join(known))


def _read(kind: type[Kind], path: Path) -> Kind:
    try:
        policy = kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as broken:
        raise PolicyError("{file}: not valid TOML: {answer}", file=path, answer=broken, policy=path.stem) from broken
    except ValidationError as wrong:
        faults = "; ".join(
            f"{'.'.join(map(str, error['loc'])) or 'the policy'}: {error['msg']}" for error in wrong.errors()
        )
        raise PolicyError(
            "{file}: the policy is wrong: {faults}", file=path, faults=faults, policy=path.stem
        ) from wrong
    if policy.name != path.stem:
        raise PolicyError("{file}: the policy calls itself {name!r}", file=path, name=policy.name, policy=path.stem)
    return policy
