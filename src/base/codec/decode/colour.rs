//! `YBR_FULL` to RGB (PS3.3 §C.7.6.3.1.2).

/// In place, 8 bits, `samples` a pixel.
pub(in super::super) fn ybr_to_rgb_8(data: &mut [u8], samples: usize) {
    for p in data.chunks_exact_mut(samples) {
        let rgb = convert([p[0].into(), p[1].into(), p[2].into()], 128.0, 255.0);
        for (place, value) in p.iter_mut().zip(rgb) {
            *place = value as u8;
        }
    }
}

/// In place, three samples of `bits` bits a pixel.
pub(in super::super) fn ybr_to_rgb(data: &mut [u16], bits: u8) {
    let top = (1_u32 << bits) - 1;
    for p in data.chunks_exact_mut(3) {
        let rgb = convert([p[0].into(), p[1].into(), p[2].into()], (1_u32 << (bits - 1)) as f32, top as f32);
        for (place, value) in p.iter_mut().zip(rgb) {
            *place = value as u16;
        }
    }
}

fn convert([y, b, r]: [f32; 3], middle: f32, top: f32) -> [f32; 3] {
    let (b, r) = (b - middle, r - middle);
    [y + 1.402 * r, y - 0.344_136 * b - 0.714_136 * r, y + 1.772 * b].map(|v| v.round().clamp(0.0, top))
}
