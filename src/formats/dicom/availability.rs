//! Instance Availability Notification (PS3.4 Annex R): which objects of a study can be had, and where.

use super::build::{DataSet, TextSet};

/// An object that is available.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Available {
    /// Series Instance UID.
    pub series: String,
    /// SOP Class UID.
    pub sop_class: String,
    /// SOP Instance UID.
    pub sop_instance: String,
}

/// The attribute list of the N-CREATE: `objects` in the order of their series; `steps` = performed procedure steps by UID.
#[must_use]
pub fn notification(study: &str, objects: &[Available], steps: &[String], retrieve_ae: &str) -> DataSet {
    let mut set = DataSet::new(TextSet::Utf8);
    let reference = |class: &str, instance: &str| {
        let mut item = DataSet::new(TextSet::Utf8);
        item.put_text(0x0008_1150, b"UI", class).put_text(0x0008_1155, b"UI", instance);
        item
    };
    let performed = |uid: &String| {
        let mut item = reference(super::uid::MPPS, uid);
        item.put_items(0x0040_4019, Vec::new());
        item
    };
    set.put_items(0x0008_1111, steps.iter().map(performed).collect()).put_text(0x0020_000D, b"UI", study);
    let mut series = Vec::new();
    for group in objects.chunk_by(|a, b| a.series == b.series) {
        let Some(first) = group.first() else { continue };
        let available = |o: &Available| {
            let mut item = reference(&o.sop_class, &o.sop_instance);
            item.put_text(0x0008_0056, b"CS", "ONLINE").put_text(0x0008_0054, b"AE", retrieve_ae);
            item
        };
        let mut item = DataSet::new(TextSet::Utf8);
        item.put_text(0x0020_000E, b"UI", &first.series)
            .put_items(0x0008_1199, group.iter().map(available).collect());
        series.push(item);
    }
    set.put_items(0x0008_1115, series);
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::{Object, Tag, uid};

    #[test]
    fn series_are_grouped() {
        let object = |series: &str, instance: &str| Available {
            series: series.into(),
            sop_class: "1.2.840.10008.5.1.4.1.1.2".into(),
            sop_instance: instance.into(),
        };
        let objects = [object("1.1", "1.1.1"), object("1.1", "1.1.2"), object("1.2", "1.2.1")];
        let set = notification("1", &objects, &["1.9".into()], "YIGONG");
        let read = Object::parse(&set.encode_implicit(), Some(uid::IMPLICIT_LE)).expect("readable");
        let series = read.root().items(Tag::new(0x0008, 0x1115));
        let counts: Vec<_> = series.iter().map(|s| s.items(Tag::new(0x0008, 0x1199)).len()).collect();
        assert_eq!(counts, [2, 1]);
        assert_eq!(read.root().items(Tag::new(0x0008, 0x1111)).len(), 1);
    }
}
