//! PDUs on a socket (PS3.8 §9.3): bounded reading into one reusable buffer, one write a message.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use yigong_formats::dicom::negotiate::{MAX_PDU, MAX_REQUEST};

/// A-ASSOCIATE-RQ.
pub(super) const REQUEST: u8 = 1;
/// A-ASSOCIATE-AC.
pub(super) const ACCEPT: u8 = 2;
/// A-ASSOCIATE-RJ.
pub(super) const REJECT: u8 = 3;
/// P-DATA-TF.
pub(super) const DATA: u8 = 4;
/// A-RELEASE-RQ.
pub(super) const RELEASE: u8 = 5;
/// A-RELEASE-RP.
pub(super) const RELEASED: u8 = 6;
/// A-ABORT.
pub(super) const ABORT: u8 = 7;

/// Bytes before a PDU's body.
const HEADER: usize = 6;
/// Bytes of a PDV before its fragment.
const PDV_HEADER: usize = 6;
/// Body bytes of the PDUs that have a fixed length of 4.
const SMALL: u32 = 1024;
/// Buffer before the first large PDU.
const FIRST_BUFFER: usize = 4 * 1024;
/// A write that takes longer means that nobody reads.
const WRITE: Duration = Duration::from_secs(30);

/// Why there is no further PDU.
#[derive(Debug)]
pub(super) enum End {
    /// The peer closed the connection.
    Closed,
    /// Not a PDU: HTTP, TLS or noise. Its first byte.
    NotDicom(u8),
    /// A length over the limit; nothing was allocated for it.
    TooLong(u32),
    /// No byte in time, or a PDU not complete in time.
    Silent,
    /// The socket failed.
    Broken(std::io::ErrorKind),
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed => f.write_str("connection closed"),
            Self::NotDicom(b) => write!(f, "not a dicom pdu (first byte {b:#04x})"),
            Self::TooLong(n) => write!(f, "pdu of {n} bytes announced"),
            Self::Silent => f.write_str("nothing received in time"),
            Self::Broken(kind) => write!(f, "connection failed: {kind}"),
        }
    }
}

/// The reading side.
pub(super) struct Incoming<R> {
    from: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes of the PDU handed out last, to be passed over by the next call.
    held: usize,
    /// Time spent waiting for bytes, for the rate check.
    pub(super) waited: Duration,
    /// Bytes received.
    pub(super) received: u64,
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, buffer: Vec::new(), start: 0, end: 0, held: 0, waited: Duration::ZERO, received: 0 }
    }

    /// The next PDU: type and body. `first` = wait for its first byte, `whole` = from there to its last. Cancel-safe.
    pub(super) async fn next(&mut self, first: Duration, whole: Duration) -> Result<(u8, &[u8]), End> {
        self.start += self.held;
        self.held = 0;
        self.need(1, Instant::now() + first).await?;
        let kind = self.buffer.get(self.start).copied().unwrap_or(0);
        if !(REQUEST..=ABORT).contains(&kind) {
            return Err(End::NotDicom(kind));
        }
        let deadline = Instant::now() + whole;
        self.need(HEADER, deadline).await?;
        let length = match self.buffer.get(self.start..self.start + HEADER) {
            Some(&[_, _, a, b, c, d]) => u32::from_be_bytes([a, b, c, d]),
            _ => return Err(End::Closed),
        };
        let limit = match kind {
            REQUEST | ACCEPT => MAX_REQUEST,
            DATA => MAX_PDU,
            _ => SMALL,
        };
        if length > limit {
            return Err(End::TooLong(length));
        }
        let total = HEADER + length as usize;
        self.need(total, deadline).await?;
        self.held = total;
        Ok((kind, self.buffer.get(self.start + HEADER..self.start + total).unwrap_or_default()))
    }

    /// Reads and drops what still comes, until the peer closes. At most 1 MiB.
    pub(super) async fn drain(&mut self) {
        let mut dropped = 0_usize;
        let mut room = [0_u8; 4096];
        while dropped < 1 << 20 {
            match self.from.read(&mut room).await {
                Ok(got) if got > 0 => dropped += got,
                _ => return,
            }
        }
    }

    /// Reads until `n` bytes stand at `start`.
    async fn need(&mut self, n: usize, deadline: Instant) -> Result<(), End> {
        if self.end - self.start >= n {
            return Ok(());
        }
        if self.start + n > self.buffer.len() || self.start == self.end {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.buffer.len() < n {
                self.buffer.resize(n.max(FIRST_BUFFER), 0);
            }
        }
        while self.end - self.start < n {
            let began = Instant::now();
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            let got = timeout_at(deadline, self.from.read(room)).await.map_err(|_| End::Silent)?;
            self.waited += began.elapsed();
            match got {
                Ok(0) => return Err(End::Closed),
                Ok(got) => {
                    self.end += got;
                    self.received += got as u64;
                }
                Err(e) => return Err(End::Broken(e.kind())),
            }
        }
        Ok(())
    }
}

