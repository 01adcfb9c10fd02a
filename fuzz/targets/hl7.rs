#![no_main]
//! See `yigong_fuzz::hl7`.
libfuzzer_sys::fuzz_target!(|data: &[u8]| yigong_fuzz::hl7(data));
