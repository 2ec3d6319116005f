"""Checks a form-encoded request against the parameter types of the official `stripe` library.

Those types are generated from Stripe's published description, so a misspelt parameter fails
here as it would there. Unions of known words and `str` are taken as the known words.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from stripe import StripeContext
from stripe._request_options import RequestOptions

KEY = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
INTEGER = re.compile(r"-?[0-9]{1,12}")
MAX_DEPTH = 8


class InvalidParams(Exception):
    """The request is refused as Stripe would refuse it."""

    def __init__(self, message: str, *, param: str, code: str) -> None:
        super().__init__(message)
        self.message, self.param, self.code = message, param, code


def decode(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`a[b][0][c]=x` as nested dictionaries and lists."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        match = KEY.fullmatch(name)
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])] if match else []
        if not path or len(path) > MAX_DEPTH:
            raise unknown(name[:80])
        place = tree
        for step in path[:-1]:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise invalid(name)
        place[path[-1] or str(len(place))] = value
    return {name: _listed(value) for name, value in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {name: _listed(item) for name, item in value.items()}
    if items and all(name.isascii() and name.isdigit() for name in items):
        return [items[name] for name in sorted(items, key=int)]
    return items


def unknown(param: str) -> InvalidParams:
    return InvalidParams(
        f"Received unknown parameter: {param}", param=param, code="parameter_unknown"
    )


def invalid(param: str, code: str = "parameter_invalid") -> InvalidParams:
    return InvalidParams(f"Invalid value for {param}", param=param, code=code)


def validate(params: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """The request with integers and booleans in their own types. Raises InvalidParams."""
    return _typed_dict(params, given, "")


@lru_cache(maxsize=256)
def _hints(params: type) -> dict[str, Any]:
    names = vars(sys.modules[params.__module__])
    scope = {**names, "StripeContext": StripeContext, "Mapping": Mapping}
    hints = get_type_hints(params, globalns=scope, include_extras=True)
    return {
        name: hint for name, hint in hints.items() if name not in RequestOptions.__annotations__
    }


def _typed_dict(params: type, given: Any, path: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise invalid(path, "parameter_invalid_hash")
    hints = _hints(params)
    checked = {}
    for name, value in given.items():
        where = f"{path}[{name}]" if path else name
        if name not in hints:
            raise unknown(where)
        checked[name] = _value(hints[name], value, where)
    for name, hint in hints.items():
        if name not in given and get_origin(hint) is not NotRequired:
            where = f"{path}[{name}]" if path else name
            raise InvalidParams(
                f"Missing required param: {where}.", param=where, code="parameter_missing"
            )
    return checked


def _value(hint: Any, value: Any, path: str) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (NotRequired, Required):
        return _value(arguments[0], value, path)
    if origin is Literal:
        return _word(arguments, value, path)
    if origin in (list, Iterable):
        return _list(arguments[0], value, path)
    if origin in (dict, Mapping):
        return _dict(value, path)
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        return _union(arguments, value, path)
    return _plain(hint, value, path)


def _word(words: tuple[Any, ...], value: Any, path: str) -> Any:
    if value not in words:
        raise InvalidParams(
            f"Invalid {path}: must be one of {', '.join(map(str, words))}",
            param=path,
            code="parameter_invalid_string_enum",
        )
    return value


def _list(hint: Any, value: Any, path: str) -> list[Any]:
    if not isinstance(value, list):
        raise invalid(path, "parameter_invalid_array")
    return [_value(hint, item, f"{path}[{index}]") for index, item in enumerate(value)]


def _dict(value: Any, path: str) -> dict[str, str]:
    """Metadata: text by name."""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise invalid(path, "parameter_invalid_hash")
    if len(value) > 50 or any(len(k) > 40 or len(v) > 500 for k, v in value.items()):
        raise invalid(path, "parameter_invalid_metadata")
    return dict(value)


def _union(choices: tuple[Any, ...], value: Any, path: str) -> Any:
    """The first that fits; a list of words followed by `str` means those words."""
    words = [choice for choice in choices if get_origin(choice) is Literal]
    if words and get_args(words[0]) != ("",):
        choices = tuple(choice for choice in choices if choice is not str)
    failure = invalid(path)
    for choice in choices:
        try:
            return _value(choice, value, path)
        except InvalidParams as error:
            failure = error
    raise failure


def _plain(hint: Any, value: Any, path: str) -> Any:
    if isinstance(hint, type) and hasattr(hint, "__required_keys__"):
        return _typed_dict(hint, value, path)
    if not isinstance(value, str):
        raise invalid(path)
    if hint is int:
        if not INTEGER.fullmatch(value):
            raise InvalidParams(
                f"Invalid integer: {value[:40]}", param=path, code="parameter_invalid_integer"
            )
        return int(value)
    if hint is bool:
        if value not in {"true", "false"}:
            raise invalid(path, "parameter_invalid_boolean")
        return value == "true"
    if hint is str:
        return value
    raise invalid(path)
