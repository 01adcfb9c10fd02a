//! The two halves of a connection, whatever carries them.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// What is read from.
pub(super) type Read = Box<dyn AsyncRead + Send + Unpin>;
/// What is written to.
pub(super) type Out = Box<dyn AsyncWrite + Send + Unpin>;

/// A connection before its association.
pub(super) struct Connection {
    pub(super) read: Read,
    pub(super) out: Out,
    /// SHA-256 of the client's certificate, when it came by TLS.
    pub(super) certificate: Option<String>,
}

impl Connection {
    /// A connection of the plain port.
    pub(super) fn plain(stream: TcpStream) -> Self {
        let (read, out) = stream.into_split();
        Self { read: Box::new(read), out: Box::new(out), certificate: None }
    }
}
