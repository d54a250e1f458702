"""`python -m tests.bench [NAME]`: list the benchmarks, and run one or all, each in a process of its own."""

import ast
import pkgutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
NOT_BENCHMARKS = {
    "__main__", "harness", "relay_aiortc", "relay_floor", "relay_janus", "relay_load", "webhooks_drain",
    "webhooks_load",
}  # fmt: skip


def names() -> list[str]:
    """Every benchmark there is."""
    return sorted(module.name for module in pkgutil.iter_modules([str(HERE)]) if module.name not in NOT_BENCHMARKS)


def summary(name: str) -> str:
    """The first line of its docstring."""
    doc = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text())) or ""
    return doc.split("\n", 1)[0]


def main(asked: list[str]) -> int:
    """The first exit code that is not 0, after all have run."""
    present = names()
    unknown = [name for name in asked if name not in present]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are: {', '.join(present) or 'none yet'}", file=sys.stderr)
        return 2
    if not present:
        print("no benchmarks yet: a module in tests/bench with a main() becomes one")
        return 0
    for name in present:
        print(f"  {name:<24} {summary(name)}", flush=True)
    codes = [subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode
             for name in asked or present]  # fmt: skip
    return next(filter(None, codes), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
