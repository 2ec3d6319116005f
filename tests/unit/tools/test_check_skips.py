"""Continuous integration fails on a test skipped without an agreed reason."""

from pathlib import Path

import pytest

from tools import check_skips

SKIPPED = "<testcase classname='t' name='test_s'><skipped message='{}'/></testcase>"
CASES = {
    "passed": "<testcase classname='t' name='test_a'/>",
    "real": SKIPPED.format("SALLE_REAL_DATA is unset"),
    "other": SKIPPED.format("no reason"),
    "xfail": "<testcase classname='t' name='test_x'><skipped type='pytest.xfail'/></testcase>",
}


@pytest.mark.parametrize(
    ("names", "real_data", "code"),
    [
        ("passed xfail", "", 0),
        ("passed real", "", 0),
        ("passed real", "/official/files", 1),
        ("passed other", "", 1),
    ],
)
def test_main_fails_only_on_unexpected_skips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: str, real_data: str, code: int
) -> None:
    monkeypatch.setenv("SALLE_REAL_DATA", real_data)
    report = tmp_path / "report.xml"
    cases = "".join(CASES[name] for name in names.split())
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    assert check_skips.main([str(report)]) == code
