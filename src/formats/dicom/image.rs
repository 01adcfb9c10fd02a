//! What the Image Pixel, VOI LUT, plane and ultrasound modules say (PS3.3 §C.7.6), read from a data set or its shared functional groups.

mod beyond;
mod frame_set;
mod look;
mod packed;
mod table;
mod varying;

use super::object::Node;
use super::{Object, Tag, tag};

pub use look::{Look, Overlay, Plane, Shutter, look};
pub use table::{Palette, Table, palette};
pub use varying::{Own, Varying};

/// A display window.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// (0028,1050).
    pub center: f64,
    /// (0028,1051).
    pub width: f64,
    /// (0028,1055).
    pub label: String,
}

/// One ultrasound region (PS3.3 §C.8.5.5).
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Left, top, right, bottom pixel.
    pub bounds: [i64; 4],
    /// Physical units in X and Y (3 = cm, 4 = s, …).
    pub units: [i64; 2],
    /// Physical size of a pixel in X and Y.
    pub delta: [f64; 2],
    /// Region spatial format (1 = 2D, 2 = M-mode, 3 = spectral).
    pub spatial_format: i64,
    /// Region data type.
    pub data_type: i64,
    /// Region flags.
    pub flags: i64,
    /// Reference pixel.
    pub reference: [Option<i64>; 2],
}

/// The image description of an instance.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub cols: u32,
    /// Samples per pixel.
    pub samples: u32,
    /// Planar configuration.
    pub planar: u32,
    /// Bits allocated, stored, and the high bit.
    pub bits_allocated: u32,
    /// Bits stored.
    pub bits_stored: u32,
    /// High bit.
    pub high_bit: u32,
    /// Two's complement samples.
    pub signed: bool,
    /// Photometric interpretation.
    pub photometric: String,
    /// Samples are floating point: (7FE0,0008) or (7FE0,0009) instead of (7FE0,0010).
    pub float: bool,
    /// Number of frames, at least 1.
    pub frames: u32,
    /// Rescale slope.
    pub slope: f64,
    /// Rescale intercept.
    pub intercept: f64,
    /// Rescale type.
    pub units: String,
    /// Windows in the order of the object.
    pub windows: Vec<Window>,
    /// VOI LUT function.
    pub voi_function: String,
    /// Stored values that are padding, first and last (PS3.3 §C.7.5.1.1.2).
    pub padding: Option<(i64, i64)>,
    /// Image position, mm.
    pub position: Vec<f64>,
    /// Image orientation.
    pub orientation: Vec<f64>,
    /// Pixel spacing row, column, mm.
    pub pixel_spacing: Vec<f64>,
    /// Imager pixel spacing, mm.
    pub imager_spacing: Vec<f64>,
    /// Calibration type.
    pub calibration: String,
    /// Radiographic magnification.
    pub magnification: Option<f64>,
    /// Slice thickness, mm.
    pub slice_thickness: Option<f64>,
    /// Slice location, mm.
    pub slice_location: Option<f64>,
    /// Stack, point in time and whatever else sets images of one place apart.
    pub set: String,
    /// Frame time, ms.
    pub frame_time_ms: Option<f64>,
    /// Ultrasound regions.
    pub regions: Vec<Region>,
    /// Lossy compression happened: method and ratio.
    pub lossy: Option<(String, f64)>,
    /// Presentation LUT Shape INVERSE.
    pub inverse: bool,
    /// What plain samples under a linear window would not show: `overlay`, `modality-lut`,
    /// `voi-lut`, `voi-function`, `presentation-lut`, `shutter`, `palette`.
    pub beyond: Vec<&'static str>,
    /// What differs from frame to frame; the fields above are those of the first frame.
    pub varying: Varying,
}

/// Bytes of a decoded frame at most (512 MiB).
pub const MAX_FRAME: u64 = 512 << 20;

impl Image {
    /// Reads the description.
    #[must_use]
    pub fn of(object: &Object) -> Self {
        let root = object.root();
        let places = places(&root);
        let numbers =
            |t: Tag| places.iter().map(|n| n.numbers(t)).find(|v| !v.is_empty()).unwrap_or_default();
        let number = |t: Tag| numbers(t).first().copied();
        let text = |t: Tag| places.iter().map(|n| n.text(t)).find(|v| !v.is_empty()).unwrap_or_default();
        let count = |t: Tag| root.int(t).and_then(|n| u32::try_from(n).ok());
        let bits_allocated = count(tag::BITS_ALLOCATED).unwrap_or(0);
        let bits_stored =
            count(tag::BITS_STORED).filter(|b| *b > 0 && *b <= bits_allocated).unwrap_or(bits_allocated);
        let signed = count(tag::PIXEL_REPRESENTATION) == Some(1);
        let lossy = (text(tag::LOSSY) == "01")
            .then(|| (text(tag::LOSSY_METHOD), number(tag::LOSSY_RATIO).unwrap_or(0.0)));
        let frames = count(tag::FRAMES).filter(|n| *n > 0).unwrap_or(1);
        let (first, varying) = varying::varying(object, frames as usize);
        let mut image = Self {
            rows: count(tag::ROWS).unwrap_or(0),
            cols: count(tag::COLS).unwrap_or(0),
            samples: count(tag::SAMPLES).filter(|n| *n > 0).unwrap_or(1),
            planar: count(tag::PLANAR).unwrap_or(0),
            bits_allocated,
            bits_stored,
            high_bit: count(tag::HIGH_BIT).unwrap_or(bits_stored.saturating_sub(1)),
            signed,
            photometric: text(tag::PHOTOMETRIC),
            float: !root.has(tag::PIXELS) && (root.has(tag::FLOAT_PIXELS) || root.has(tag::DOUBLE_PIXELS)),
            frames,
            slope: first.slope,
            intercept: first.intercept,
            units: first.units,
            windows: first.windows,
            voi_function: text(tag::VOI_FUNCTION),
            padding: padding(&root, signed, bits_allocated),
            position: first.position,
            orientation: first.orientation,
            pixel_spacing: first.pixel_spacing,
            imager_spacing: numbers(tag::IMAGER_SPACING),
            calibration: text(tag::CALIBRATION),
            magnification: number(tag::MAGNIFICATION),
            slice_thickness: first.slice_thickness,
            slice_location: number(tag::SLICE_LOCATION),
            set: first.set,
            frame_time_ms: frame_time(&number, &numbers),
            regions: root.items(tag::US_REGIONS).iter().map(region).collect(),
            lossy,
            inverse: every_place(&root).iter().any(|p| p.text(Tag(0x2050_0020)) == "INVERSE"),
            beyond: Vec::new(),
            varying,
        };
        image.beyond = beyond::beyond(object, &image);
        image
    }

