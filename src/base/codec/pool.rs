//! The server's side: as many workers as there are cores, each doing one frame at a time.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::feed::{Frame, Stopped, pour};
use super::wire::{Answer, GREETING, body_length, head, header_length};
use super::{CodecError, Output, Request};

/// Limits of the pool.
#[derive(Debug, Clone)]
pub struct PoolLimits {
    /// Workers at once.
    pub workers: usize,
    /// Time for one frame.
    pub wall: Duration,
    /// Frames after which a worker is replaced.
    pub frames_per_worker: u32,
}

impl Default for PoolLimits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { workers: cores.max(2), wall: Duration::from_secs(10), frames_per_worker: 1000 }
    }
}

/// The codec workers. Cheap to clone; workers start when first needed.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<Inner>,
}

/// What the pool has done since the program started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// Frames answered.
    pub frames: u64,
    /// Workers started.
    pub started: u64,
    /// Workers that were killed or died over a frame.
    pub killed: u64,
    /// The same within the last hour; more than 10 is an alarm.
    pub killed_last_hour: usize,
}

/// Killed workers an hour that are worth an alarm (dicom reference, section 7.7).
const ALARM_PER_HOUR: usize = 10;
/// Bytes a pipe to or from a worker should hold.
const PIPE_BYTES: usize = 1 << 20;
const HOUR: Duration = Duration::from_secs(3600);

#[derive(Default)]
struct Counters {
    frames: AtomicU64,
    started: AtomicU64,
    killed: AtomicU64,
    /// When workers were killed, within the last hour; bounded.
    recent: Mutex<VecDeque<Instant>>,
}

struct Inner {
    counters: Counters,
    program: PathBuf,
    arguments: Vec<String>,
    limits: PoolLimits,
    turns: Semaphore,
    idle: Mutex<Vec<Worker>>,
}

struct Worker {
    /// Killed when dropped.
    _child: Child,
    input: ChildStdin,
    output: ChildStdout,
    frames: u32,
}

/// How one attempt in one worker ended.
enum Attempt {
    Answered(Answer, Vec<u8>),
    Died(String),
    /// The stored bytes could not be read: no fault of the worker, but it has half a frame.
    Unread(io::Error),
}

impl Pool {
    /// A pool that starts `program arguments…` as workers, for example this binary with `codec-worker`.
    #[must_use]
    pub fn new(program: PathBuf, arguments: Vec<String>, limits: PoolLimits) -> Self {
        let turns = Semaphore::new(limits.workers.max(1));
        let (counters, idle) = (Counters::default(), Mutex::new(Vec::new()));
        Self { inner: Arc::new(Inner { counters, program, arguments, limits, turns, idle }) }
    }

    /// Decodes one frame in memory; answers one byte string per requested output.
    ///
    /// # Errors
    /// As [`Pool::work`].
    pub async fn decode(&self, request: &Request, frame: &[u8]) -> Result<Vec<Vec<u8>>, CodecError> {
        self.work(request, &Frame::Bytes(frame)).await
    }

    /// Decodes one frame; answers one byte string per requested output.
    ///
    /// # Errors
    /// [`CodecError`]. A worker that dies is replaced and the frame is tried once more.
    pub async fn work(&self, request: &Request, frame: &Frame<'_>) -> Result<Vec<Vec<u8>>, CodecError> {
        request.shape.check()?;
        let turn = self.inner.turns.acquire().await;
        let _turn = turn.map_err(|_| CodecError::Unavailable("pool is closed".into()))?;
        let mut died = String::new();
        for fresh in [false, true] {
            let mut worker = self.worker(fresh).await?;
            match attempt(&mut worker, request, frame, self.inner.limits.wall).await {
                Attempt::Answered(Answer::Done(lengths), body) => {
                    let parts = split(request, &lengths, body)?;
                    self.inner.counters.frames.fetch_add(1, Ordering::Relaxed);
                    self.give_back(worker);
                    return Ok(parts);
                }
                // a refusal is an answer; the worker is replaced all the same, what it read was strange
                Attempt::Answered(Answer::Failed(error), _) => return Err(error),
                Attempt::Died(why) => {
                    self.count_killed(&why);
                    died = why;
                }
                Attempt::Unread(why) => return Err(CodecError::Unavailable(format!("stored frame: {why}"))),
            }
        }
        tracing::warn!(why = %died, transfer_syntax = %request.transfer_syntax, "codec worker killed twice by one frame");
        Err(CodecError::Killed(died))
    }

