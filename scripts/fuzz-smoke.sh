#!/usr/bin/env bash
# Runs every fuzz target for a while (FUZZ_SECONDS, 60), two at a time (FUZZ_JOBS). Any crash, any input that takes over
# a second or 256 MiB ends it with a failure and the path of the input.
#   scripts/fuzz-smoke.sh              all targets
#   scripts/fuzz-smoke.sh run TARGET   one
#   scripts/fuzz-smoke.sh minimise     after a long run: what was found becomes the committed corpus, minimised
# libFuzzer on stable Rust: the coverage pass of LLVM is asked for directly (decision 0044).
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
seconds=${FUZZ_SECONDS:-60}
host=$(rustc -vV | sed -n 's/^host: //p')
target=${CARGO_TARGET_DIR:-$PWD/target}
bin=$target/$host/release
found=$target/found
targets=$(sed -n 's/^name = "\(.*\)"/\1/p' Cargo.toml | grep -v yigong-fuzz)
limits=(-rss_limit_mb=256 -malloc_limit_mb=256 -timeout=1 -max_len=65536)

build() {
    # Only the code of the target is instrumented: build scripts have no fuzzer to be linked with.
    RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
-Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing" \
        CARGO_TARGET_DIR=$target ${FUZZ_CARGO:-cargo} build --quiet --release --locked --target "$host"
}

run() {
    mkdir -p "$found/$1" "$target/failed"
    local log=$target/$1.log
    if ! "$bin/$1" "${limits[@]}" -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$target/failed/$1-" \
        "$found/$1" "corpus/$1" >"$log" 2>&1; then
        tail -n 40 "$log"
        echo "fuzz $1: FAILED, the input is below $target/failed"
        return 1
    fi
    sed -n 's/^stat::\(number_of_executed_units\|average_exec_per_sec\|slowest_unit_time_sec\|peak_rss_mb\): */\1 /p' "$log" |
        tr '\n' ' ' | sed "s/^/fuzz $1: /; s/\$/\n/"
}

case ${1:-all} in
all)
    build
    export FUZZ_SECONDS=$seconds
    printf '%s\n' $targets | xargs -P "${FUZZ_JOBS:-2}" -n 1 ../scripts/fuzz-smoke.sh run
    ;;
run) run "$2" ;;
minimise)
    build
    for t in $targets; do
        rm -rf "$target/small/$t" && mkdir -p "$target/small/$t" "$found/$t"
        "$bin/$t" "${limits[@]}" -merge=1 "$target/small/$t" "corpus/$t" "$found/$t" >/dev/null 2>&1
        rm -rf "corpus/$t" && mv "$target/small/$t" "corpus/$t"
    done
    ;;
*)
    echo "fuzz-smoke.sh: all, run TARGET or minimise" >&2
    exit 2
    ;;
esac
