//! An HTTP connection that stored files can go into without passing through this process.
//!
//! The framework copies every byte of a body into a buffer of its own and from there into the socket. Of a study most bytes are
//! stored files: these go from the memory of the system straight into the socket (`sendfile`), in their place among the bytes
//! that the framework writes. A body says what is to go ([`Files::send`]) and waits; the framework, when it has written all that
//! came before, flushes the connection, and flushing sends the file.

use std::cell::RefCell;
use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use actix_web::rt::net::TcpStream;
use rustix::fs::sendfile;
use rustix::io::Errno;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};

/// Bytes that go before other connections have their turn.
const TURN: u64 = 1 << 20;

/// A part of a file that is to go out.
struct Range {
    file: Arc<File>,
    offset: u64,
    left: u64,
    /// Who waits until it is gone.
    waiting: Option<Waker>,
}

/// What stands between the bytes.
#[derive(Default)]
enum Between {
    /// Nothing.
    #[default]
    Nothing,
    /// A part of a file.
    File(Range),
    /// A part of a file that nobody wants any more, perhaps half gone: what comes behind would be taken for the rest of it.
    Torn,
}

/// The door to a connection, for bodies.
#[derive(Clone, Default)]
pub struct Files(Rc<RefCell<Between>>);

impl Files {
    /// Sends a part of a file behind the bytes that the body has given; done when it is gone. A body gives no bytes meanwhile.
    ///
    /// # Errors
    /// None here: where the file cannot be read or is too short, or the client goes away, the connection breaks, and with it the
    /// body.
    pub async fn send(&self, file: Arc<File>, offset: u64, length: u64) {
        if length == 0 {
            return;
        }
        *self.0.borrow_mut() = Between::File(Range { file, offset, left: length, waiting: None });
        let going = Going(&self.0);
        poll_fn(|cx| match &mut *going.0.borrow_mut() {
            Between::File(range) => {
                range.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
            Between::Nothing => Poll::Ready(()),
            Between::Torn => Poll::Pending,
        })
        .await;
    }
}

/// A part of a file on its way; torn when its body ends before it.
struct Going<'a>(&'a RefCell<Between>);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        let mut between = self.0.borrow_mut();
        if matches!(*between, Between::File(_)) {
            *between = Between::Torn;
        }
    }
}

/// A connection.
pub struct Connection {
    tcp: TcpStream,
    between: Rc<RefCell<Between>>,
}

impl Connection {
    /// Takes a connection that was accepted.
    #[must_use]
    pub fn new(tcp: TcpStream) -> Self {
        Self { tcp, between: Rc::default() }
    }

    /// The door for bodies.
    #[must_use]
    pub fn files(&self) -> Files {
        Files(Rc::clone(&self.between))
    }

    /// Sends what stands between the bytes.
    fn poll_between(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut turn = TURN;
        let mut between = self.between.borrow_mut();
        loop {
            let range = match &mut *between {
                Between::Nothing => return Poll::Ready(Ok(())),
                Between::Torn => return Poll::Ready(Err(io::Error::other("a file was not sent whole"))),
                Between::File(range) => range,
            };
            if turn == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            match send(&self.tcp, range, turn) {
                Ok(sent) => {
                    turn -= sent;
                    range.left -= sent;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.tcp.poll_write_ready(cx))?;
                    continue;
                }
                Err(e) => {
                    *between = Between::Torn;
                    return Poll::Ready(Err(e));
                }
            }
            if range.left == 0 {
                if let Some(waiting) = range.waiting.take() {
                    waiting.wake();
                }
                *between = Between::Nothing;
            }
        }
    }
}

