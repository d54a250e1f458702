"""`expand`: ids replaced by their objects, includable fields filled in (https://docs.stripe.com/api/expanding_objects)."""

from collections.abc import Sequence
from typing import Any

from payouts.sandbox.core import Sandbox
from payouts.sandbox.errors import invalid
from payouts.sandbox.store import Json


def expand(sandbox: Sandbox, obj: Json, paths: Sequence[str]) -> Json:
    """The object with every dotted path expanded, at most four levels deep."""
    for path in paths:
        if len([part for part in path.split(".") if part != "data"]) > 4:
            raise invalid("You cannot expand more than 4 levels of a property.", param="expand")
        _expand(sandbox, obj, path.split("."), path)
    return obj


def _expand(sandbox: Sandbox, node: Any, parts: list[str], path: str) -> None:
    if isinstance(node, list):
        for each in node:
            _expand(sandbox, each, parts, path)
        return
    if not parts or not isinstance(node, dict):
        return
    name = parts[0]
    if name not in node:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    node[name] = _resolved(sandbox, node, name, path)
    _expand(sandbox, node[name], parts[1:], path)


def _resolved(sandbox: Sandbox, node: Json, name: str, path: str) -> Any:
    value = node[name]
    if isinstance(value, str):
        found = sandbox.store.load(value)
        if found is None:
            raise invalid(f"This property cannot be expanded ({path}).", param="expand")
        return sandbox.present(found)
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        loaded = (sandbox.store.load(each) for each in value)
        return [sandbox.present(each) for each in loaded if each is not None]
    if value is None and "id" in node:
        return sandbox.store.hidden(node["id"]).get(name)
    return value
