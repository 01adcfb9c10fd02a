#!/usr/bin/env bash
# Runs a command with a temporary PostgreSQL: scripts/with-postgres.sh cargo test
# The server listens on a free loopback port, keeps its data in a temporary folder and is gone afterwards.
set -euo pipefail
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$bin" ] || { echo "PostgreSQL is not installed (package postgresql)" >&2; exit 1; }
dir=$(mktemp -d /tmp/yigong-postgres.XXXXXX)
port=$(python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])')
as=()
if [ "$(id -u)" = 0 ]; then chown postgres "$dir"; as=(runuser -u postgres --); fi
stop() { "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$dir"; }
trap stop EXIT
"${as[@]}" "$bin/initdb" -D "$dir/data" -U yigong -A trust -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/server.log" -o "-p $port -h 127.0.0.1 -k $dir -c max_connections=400" start >/dev/null || { cat "$dir/server.log" >&2; exit 1; }
export YIGONG_TEST_POSTGRES="postgres://yigong@127.0.0.1:$port"
"$@"
