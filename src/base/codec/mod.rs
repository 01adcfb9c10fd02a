//! The pool of `yigong codec-worker` child processes that decode foreign pixels.
