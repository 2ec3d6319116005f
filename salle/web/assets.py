"""Addresses of static files that change when their content does."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, current_app, url_for

CACHE_FOREVER = "public, max-age=31536000, immutable"


@lru_cache(maxsize=512)
def _digest(path: Path, modified_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """« css/base.css » → « /static/css/base.css?v=… »; no version if the file is missing."""
    folder = current_app.static_folder
    path = Path(folder or "") / name
    try:
        version: str | None = _digest(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        version = None
    return url_for("static", filename=name, v=version)


def asset_exists(name: str) -> bool:
    """Whether set-up has put that file there (fonts and libraries are not committed)."""
    return (Path(current_app.static_folder or "") / name).is_file()


def init_assets(app: Flask) -> None:
    """Templates write `{{ "css/base.css"|asset }}`."""
    app.add_template_filter(asset)
    app.add_template_test(asset_exists, "asset")
