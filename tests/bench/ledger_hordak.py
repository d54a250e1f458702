"""django-hordak, three legs on a hot account, in an environment of its own: what the ledger is compared with.

`python -m tests.bench.ledger_hordak`. Makes the environment beside the benchmarks' database on the first run.
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.bench.harness import database
from tests.environment import DATA_DIR

SECONDS = int(os.environ.get("SECONDS", "5"))
SCRIPT = """
import multiprocessing, os, sys, time
import dj_database_url, django
from django.conf import settings
settings.configure(
    SECRET_KEY="x", USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", DEFAULT_CURRENCY="USD",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mptt", "djmoney", "hordak"],
    DATABASES={"default": dj_database_url.parse(sys.argv[1], conn_max_age=None)},
)
django.setup()
from django.core.management import call_command
from django.db import connection, transaction
from hordak.models import Account, Leg, Transaction
from moneyed import Money

def work(number, seconds, answers, barrier):
    accounts = list(Account.objects.all())
    hot, fee, payees = accounts[0], accounts[1], accounts[2:]
    barrier.wait()
    until, count = time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        payee = payees[(number * 31 + count * 37) % len(payees)]
        with transaction.atomic():
            posted = Transaction.objects.create(description="sale")
            Leg.objects.create(transaction=posted, account=hot, debit=Money("10.00", "USD"))
            Leg.objects.create(transaction=posted, account=payee, credit=Money("9.70", "USD"))
            Leg.objects.create(transaction=posted, account=fee, credit=Money("0.30", "USD"))
        count += 1
    answers.put(count)

call_command("migrate", verbosity=0)
for n in range(202):
    kind = {0: "AS", 1: "IN"}.get(n, "LI")
    Account.objects.create(name=f"a{n}", code=str(n), type=kind, currencies=["USD"])
connection.cursor().execute("ANALYZE")
connection.close()
context = multiprocessing.get_context("fork")
for clients in (1, 8):
    answers, barrier = context.Queue(), context.Barrier(clients)
    workers = [context.Process(target=work, args=(n, float(sys.argv[2]), answers, barrier)) for n in range(clients)]
    [worker.start() for worker in workers]
    total = sum(answers.get(timeout=120) for _ in workers)
    [worker.join() for worker in workers]
    print(f"hordak, hot, {clients} client(s): {total / float(sys.argv[2]):,.0f} a second", flush=True)
"""


def main() -> None:
    """Install hordak apart from Obole's own environment, and time it on a database of its own."""
    home = Path(DATA_DIR).parent / "bench" / "hordak"
    python = home / "bin" / "python"
    if not python.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "-q", str(home)], check=True)
        packages = ["django-hordak", "django<5.3", "psycopg[binary]", "dj-database-url"]
        subprocess.run([uv, "pip", "install", "-q", "--python", str(python), *packages], check=True)
    with database() as fresh:
        command = [str(python), "-W", "ignore", "-c", SCRIPT, fresh.owner_url, str(SECONDS)]
        subprocess.run(command, check=True, env={"PATH": os.environ["PATH"]})


if __name__ == "__main__":
    main()
