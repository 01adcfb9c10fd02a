#!/usr/bin/env bash
# Installs what is missing: `scripts/install.sh run` for the demonstration, `scripts/install.sh test` for the tests.
# Needs Rust (cargo) and Node 20 or later; Debian packages are installed with apt when they are missing.
set -euo pipefail
what=${1:-run}
need() { command -v "$1" >/dev/null 2>&1 || { echo "missing: $1 ($2)" >&2; exit 1; }; }
need cargo "install Rust 1.95 or later"
need npm "install Node.js 20 or later"
packages=(cmake g++ make pkg-config fonts-noto-cjk)
if [ "$what" = test ]; then packages+=(dcmtk poppler-utils postgresql chromium python3 openssl orthanc orthanc-dicomweb dicom3tools libgdcm-tools strace faketime); fi
missing=()
for p in "${packages[@]}"; do dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p"); done
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing: ${missing[*]}"
  sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
if [ "$what" = test ]; then
  if [ ! -x .venv/bin/python ]; then python3 -m venv .venv 2>/dev/null || { python3 -m pip install -q virtualenv && python3 -m virtualenv -q .venv; }; fi
  .venv/bin/python -m pip install -q --disable-pip-version-check -r tests/requirements.txt
  # Unoptimised: it runs for seconds, its optimised build takes minutes.
  if ! PATH="$PWD/.tools/bin:$PATH" command -v cargo-deny >/dev/null 2>&1; then
    CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/deny-tool cargo install -q --debug cargo-deny --version 0.20.2 --locked --root .tools
  fi
fi
