//! What the index needs of an object: UIDs, decoded text, image description, frames, defects and the verdict.

use super::frames::{self, Frames};
use super::image::Image;
use super::name::{self, Name};
use super::object::{Keep, Node};
use super::text::Decision;
use super::{Defects, Object, Refusal, Source, Tag, tag, uid};

/// A header read for the index. `object` gives every other attribute.
#[derive(Debug, Clone)]
pub struct Header {
    /// The scanned data set.
    pub object: Object,
    /// (0008,0016).
    pub sop_class: String,
    /// (0008,0018).
    pub sop_instance: String,
    /// (0020,000D).
    pub study: String,
    /// (0020,000E).
    pub series: String,
    /// Transfer syntax of the stored bytes.
    pub transfer_syntax: String,
    /// Patient name.
    pub name: Name,
    /// (0010,0020), decoded and trimmed.
    pub patient_id: String,
    /// `M`, `F`, `O` or empty.
    pub sex: String,
    /// `YYYYMMDD` or empty.
    pub birth_date: String,
    /// Image description.
    pub image: Image,
    /// Where the frames are.
    pub frames: Frames,
    /// What was wrong.
    pub defects: Defects,
}

impl Header {
    /// The data set.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        self.object.root()
    }
    /// First text value of a tag, decoded.
    #[must_use]
    pub fn text(&self, wanted: Tag) -> String {
        self.root().text(wanted)
    }
    /// The character set decision.
    #[must_use]
    pub fn charset(&self) -> &Decision {
        &self.object.charset
    }
    /// First byte of the data set in the file.
    #[must_use]
    pub fn dataset_offset(&self) -> u64 {
        self.object.head.dataset
    }
    /// True when the object has pixel data of any kind.
    #[must_use]
    pub fn has_pixels(&self) -> bool {
        let root = self.root();
        [tag::PIXELS, tag::FLOAT_PIXELS, tag::DOUBLE_PIXELS].into_iter().any(|t| root.has(t))
    }
}

/// Reads the header of a file, or of a bare data set when the transfer syntax was negotiated.
///
/// # Errors
/// A refusal with its slug (specification §2, verdict): `uid`, `meta`, `depth`, `item-count`, `element-count`, `inflate-limit`.
pub fn header<S: Source>(source: &mut S, negotiated: Option<&str>) -> Result<Header, Refusal> {
    header_in(source, negotiated, None)
}

/// The same with the character set of the sender's profile, for text whose own set is in doubt.
///
/// # Errors
/// As [`header`].
pub fn header_in<S: Source>(
    source: &mut S,
    negotiated: Option<&str>,
    profile: Option<&str>,
) -> Result<Header, Refusal> {
    let mut object = Object::read(source, negotiated, Keep::INDEX)?;
    if let Some(term) = profile {
        super::profile::apply(&mut object, term);
    }
    let mut defects = object.defects.clone();
    let root = object.root();
    let mut checked = |t: Tag, what: &str| uid::check(root.bytes(t).unwrap_or_default(), what, &mut defects);
    let sop_class = checked(tag::SOP_CLASS, "sop class uid")?;
    let sop_instance = checked(tag::SOP_INSTANCE, "sop instance uid")?;
    let study = checked(tag::STUDY_UID, "study instance uid")?;
    let series = checked(tag::SERIES_UID, "series instance uid")?;
    if object.head.has_meta {
        let trimmed = |raw: &[u8]| String::from_utf8_lossy(raw).trim_end_matches(['\0', ' ']).to_owned();
        let (class, instance) = (trimmed(&object.head.class), trimmed(&object.head.instance));
        if (!class.is_empty() && class != sop_class) || (!instance.is_empty() && instance != sop_instance) {
            defects.note("meta-uid");
        }
    }
    let image = Image::of(&object);
    let frames = frames::index(&object, &image, source, &mut defects);
    let name = name::read(&root.text(tag::PATIENT_NAME));
    let sex = match root.text(tag::SEX).trim() {
        s @ ("M" | "F" | "O") => s.to_owned(),
        "男" => "M".into(),
        "女" => "F".into(),
        _ => String::new(),
    };
    let birth_date: String = root.text(tag::BIRTH_DATE).chars().filter(char::is_ascii_digit).collect();
    Ok(Header {
        patient_id: root.text(tag::PATIENT_ID).trim().to_owned(),
        transfer_syntax: object.head.transfer_syntax.clone(),
        birth_date: if birth_date.len() == 8 { birth_date } else { String::new() },
        sop_class,
        sop_instance,
        study,
        series,
        name,
        sex,
        image,
        frames,
        defects,
        object,
    })
}
