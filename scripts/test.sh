#!/usr/bin/env bash
# Everything that proves this tree, on a fresh machine: Rust tests on SQLite and PostgreSQL, other people's clients,
# faults, the browser. Prints each runner's closing line.
set -euo pipefail
cd "$(dirname "$0")/.."
export YIGONG_SHARED=${YIGONG_SHARED:-$(cd .. && pwd)/shared}
scripts/install.sh test
# How full this machine is is no matter of the tests; the reserve has its own.
export YIGONG__STORAGE__RESERVE_BYTES=0
step() { echo; echo "== $(date +%T) $*"; }

step "pages: install, check, unit tests, build"
npm --prefix web ci --ignore-scripts --no-audit --no-fund
npm --prefix web run check
npm --prefix web run lint
npm --prefix web run unit
npm --prefix web run build

step "rust: format, clippy"
cargo fmt --check
cargo clippy --workspace --all-targets -- -D warnings

step "rust: unit and integration tests on SQLite and PostgreSQL"
scripts/with-postgres.sh cargo test --workspace --all-targets

step "fuzz: every target for ${FUZZ_SECONDS:-60} s, two at a time"
scripts/fuzz-smoke.sh

step "licences, bans, sources"
PATH="$PWD/.tools/bin:$PATH" cargo deny --log-level error check bans licenses sources

cargo build --workspace --bins --examples
# Whole path: the test runners change their directory.
YIGONG_BIN=$(realpath "${YIGONG_BIN:-${CARGO_TARGET_DIR:-target}/debug/yigong}")
export YIGONG_BIN
step "other people's clients: DCMTK, pynetdicom, MLLP, pdfsig"
.venv/bin/python -m pytest tests/interop -q
scripts/with-postgres.sh scripts/interop-postgres.sh

step "faults"
.venv/bin/python -m pytest tests/faults -q

step "browser"
node --test tests/e2e/
