#![no_main]
//! See `yigong_fuzz::command`.
libfuzzer_sys::fuzz_target!(|data: &[u8]| yigong_fuzz::command(data));
