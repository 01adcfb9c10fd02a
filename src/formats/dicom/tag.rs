//! Attribute tags and the few of them this program names.

use std::fmt;

/// An attribute tag: group in the upper, element in the lower 16 bits (PS3.5 §7.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub u32);

impl Tag {
    /// From group and element.
    #[must_use]
    pub const fn new(group: u16, element: u16) -> Self {
        Self(((group as u32) << 16) | element as u32)
    }
    /// The group number.
    #[must_use]
    pub const fn group(self) -> u16 {
        (self.0 >> 16) as u16
    }
    /// The element number.
    #[must_use]
    pub const fn element(self) -> u16 {
        (self.0 & 0xFFFF) as u16
    }
    /// True for private tags (odd group, PS3.5 §7.8).
    #[must_use]
    pub const fn is_private(self) -> bool {
        self.group() & 1 == 1
    }
    /// Reads `GGGGEEEE` hexadecimal.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            u32::from_str_radix(text, 16).ok().map(Self)
        } else {
            None
        }
    }
    /// Finds a tag by dictionary keyword (`PatientName`) or by eight hexadecimal digits.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
        if let Some(tag) = Self::from_hex(text) {
            return Some(tag);
        }
        dicom_dictionary_std::StandardDataDictionary.by_name(text).map(|e| {
            let t = e.tag_range().inner();
            Self::new(t.group(), t.element())
        })
    }
    /// The dictionary keyword; empty for private and unknown tags.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
        dicom_dictionary_std::StandardDataDictionary
            .by_tag(dicom_core::Tag(self.group(), self.element()))
            .map_or("", |e| e.alias())
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}{:04X}", self.group(), self.element())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:04X},{:04X})", self.group(), self.element())
    }
}

