//! XML as recorders write it, read in one pass: no DTD is loaded, no entity but the five of XML is known, depth and text
//! are bounded. UTF-16, ISO-8859-1 and GB18030 files are turned into UTF-8 first.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::ecg::limits::{Limits, Refusal};

/// Attributes of one element.
const ATTRIBUTES: usize = 64;

/// An open element.
#[derive(Debug, Default)]
pub struct Node {
    /// Name without prefix.
    pub name: String,
    /// Attributes, names without prefix.
    pub attributes: Vec<(String, String)>,
    /// Own text so far; whole when the element closes.
    pub text: String,
}

impl Node {
    /// An attribute; empty when absent.
    #[must_use]
    pub fn attr(&self, name: &str) -> &str {
        self.attributes.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.trim())
    }

    /// The `value` attribute, else the text.
    #[must_use]
    pub fn value(&self) -> &str {
        match self.attr("value") {
            "" => self.text.trim(),
            value => value,
        }
    }
}

/// The open elements, root first.
#[derive(Debug, Clone, Copy)]
pub struct Path<'a>(&'a [Node]);

impl<'a> Path<'a> {
    /// The element itself.
    #[must_use]
    pub fn here(self) -> Option<&'a Node> {
        self.0.last()
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.up(0)
    }

    /// Name of the ancestor `n` levels up; empty above the root.
    #[must_use]
    pub fn up(self, n: usize) -> &'a str {
        self.0.len().checked_sub(n + 1).and_then(|k| self.0.get(k)).map_or("", |e| e.name.as_str())
    }

    /// Whether an element of this name is open.
    #[must_use]
    pub fn inside(self, name: &str) -> bool {
        self.0.iter().any(|e| e.name == name)
    }

    /// Whether the path ends in these names.
    #[must_use]
    pub fn ends(self, names: &[&str]) -> bool {
        self.0.len() >= names.len() && self.0.iter().rev().zip(names.iter().rev()).all(|(e, n)| e.name == *n)
    }
}

/// What is done at the elements.
pub trait Visit {
    /// An element with its attributes begins.
    ///
    /// # Errors
    /// Ends the reading.
    fn open(&mut self, path: Path<'_>) -> Result<(), Refusal>;

    /// An element with its text ends.
    ///
    /// # Errors
    /// Ends the reading.
    fn close(&mut self, path: Path<'_>) -> Result<(), Refusal>;
}

/// Reads the document and shows every element to `visitor`.
///
/// # Errors
/// Not well-formed, a DTD with declarations, an unknown entity, too deep, too long; what the visitor refuses.
pub fn walk(bytes: &[u8], limits: &Limits, visitor: &mut impl Visit) -> Result<(), Refusal> {
    let text = utf8(bytes)?;
    // Places are those of the file only where nothing was converted.
    let plain = matches!(text, Cow::Borrowed(_));
    let mut reader = Reader::from_str(&text);
    let mut open: Vec<Node> = Vec::new();
    let mut roots = 0_usize;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let placed = |r: Refusal| if plain && r.offset.is_none() { r.at(at) } else { r };
        let event = reader.read_event().map_err(|e| placed(broken(&e.to_string())))?;
        step(event, limits, &mut open, &mut roots, visitor).map_err(placed)?;
        if roots == usize::MAX {
            return Ok(());
        }
    }
}

/// One event. The end of the document sets `roots` to its maximum.
fn step(
    event: Event<'_>,
    limits: &Limits,
    open: &mut Vec<Node>,
    roots: &mut usize,
    visitor: &mut impl Visit,
) -> Result<(), Refusal> {
    match event {
        Event::Start(start) => begin(&start, limits, open, roots, visitor)?,
        Event::Empty(start) => {
            begin(&start, limits, open, roots, visitor)?;
            visitor.close(Path(open))?;
            open.pop();
        }
        Event::End(_) => {
            visitor.close(Path(open))?;
            open.pop();
        }
        Event::Text(text) => add(open, &text.into_inner(), limits)?,
        Event::CData(text) => add(open, &text.into_inner(), limits)?,
        Event::GeneralRef(entity) => {
            let name = entity.clone().into_inner();
            let c = match name.as_ref() {
                "lt" => '<',
                "gt" => '>',
                "amp" => '&',
                "apos" => '\'',
                "quot" => '"',
                _ => entity
                    .resolve_char_ref()
                    .ok()
                    .flatten()
                    .ok_or_else(|| broken("an entity that XML itself does not define"))?,
            };
            add(open, c.encode_utf8(&mut [0; 4]), limits)?;
        }
        Event::DocType(dtd) => {
            // A DTD that is only named is never fetched; one that declares anything could change the text.
            if dtd.into_inner().contains('[') {
                return Err(Refusal::new("structure", "the file carries a DTD with declarations"));
            }
        }
        Event::Eof => {
            if !open.is_empty() || *roots == 0 {
                return Err(broken("the file ends inside an element"));
            }
            *roots = usize::MAX;
        }
        Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
    }
    Ok(())
}

fn begin(
    start: &BytesStart<'_>,
    limits: &Limits,
    open: &mut Vec<Node>,
    roots: &mut usize,
    visitor: &mut impl Visit,
) -> Result<(), Refusal> {
    if open.is_empty() {
        *roots += 1;
        if *roots > 1 {
            return Err(broken("more than one root element"));
        }
    }
    if open.len() >= limits.depth {
        return Err(Refusal::new("limit", format!("elements nested deeper than {}", limits.depth)));
    }
    let mut node = Node { name: local(start.name().as_ref()).to_owned(), ..Node::default() };
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(|e| broken(&e.to_string()))?;
        let value = attribute
            .normalized_value(XmlVersion::Explicit1_0)
            .map_err(|_| broken("an attribute that cannot be read"))?;
        if node.attributes.len() >= ATTRIBUTES {
            return Err(Refusal::new("limit", format!("an element with more than {ATTRIBUTES} attributes")));
        }
        node.attributes.push((local(attribute.key.as_ref()).to_owned(), value.into_owned()));
    }
    open.push(node);
    visitor.open(Path(open))
}

