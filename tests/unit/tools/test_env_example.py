"""`.env.example` names every setting that the configuration reads, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_env_example_and_config_name_the_same_settings() -> None:
    read = re.findall(r'(?:env\.get|need)\("([A-Z_]+)"', (ROOT / "config.py").read_text())
    shown = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(shown) == sorted(set(read))
