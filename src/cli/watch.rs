//! `yigong watch`: a folder into which a cart, or the PC beside it, writes its ECG files. Each finished file is taken by the
//! same function as an upload from the clinic's page and then moved to `taken` or `refused` beside it.
//!
//! It may run beside the server on the same database, as `import` does. A file is moved only after its bytes and its row are
//! durable: a stop in between takes it again, and the same bytes are known.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args;
use tokio_util::sync::CancellationToken;
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};
use yigong_base::site::facility;
use yigong_clinic::ecg::upload::{self, Answer};
use yigong_clinic::ecg::{Asked, Received};

use super::{say, start_log};
use crate::app::{keep_time, open_platform};

/// Between two looks at the folder. A file that is the same at two looks is finished.
const LOOK: Duration = Duration::from_secs(2);
/// Largest file (ECG specification 2).
const MOST_BYTES: u64 = 64 << 20;
/// Exit code when files were refused.
const SOME_REFUSED: u8 = 2;

/// Which folder, and for whom.
#[derive(Args)]
pub struct WatchArgs {
    /// The folder; folders inside it are not looked at.
    folder: PathBuf,
    /// Code of the facility the recordings belong to.
    #[arg(long)]
    facility: String,
    /// Who records there, for the statistics of quality.
    #[arg(long, default_value = "")]
    operator: String,
    /// Take what lies there now, finished or not, and stop: 0 = all taken, 2 = some were refused (each has its line).
    #[arg(long)]
    once: bool,
}

/// What a file looked like: length and time of its last change.
type Look = (u64, SystemTime);

/// What was said of files that still lie there: a file that cannot be read for days is one line, not one every look.
#[derive(Default)]
struct Told(HashMap<PathBuf, String>);

impl Told {
    fn once(&mut self, path: &Path, line: String) {
        if self.0.get(path) != Some(&line) {
            say(&line);
            self.0.insert(path.to_owned(), line);
        }
    }

    fn forget_all_but(&mut self, there: &[(PathBuf, Look)]) {
        self.0.retain(|path, _| there.iter().any(|(p, _)| p == path));
    }
}

/// Runs until it is interrupted, or once.
pub async fn watch(config: Config, args: WatchArgs) -> Result<ExitCode> {
    start_log(&config)?;
    let ctx = open_platform(config).await?;
    tokio::spawn(keep_time(ctx.clone(), CancellationToken::new()));
    let site = facility::find(&mut *ctx.db.read(&Permit::system("watch")).await?, &args.facility).await?;
    for name in ["taken", "refused"] {
        std::fs::create_dir_all(args.folder.join(name))
            .map_err(|e| Fault::io(&format!("create {name} in {}", args.folder.display()), &e))?;
    }
    let permit = Permit::machine("watch", "watched folder", &site.code, vec!["images:write".to_owned()]);
    let mut before: HashMap<PathBuf, Look> = HashMap::new();
    let mut told = Told::default();
    let mut refused = false;
    loop {
        let now = match look(&args.folder) {
            Ok(now) => now,
            Err(fault) if args.once => return Err(fault),
            // A share that is away for a while comes back: said once, looked at again.
            Err(fault) => {
                told.once(&args.folder, fault.to_string());
                if pause().await? {
                    continue;
                }
                return Ok(ExitCode::SUCCESS);
            }
        };
        for (path, seen) in &now {
            if args.once || before.get(path) == Some(seen) {
                match take(&ctx, &permit, &args, path, seen.0, &mut told).await {
                    Ok(taken) => refused |= !taken,
                    Err(fault) if args.once => return Err(fault),
                    // A file that cannot be moved aside just now is looked at again.
                    Err(fault) => told.once(path, fault.to_string()),
                }
            }
        }
        told.forget_all_but(&now);
        if args.once {
            return Ok(if refused { ExitCode::from(SOME_REFUSED) } else { ExitCode::SUCCESS });
        }
        before = now.into_iter().collect();
        if !pause().await? {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Waits for the next look; false when the program is to end.
async fn pause() -> Result<bool> {
    tokio::select! {
        () = tokio::time::sleep(LOOK) => Ok(true),
        ended = tokio::signal::ctrl_c() => ended.map(|()| false).map_err(|e| Fault::io("wait for an interrupt", &e)),
    }
}

/// The files of the folder by name; hidden ones are somebody's unfinished business.
fn look(folder: &Path) -> Result<Vec<(PathBuf, Look)>> {
    let failed = |e: std::io::Error| Fault::io(&format!("read folder {}", folder.display()), &e);
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A file that is gone again was somebody's temporary one.
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_file() && !entry.file_name().to_string_lossy().starts_with('.') {
            all.push((entry.path(), (meta.len(), meta.modified().unwrap_or(SystemTime::UNIX_EPOCH))));
        }
    }
    all.sort();
    Ok(all)
}

/// Takes one file: true when it is in the centre. A fault of the storage leaves it where it lies, for the next look.
async fn take(
    ctx: &Ctx,
    permit: &Permit,
    args: &WatchArgs,
    path: &Path,
    length: u64,
    told: &mut Told,
) -> Result<bool> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if length > MOST_BYTES {
        return put_aside(args, path, &name, "larger than 64 MiB");
    }
    let bytes = match tokio::fs::read(path).await {
        Ok(bytes) => bytes,
        Err(e) => {
            told.once(path, format!("not read {name}: {e}"));
            return Ok(false);
        }
    };
    let asked = Asked { operator: args.operator.clone(), ..Asked::default() };
    let kept = match upload::upload(ctx, permit, &name, &bytes, &asked).await {
        Ok(kept) => kept,
        Err(Fault::Invalid { detail, .. }) => return put_aside(args, path, &name, &detail),
        Err(fault) => {
            told.once(path, format!("not taken {name}: {fault}"));
            return if args.once { Err(fault) } else { Ok(false) };
        }
    };
    match kept.answer {
        Answer::Done(Received::Quarantined { stage, reason, .. }) => {
            put_aside(args, path, &name, &format!("{stage}: {reason}; kept in quarantine"))
        }
        Answer::Done(received) => {
            put(path, &args.folder.join("taken"), &name)?;
            say(&format!("{} {name}", received.state()));
            Ok(true)
        }
        Answer::Pending => {
            put(path, &args.folder.join("taken"), &name)?;
            say(&format!("pending {name}"));
            Ok(true)
        }
    }
}

fn put_aside(args: &WatchArgs, path: &Path, name: &str, why: &str) -> Result<bool> {
    put(path, &args.folder.join("refused"), name)?;
    say(&format!("refused {name}: {why}"));
    Ok(false)
}

/// Moves a file; one of the same name stays beside it under a number.
fn put(path: &Path, folder: &Path, name: &str) -> Result<()> {
    let free = (0..1_000)
        .map(|n| if n == 0 { folder.join(name) } else { folder.join(format!("{n}-{name}")) })
        .find(|p| !p.exists());
    let to = free.ok_or_else(|| Fault::conflict("folder", format!("a thousand files are named {name}")))?;
    std::fs::rename(path, &to).map_err(|e| Fault::io(&format!("move {}", path.display()), &e))
}
