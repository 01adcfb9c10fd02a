#![no_main]
//! See `yigong_fuzz::qido`.
libfuzzer_sys::fuzz_target!(|data: &[u8]| yigong_fuzz::qido(data));
