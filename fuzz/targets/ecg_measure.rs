#![no_main]
//! See `yigong_fuzz::ecg_measure`.
libfuzzer_sys::fuzz_target!(|data: &[u8]| yigong_fuzz::ecg_measure(data));
