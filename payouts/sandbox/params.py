"""Request parameters: form or JSON decoded, then checked against the SDK's own parameter types.

Names that the SDK's `stripe.params` TypedDicts do not have are refused with `parameter_unknown`, missing required ones
with `parameter_missing`, values outside a Literal with the list of choices (https://docs.stripe.com/error-codes).
"""

import functools
import re
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Union

from stripe import RequestOptions
from typing_extensions import is_typeddict

from payouts.sandbox.errors import StripeError, invalid
from payouts.sandbox.store import Json

_OPTIONS = set(RequestOptions.__annotations__)
_UNIONS = (Union, types.UnionType)


@dataclass(slots=True)
class Shape:
    """What one parameter accepts: scalars by type, choices, an object's fields, a list's item or a free map."""

    scalars: set[type] = field(default_factory=set)
    choices: list[str] = field(default_factory=list)
    may_be_empty: bool = False
    fields: dict[str, "Shape"] | None = None
    required: frozenset[str] = frozenset()
    item: "Shape | None" = None
    map: bool = False


def decode_form(pairs: Iterable[tuple[str, str]]) -> Json:
    """Nest `a[b][0][c]=x` the way Stripe's form encoding means it (https://docs.stripe.com/api)."""
    tree: Json = {}
    for name, value in pairs:
        path = re.split(r"\]\[|\[|\]", name)
        if name.endswith("]"):
            path.pop()
        node = tree
        for part in path[:-1]:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise invalid(f"Invalid parameters: {name} is both a value and a hash.", param=name)
            node = child
        leaf = path[-1] or str(len(node))
        node[leaf] = value
    return tree


def check(values: Json, params: type | None) -> Json:
    """The typed values of a request; raises StripeError for what the endpoint does not take."""
    shape = shape_of(params) if params is not None else Shape(fields={})
    shape_fields = shape.fields or {}
    allowed = shape_fields if "expand" in shape_fields else shape_fields | {"expand": Shape(item=Shape(scalars={str}))}
    return _object(values, Shape(fields=allowed, required=shape.required), "")


@functools.cache
def shape_of(params: type) -> Shape:
    """The shape of one of the SDK's parameter TypedDicts."""
    hints = typing.get_type_hints(params, localns={"StripeContext": Any, "Mapping": Mapping})
    required = frozenset(params.__required_keys__) - _OPTIONS  # type: ignore[attr-defined]
    return Shape(
        fields={name: _shape(hint) for name, hint in hints.items() if name not in _OPTIONS}, required=required
    )


def _shape(hint: Any) -> Shape:
    shape = Shape()
    for part in typing.get_args(hint) if typing.get_origin(hint) in _UNIONS else (hint,):
        _add(shape, part)
    return shape


def _add(shape: Shape, hint: Any) -> None:
    origin = typing.get_origin(hint)
    if origin is Literal:
        words = [str(word) for word in typing.get_args(hint)]
        shape.may_be_empty = shape.may_be_empty or "" in words
        shape.choices += [word for word in words if word]
    elif is_typeddict(hint):
        nested = shape_of(hint)
        shape.fields = (shape.fields or {}) | (nested.fields or {})
        shape.required = nested.required
    elif origin is list:
        shape.item = _shape(typing.get_args(hint)[0])
    elif origin is dict or "UntypedStripeObject" in str(hint):
        shape.map = True
    elif hint in (int, float, bool, str, Decimal):
        shape.scalars.add(hint)
    elif origin in _UNIONS:
        for part in typing.get_args(hint):
            _add(shape, part)
    elif hint is Any:
        shape.scalars.add(str)


def _object(values: Json, shape: Shape, path: str) -> Json:
    fields = shape.fields or {}
    for name in values:
        if name not in fields:
            raise invalid(
                f"Received unknown parameter: {_name(path, name)}", param=_name(path, name), code="parameter_unknown"
            )
    for name in sorted(shape.required):
        if name not in values:
            raise invalid(
                f"Missing required param: {_name(path, name)}.", param=_name(path, name), code="parameter_missing"
            )
    return {name: _value(value, fields[name], _name(path, name)) for name, value in values.items()}


def _value(value: Any, shape: Shape, path: str) -> Any:
    if value is None:
        return None
    if isinstance(value, dict):
        if shape.item is not None and shape.fields is None and all(key.isdigit() for key in value):
            value = [value[key] for key in sorted(value, key=int)]
        elif shape.fields is not None:
            return _object(value, shape, path)
        elif shape.map:
            return value
        else:
            raise invalid(f"Invalid {_last(path)}: hashes are not accepted here.", param=path)
    if isinstance(value, list):
        if shape.item is None:
            raise invalid(f"Invalid array for {path}.", param=path)
        return [_value(each, shape.item, f"{path}[{index}]") for index, each in enumerate(value)]
    return _scalar(value, shape, path)


def _scalar(value: Any, shape: Shape, path: str) -> Any:  # noqa: PLR0911  (one return per kind of value)
    if value == "":
        return _empty(shape, path)
    if isinstance(value, bool):
        return value
    text = str(value)
    if text in shape.choices:
        return text
    if int in shape.scalars and re.fullmatch(r"-?\d+", text):
        return int(text)
    if bool in shape.scalars and text in ("true", "false"):
        return text == "true"
    if {float, Decimal} & shape.scalars and re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text) if float in shape.scalars else text
    if str in shape.scalars and not shape.choices:
        return text
    raise _refusal(text, shape, path)


def _empty(shape: Shape, path: str) -> str:
    if shape.may_be_empty or shape.map or shape.item is not None:
        return ""
    raise invalid(
        f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; "
        f"however '{path}' cannot be unset. You should remove '{path}' from your request or supply a non-empty value.",
        param=path, code="parameter_invalid_empty",
    )  # fmt: skip


def _refusal(text: str, shape: Shape, path: str) -> StripeError:
    if shape.choices:
        choices = shape.choices
        listed = f"{', '.join(choices[:-1])}, or {choices[-1]}" if len(choices) > 1 else choices[0]
        return invalid(f"Invalid {path}: must be one of {listed}", param=path)
    if int in shape.scalars:
        return invalid(f"Invalid integer: {text}", param=path, code="parameter_invalid_integer")
    if bool in shape.scalars:
        return invalid(f"Invalid boolean: {text}", param=path)
    if shape.item is not None:
        return invalid(f"Invalid array for {path}.", param=path)
    return invalid(f"Invalid {path}: {text}", param=path)


def _name(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _last(path: str) -> str:
    return path.rstrip("]").rsplit("[", 1)[-1]