macro_rules! tags { ($($(#[$m:meta])* $name:ident = $value:expr;)+) => { $($(#[$m])* pub const $name: Tag = Tag($value);)+ } }

tags! {
    /// Specific Character Set.
    CHARSET = 0x0008_0005;
    /// Image Type.
    IMAGE_TYPE = 0x0008_0008;
    /// SOP Class UID.
    SOP_CLASS = 0x0008_0016;
    /// SOP Instance UID.
    SOP_INSTANCE = 0x0008_0018;
    /// Study Date.
    STUDY_DATE = 0x0008_0020;
    /// Series Date.
    SERIES_DATE = 0x0008_0021;
    /// Instance Creation Date.
    CREATION_DATE = 0x0008_0012;
    /// Instance Creation Time.
    CREATION_TIME = 0x0008_0013;
    /// Acquisition Date.
    ACQUISITION_DATE = 0x0008_0022;
    /// Content Date.
    CONTENT_DATE = 0x0008_0023;
    /// Study Time.
    STUDY_TIME = 0x0008_0030;
    /// Series Time.
    SERIES_TIME = 0x0008_0031;
    /// Acquisition Time.
    ACQUISITION_TIME = 0x0008_0032;
    /// Content Time.
    CONTENT_TIME = 0x0008_0033;
    /// Accession Number.
    ACCESSION = 0x0008_0050;
    /// Query/Retrieve Level.
    QUERY_LEVEL = 0x0008_0052;
    /// Retrieve AE Title.
    RETRIEVE_AE = 0x0008_0054;
    /// Instance Availability.
    AVAILABILITY = 0x0008_0056;
    /// Failed SOP Instance UID List.
    FAILED_UIDS = 0x0008_0058;
    /// Modality.
    MODALITY = 0x0008_0060;
    /// Modalities in Study.
    MODALITIES_IN_STUDY = 0x0008_0061;
    /// SOP Classes in Study.
    SOP_CLASSES_IN_STUDY = 0x0008_0062;
    /// Manufacturer.
    MANUFACTURER = 0x0008_0070;
    /// Institution Name.
    INSTITUTION = 0x0008_0080;
    /// Referring Physician's Name.
    REFERRING = 0x0008_0090;
    /// Timezone Offset From UTC.
    TIMEZONE = 0x0008_0201;
    /// Station Name.
    STATION = 0x0008_1010;
    /// Study Description.
    STUDY_DESCRIPTION = 0x0008_1030;
    /// Series Description.
    SERIES_DESCRIPTION = 0x0008_103E;
    /// Name of Physician(s) Reading Study.
    READERS = 0x0008_1060;
    /// Manufacturer's Model Name.
    MODEL = 0x0008_1090;
    /// Retrieve URL.
    RETRIEVE_URL = 0x0008_1190;
    /// Available Transfer Syntax UID.
    AVAILABLE_SYNTAX = 0x0008_3002;
    /// Patient's Name.
    PATIENT_NAME = 0x0010_0010;
    /// Patient ID.
    PATIENT_ID = 0x0010_0020;
    /// Patient's Birth Date.
    BIRTH_DATE = 0x0010_0030;
    /// Patient's Sex.
    SEX = 0x0010_0040;
    /// Patient's Age.
    AGE = 0x0010_1010;
    /// Patient's Telephone Numbers.
    PHONE = 0x0010_2154;
    /// Patient Comments.
    PATIENT_COMMENTS = 0x0010_4000;
    /// Body Part Examined.
    BODY_PART = 0x0018_0015;
    /// Slice Thickness.
    SLICE_THICKNESS = 0x0018_0050;
    /// Device Serial Number.
    DEVICE_SERIAL = 0x0018_1000;
    /// Protocol Name.
    PROTOCOL = 0x0018_1030;
    /// Frame Time, ms.
    FRAME_TIME = 0x0018_1063;
    /// Estimated Radiographic Magnification Factor.
    MAGNIFICATION = 0x0018_1114;
    /// Imager Pixel Spacing, mm.
    IMAGER_SPACING = 0x0018_1164;
    /// View Position.
    VIEW_POSITION = 0x0018_5101;
    /// Sequence of Ultrasound Regions.
    US_REGIONS = 0x0018_6011;
    /// Study Instance UID.
    STUDY_UID = 0x0020_000D;
    /// Series Instance UID.
    SERIES_UID = 0x0020_000E;
    /// Study ID.
    STUDY_ID = 0x0020_0010;
    /// Series Number.
    SERIES_NUMBER = 0x0020_0011;
    /// Instance Number.
    INSTANCE_NUMBER = 0x0020_0013;
    /// Image Position (Patient), mm.
    POSITION = 0x0020_0032;
    /// Image Orientation (Patient).
    ORIENTATION = 0x0020_0037;
    /// Laterality.
    LATERALITY = 0x0020_0060;
    /// Image Laterality.
    IMAGE_LATERALITY = 0x0020_0062;
    /// Slice Location, mm.
    SLICE_LOCATION = 0x0020_1041;
    /// Number of Patient Related Studies.
    PATIENT_STUDIES = 0x0020_1200;
    /// Number of Patient Related Series.
    PATIENT_SERIES = 0x0020_1202;
    /// Number of Patient Related Instances.
    PATIENT_INSTANCES = 0x0020_1204;
    /// Number of Study Related Series.
    STUDY_SERIES = 0x0020_1206;
    /// Number of Study Related Instances.
    STUDY_INSTANCES = 0x0020_1208;
    /// Number of Series Related Instances.
    SERIES_INSTANCES = 0x0020_1209;
    /// Samples per Pixel.
    SAMPLES = 0x0028_0002;
    /// Photometric Interpretation.
    PHOTOMETRIC = 0x0028_0004;
    /// Planar Configuration.
    PLANAR = 0x0028_0006;
    /// Number of Frames.
    FRAMES = 0x0028_0008;
    /// Rows.
    ROWS = 0x0028_0010;
    /// Columns.
    COLS = 0x0028_0011;
    /// Pixel Spacing, mm.
    PIXEL_SPACING = 0x0028_0030;
    /// Bits Allocated.
    BITS_ALLOCATED = 0x0028_0100;
    /// Bits Stored.
    BITS_STORED = 0x0028_0101;
    /// High Bit.
    HIGH_BIT = 0x0028_0102;
    /// Pixel Representation.
    PIXEL_REPRESENTATION = 0x0028_0103;
    /// Pixel Padding Value.
    PADDING = 0x0028_0120;
    /// Pixel Padding Range Limit.
    PADDING_LIMIT = 0x0028_0121;
    /// Pixel Spacing Calibration Type.
    CALIBRATION = 0x0028_0A02;
    /// Window Center.
    WINDOW_CENTER = 0x0028_1050;
    /// Window Width.
    WINDOW_WIDTH = 0x0028_1051;
    /// Rescale Intercept.
    INTERCEPT = 0x0028_1052;
    /// Rescale Slope.
    SLOPE = 0x0028_1053;
    /// Rescale Type.
    RESCALE_TYPE = 0x0028_1054;
    /// Window Center & Width Explanation.
    WINDOW_LABEL = 0x0028_1055;
    /// VOI LUT Function.
    VOI_FUNCTION = 0x0028_1056;
    /// Lossy Image Compression.
    LOSSY = 0x0028_2110;
    /// Lossy Image Compression Ratio.
    LOSSY_RATIO = 0x0028_2112;
    /// Lossy Image Compression Method.
    LOSSY_METHOD = 0x0028_2114;
    /// LUT Descriptor.
    LUT_DESCRIPTOR = 0x0028_3002;
    /// LUT Data.
    LUT_DATA = 0x0028_3006;
    /// Shared Functional Groups Sequence.
    SHARED_GROUPS = 0x5200_9229;
    /// Per-Frame Functional Groups Sequence.
    PER_FRAME_GROUPS = 0x5200_9230;
    /// Waveform Sequence.
    WAVEFORMS = 0x5400_0100;
    /// Extended Offset Table.
    EXTENDED_OFFSETS = 0x7FE0_0001;
    /// Extended Offset Table Lengths.
    EXTENDED_LENGTHS = 0x7FE0_0002;
    /// Float Pixel Data.
    FLOAT_PIXELS = 0x7FE0_0008;
    /// Double Float Pixel Data.
    DOUBLE_PIXELS = 0x7FE0_0009;
    /// Pixel Data.
    PIXELS = 0x7FE0_0010;
    /// Item.
    ITEM = 0xFFFE_E000;
    /// Item Delimitation Item.
    ITEM_END = 0xFFFE_E00D;
    /// Sequence Delimitation Item.
    SEQUENCE_END = 0xFFFE_E0DD;
    /// Data Set Trailing Padding.
    TRAILING_PADDING = 0xFFFC_FFFC;
}
