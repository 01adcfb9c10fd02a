//! The stack document of an instance: what the viewer and the codec worker need without opening the object.

use serde_json::{Value, json};
use yigong_formats::dicom::{Header, Tag, tag};

/// What a document says of its age. A document without it knows nothing of `rendered_for` and is written anew when it is read.
pub const VERSION: i64 = 2;

/// True for a document that says all this one says; one of an object without frames says nothing at any time.
#[must_use]
pub fn is_current(document: &Value) -> bool {
    document.as_object().is_some_and(serde_json::Map::is_empty) || document.get("v") == Some(&json!(VERSION))
}

/// Builds it; an empty object when there is no frame to show.
#[must_use]
pub fn document(id: &str, header: &Header) -> Value {
    let frames = header.frames.count();
    if frames == 0 {
        return json!({});
    }
    let i = &header.image;
    let exact = |v: &[f64], n: usize| if v.len() >= n { json!(v.get(..n)) } else { Value::Null };
    let raw_ok = matches!(i.bits_allocated, 8 | 16)
        && matches!(i.samples, 1 | 3)
        && !matches!(i.photometric.as_str(), "PALETTE COLOR" | "YBR_FULL_422" | "YBR_PARTIAL_422")
        && yigong_base::codec::supported(&header.transfer_syntax)
        && !header.frames.is_deflated();
    let mut document = json!({
        "id": id,
        "uid": header.sop_instance,
        "sop_class": header.sop_class,
        "number": header.root().int(tag::INSTANCE_NUMBER),
        "frames": frames,
        "rows": i.rows, "cols": i.cols, "samples": i.samples, "planar": i.planar,
        "bits_allocated": i.bits_allocated, "bits_stored": i.bits_stored, "high_bit": i.high_bit, "signed": i.signed,
        "photometric": i.photometric,
        "transfer_syntax": header.transfer_syntax,
        "raw_ok": raw_ok,
        "slope": i.slope, "intercept": i.intercept, "units": i.units,
        "windows": i.windows.iter().map(|w| json!({"center": w.center, "width": w.width, "label": w.label})).collect::<Vec<_>>(),
        "voi_function": i.voi_function,
        "padding": i.padding,
        "position": exact(&i.position, 3), "orientation": exact(&i.orientation, 6),
        "pixel_spacing": exact(&i.pixel_spacing, 2), "imager_spacing": exact(&i.imager_spacing, 2),
        "calibration_type": i.calibration,
        "magnification": i.magnification,
        "slice_thickness": i.slice_thickness, "slice_location": i.slice_location,
        "frame_time_ms": i.frame_time_ms,
        "us_regions": i.regions.iter().map(region).collect::<Vec<_>>(),
        "view_position": header.text(tag::VIEW_POSITION),
        "laterality": laterality(header),
        "frame_of_reference": header.text(Tag(0x0020_0052)),
        "patient_orientation": header.root().strings(Tag(0x0020_0020)).join("\\"),
        "acquisition_time": header.text(tag::ACQUISITION_TIME),
        "lossy": i.lossy.as_ref().map(|(method, ratio)| json!({"method": method, "ratio": ratio})),
        "invert": i.photometric == "MONOCHROME1" || i.inverse,
    });
    if let Some(fields) = document.as_object_mut() {
        fields.insert("v".to_owned(), json!(VERSION));
        // Reasons why the samples under a straight window are not the picture: then the page shows the frames as drawn here.
        fields.insert("rendered_for".to_owned(), json!(i.beyond));
        if i.float {
            fields.insert("float".to_owned(), json!(true));
        }
    }
    document
}

fn region(r: &yigong_formats::dicom::image::Region) -> Value {
    let [x0, y0, x1, y1] = r.bounds;
    let ([unit_x, unit_y], [delta_x, delta_y], [ref_x, ref_y]) = (r.units, r.delta, r.reference);
    json!({
        "x0": x0, "y0": y0, "x1": x1, "y1": y1, "unit_x": unit_x, "unit_y": unit_y, "delta_x": delta_x, "delta_y": delta_y,
        "spatial_format": r.spatial_format, "data_type": r.data_type, "flags": r.flags, "ref_x": ref_x, "ref_y": ref_y,
    })
}

/// Image laterality, else the series'.
#[must_use]
pub fn laterality(header: &Header) -> String {
    let image = header.text(tag::IMAGE_LATERALITY);
    if image.is_empty() { header.text(tag::LATERALITY) } else { image }
}
