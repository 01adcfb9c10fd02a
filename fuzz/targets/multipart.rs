#![no_main]
//! See `yigong_fuzz::multipart`.
libfuzzer_sys::fuzz_target!(|data: &[u8]| yigong_fuzz::multipart(data));
