//! Messages from typed parts. Every segment ends with CR; every value is escaped once, here.

use super::Delimiters;
use super::escape::{self, NotEncodable};

/// A message under construction.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    delimiters: Delimiters,
    text: String,
    bad: Option<NotEncodable>,
}

/// Header of a message we send.
#[derive(Debug, Clone)]
pub struct Msh<'a> {
    /// MSH-3.
    pub app: &'a str,
    /// MSH-4.
    pub facility: &'a str,
    /// MSH-5.
    pub to_app: &'a str,
    /// MSH-6.
    pub to_facility: &'a str,
    /// MSH-7, a TS.
    pub at: &'a str,
    /// MSH-9 with its components.
    pub kind: &'a [&'a str],
    /// MSH-10.
    pub control_id: &'a str,
    /// MSH-12.
    pub version: &'a str,
    /// MSH-18; empty = ASCII.
    pub charset: &'a str,
}

/// One field as components; `&str` values are escaped.
#[derive(Debug, Clone, Copy)]
pub enum Field<'a> {
    /// Nothing sent.
    None,
    /// One value.
    Text(&'a str),
    /// Components.
    Parts(&'a [&'a str]),
    /// Repetitions of components.
    Repeats(&'a [&'a [&'a str]]),
    /// Already escaped text.
    Raw(&'a str),
}

impl Writer {
    /// Starts a message with its MSH.
    pub fn new(msh: &Msh<'_>) -> Self {
        let mut writer = Self::default();
        let msh2 = writer.delimiters.msh2();
        let charset = if msh.charset.is_empty() { Field::None } else { Field::Text(msh.charset) };
        writer.segment(
            "MSH",
            &[
                Field::Raw(&msh2),
                Field::Text(msh.app),
                Field::Text(msh.facility),
                Field::Text(msh.to_app),
                Field::Text(msh.to_facility),
                Field::Text(msh.at),
                Field::None,
                Field::Parts(msh.kind),
                Field::Text(msh.control_id),
                Field::Text("P"),
                Field::Text(msh.version),
                Field::None,
                Field::None,
                Field::None,
                Field::None,
                Field::None,
                charset,
            ],
        );
        writer
    }

    /// Adds a segment; `fields` start at field 1 (for MSH at field 2). Trailing empty fields are not written.
    pub fn segment(&mut self, name: &str, fields: &[Field<'_>]) -> &mut Self {
        let mut line = name.to_owned();
        for field in fields {
            line.push(self.delimiters.field);
            match field {
                Field::None => {}
                Field::Text(text) => line.push_str(&self.escape(text)),
                Field::Parts(parts) => line.push_str(&self.parts(parts)),
                Field::Repeats(all) => {
                    let all: Vec<String> = all.iter().map(|parts| self.parts(parts)).collect();
                    line.push_str(&all.join(&mark(self.delimiters.repetition)));
                }
                Field::Raw(text) => line.push_str(text),
            }
        }
        if name != "MSH" || fields.len() > 1 {
            line.truncate(line.trim_end_matches(self.delimiters.field).len());
        }
        self.text.push_str(&line);
        self.text.push('\r');
        self
    }

    /// The message.
    ///
    /// # Errors
    /// A value held a control character.
    pub fn finish(&self) -> Result<String, NotEncodable> {
        match self.bad {
            Some(bad) => Err(bad),
            None => Ok(self.text.clone()),
        }
    }

    fn parts(&mut self, parts: &[&str]) -> String {
        let parts: Vec<String> = parts.iter().map(|p| self.escape(p)).collect();
        let component = mark(self.delimiters.component);
        let joined = parts.join(&component);
        joined.trim_end_matches(component.as_str()).to_owned()
    }

    fn escape(&mut self, text: &str) -> String {
        escape::encode(text, &self.delimiters).unwrap_or_else(|bad| {
            self.bad.get_or_insert(bad);
            String::new()
        })
    }
}

fn mark(delimiter: Option<char>) -> String {
    delimiter.map(String::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut w = Writer::new(&Msh {
            app: "YIGONG",
            facility: "LEAD",
            to_app: "HIS",
            to_facility: "C01",
            at: "20260901",
            kind: &["ORU", "R01", "ORU_R01"],
            control_id: "7",
            version: "2.5.1",
            charset: "UNICODE UTF-8",
        });
        w.segment(
            "PID",
            &[
                Field::Text("1"),
                Field::None,
                Field::Repeats(&[&["9", "", "", "C01"], &["8"]]),
                Field::None,
                Field::Parts(&["王珅", ""]),
            ],
        );
        w.segment(
            "OBX",
            &[
                Field::Text("1"),
                Field::Text("TX"),
                Field::Parts(&["a&b"]),
                Field::None,
                Field::Text("x|y\nz"),
            ],
        );
        let text = w.finish().unwrap();
        let got = super::super::receive(text.as_bytes(), &super::super::ReadOptions::default()).unwrap();
        let message = got.messages.first().unwrap().as_ref().unwrap();
        assert_eq!(message.text(), text);
        assert_eq!(message.segment("OBX").unwrap().text(5), "x|y\nz");
        assert_eq!(message.segment("OBX").unwrap().text(3), "a&b");
        assert_eq!(message.segment("PID").unwrap().component(3, 4), "C01");
        assert_eq!(message.kind().2, "ORU_R01");
        assert!(Writer::default().segment("OBX", &[Field::Text("\u{7}")]).finish().is_err());
    }
}
