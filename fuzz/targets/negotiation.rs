#![no_main]
//! See `yigong_fuzz::negotiation`.
libfuzzer_sys::fuzz_target!(|data: &[u8]| yigong_fuzz::negotiation(data));