/// Sends bytes as one write; `false` = the connection is of no more use.
pub(super) async fn send<W: AsyncWrite + Unpin>(to: &mut W, bytes: &[u8]) -> bool {
    matches!(timeout(WRITE, to.write_all(bytes)).await, Ok(Ok(())))
}

/// An A-ABORT (source 0 = service user, 2 = service provider; PS3.8 §9.3.8).
pub(super) fn abort(source: u8, reason: u8) -> [u8; 10] {
    [ABORT, 0, 0, 0, 0, 4, 0, 0, source, reason]
}

/// An A-RELEASE-RQ or A-RELEASE-RP.
pub(super) fn release(kind: u8) -> [u8; 10] {
    [kind, 0, 0, 0, 0, 4, 0, 0, 0, 0]
}

/// A fragment of a message (PS3.8 §9.3.5.1, Annex E).
pub(super) struct Pdv<'a> {
    pub(super) context: u8,
    pub(super) command: bool,
    pub(super) last: bool,
    pub(super) data: &'a [u8],
}

/// The fragments of a P-DATA-TF body; `Err` once when a length does not fit.
pub(super) struct Pdvs<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Pdvs<'a> {
    type Item = Result<Pdv<'a>, ()>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let cut = self.0.split_first_chunk::<4>().and_then(|(length, tail)| {
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            tail.split_at_checked(length)
        });
        match cut {
            Some(([context, control, data @ ..], rest)) => {
                self.0 = rest;
                Some(Ok(Pdv { context: *context, command: control & 1 != 0, last: control & 2 != 0, data }))
            }
            _ => {
                self.0 = &[];
                Some(Err(()))
            }
        }
    }
}

/// Largest PDU body to send to one who takes `peer_max` bytes (0 = any).
pub(super) fn body_limit(peer_max: u32) -> usize {
    let most = if peer_max == 0 { MAX_PDU } else { peer_max.min(MAX_PDU) };
    // Nobody takes so little; a smaller limit would only multiply headers.
    (most as usize).max(128)
}

/// Bytes of a message that fit one PDU of `body_limit`: an even number (PS3.8 §E.2).
pub(super) fn fragment_limit(body_limit: usize) -> usize {
    (body_limit.saturating_sub(PDV_HEADER) & !1).max(2)
}

/// Appends a command set or data set as P-DATA-TF PDUs of one fragment each.
pub(super) fn put_message(out: &mut Vec<u8>, context: u8, command: bool, bytes: &[u8], body_limit: usize) {
    let size = fragment_limit(body_limit);
    let mut rest = bytes;
    loop {
        let (fragment, tail) = rest.split_at(size.min(rest.len()));
        put_fragment(out, context, command, tail.is_empty(), fragment);
        if tail.is_empty() {
            return;
        }
        rest = tail;
    }
}

/// Appends one P-DATA-TF PDU with one fragment.
pub(super) fn put_fragment(out: &mut Vec<u8>, context: u8, command: bool, last: bool, fragment: &[u8]) {
    let pdv = u32::try_from(fragment.len() + 2).unwrap_or(u32::MAX);
    out.extend_from_slice(&[DATA, 0]);
    out.extend_from_slice(&(pdv.saturating_add(4)).to_be_bytes());
    out.extend_from_slice(&pdv.to_be_bytes());
    out.extend_from_slice(&[context, u8::from(command) | u8::from(last) << 1]);
    out.extend_from_slice(fragment);
}
