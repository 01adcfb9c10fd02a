#![no_main]
//! See `yigong_fuzz::scanner`.
libfuzzer_sys::fuzz_target!(|data: &[u8]| yigong_fuzz::scanner(data));
