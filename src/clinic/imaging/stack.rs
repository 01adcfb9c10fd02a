//! The stack document of an instance: what the viewer and the codec worker need without opening the object.

use serde_json::{Value, json};
use yigong_formats::dicom::image::{Own, Window};
use yigong_formats::dicom::{Header, Tag, tag, uid};

/// What a document says of its age. An older one knows nothing of `rendered_for`, `per_frame`, `set` or `padding_limit`, or calls
/// samples raw that no page can draw, and is written anew when it is read.
pub const VERSION: i64 = 6;

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
    // Where frames may differ and are not listed, the first one's plane holds for no other.
    let plane = |v: &[f64], n: usize| if i.varying.more { Value::Null } else { exact(v, n) };
    // Without functional groups a place is that of the first frame (RT Dose: the others follow from it by offsets).
    let placed = frames == 1 || !header.root().items(tag::PER_FRAME_GROUPS).is_empty();
    let raw_ok = matches!((i.bits_allocated, i.samples), (8, 1 | 3) | (16, 1))
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
        "windows": windows(&i.windows),
        "voi_function": i.voi_function,
        "padding": i.padding.map(|(first, _)| first),
        "padding_limit": i.padding.map(|(_, last)| last),
        "position": if placed { plane(&i.position, 3) } else { Value::Null }, "orientation": plane(&i.orientation, 6),
        "pixel_spacing": plane(&i.pixel_spacing, 2), "imager_spacing": exact(&i.imager_spacing, 2),
        "calibration_type": i.calibration,
        "magnification": i.magnification,
        "slice_thickness": i.slice_thickness, "slice_location": i.slice_location.filter(|_| placed),
        "frame_time_ms": i.frame_time_ms,
        "us_regions": i.regions.iter().map(region).collect::<Vec<_>>(),
        "view_position": header.text(tag::VIEW_POSITION),
        "laterality": laterality(header),
        "frame_of_reference": header.text(Tag(0x0020_0052)),
        "patient_orientation": header.root().strings(Tag(0x0020_0020)).join("\\"),
        "acquisition_time": header.text(tag::ACQUISITION_TIME),
        "lossy": lossy(i.lossy.as_ref(), &header.transfer_syntax),
        "invert": i.photometric == "MONOCHROME1" || i.inverse,
    });
    if let Some(fields) = document.as_object_mut() {
        fields.insert("v".to_owned(), json!(VERSION));
        fields.insert("set".to_owned(), json!(i.set));
        // Reasons why the samples under a straight window are not the picture: then the page shows the frames as drawn here.
        let more = i.varying.more.then_some("frame-groups");
        let reasons: Vec<&str> = i.beyond.iter().copied().chain(more).collect();
        fields.insert("rendered_for".to_owned(), json!(reasons));
        if let Some(frames) = per_frame(&i.varying.frames) {
            fields.insert("per_frame".to_owned(), frames);
        }
        if i.float {
            fields.insert("float".to_owned(), json!(true));
        }
    }
    document
}

/// How the pixels were compressed with loss: as the object says, else by a transfer syntax that is not known to keep everything
/// (PS3.5 §8.2, §10). JPEG 2000 and its like may have kept it; nobody can tell.
fn lossy(told: Option<&(String, f64)>, transfer_syntax: &str) -> Value {
    if let Some((method, ratio)) = told {
        return json!({"method": method, "ratio": ratio});
    }
    let method = match transfer_syntax.strip_prefix("1.2.840.10008.1.2.4.") {
        Some("50" | "51") => "ISO_10918_1",
        Some("81") => "ISO_14495_1",
        Some("91" | "93") => "ISO_15444_1",
        Some("203") => "ISO_15444_15",
        Some("112") => "ISO_18181_1",
        _ if uid::is_video(transfer_syntax) => "MPEG",
        _ => return Value::Null,
    };
    json!({"method": method, "ratio": null})
}

fn exact(v: &[f64], n: usize) -> Value {
    if v.len() >= n { json!(v.get(..n)) } else { Value::Null }
}

fn windows(list: &[Window]) -> Value {
    list.iter().map(|w| json!({"center": w.center, "width": w.width, "label": w.label})).collect()
}

/// How a field of a frame is written.
type Column<'a> = &'a dyn Fn(&Own) -> Value;

/// Of each field that differs from frame to frame, its values in the order of the frames.
fn per_frame(frames: &[Own]) -> Option<Value> {
    let columns: [(&str, Column<'_>); 9] = [
        ("slope", &|f| json!(f.slope)),
        ("intercept", &|f| json!(f.intercept)),
        ("units", &|f| json!(f.units)),
        ("windows", &|f| windows(&f.windows)),
        ("position", &|f| exact(&f.position, 3)),
        ("orientation", &|f| exact(&f.orientation, 6)),
        ("pixel_spacing", &|f| exact(&f.pixel_spacing, 2)),
        ("slice_thickness", &|f| json!(f.slice_thickness)),
        ("set", &|f| json!(f.set)),
    ];
    let mut out = serde_json::Map::new();
    for (name, of) in columns {
        let values: Vec<Value> = frames.iter().map(of).collect();
        if values.windows(2).any(|two| two.first() != two.last()) {
            out.insert(name.to_owned(), Value::Array(values));
        }
    }
    (!out.is_empty()).then_some(Value::Object(out))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(slope: f64, z: f64) -> Own {
        let window = Window { center: 40.0, width: 400.0, label: String::new() };
        Own {
            slope,
            position: vec![0.0, 0.0, z],
            pixel_spacing: vec![1.0, 1.0],
            windows: vec![window],
            ..Own::default()
        }
    }

    #[test]
    fn only_what_differs_is_listed_frame_by_frame() {
        let listed = per_frame(&[frame(1.0, 5.0), frame(2.0, 5.0), Own::default()]).unwrap();
        assert_eq!(listed["slope"], json!([1.0, 2.0, 0.0]));
        assert_eq!(listed["position"], json!([[0.0, 0.0, 5.0], [0.0, 0.0, 5.0], null]));
        assert_eq!(listed["windows"][2], json!([]));
        assert!(listed.get("orientation").is_none() && listed.get("units").is_none());
        assert_eq!(per_frame(&[frame(1.0, 5.0), frame(1.0, 5.0)]), None);
        assert_eq!(per_frame(&[]), None);
    }

    #[test]
    fn what_was_coded_with_loss_is_never_called_lossless() {
        let coded = |n: &str| lossy(None, &format!("1.2.840.10008.1.2.4.{n}"));
        for syntax in ["50", "51", "81", "91", "93", "203", "112", "100", "102", "107"] {
            assert!(coded(syntax).is_object(), "{syntax}");
        }
        for syntax in ["57", "70", "80", "90", "92", "201", "202", "110"] {
            assert_eq!(coded(syntax), Value::Null, "{syntax}");
        }
        assert_eq!(lossy(None, "1.2.840.10008.1.2.1"), Value::Null);
        let told = lossy(Some(&("ISO_10918_1".into(), 12.0)), "1.2.840.10008.1.2.1");
        assert_eq!(told, json!({"method": "ISO_10918_1", "ratio": 12.0}));
    }

    #[test]
    fn a_document_without_the_present_version_is_outdated() {
        assert!(is_current(&json!({})) && is_current(&json!({"id": "i", "v": VERSION})));
        for old in [json!({"id": "i"}), json!({"id": "i", "v": 5}), Value::Null] {
            assert!(!is_current(&old), "{old}");
        }
    }
}
