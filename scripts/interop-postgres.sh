#!/usr/bin/env bash
# Other people's clients against a server whose rows are in PostgreSQL; called by scripts/with-postgres.sh.
set -euo pipefail
psql "$YIGONG_TEST_POSTGRES/postgres" -qc "CREATE DATABASE yigong_interop"
export YIGONG__STORAGE__DATABASE="$YIGONG_TEST_POSTGRES/yigong_interop"
.venv/bin/python -m pytest tests/interop -q
