//! The head we put before a data set that came without one (specification §7.1, file form).

/// Our implementation class UID: fixed, so that equal objects have equal heads.
pub const IMPLEMENTATION_UID: &str = "2.25.224883719502170231164817032211839404127";
/// Our implementation version name.
pub const IMPLEMENTATION_NAME: &str = "YIGONG_1";

fn element(out: &mut Vec<u8>, number: u16, vr: &[u8; 2], value: &[u8]) {
    out.extend_from_slice(&2u16.to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
    out.extend_from_slice(vr);
    let pad = value.len() & 1;
    let length = value.len() + pad;
    if vr == b"OB" {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&u32::try_from(length).unwrap_or(0).to_le_bytes());
    } else {
        out.extend_from_slice(&u16::try_from(length).unwrap_or(0).to_le_bytes());
    }
    out.extend_from_slice(value);
    if pad == 1 {
        out.push(if vr == b"SH" { b' ' } else { 0 });
    }
}

/// Zero preamble, `DICM` and a deterministic meta group (PS3.10 §7.1): class, instance, transfer syntax, implementation; no AE titles, no time.
#[must_use]
pub fn head(sop_class: &str, sop_instance: &str, transfer_syntax: &str) -> Vec<u8> {
    let mut group = Vec::with_capacity(256);
    element(&mut group, 1, b"OB", &[0, 1]);
    element(&mut group, 2, b"UI", sop_class.as_bytes());
    element(&mut group, 3, b"UI", sop_instance.as_bytes());
    element(&mut group, 0x10, b"UI", transfer_syntax.as_bytes());
    element(&mut group, 0x12, b"UI", IMPLEMENTATION_UID.as_bytes());
    element(&mut group, 0x13, b"SH", IMPLEMENTATION_NAME.as_bytes());
    let mut out = vec![0u8; 128];
    out.extend_from_slice(b"DICM");
    element(&mut out, 0, b"UL", &u32::try_from(group.len()).unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&group);
    out
}
