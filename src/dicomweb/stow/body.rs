//! The body of a STOW-RS request: part by part into the spool, a few objects being received while the next one arrives.

use actix_web::http::StatusCode;
use actix_web::web;
use tokio::task::JoinSet;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::site::Peer;
use yigong_base::storage::spool::Spool;
use yigong_clinic::Centre;
use yigong_clinic::imaging::receive::{Arrival, Names, Received, receive_named};
use yigong_formats::dicom::Refusal;
use yigong_formats::dicom::multipart::{Event, PartHead, Reader};

use super::Asked;
use crate::api::turns::{Body, Stopped};

/// Objects of one request that are received at the same time: their syncs join one another.
const RECEIVING: usize = 4;

/// What became of one part.
pub(super) struct Part {
    pub(super) names: Names,
    pub(super) result: Result<Received>,
}

/// The body ended before it was complete, or is not what it says.
pub(super) struct Broken {
    pub(super) status: StatusCode,
    pub(super) what: &'static str,
    pub(super) detail: String,
    /// The part it happened in, from 1; 0 = before the first.
    pub(super) part: u32,
}

/// Every part in the order of the body, and why the reading stopped when it stopped early.
pub(super) struct Read {
    pub(super) parts: Vec<Part>,
    pub(super) broken: Option<Broken>,
}

/// Reads the body to its end.
pub(super) async fn read(centre: &Centre, permit: &Permit, asked: &Asked, payload: web::Payload) -> Read {
    let mut desk = Desk {
        centre,
        permit,
        peer: sender(permit),
        study: asked.study.clone(),
        open: None,
        running: JoinSet::new(),
        done: Vec::new(),
    };
    let mut reader = Reader::new(&asked.boundary);
    let broken = walk(&mut desk, &mut reader, asked.max_bytes, payload).await.err().map(|mut b| {
        b.part = reader.parts();
        b
    });
    // What is in the spool but not complete is dropped; what was handed over is waited for.
    desk.open = None;
    while !desk.running.is_empty() {
        desk.settle_one().await;
    }
    desk.done.sort_by_key(|(number, _)| *number);
    Read { parts: desk.done.into_iter().map(|(_, part)| part).collect(), broken }
}

async fn walk(
    desk: &mut Desk<'_>,
    reader: &mut Reader,
    max_bytes: u64,
    payload: web::Payload,
) -> std::result::Result<(), Broken> {
    let mut body = Body::new(payload);
    loop {
        let piece = match body.next().await {
            Err(Stopped::Slow(how)) => return Err(broken(StatusCode::REQUEST_TIMEOUT, "silence", &how)),
            Err(Stopped::Cut(how)) => return Err(broken(StatusCode::BAD_REQUEST, "cut", &how)),
            Ok(None) => break,
            Ok(Some(piece)) => piece,
        };
        if body.read() > max_bytes {
            return Err(broken(StatusCode::PAYLOAD_TOO_LARGE, "body", "longer than http.stow_max_bytes"));
        }
        reader.push(&piece);
        loop {
            match reader.event().map_err(refused)? {
                Event::Part(head) => desk.begin(&head).await,
                Event::Data(bytes) => desk.write(bytes).await,
                Event::PartEnd => desk.end().await,
                Event::More => break,
            }
        }
    }
    reader.finish().map_err(refused)?;
    if reader.parts() == 0 {
        return Err(broken(StatusCode::BAD_REQUEST, "part-count", "the body has no part"));
    }
    Ok(())
}

fn broken(status: StatusCode, what: &'static str, detail: &str) -> Broken {
    Broken { status, what, detail: detail.to_owned(), part: 0 }
}

fn refused(refusal: Refusal) -> Broken {
    let status = match refusal.slug {
        "part-count" => StatusCode::PAYLOAD_TOO_LARGE,
        "content-encoding" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        _ => StatusCode::BAD_REQUEST,
    };
    broken(status, refusal.slug, &refusal.detail)
}

/// A web sender: its facility is the permit's.
fn sender(permit: &Permit) -> Peer {
    Peer::web(permit.who(), permit.name(), permit.facility())
}

/// The part that is being written.
enum Open {
    Spooling(Box<Spool>),
    /// Its further bytes are read and dropped: the sender must be able to hear the answer.
    Failed(Fault),
}

struct Desk<'a> {
    centre: &'a Centre,
    permit: &'a Permit,
    peer: Peer,
    study: Option<String>,
    open: Option<(usize, Open)>,
    running: JoinSet<(usize, Part)>,
    done: Vec<(usize, Part)>,
}

impl Desk<'_> {
    async fn begin(&mut self, head: &PartHead) {
        let number = self.done.len() + self.running.len();
        let state = if matches!(head.media.kind.as_str(), "" | "application/dicom") {
            match self.centre.ctx.blobs.spool().await {
                Ok(spool) => Open::Spooling(Box::new(spool)),
                Err(fault) => Open::Failed(fault),
            }
        } else {
            Open::Failed(Fault::invalid("part-media", "a part of this request is application/dicom"))
        };
        self.open = Some((number, state));
    }

    async fn write(&mut self, bytes: &[u8]) {
        if let Some((_, state)) = &mut self.open
            && let Open::Spooling(spool) = state
            && let Err(fault) = spool.write(bytes).await
        {
            *state = Open::Failed(fault);
        }
    }

    async fn end(&mut self) {
        let Some((number, state)) = self.open.take() else { return };
        let spooled = match state {
            Open::Spooling(spool) => spool.finish().await,
            Open::Failed(fault) => Err(fault),
        };
        match spooled {
            Err(fault) => self.done.push((number, Part { names: Names::default(), result: Err(fault) })),
            Ok(spooled) => {
                let arrival = Arrival {
                    peer: self.peer.clone(),
                    spooled,
                    sop_class: None,
                    sop_instance: None,
                    study: self.study.clone(),
                    by: Some(self.permit.clone()),
                    source: "stow",
                };
                let ctx = self.centre.ctx.clone();
                self.running.spawn(async move {
                    let (names, result) = receive_named(&ctx, arrival).await;
                    (number, Part { names, result })
                });
            }
        }
        while self.running.len() >= RECEIVING {
            self.settle_one().await;
        }
    }

    async fn settle_one(&mut self) {
        match self.running.join_next().await {
            Some(Ok(done)) => self.done.push(done),
            // The number of a task that panicked is lost with it; its part must not count as stored.
            Some(Err(_)) => self.done.push((
                usize::MAX,
                Part { names: Names::default(), result: Err(Fault::internal("receiving a part stopped")) },
            )),
            None => {}
        }
    }
}
