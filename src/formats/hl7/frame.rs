//! MLLP framing without sockets: bytes in, events out (HL7 v2 Transport, Minimal Lower Layer Protocol).
//!
//! VT message FS CR. No GB18030 or UTF-8 sequence contains VT, FS or CR, so framing on bytes is safe.
//! The caller owns the clock: it asks [`Decoder::waiting`] which deadline runs and calls
//! [`Decoder::silence`] or [`Decoder::end`] when it passes.

use memchr::{memchr, memchr2};

/// Start of a frame.
pub const VT: u8 = 0x0B;
/// End of the data of a frame.
pub const FS: u8 = 0x1C;
/// Second byte of the end of a frame.
pub const CR: u8 = 0x0D;
/// How many bytes of junk in front of a frame are kept for the event.
const JUNK_KEPT: usize = 64;

/// Limits of one port.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Longest message in bytes, without VT, FS and CR.
    pub max_frame: usize,
    /// Refuse a frame whose FS is not followed by CR.
    pub strict_end: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_frame: 1 << 20, strict_end: false }
    }
}

/// What the bytes meant. After an event for which [`Event::closes`] holds the decoder takes nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A whole message, without framing bytes.
    Frame {
        /// The message.
        body: Vec<u8>,
        /// FS came without CR: counted, accepted.
        fs_without_cr: bool,
    },
    /// A second VT before FS: the first message was abandoned. Kept raw, not answered.
    Aborted(Vec<u8>),
    /// Bytes in front of VT; the first 64 are kept.
    Junk {
        /// How many bytes were dropped.
        count: usize,
        /// The first of them.
        first: Vec<u8>,
    },
    /// FS inside the data. Answered AR, then closed.
    FsInside(Vec<u8>),
    /// The message is longer than the port takes. Answered AR when MSH is readable, then closed.
    TooLong(Vec<u8>),
    /// FS without CR on a strict port; closed.
    NotStrict(Vec<u8>),
}

impl Event {
    /// Whether the connection ends with this event.
    pub fn closes(&self) -> bool {
        matches!(self, Self::FsInside(_) | Self::TooLong(_) | Self::NotStrict(_))
    }
}

/// Which deadline runs while the decoder waits for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Between messages: idle limit.
    Idle,
    /// Bytes came, but no VT yet.
    ForStart,
    /// Inside a message: frame deadline.
    ForEnd,
    /// FS seen: 200 ms of silence complete the frame.
    AfterFs,
    /// Closed by an event.
    Closed,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Idle,
    InFrame,
    SawFs,
    Closed,
}

/// Incremental decoder of one connection. Cost is linear in the bytes, whatever the sizes of the reads.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    state: State,
    frame: Vec<u8>,
    junk: Vec<u8>,
    junk_count: usize,
}

impl Decoder {
    /// A decoder for a fresh connection.
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: State::Idle, frame: Vec::new(), junk: Vec::new(), junk_count: 0 }
    }

    /// Takes bytes up to the next event. Returns how many were used; the caller keeps the rest, so that
    /// pipelined messages wait in the socket and not in memory.
    pub fn take(&mut self, input: &[u8]) -> (usize, Option<Event>) {
        let mut used = 0;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty()) {
            let (step, event) = match self.state {
                State::Idle => self.idle(rest),
                State::InFrame => self.in_frame(rest),
                State::SawFs => self.saw_fs(rest),
                State::Closed => (rest.len(), None),
            };
            used += step;
            if event.is_some() {
                return (used, event);
            }
        }
        (used, None)
    }

    /// 200 ms without a byte: completes a frame whose FS has come.
    pub fn silence(&mut self) -> Option<Event> {
        (self.state == State::SawFs).then(|| self.complete(true))
    }

    /// The sender closed its side. A frame whose FS has come is complete; anything else is abandoned.
    pub fn end(&mut self) -> Option<Event> {
        match self.state {
            State::SawFs => Some(self.complete(true)),
            State::InFrame => {
                self.state = State::Closed;
                Some(Event::Aborted(std::mem::take(&mut self.frame)))
            }
            State::Idle => self.junk_event(),
            State::Closed => None,
        }
    }

    /// Which deadline runs now.
    pub fn waiting(&self) -> Waiting {
        match self.state {
            State::Idle if self.junk_count > 0 => Waiting::ForStart,
            State::Idle => Waiting::Idle,
            State::InFrame => Waiting::ForEnd,
            State::SawFs => Waiting::AfterFs,
            State::Closed => Waiting::Closed,
        }
    }

    /// Bytes held for the message under way.
    pub fn held(&self) -> usize {
        self.frame.len()
    }

    fn idle(&mut self, rest: &[u8]) -> (usize, Option<Event>) {
        let at = memchr(VT, rest);
        let junk = rest.get(..at.unwrap_or(rest.len())).unwrap_or_default();
        self.junk_count += junk.len();
        let room = JUNK_KEPT.saturating_sub(self.junk.len());
        self.junk.extend(junk.iter().take(room));
        match at {
            Some(at) => {
                self.state = State::InFrame;
                (at + 1, self.junk_event())
            }
            None => (rest.len(), None),
        }
    }

    fn in_frame(&mut self, rest: &[u8]) -> (usize, Option<Event>) {
        let at = memchr2(FS, VT, rest);
        let data = rest.get(..at.unwrap_or(rest.len())).unwrap_or_default();
        let room = self.limits.max_frame.saturating_sub(self.frame.len());
        if data.len() > room {
            self.frame.extend(data.iter().take(room));
            return (rest.len(), Some(self.close(Event::TooLong)));
        }
        self.frame.extend_from_slice(data);
        match at {
            Some(at) if rest.get(at) == Some(&FS) => {
                self.state = State::SawFs;
                (at + 1, None)
            }
            Some(at) => (at + 1, Some(Event::Aborted(std::mem::take(&mut self.frame)))),
            None => (rest.len(), None),
        }
    }

    fn saw_fs(&mut self, rest: &[u8]) -> (usize, Option<Event>) {
        match rest.first() {
            Some(&CR) => (1, Some(self.complete(false))),
            Some(&b'\n') => (1, Some(self.complete(true))),
            Some(&VT) => (0, Some(self.complete(true))),
            _ => {
                self.frame.push(FS);
                (0, Some(self.close(Event::FsInside)))
            }
        }
    }

    fn complete(&mut self, fs_without_cr: bool) -> Event {
        if fs_without_cr && self.limits.strict_end {
            return self.close(Event::NotStrict);
        }
        self.state = State::Idle;
        Event::Frame { body: std::mem::take(&mut self.frame), fs_without_cr }
    }

    fn close(&mut self, event: fn(Vec<u8>) -> Event) -> Event {
        self.state = State::Closed;
        event(std::mem::take(&mut self.frame))
    }

    fn junk_event(&mut self) -> Option<Event> {
        let count = std::mem::take(&mut self.junk_count);
        let first = std::mem::take(&mut self.junk);
        // CR and LF between frames are common and harmless
        (first.iter().any(|b| !matches!(b, b'\r' | b'\n')) || count > JUNK_KEPT)
            .then_some(Event::Junk { count, first })
    }
}

/// One message with its framing bytes.
pub fn wrap(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 3);
    out.push(VT);
    out.extend_from_slice(message);
    out.extend_from_slice(&[FS, CR]);
    out
}
