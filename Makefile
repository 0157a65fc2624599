# Pressroom needs Python 3.11 or newer and make; everything else is installed into .venv.
# `make help` lists the commands.

.DEFAULT_GOAL := help
SHELL := /bin/sh
PORT ?= 8000
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PY := .venv/bin/python
STATIC := $(shell find static -type f)

DEMO := demo pictures
VNU := 26.9.27
VNU_SHA256 := 5970d3ffca91a627cf0965e5d91bb2e4242307c29292998de0b419d6a901b2b7

.PHONY: help setup demo test check soak vnu lint format messages bench pictures lock

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | \
		while IFS="$$(printf '\t')" read -r name help; do printf '  make %-8s %s\n' "$$name" "$$help"; done

setup: .venv/runtime .env var/.static-built ## make .venv, install, migrate, collect static files
	@mkdir -p var/media
	@$(PY) manage.py migrate --verbosity 0

$(DEMO): export DEBUG := 1
$(DEMO): export NEWSROOM_NAME ?= Demonstration Newsroom
$(DEMO): export NEWSROOM_EMAIL ?= press@lanternwatch.example
$(DEMO): export SITE_NOTICE ?= A demonstration of Pressroom. Lantern Watch, its people and the countries that it writes about are invented; one release is real and names its publisher.
$(DEMO): export REQUIRE_SECOND_FACTOR ?= nobody
$(DEMO): export TIME_ZONE ?= Europe/London
$(DEMO): export EXTRA_COUNTRIES ?= XK=Kosovo,XV=Valdria (invented),XO=Onderlys (invented),XT=Tamsin Islands (invented)
demo: preflight-port setup ## load the demo newsroom (only if empty) and serve it on $PORT (8000)
	@$(PY) manage.py demo
	@printf '\nThe newsroom:  http://localhost:%s/\nThe desk:      http://localhost:%s/admin/\nThe demo asks for no second factor (REQUIRE_SECOND_FACTOR=%s). Passkeys work on localhost, not on 127.0.0.1.\nStop with Ctrl-C.\n\n' $(PORT) $(PORT) $(REQUIRE_SECOND_FACTOR)
	@exec $(PY) manage.py runserver --noreload --verbosity 0 127.0.0.1:$(PORT)

test: .venv/dev setup ## run the whole suite (on DATABASE_URL, else SQLite)
	@$(PY) -m pytest -n auto $(ARGS)

check: lint setup ## check style and types, and run the tests that your changes affect
	@$(PY) tests/affected.py $(ARGS)

soak: .venv/dev setup ## run the tests that take minutes: restarts under load, slow clients, memory (up to an hour)
	@$(PY) -m pytest -m soak -s $(ARGS)

vnu: .venv/share/vnu.jar ## fetch the HTML checker that the suite uses if Java is installed (needs npm)

lint: .venv/dev .env ## check style, types, migrations and message catalogues (needs gettext)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy .
	@$(PY) manage.py makemigrations --check --dry-run
	@$(PY) manage.py messages --check

format: .venv/dev ## format the code
	@$(PY) -m ruff check --fix-only .
	@$(PY) -m ruff format .

messages: .venv/dev .env ## collect new texts into locale/ (needs gettext; ADD=fr adds a language)
	@$(PY) manage.py messages $(if $(ADD),--add $(ADD))

bench: .venv/dev ## measure speed and memory, as ratios
	@$(PY) bench/images.py
	@$(PY) bench/uploads.py
	@$(PY) bench/names.py
	@$(PY) bench/printing.py
	@$(PY) bench/pages.py
	@$(PY) bench/search.py
	@$(PY) bench/growth.py

pictures: .venv/dev setup ## make the pictures of README.md and docs/editing.md again (needs Debian's chromium)
	@$(PY) docs/images/editing/make.py

lock: .venv/dev ## write the newest allowed versions, with hashes, to the requirements files
	@$(PY) -m pip install --quiet uv
	@$(PY) -m uv lock --quiet --upgrade
	@$(PY) -m uv export --quiet --no-dev --no-emit-project --no-header --format requirements.txt --output-file requirements.txt
	@$(PY) -m uv export --quiet --no-dev --extra s3 --no-emit-project --no-header --format requirements.txt --output-file requirements-s3.txt
	@$(PY) -m uv export --quiet --extra s3 --no-emit-project --no-header --format requirements.txt --output-file requirements-dev.txt
	@rm uv.lock  # it records hosts; the requirements files record none

.PHONY: preflight preflight-port
preflight:
	@test -n "$(PYTHON)" || { echo "Pressroom needs Python 3.11 or newer, and found none. Install it (on Debian: apt install python3 python3-venv), then run make again." >&2; exit 1; }
	@$(PYTHON) pressroom/preflight.py

preflight-port: preflight
	@$(PYTHON) pressroom/preflight.py --port $(PORT)

.venv/runtime: requirements.txt | preflight
	@echo "Installing packages into .venv (once; about a minute) …"
	@$(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/dev: requirements-dev.txt .venv/runtime
	@echo "Installing what the tests need (once) …"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.venv/share/vnu.jar: | .venv/runtime
	@echo "Fetching the HTML checker (once; 30 MB) …"
	@mkdir -p .venv/share
	@cd .venv/share && npm pack --silent vnu-jar@$(VNU) >/dev/null && \
		echo "$(VNU_SHA256)  vnu-jar-$(VNU).tgz" | sha256sum --check --quiet && \
		tar -xzf vnu-jar-$(VNU).tgz --strip-components=3 package/build/dist/vnu.jar && \
		rm vnu-jar-$(VNU).tgz

.env: | .venv/runtime
	@$(PY) -c 'import secrets; print("SECRET_KEY=" + secrets.token_urlsafe(60))' > .env
	@chmod 600 .env

var/.static-built: .venv/runtime .env pressroom/static.py $(STATIC)
	@mkdir -p var && rm -rf var/static  # folders too: --clear would leave them as they are
	@$(PY) manage.py collectstatic --no-input --verbosity 0
	@touch $@