    /// What the pool has done.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        let c = &self.inner.counters;
        let recent = c.recent.lock().unwrap_or_else(PoisonError::into_inner);
        PoolStats {
            frames: c.frames.load(Ordering::Relaxed),
            started: c.started.load(Ordering::Relaxed),
            killed: c.killed.load(Ordering::Relaxed),
            killed_last_hour: recent.iter().filter(|at| at.elapsed() < HOUR).count(),
        }
    }

    fn count_killed(&self, why: &str) {
        let c = &self.inner.counters;
        c.killed.fetch_add(1, Ordering::Relaxed);
        let mut recent = c.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|at| at.elapsed() < HOUR);
        if recent.len() > 4 * ALARM_PER_HOUR {
            recent.pop_front();
        }
        recent.push_back(Instant::now());
        let last_hour = recent.len();
        drop(recent);
        if last_hour > ALARM_PER_HOUR {
            tracing::error!(last_hour, why, "codec workers are killed too often");
        } else {
            tracing::warn!(last_hour, why, "codec worker killed");
        }
    }

    async fn worker(&self, fresh: bool) -> Result<Worker, CodecError> {
        if !fresh {
            let idle = self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            if let Some(worker) = idle {
                return Ok(worker);
            }
        }
        let started = timeout(self.inner.limits.wall, self.start()).await;
        let started = started.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        started.map_err(|e| CodecError::Unavailable(e.to_string()))
    }

    /// Starts a worker with an empty environment: no secret of the server reaches it.
    async fn start(&self) -> io::Result<Worker> {
        self.inner.counters.started.fetch_add(1, Ordering::Relaxed);
        let mut child = Command::new(&self.inner.program)
            .args(&self.inner.arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let input = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut greeting = [0; GREETING.len()];
        output.read_exact(&mut greeting).await?;
        if greeting != *GREETING {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the program started is not a codec worker",
            ));
        }
        widen(&input);
        widen(&output);
        Ok(Worker { _child: child, input, output, frames: 0 })
    }

    fn give_back(&self, mut worker: Worker) {
        worker.frames += 1;
        if worker.frames < self.inner.limits.frames_per_worker {
            self.inner.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        }
    }
}

/// A frame passes through a pipe in few steps when the pipe holds much of it; where the system allows less, it takes more steps.
fn widen(pipe: &impl AsFd) {
    if let Err(why) = rustix::pipe::fcntl_setpipe_size(pipe, PIPE_BYTES) {
        tracing::debug!(%why, "pipe to a codec worker stays small");
    }
}

/// The worker's time runs while it is asked and while it answers; how long the disk takes to give a stored frame is not its fault.
async fn attempt(worker: &mut Worker, request: &Request, frame: &Frame<'_>, wall: Duration) -> Attempt {
    match ask(worker, request, frame, wall).await {
        Ok(()) => {}
        Err(Stopped::Worker(error)) => return Attempt::Died(error.to_string()),
        Err(Stopped::Source(error)) => return Attempt::Unread(error),
    }
    match timeout(wall, answer(worker)).await {
        Ok(Ok((answer, body))) => Attempt::Answered(answer, body),
        Ok(Err(error)) => Attempt::Died(error.to_string()),
        Err(_) => Attempt::Died(format!("no answer within {} ms", wall.as_millis())),
    }
}

async fn ask(
    worker: &mut Worker,
    request: &Request,
    frame: &Frame<'_>,
    wall: Duration,
) -> Result<(), Stopped> {
    let head = head(request, frame.length()).map_err(Stopped::Worker)?;
    let said = async {
        worker.input.write_all(&head).await?;
        if let Frame::Bytes(bytes) = frame {
            worker.input.write_all(bytes).await?;
        }
        worker.input.flush().await
    };
    let said = timeout(wall, said).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    said.map_err(Stopped::Worker)?;
    let Frame::File(file, parts) = frame else { return Ok(()) };
    let pipe = worker.input.as_fd().try_clone_to_owned().map_err(Stopped::Worker)?;
    let (file, parts) = (Arc::clone(file), parts.clone());
    let poured = tokio::task::spawn_blocking(move || pour(&file, &parts, &pipe, wall)).await;
    poured.unwrap_or_else(|e| Err(Stopped::Worker(io::Error::other(e))))
}

async fn answer(worker: &mut Worker) -> io::Result<(Answer, Vec<u8>)> {
    let mut four = [0; 4];
    worker.output.read_exact(&mut four).await?;
    let mut json = vec![0; header_length(four)?];
    worker.output.read_exact(&mut json).await?;
    let mut eight = [0; 8];
    worker.output.read_exact(&mut eight).await?;
    let expected = body_length(eight)?;
    // grows with what arrives, so a lying length costs nothing
    let mut body = Vec::new();
    (&mut worker.output).take(expected as u64).read_to_end(&mut body).await?;
    if body.len() != expected {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((serde_json::from_slice(&json)?, body))
}

/// Cuts the body into parts; a raw frame must have exactly the length its attributes say.
fn split(request: &Request, lengths: &[u64], body: Vec<u8>) -> Result<Vec<Vec<u8>>, CodecError> {
    let wrong = || CodecError::Killed("the worker answered nonsense".into());
    if lengths.len() != request.outputs.len() {
        return Err(wrong());
    }
    for (length, output) in lengths.iter().zip(&request.outputs) {
        if *output == Output::Raw && *length != request.shape.frame_bytes() {
            return Err(wrong());
        }
    }
    // one answer, the usual case, is the body itself
    if let [length] = lengths {
        return if *length == body.len() as u64 { Ok(vec![body]) } else { Err(wrong()) };
    }
    let mut rest = body.as_slice();
    let mut parts = Vec::with_capacity(lengths.len());
    for length in lengths {
        let length = usize::try_from(*length).map_err(|_| wrong())?;
        let (part, after) = rest.split_at_checked(length).ok_or_else(wrong)?;
        parts.push(part.to_vec());
        rest = after;
    }
    if rest.is_empty() { Ok(parts) } else { Err(wrong()) }
}
