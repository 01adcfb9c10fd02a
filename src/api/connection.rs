//! An HTTP connection that stored files can go into without passing through this process.
//!
//! The framework copies every byte of a body into a buffer of its own and from there into the socket. Of a study most bytes are
//! stored files: these go from the memory of the system straight into the socket (`sendfile`), in their place among the bytes
//! that the framework writes. A body says what is to go ([`Files::send`]) and waits; the framework, when it has written all that
//! came before, flushes the connection, and flushing sends the file. How many bytes came before is counted on both sides: where
//! they differ, the connection ends before a byte of the file is sent.

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
    /// Bytes that the framework must have written since it was last waited for.
    behind: u64,
}

/// What stands between the bytes.
#[derive(Default)]
enum Between {
    /// Nothing.
    #[default]
    Nothing,
    /// A place where a body waits until all it gave is written.
    Mark,
    /// A part of a file.
    File(Range),
    /// A part of a file that nobody wants any more, perhaps half gone, or that does not stand where its body thinks: what comes
    /// behind would be taken for the rest of it. The connection ends.
    Torn,
}

/// A connection as bodies and the framework share it.
#[derive(Default)]
struct Shared {
    between: Between,
    /// The body that waits.
    waiting: Option<Waker>,
    /// Bytes written by the framework since a body last waited.
    written: u64,
}

impl Shared {
    /// What stood there is gone: the body goes on.
    fn pass(&mut self) {
        self.between = Between::Nothing;
        self.written = 0;
        if let Some(waiting) = self.waiting.take() {
            waiting.wake();
        }
    }
}

/// The door to a connection, for bodies.
#[derive(Clone)]
pub struct Files(Rc<RefCell<Shared>>);

impl Files {
    /// Waits until all that the body has given is written. Needed once before the first file of an answer, with bytes given
    /// before and behind it: that they are written shows that the framework writes this body at all (to a `HEAD` it does not).
    pub async fn mark(&self) {
        self.wait(Between::Mark).await;
    }

    /// Sends a part of a file behind the `behind` bytes that the body has given since the last mark or file; done when it is gone.
    /// A body gives no bytes meanwhile.
    ///
    /// Where the file cannot be read or is too short, the client goes away, or other bytes were written than the body gave, the
    /// connection breaks, and with it the body.
    pub async fn send(&self, file: Arc<File>, offset: u64, length: u64, behind: u64) {
        if length > 0 {
            self.wait(Between::File(Range { file, offset, left: length, behind })).await;
        }
    }

    async fn wait(&self, what: Between) {
        {
            let mut shared = self.0.borrow_mut();
            // A torn connection stays torn.
            if !matches!(shared.between, Between::Torn) {
                shared.between = what;
            }
        }
        let going = Going(&self.0);
        poll_fn(|cx| {
            let mut shared = going.0.borrow_mut();
            if matches!(shared.between, Between::Nothing) {
                return Poll::Ready(());
            }
            shared.waiting = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// A body that waits; torn when it ends before that.
struct Going<'a>(&'a RefCell<Shared>);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        let mut shared = self.0.borrow_mut();
        match shared.between {
            Between::File(_) => shared.between = Between::Torn,
            Between::Mark => shared.between = Between::Nothing,
            Between::Nothing | Between::Torn => {}
        }
    }
}

/// A connection.
pub struct Connection {
    tcp: TcpStream,
    shared: Rc<RefCell<Shared>>,
}

impl Connection {
    /// Takes a connection that was accepted.
    #[must_use]
    pub fn new(tcp: TcpStream) -> Self {
        Self { tcp, shared: Rc::default() }
    }

    /// The door for bodies.
    #[must_use]
    pub fn files(&self) -> Files {
        Files(Rc::clone(&self.shared))
    }

    /// Sends what stands between the bytes.
    fn poll_between(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut shared = self.shared.borrow_mut();
        let written = shared.written;
        let sent = match &mut shared.between {
            Between::Nothing => return Poll::Ready(Ok(())),
            Between::Mark => Ok(()),
            Between::Torn => Err(torn()),
            Between::File(range) if range.behind != written => Err(torn()),
            Between::File(range) => ready!(poll_range(&self.tcp, range, cx)),
        };
        match sent {
            Ok(()) => shared.pass(),
            Err(_) => shared.between = Between::Torn,
        }
        Poll::Ready(sent)
    }
}

fn torn() -> io::Error {
    io::Error::other("a file was not sent whole, or not where it stands")
}

/// Sends a part of a file; a turn of [`TURN`] at most before others have theirs.
fn poll_range(tcp: &TcpStream, range: &mut Range, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    let mut turn = TURN;
    while range.left > 0 {
        if turn == 0 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match send(tcp, range, turn) {
            Ok(sent) => {
                turn -= sent;
                range.left -= sent;
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => ready!(tcp.poll_write_ready(cx))?,
            Err(e) => return Poll::Ready(Err(e)),
        }
    }
    Poll::Ready(Ok(()))
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
        if matches!(self.shared.borrow().between, Between::Torn) {
            return Poll::Ready(Err(torn()));
        }
        let written = ready!(Pin::new(&mut self.tcp).poll_write(cx, bytes))?;
        self.shared.borrow_mut().written += written as u64;
        Poll::Ready(Ok(written))
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
        connection.write_all(b"be").await?;
        let files = connection.files();
        flushed(connection, files.mark()).await?;
        connection.write_all(b"fore ").await?;
        flushed(connection, files.send(Arc::clone(file), from, length, 5)).await?;
        connection.write_all(b" behind").await
    }

    /// Flushes as long as the body waits.
    async fn flushed(connection: &mut Connection, waits: impl Future<Output = ()>) -> io::Result<()> {
        let mut waits = std::pin::pin!(waits);
        poll_fn(|cx| {
            let done = waits.as_mut().poll(cx);
            ready!(Pin::new(&mut *connection).poll_flush(cx))?;
            // Flushing may have been what the body waited for.
            if done.is_ready() { Poll::Ready(io::Result::Ok(())) } else { waits.as_mut().poll(cx).map(Ok) }
        })
        .await
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
            let mut sending = std::pin::pin!(files.send(file, 0, 1000, 0));
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
    async fn a_file_that_does_not_stand_where_its_body_thinks_is_not_sent() {
        let (path, _) = file("place-lost", 1000);
        let file = Arc::new(File::open(&path).unwrap());
        for (given, error) in [(6, false), (5, true), (7, true), (0, true)] {
            let (mut connection, mut client) = pair().await;
            let files = connection.files();
            connection.write_all(b"head").await.unwrap();
            flushed(&mut connection, files.mark()).await.unwrap();
            connection.write_all(b"before").await.unwrap();
            let sent = flushed(&mut connection, files.send(Arc::clone(&file), 0, 1000, given)).await;
            assert_eq!(sent.is_err(), error, "{given}");
            // What is torn stays torn, whoever comes next.
            let next = flushed(&mut connection, files.mark()).await;
            assert_eq!(next.is_err(), error);
            drop((connection, files));
            let mut all = Vec::new();
            client.read_to_end(&mut all).await.unwrap();
            assert_eq!(all.len(), if error { 10 } else { 1010 });
        }
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
