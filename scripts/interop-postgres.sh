#!/usr/bin/env bash
# Other people's clients against servers whose rows are in PostgreSQL; called by scripts/with-postgres.sh. What has nothing to do
# with rows (pixels, character sets of single files, hostile bytes) is tested on SQLite only. Each server makes its own database.
set -euo pipefail
export YIGONG__STORAGE__DATABASE="$YIGONG_TEST_POSTGRES/postgres"
cd tests/interop
../../.venv/bin/python -m pytest -q test_images.py test_lab.py test_query.py test_services.py test_afterwards.py test_leaving.py test_ecg.py test_scope.py
