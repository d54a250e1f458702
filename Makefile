# Obole. `make` alone lists the commands.
PYTHON ?= python3
RUN := .venv/bin/python
RESET ?=
STORY ?= yes
NAME ?=
ARGS ?=

# Settings refuse to load without secrets; checks need none that work.
TEST_ENV := OBOLE_ENV=test SECRET_KEY=check PUBLIC_URL=http://testserver ALLOWED_HOSTS=testserver \
  DATABASE_URL=postgresql://obole_web@/obole REDIS_URL=redis://127.0.0.1/0 STRIPE_SECRET_KEY=sk_test_check \
  STRIPE_WEBHOOK_SECRETS=whsec_check
PRODUCTION_ENV := $(TEST_ENV) OBOLE_ENV=production PUBLIC_URL=https://obole.example ALLOWED_HOSTS=obole.example \
  SECRET_KEY=0b01e-only-for-this-check-5Zt8Qw2xLr7Vn4Kp9Ty3Hb6Md1Fs STRIPE_SECRET_KEY=sk_live_check STRIPE_LIVEMODE=true \
  EMAIL_URL=smtp://mail.example:587

# `make bench webhooks` is `make bench NAME=webhooks`: the goals after `bench` name benchmarks.
ifeq ($(firstword $(MAKECMDGOALS)),bench)
  BENCHMARKS := $(filter-out bench,$(MAKECMDGOALS))
  .PHONY: $(BENCHMARKS)
  $(BENCHMARKS):
	@:
endif

.PHONY: help demo code mail test soak check format bench screenshots livekit-client install install-dev

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: install ## run all of Obole here, with a story in its books (RESET=1: start afresh; STORY=no: empty books)
	@$(RUN) -m config.demo $(if $(filter-out 0 no,$(RESET)),--reset) $(if $(filter no 0,$(STORY)),--without-story)

code: install ## print the present code of Fin's second factor (while the demo runs)
	@$(RUN) -m config.demo.code

mail: install ## print the newest mail of the demo, which sends none
	@$(RUN) -m config.demo.mail

test: install-dev ## run all tests in their short profile (ARGS=tests/ledger: some of them)
	@$(RUN) -m pytest -n auto --dist loadfile $(ARGS)

soak: install-dev ## run the long profiles of hammers, fuzzers and state machines
	@HYPOTHESIS_PROFILE=soak $(RUN) -m pytest -n auto --dist loadfile --timeout 7200 -m soak $(ARGS)

check: install-dev ## lint, types, import directions, migrations, deployment settings
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@$(TEST_ENV) $(RUN) -m mypy
	@$(TEST_ENV) .venv/bin/lint-imports --cache-dir .import_linter_cache
	@$(TEST_ENV) $(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	@$(PRODUCTION_ENV) $(RUN) manage.py check --deploy --fail-level WARNING

format: install-dev ## put the code into its format
	@$(RUN) -m ruff format
	@$(RUN) -m ruff check --fix

bench: install-dev ## measure (make bench webhooks: one benchmark)
	@$(RUN) -m tests.bench $(NAME) $(BENCHMARKS)

screenshots: install-dev ## make the README's pictures from the running demo
	@$(RUN) -m config.demo.screenshots

livekit-client: ## fetch LiveKit's client for pages, for RELAY=livekit alone (needs npm once)
	@$(PYTHON) config/livekit_client.py

install:
	@$(PYTHON) config/install.py local

install-dev:
	@$(PYTHON) config/install.py dev
