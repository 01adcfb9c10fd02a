# Every recipe is one plain line that also works by hand.
.PHONY: run test check web e2e conform interop bench faults fuzz deny image

run:
	scripts/install.sh run && npm --prefix web run setup && cargo run -- demo

test:
	scripts/test.sh

check:
	cargo fmt --check && cargo clippy --workspace --all-targets -- -D warnings && npm --prefix web run check && npm --prefix web run lint

web:
	npm --prefix web run setup

conform:
	scripts/install.sh test && cargo build && cd tests/interop && CONFORM_KILLS=100 ../../.venv/bin/python -m conform

interop:
	.venv/bin/python -m pytest tests/interop -q

bench:
	bench/run

faults:
	.venv/bin/python -m pytest tests/faults -q

fuzz:
	scripts/fuzz-smoke.sh

e2e:
	node --test tests/e2e/

deny:
	PATH="$(CURDIR)/.tools/bin:$$PATH" cargo deny check bans licenses sources

image:
	docker build -f docker/Dockerfile -t yigong .