fn add(open: &mut [Node], text: &str, limits: &Limits) -> Result<(), Refusal> {
    let Some(node) = open.last_mut() else {
        return if text.trim_matches(['\u{feff}', '\0']).trim().is_empty() {
            Ok(())
        } else {
            Err(broken("text outside the root element"))
        };
    };
    if node.text.len().saturating_add(text.len()) > limits.text {
        return Err(Refusal::new("limit", format!("a text longer than {} bytes", limits.text)));
    }
    node.text.push_str(text);
    Ok(())
}

fn broken(why: &str) -> Refusal {
    Refusal::new("structure", format!("not well-formed XML: {why}"))
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The local name of the root element, from the beginning of a file.
#[must_use]
pub fn root(head: &[u8]) -> Option<String> {
    let encoding = encoding(head)?;
    let (text, _) = encoding.decode_without_bom_handling(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if !text.starts_with('<') {
        return None;
    }
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => {
                return Some(local(start.name().as_ref()).to_owned());
            }
            Event::Eof | Event::End(_) | Event::GeneralRef(_) => return None,
            _ => {}
        }
    }
}

/// The character set: by mark, by the shape of the first character, by declaration, else UTF-8.
fn encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    Some(match bytes {
        [0xEF, 0xBB, 0xBF, ..] => UTF_8,
        [0xFF, 0xFE, ..] | [b'<', 0, ..] => UTF_16LE,
        [0xFE, 0xFF, ..] | [0, b'<', ..] => UTF_16BE,
        _ => {
            let head = bytes.get(..256).unwrap_or(bytes);
            let head: String = head.iter().map(|b| char::from(*b)).collect();
            let declared = head.split_once("?>").and_then(|(d, _)| d.split_once("encoding")).map(|(_, d)| d);
            let label = declared.and_then(|d| d.split(['"', '\'']).nth(1));
            match label.map(|l| Encoding::for_label(l.as_bytes())) {
                // An 8-bit file that claims 16 bits was converted by a program that forgot to say so.
                Some(Some(e)) if e == UTF_16LE || e == UTF_16BE => UTF_8,
                Some(Some(e)) => e,
                Some(None) => return None,
                None => UTF_8,
            }
        }
    })
}

/// The text of the file as UTF-8.
fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let declared =
        encoding(bytes).ok_or_else(|| Refusal::new("structure", "an unknown character set is declared"))?;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let wide = declared == UTF_16LE || declared == UTF_16BE;
    let bytes = if wide {
        bytes.strip_prefix(b"\xFF\xFE").or_else(|| bytes.strip_prefix(b"\xFE\xFF")).unwrap_or(bytes)
    } else {
        bytes
    };
    if let Some(text) = declared.decode_without_bom_handling_and_without_replacement(bytes) {
        return Ok(text);
    }
    // Chinese and Western recorders write their own set below a UTF-8 declaration, or none.
    if declared == UTF_8 {
        let guess = GB18030.decode_without_bom_handling_and_without_replacement(bytes);
        return Ok(guess.unwrap_or_else(|| WINDOWS_1252.decode_without_bom_handling(bytes).0));
    }
    Err(Refusal::new("structure", format!("the text is not {}", declared.name())))
}