/// As much of a part as the socket takes, at most `most`. The offset is moved on.
fn send(tcp: &TcpStream, range: &mut Range, most: u64) -> io::Result<u64> {
    let most = usize::try_from(range.left.min(most)).unwrap_or(usize::MAX);
    let sent = tcp.try_io(Interest::WRITABLE, || {
        loop {
            match sendfile(tcp, &range.file, Some(&mut range.offset), most) {
                Err(Errno::INTR) => {}
                other => return Ok(other?),
            }
        }
    })?;
    // The file is shorter than it was: the client must not take what follows for the rest of it.
    if sent == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(sent as u64) }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if matches!(*self.between.borrow(), Between::Torn) {
            return Poll::Ready(Err(io::Error::other("a file was not sent whole")));
        }
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.tcp).poll_flush(cx))?;
        self.poll_between(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// A file of `length` bytes, each of its own place.
    fn file(name: &str, length: usize) -> (std::path::PathBuf, Vec<u8>) {
        let path = std::env::temp_dir().join(format!("yigong-connection-{}-{name}", std::process::id()));
        let bytes: Vec<u8> = (0..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)) as u8).collect();
        File::create(&path).unwrap().write_all(&bytes).unwrap();
        (path, bytes)
    }

    async fn pair() -> (Connection, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Connection::new(listener.accept().await.unwrap().0), client)
    }

    /// As a framework does: bytes, and a flush as long as the body waits.
    async fn body(connection: &mut Connection, file: &Arc<File>, from: u64, length: u64) -> io::Result<()> {
        connection.write_all(b"before ").await?;
        let files = connection.files();
        let mut sending = std::pin::pin!(files.send(Arc::clone(file), from, length));
        poll_fn(|cx| {
            let done = sending.as_mut().poll(cx);
            ready!(Pin::new(&mut *connection).poll_flush(cx))?;
            // Flushing may have been what the body waited for.
            if done.is_ready() { Poll::Ready(io::Result::Ok(())) } else { sending.as_mut().poll(cx).map(Ok) }
        })
        .await?;
        connection.write_all(b" behind").await
    }

    #[actix_web::test]
    async fn a_file_stands_in_its_place_however_slowly_it_is_taken() {
        let (path, bytes) = file("place", 9_000_001);
        let file = Arc::new(File::open(&path).unwrap());
        let (mut connection, mut client) = pair().await;
        let taken = actix_web::rt::spawn(async move {
            let mut all = Vec::new();
            let mut piece = vec![0; 300_000];
            loop {
                let n = client.read(&mut piece).await.unwrap();
                if n == 0 {
                    return all;
                }
                all.extend_from_slice(&piece[..n]);
                if all.len() < 3_000_000 {
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
            }
        });
        for (from, length) in [(1, 9_000_000), (77, 0), (4_000_000, 1)] {
            body(&mut connection, &file, from, length).await.unwrap();
        }
        drop(connection);
        let all = taken.await.unwrap();
        let wanted = [
            b"before ",
            &bytes[1..],
            b" behindbefore  behindbefore ",
            &bytes[4_000_000..4_000_001],
            b" behind",
        ];
        assert!(all == wanted.concat(), "{} bytes", all.len());
        std::fs::remove_file(path).unwrap();
    }

    #[actix_web::test]
    async fn a_file_that_is_too_short_breaks_the_connection() {
        let (path, bytes) = file("short", 100_000);
        let file = Arc::new(File::open(&path).unwrap());
        let (mut connection, mut client) = pair().await;
        let error = body(&mut connection, &file, 50_000, 50_001).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        assert!(connection.write(b"next").await.is_err(), "nothing follows a torn file");
        assert!(connection.flush().await.is_err());
        drop(connection);
        let mut all = Vec::new();
        client.read_to_end(&mut all).await.unwrap();
        assert!(all == [b"before ", &bytes[50_000..]].concat());
        std::fs::remove_file(path).unwrap();
    }

    #[actix_web::test]
    async fn a_body_that_ends_within_a_file_breaks_the_connection() {
        let (path, _) = file("dropped", 1000);
        let file = Arc::new(File::open(&path).unwrap());
        let (mut connection, _client) = pair().await;
        {
            let files = connection.files();
            let mut sending = std::pin::pin!(files.send(file, 0, 1000));
            poll_fn(|cx| {
                assert!(sending.as_mut().poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        assert!(connection.write(b"next").await.is_err());
        assert!(connection.flush().await.is_err());
        std::fs::remove_file(path).unwrap();
    }

    #[actix_web::test]
    async fn a_client_that_goes_away_ends_it() {
        let (path, _) = file("gone", 20_000_000);
        let file = Arc::new(File::open(&path).unwrap());
        let (mut connection, client) = pair().await;
        let leaving = actix_web::rt::spawn(async move {
            let mut client = client.into_std().unwrap();
            client.set_nonblocking(false).unwrap();
            client.read_exact(&mut [0; 10]).unwrap();
        });
        let sent = body(&mut connection, &file, 0, 20_000_000).await;
        assert!(sent.is_err(), "sent to nobody");
        leaving.await.unwrap();
        std::fs::remove_file(path).unwrap();
    }
}
