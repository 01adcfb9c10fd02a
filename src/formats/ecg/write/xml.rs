//! The little XML that an export needs: elements one after the other, text escaped.

use std::fmt::Write as _;

/// Text of a document that grows element by element.
#[derive(Default)]
pub struct Xml {
    /// What is written so far.
    pub text: String,
}

impl Xml {
    /// A line as it is.
    pub fn raw(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
    /// `element attribute="..."`.
    pub fn open(&mut self, tag: &str) {
        let _ = writeln!(self.text, "<{tag}>");
    }
    /// `</name>`.
    pub fn close(&mut self, tag: &str) {
        let _ = writeln!(self.text, "</{tag}>");
    }
    /// An element without content.
    pub fn one(&mut self, tag: &str) {
        let _ = writeln!(self.text, "<{tag}/>");
    }
    /// An element with text.
    pub fn leaf(&mut self, tag: &str, text: &str) {
        let name = tag.split(' ').next().unwrap_or(tag);
        let _ = writeln!(self.text, "<{tag}>{}</{name}>", escaped(text));
    }
}

/// XML 1.0 allows no control characters but tab and line ends.
pub fn escaped(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    clean.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
