"""The addresses of the service: a removal or a change is seen in review (tests/routes.txt)."""

from __future__ import annotations

from flask import Flask

from tests.support.reviewed import compare


def test_the_list_of_addresses_is_reviewed(app: Flask) -> None:
    rules = sorted(
        f"{','.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'})):<10} {rule.rule}"
        f"  {rule.endpoint}"
        for rule in app.url_map.iter_rules()
    )
    compare("routes.txt", "\n".join(rules) + "\n")
