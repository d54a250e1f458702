"""The table of cases in this package's docstring names tests that there are."""

import re
from importlib import import_module

from tests.payouts import field

CASES = 30
NAME = re.compile(r"\b(test_\w+)\.(test_\w+)")


def test_every_case_has_its_test() -> None:
    table = (field.__doc__ or "").split("\n\n", maxsplit=1)[1].replace("\n    ", " ")
    cases = dict(line.split(": ", maxsplit=1) for line in table.splitlines())
    assert len(cases) == CASES
    for case, tests in cases.items():
        named = NAME.findall(tests)
        assert len(named) == tests.count(".") > 0, case
        for module, test in named:
            assert callable(getattr(import_module(f"{field.__name__}.{module}"), test)), case
