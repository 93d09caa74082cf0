"""What is typed must be text: bytes of another encoding are refused before any verb runs."""

import sys

import pytest

import starter_cli

RAW = b"caf\xe9".decode("utf-8", "surrogateescape")


@pytest.mark.parametrize(("tongue", "said"), [("en", "this is no UTF-8 text: "), ("zh", "这不是 UTF-8 文本：")])
@pytest.mark.parametrize("words", [
    ("alerts", "confirm", "alert-ABCD-2345-20261124", "--as", "H1", "--reason", RAW),
    ("alerts", "reveal", "alert-ABCD-2345-20261124", "--reason", "x", "--as", RAW),
    ("decide", "E1", "finance", "--approve", "--as", "F1", f"--note={RAW}"),
])  # fmt: skip
def test_bytes_that_are_no_text_are_misuse(
    words: tuple[str, ...],
    tongue: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OFFBOARD_LANGUAGE", tongue)
    monkeypatch.setattr(sys, "argv", ["offboard", *words])
    with pytest.raises(SystemExit) as end:
        starter_cli.main()
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert "caf\N{REPLACEMENT CHARACTER}" in told
