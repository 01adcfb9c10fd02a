//! ECG recordings: one model, decoders, measurement, quality, drawing.