    /// Bytes of one native frame; `None` when the description is impossible or above 512 MiB.
    #[must_use]
    pub fn frame_bytes(&self) -> Option<u64> {
        let bits = u64::from(self.rows)
            .checked_mul(u64::from(self.cols))?
            .checked_mul(u64::from(self.samples))?
            .checked_mul(u64::from(self.bits_allocated))?;
        let bytes = bits.div_ceil(8);
        (bytes > 0 && bytes <= MAX_FRAME && matches!(self.samples, 1 | 3 | 4)).then_some(bytes)
    }
}

/// Milliseconds between two frames: Frame Time, else the mean of the Frame Time Vector, whose first entry stands for no
/// interval, else from the rates the device recommends (PS3.3 §C.7.6.5).
fn frame_time(number: &dyn Fn(Tag) -> Option<f64>, numbers: &dyn Fn(Tag) -> Vec<f64>) -> Option<f64> {
    let vector = numbers(Tag(0x0018_1065));
    let between: Vec<f64> = vector.iter().skip(1).copied().filter(|t| *t > 0.0).collect();
    let mean = (!between.is_empty()).then(|| between.iter().sum::<f64>() / between.len() as f64);
    let rate = |t: Tag| number(t).filter(|r| *r > 0.0).map(|r| 1000.0 / r);
    let told = number(tag::FRAME_TIME).filter(|t| *t > 0.0);
    told.or(mean).or_else(|| rate(Tag(0x0008_2144))).or_else(|| rate(Tag(0x0018_0040)))
}

/// The windows given in one place, those of no width left out. A centre goes with the width at its own place: one that is no
/// number takes its window with it and no other.
fn windows(node: &Node<'_>) -> Vec<Window> {
    let labels = node.strings(tag::WINDOW_LABEL);
    let read = |t: Tag| -> Vec<Option<f64>> {
        let number = |v: &String| v.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        node.strings(t).iter().map(number).collect()
    };
    let (centers, widths) = (read(tag::WINDOW_CENTER), read(tag::WINDOW_WIDTH));
    let both = centers.into_iter().zip(widths).enumerate();
    both.filter_map(|(i, (center, width))| {
        let width = width.filter(|w| *w > 0.0)?;
        Some(Window { center: center?, width, label: labels.get(i).cloned().unwrap_or_default() })
    })
    .collect()
}

/// Pixel Padding Value and Range Limit: US by the dictionary of implicit encoding, but signed when the pixels are.
fn padding(root: &Node<'_>, signed: bool, bits_allocated: u32) -> Option<(i64, i64)> {
    let turned =
        |v: i64| if signed && bits_allocated <= 16 && v > i64::from(i16::MAX) { v - 65_536 } else { v };
    let value = turned(root.int(tag::PADDING)?);
    Some((value, root.int(tag::PADDING_LIMIT).map_or(value, turned)))
}

/// Where single-frame attributes may stand: the data set, then the shared and the first per-frame functional groups.
fn places<'o>(root: &Node<'o>) -> Vec<Node<'o>> {
    let mut out = vec![root.clone()];
    for groups in [tag::SHARED_GROUPS, tag::PER_FRAME_GROUPS] {
        out.extend(root.items(groups).first().map(inside).unwrap_or_default());
    }
    out
}

/// The data set and the functional groups of every frame.
fn every_place<'o>(root: &Node<'o>) -> Vec<Node<'o>> {
    let mut out = vec![root.clone()];
    for groups in [tag::SHARED_GROUPS, tag::PER_FRAME_GROUPS] {
        out.extend(root.items(groups).iter().flat_map(inside));
    }
    out
}

/// The macros in one item of the functional groups.
fn inside<'o>(item: &Node<'o>) -> Vec<Node<'o>> {
    item.elements().filter_map(|(index, _)| item.items_at(index).into_iter().next()).collect()
}

fn region(node: &Node<'_>) -> Region {
    let int = |element: u16| node.int(Tag::new(0x0018, element));
    let real = |element: u16| node.number(Tag::new(0x0018, element)).unwrap_or(0.0);
    Region {
        bounds: [0x6018, 0x601A, 0x601C, 0x601E].map(|e| int(e).unwrap_or(0)),
        units: [0x6024, 0x6026].map(|e| int(e).unwrap_or(0)),
        delta: [real(0x602C), real(0x602E)],
        spatial_format: int(0x6012).unwrap_or(0),
        data_type: int(0x6014).unwrap_or(0),
        flags: int(0x6016).unwrap_or(0),
        reference: [int(0x6020), int(0x6022)],
    }
}

#[cfg(test)]
mod tests;
