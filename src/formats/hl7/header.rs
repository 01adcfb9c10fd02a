//! The header of a message, also of one that was refused: an acknowledgement needs MSH-10 whatever happened.

use super::charset::Charset;
use super::{Delimiters, Message};

/// Fields of MSH an answer is built from, raw as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Delimiters of the message.
    pub delimiters: Delimiters,
    /// Character set of the message.
    pub charset: Charset,
    /// MSH-3 sending application.
    pub sending_app: String,
    /// MSH-4 sending facility.
    pub sending_facility: String,
    /// MSH-5 receiving application.
    pub receiving_app: String,
    /// MSH-6 receiving facility.
    pub receiving_facility: String,
    /// MSH-9 raw.
    pub kind: String,
    /// MSH-10, byte for byte.
    pub control_id: String,
    /// MSH-11 raw.
    pub processing: String,
    /// MSH-12 raw.
    pub version: String,
    /// MSH-15 accept acknowledgement type.
    pub accept_ack: String,
    /// MSH-16 application acknowledgement type; instruments put other things there.
    pub application_ack: String,
    /// MSH-18 raw.
    pub charset_label: String,
}

impl Header {
    /// Of a message that was read.
    pub fn of(message: &Message) -> Self {
        Self::of_line(message.text(), *message.delimiters(), message.charset())
    }

    /// Of bytes that could not be read; `None` when no MSH with a field separator stands at their start.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        let line = bytes.split(|b| matches!(b, b'\r' | b'\n')).find(|l| !l.is_empty())?;
        let (text, charset) = [Charset::Utf8, Charset::Gb18030, Charset::Latin1]
            .into_iter()
            .find_map(|c| c.decode(line).map(|text| (text, c)))?;
        let text = text.trim_start_matches(['\u{FEFF}', '\u{B}']);
        let field = text.strip_prefix("MSH")?.chars().next().filter(char::is_ascii_graphic)?;
        let delimiters = Delimiters::of_msh(text, 1).unwrap_or(Delimiters { field, ..Delimiters::default() });
        Some(Self::of_line(text, delimiters, charset))
    }

    fn of_line(text: &str, delimiters: Delimiters, charset: Charset) -> Self {
        let line = text.split('\r').next().unwrap_or_default();
        let fields: Vec<&str> = line.split(delimiters.field).collect();
        let of = |n: usize| fields.get(n - 1).map(|f| (*f).to_owned()).unwrap_or_default();
        Self {
            delimiters,
            charset,
            sending_app: of(3),
            sending_facility: of(4),
            receiving_app: of(5),
            receiving_facility: of(6),
            kind: of(9),
            control_id: of(10),
            processing: of(11),
            version: of(12),
            accept_ack: of(15),
            application_ack: of(16),
            charset_label: of(18),
        }
    }

    /// A component of a raw header field, from 1.
    pub fn part<'a>(&self, field: &'a str, component: usize) -> &'a str {
        match self.delimiters.component {
            Some(c) => field.split(c).nth(component - 1).unwrap_or_default(),
            None => field,
        }
    }

    /// MSH-9.2.
    pub fn trigger(&self) -> &str {
        self.part(&self.kind, 2)
    }

    /// Whether the version is at least `major.minor`. An unreadable version counts as older.
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        let mut numbers = self.part(&self.version, 1).split('.').map(|n| n.parse::<u32>().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (major, minor)
    }
}
