//! The delimiters a message declares in MSH-1 and MSH-2 (HL7 2.5.1 §2.5.4).

use super::error::{ErrorCode, ReadError};

/// Delimiters of one message. A delimiter the sender did not declare is undefined: nothing is split by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// MSH-1.
    pub field: char,
    /// First character of MSH-2.
    pub component: Option<char>,
    /// Second character of MSH-2.
    pub repetition: Option<char>,
    /// Third character of MSH-2.
    pub escape: Option<char>,
    /// Fourth character of MSH-2.
    pub subcomponent: Option<char>,
}

impl Default for Delimiters {
    fn default() -> Self {
        Self {
            field: '|',
            component: Some('^'),
            repetition: Some('~'),
            escape: Some('\\'),
            subcomponent: Some('&'),
        }
    }
}

impl Delimiters {
    /// Reads them from the first line. The fifth character of 2.7 and later (truncation) is left alone:
    /// taken as a delimiter it would shift every field of MSH.
    ///
    /// # Errors
    /// 100 when the line is no MSH, 102 when a delimiter is unusable or two are equal.
    pub fn of_msh(line: &str, number: usize) -> Result<Self, ReadError> {
        let wrong = |reason| ReadError::new(number, ErrorCode::DataType, reason);
        let mut rest = line
            .strip_prefix("MSH")
            .ok_or(ReadError::new(number, ErrorCode::SegmentSequence, "first segment is not MSH"))?
            .chars();
        let field = rest.next().ok_or(wrong("MSH has no field separator"))?;
        let declared: Vec<char> = rest.take_while(|c| *c != field).take(4).collect();
        for (i, c) in declared.iter().chain([&field]).enumerate() {
            if !c.is_ascii_graphic() || c.is_ascii_alphanumeric() {
                return Err(wrong("a delimiter is alphanumeric, blank or a control character"));
            }
            if declared.iter().take(i).any(|earlier| earlier == c) {
                return Err(wrong("two delimiters are the same character"));
            }
        }
        Ok(Self {
            field,
            component: declared.first().copied(),
            repetition: declared.get(1).copied(),
            escape: declared.get(2).copied(),
            subcomponent: declared.get(3).copied(),
        })
    }

    /// Declared delimiters in the order of MSH-1, MSH-2.
    pub fn all(&self) -> impl Iterator<Item = char> {
        [Some(self.field), self.component, self.repetition, self.escape, self.subcomponent]
            .into_iter()
            .flatten()
    }

    /// MSH-2 as these delimiters write it.
    pub fn msh2(&self) -> String {
        self.all().skip(1).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_character_is_no_delimiter() {
        assert_eq!(Delimiters::of_msh("MSH|^~\\&#|APP", 1).unwrap(), Delimiters::default());
        let own = Delimiters::of_msh("MSH$%*@!$APP", 1).unwrap();
        assert_eq!((own.field, own.subcomponent), ('$', Some('!')));
    }

    #[test]
    fn missing_ones_are_undefined_and_equal_ones_refused() {
        let short = Delimiters::of_msh("MSH|^~\\|||", 1).unwrap();
        assert_eq!((short.escape, short.subcomponent), (Some('\\'), None));
        assert!(Delimiters::of_msh("MSH|^~\\\\&|x", 1).is_err());
        assert!(Delimiters::of_msh("MSH||||", 1).unwrap().component.is_none());
        assert!(Delimiters::of_msh("MSH|abcd|", 1).is_err());
        assert!(Delimiters::of_msh("MSH", 1).is_err());
        assert!(Delimiters::of_msh("PID|", 1).is_err());
    }
}
