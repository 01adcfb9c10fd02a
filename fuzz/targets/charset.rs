#![no_main]
//! See `yigong_fuzz::charset`.
libfuzzer_sys::fuzz_target!(|data: &[u8]| yigong_fuzz::charset(data));
