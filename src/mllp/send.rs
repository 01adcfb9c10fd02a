//! Sending: one message in flight, the answer matched by MSA-2, a wrong answer closes the socket.
//!
//! A late answer must never be taken for the next message's; so after a timeout or a foreign MSA-2 the
//! connection is dropped and the same bytes go out again on a new one.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, ToSocketAddrs};
use yigong_formats::hl7::frame::{Decoder, Event, Limits, wrap};
use yigong_formats::hl7::{Header, ReadOptions, receive};

/// Why no answer was accepted. In every case the connection is to be dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// Could not connect, or the connection broke.
    Broken(String),
    /// No whole answer in time.
    Timeout,
    /// The answer is for another message.
    WrongId,
    /// The answer is no acknowledgement.
    NoAck,
}

impl std::fmt::Display for SendError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(why) => write!(f, "connection failed: {why}"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::WrongId => f.write_str("the answer names another message"),
            Self::NoAck => f.write_str("the answer is no acknowledgement"),
        }
    }
}

impl std::error::Error for SendError {}

/// An acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// MSA-1: `AA`, `AE`, `AR`.
    pub code: String,
    /// MSA-3 or the text of ERR.
    pub text: String,
    /// The whole answer, without framing bytes.
    pub bytes: Vec<u8>,
}

/// An open connection to a receiver.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    timeout: Duration,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// [`SendError::Broken`] or [`SendError::Timeout`].
    pub async fn open(address: impl ToSocketAddrs, timeout: Duration) -> Result<Self, SendError> {
        let stream = tokio::time::timeout(timeout, TcpStream::connect(address))
            .await
            .map_err(|_| SendError::Timeout)?
            .map_err(|e| SendError::Broken(e.kind().to_string()))?;
        stream.set_nodelay(true).map_err(|e| SendError::Broken(e.kind().to_string()))?;
        Ok(Self { stream, timeout })
    }

    /// Sends one message (without framing bytes) and waits for its application answer. On any error drop the connection.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&mut self, message: &[u8]) -> Result<Acknowledged, SendError> {
        let id = Header::sniff(message).map(|h| h.control_id).unwrap_or_default();
        let exchange = async {
            let broken = |e: std::io::Error| SendError::Broken(e.kind().to_string());
            self.stream.write_all(&wrap(message)).await.map_err(broken)?;
            let mut decoder = Decoder::new(Limits::default());
            let mut buffer = [0_u8; 4096];
            loop {
                let count = self.stream.read(&mut buffer).await.map_err(broken)?;
                if count == 0 {
                    return Err(SendError::Broken("closed without an answer".into()));
                }
                let mut rest = buffer.get(..count).unwrap_or_default();
                while !rest.is_empty() {
                    let (used, event) = decoder.take(rest);
                    rest = rest.get(used..).unwrap_or_default();
                    match event {
                        Some(Event::Frame { body, .. }) => match acknowledged(&body, &id)? {
                            // an enhanced commit answer; the application answer follows
                            ack if ack.code == "CA" => {}
                            ack => return Ok(ack),
                        },
                        Some(Event::Junk { .. }) | None => {}
                        Some(_) => return Err(SendError::NoAck),
                    }
                }
            }
        };
        tokio::time::timeout(self.timeout, exchange).await.map_err(|_| SendError::Timeout)?
    }
}

/// Sends one message over a connection of its own.
///
/// # Errors
/// See [`SendError`].
pub async fn send(
    address: impl ToSocketAddrs,
    message: &[u8],
    timeout: Duration,
) -> Result<Acknowledged, SendError> {
    Connection::open(address, timeout).await?.send(message).await
}

fn acknowledged(body: &[u8], id: &str) -> Result<Acknowledged, SendError> {
    let got = receive(body, &ReadOptions::default()).map_err(|_| SendError::NoAck)?;
    let message = got.messages.into_iter().next().and_then(Result::ok).ok_or(SendError::NoAck)?;
    let msa = message.segment("MSA").ok_or(SendError::NoAck)?;
    if msa.raw(2) != id {
        return Err(SendError::WrongId);
    }
    let mut text = msa.text(3);
    if let Some(err) = message.segment("ERR").filter(|_| text.is_empty()) {
        text = [err.component(3, 2), err.text(8), err.whole(1)]
            .into_iter()
            .find(|t| !t.is_empty())
            .unwrap_or_default();
    }
    Ok(Acknowledged { code: msa.text(1), text, bytes: body.to_vec() })
}
