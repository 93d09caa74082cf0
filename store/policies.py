"""Policy files: named, versioned, checked when they are loaded."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from models.errors import PolicyError
from models.policy import Policy

SHIPPED = Path(__file__).parent.parent / "policies"


def load_policy(name: str, folder: Path | None = None) -> Policy:
    """Read `<name>.toml` from `folder`, or from the policies that ship with Offboard.

    Raises PolicyError naming the file and every field that is wrong.
    """
    for place in (folder, SHIPPED):
        path = place / f"{name}.toml" if place else None
        if path and path.is_file():
            return _read(path)
    known = sorted({path.stem for place in (folder, SHIPPED) if place for path in place.glob("*.toml")})
    raise PolicyError(f"there is no policy {name!r}; known policies: {', '.join(known)}", policy=name)


def _read(path: Path) -> Policy:
    try:
        policy = Policy.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as broken:
        raise PolicyError(f"{path}: not valid TOML: {broken}", policy=path.stem) from broken
    except ValidationError as wrong:
        faults = "; ".join(
            f"{'.'.join(map(str, error['loc'])) or 'the policy'}: {error['msg']}" for error in wrong.errors()
        )
        raise PolicyError(f"{path}: {faults}", policy=path.stem) from wrong
    if policy.name != path.stem:
        raise PolicyError(f"{path}: the policy calls itself {policy.name!r}", policy=path.stem)
    return policy
