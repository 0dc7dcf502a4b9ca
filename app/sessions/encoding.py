"""Frozen dataclasses as JSON and back, checked field by field. No Qt.

What is read is made by people and by other versions of the program: a value
of the wrong kind is refused with the key it stands under, what is missing
takes its default, and what is unknown is left aside with a note.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, cast

import numpy as np

from core.errors import InvalidRequest, ShellsightError

Json = Any
"""None, bool, int, float, str, and lists and dicts of these."""

_T = TypeVar("_T")


def encoded(value: object) -> Json:
    """Return a value as JSON can hold it.

    Parameters
    ----------
    value : object
        A dataclass, None, bool, int, float, str, or tuples, lists and
        mappings of these. A float that is no number becomes None: JSON has
        no other word for it.

    Returns
    -------
    object
        The same in dicts, lists and plain values.

    Raises
    ------
    TypeError
        If it holds anything else.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: encoded(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encoded(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encoded(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be kept in a session")


def decoded(kind: type[_T], value: Json, key: str = "", notes: list[str] | None = None) -> _T:
    """Make a value of a type from JSON.

    Parameters
    ----------
    kind : type
        A dataclass, or any of the types its fields may have: None, bool, int,
        float, str, ``Literal``, unions, tuples and mappings from str.
    value : object
        What `encoded` made, perhaps of another version.
    key : str
        Where it stands, for errors and notes.
    notes : list of str, optional
        Receives what was left aside.

    Returns
    -------
    object
        Of the type `kind`.

    Raises
    ------
    InvalidRequest
        If a value is of the wrong kind; the message names its key.
    """
    return cast(_T, _decoded(kind, value, key, notes if notes is not None else []))


def _decoded(kind: Any, value: Json, key: str, notes: list[str]) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _one_of(arguments, value, key, notes)
    if origin is Literal:
        if value not in arguments or isinstance(value, bool) != isinstance(arguments[0], bool):
            raise _wrong(key, " or ".join(f"“{one}”" for one in arguments), value)
        return value
    if origin is tuple:
        return _tuple(arguments, value, key, notes)
    if origin in (dict, Mapping):
        if not isinstance(value, dict):
            raise _wrong(key, "a group of named values", value)
        return {
            name: _decoded(arguments[1], item, _under(key, name), notes)
            for name, item in value.items()
        }
    if is_dataclass(kind):
        return _dataclass(kind, value, key, notes)
    return _plain(kind, value, key)


def _plain(kind: Any, value: Json, key: str) -> Any:
    if kind in (None, type(None)):
        if value is not None:
            raise _wrong(key, "empty", value)
        return None
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value, key)
    if kind is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind in (bool, str) and isinstance(value, kind):
        return value
    words = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}
    if kind not in words:
        raise TypeError(f"{key}: {kind} cannot be kept in a session")
    raise _wrong(key, words[kind], value)


def _number(value: float, key: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _wrong(key, "a number", value)
    return number


def _one_of(kinds: tuple[Any, ...], value: Json, key: str, notes: list[str]) -> Any:
    """Decode the first kind that fits; None only where it is meant."""
    if value is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    failure: InvalidRequest | None = None
    for kind in others:
        heard: list[str] = []
        try:
            result = _decoded(kind, value, key, heard)
        except InvalidRequest as error:
            failure = failure or error
            continue
        notes += heard
        return result
    assert failure is not None
    raise failure


def _tuple(arguments: tuple[Any, ...], value: Json, key: str, notes: list[str]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _wrong(key, "a list", value)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        kinds = (arguments[0],) * len(value)
    else:
        kinds = arguments
        if len(kinds) != len(value):
            raise _wrong(key, f"a list of {len(kinds)} values", value)
    return tuple(
        _decoded(kind, item, f"{key}[{index}]", notes)
        for index, (kind, item) in enumerate(zip(kinds, value, strict=True))
    )


def _dataclass(kind: Any, value: Json, key: str, notes: list[str]) -> Any:
    if not isinstance(value, dict):
        raise _wrong(key, "a group of named values", value)
    hints = typing.get_type_hints(kind)
    known = {item.name: item for item in fields(kind)}
    for name in value:
        if name not in known:
            notes.append(f"{_under(key, name)} is unknown to this version and was left aside.")
    arguments = {}
    for name, item in known.items():
        place = _under(key, name)
        if name not in value:
            if not _has_default(item):
                raise InvalidRequest(f"{place} is missing.")
            continue
        if value[name] is None and not _may_be_none(hints[name]) and _has_default(item):
            notes.append(f"{place} has no value; it is as in a new window.")
            continue
        arguments[name] = _decoded(hints[name], value[name], place, notes)
    try:
        return kind(**arguments)
    except ShellsightError as error:
        raise InvalidRequest(f"{key or 'It'} cannot be used: {error}") from error


def _has_default(item: Field[Any]) -> bool:
    return item.default is not MISSING or item.default_factory is not MISSING


def _may_be_none(kind: Any) -> bool:
    return kind is type(None) or type(None) in typing.get_args(kind)


def _under(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _wrong(key: str, expected: str, value: Json) -> InvalidRequest:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}…"
    return InvalidRequest(f"{key or 'The content'} must be {expected}, not {shown}.")
