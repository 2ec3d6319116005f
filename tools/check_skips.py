"""Fail when a test run skipped a test without a reason that was agreed on.

Usage: check_skips.py REPORT.xml, a JUnit report of pytest. Only the tests on the official files
may be skipped, and only where SALLE_REAL_DATA is unset.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree


def skipped_tests(report: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the reason of each skipped test; expected failures are not skips."""
    # The report was written a second ago by our own test run.
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314
        for skip in case.iter("skipped"):
            if skip.get("type") != "pytest.xfail":
                name = f"{case.get('classname')}::{case.get('name')}"
                yield name, skip.get("message", "")


def is_agreed(reason: str, *, real_data: bool) -> bool:
    """Tell whether a test may be skipped for this reason."""
    return "SALLE_REAL_DATA" in reason and not real_data


def main(arguments: list[str]) -> int:
    """Print the unexpected skips of the report; return the exit code."""
    real_data = bool(os.environ.get("SALLE_REAL_DATA"))
    unexpected = [
        f"Test sauté sans raison admise : {name} ({reason})"
        for name, reason in skipped_tests(Path(arguments[0]))
        if not is_agreed(reason, real_data=real_data)
    ]
    for line in unexpected:
        print(line, file=sys.stderr)
    return 1 if unexpected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
