//! `yigong dicom-tls`: a private authority for DICOM over TLS, the centre's own certificate, and one file for each clinic.
//! Keys are made here and never leave by network; a bundle is carried to the clinic like any other key.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};
use yigong_base::Ctx;
use yigong_base::access::Permit;
use yigong_base::clock::{Clock, SystemClock};
use yigong_base::config::Config;
use yigong_base::fault::{Fault, Result};
use yigong_base::site::peer::{self, Peer};

use super::say;
use crate::app::open_platform;
use crate::dimse::authority::{self, Issued, Pair, Subject};
use crate::dimse::expiry;

/// Certificates of DICOM over TLS.
#[derive(Subcommand)]
pub enum DicomTlsCommand {
    /// Make a private authority: ca.pem and ca.key. Its key belongs off the server once the clinics are enrolled.
    Authority {
        /// Folder for the two files.
        #[arg(long)]
        dir: PathBuf,
        /// Name in the certificate.
        #[arg(long, default_value = "Yigong DICOM")]
        name: String,
    },
    /// Make the centre's certificate: server.pem and server.key beside the authority.
    Server {
        /// Folder of the authority.
        #[arg(long)]
        dir: PathBuf,
        /// Host name or address under which devices call; may be given several times.
        #[arg(long, required = true)]
        host: Vec<String>,
        /// Days it is valid.
        #[arg(long, default_value_t = 825)]
        days: i64,
    },
    /// Make a clinic's certificate, write key, certificate and authority into one file, and enter it at the peer.
    Enrol {
        /// Folder of the authority.
        #[arg(long)]
        dir: PathBuf,
        /// AE title of the registered peer.
        #[arg(long)]
        ae: String,
        /// File for the bundle.
        #[arg(long)]
        out: PathBuf,
        /// Days it is valid.
        #[arg(long, default_value_t = 825)]
        days: i64,
        /// The peer may still come on the plain port; else only by TLS from now on.
        #[arg(long)]
        plain_too: bool,
        /// Its facility, where several have a peer of this title.
        #[arg(long, default_value = "")]
        facility: String,
    },
    /// Take a certificate from a peer; without --sha256 all of them. The next association with it is refused.
    Revoke {
        /// AE title of the registered peer.
        #[arg(long)]
        ae: String,
        /// Hash of the certificate.
        #[arg(long)]
        sha256: Option<String>,
        /// Its facility, where several have a peer of this title.
        #[arg(long, default_value = "")]
        facility: String,
    },
    /// List the certificates in use and the days they have left; the exit code is 1 when one has 30 days or fewer.
    List,
}

/// Runs a command.
pub async fn run(command: DicomTlsCommand, config: Config) -> Result<ExitCode> {
    let now = SystemClock::new().now();
    match command {
        DicomTlsCommand::Authority { dir, name } => {
            std::fs::create_dir_all(&dir).map_err(|e| Fault::io(&format!("make {}", dir.display()), &e))?;
            let made = authority::make(&name, now)?;
            write_new(&dir.join("ca.key"), &made.key)?;
            write_new(&dir.join("ca.pem"), &made.certificate)?;
            say(&format!("authority {name}: {}", dir.join("ca.pem").display()));
        }
        DicomTlsCommand::Server { dir, host, days } => {
            let subject =
                Subject { name: host.first().cloned().unwrap_or_default(), hosts: host, server: true };
            let made = authority::issue(&pair(&dir)?, &subject, now, days)?;
            write_new(&dir.join("server.key"), &made.pair.key)?;
            write_new(&dir.join("server.pem"), &made.pair.certificate)?;
            let file = |name: &str| dir.join(name).display().to_string();
            say(&format!(
                "[dicom]\ntls_bind = \"0.0.0.0:2762\"\ntls_certificate = \"{}\"\ntls_key = \"{}\"\ntls_ca = \"{}\"",
                file("server.pem"),
                file("server.key"),
                file("ca.pem")
            ));
        }
        DicomTlsCommand::Enrol { dir, ae, out, days, plain_too, facility } => {
            let ctx = open_platform(config).await?;
            let subject = Subject { name: ae.clone(), hosts: Vec::new(), server: false };
            let authority = pair(&dir)?;
            let made = authority::issue(&authority, &subject, now, days)?;
            let bundle = format!("{}{}{}", made.pair.key, made.pair.certificate, authority.certificate);
            // The file first: a hash at the peer without its key would be of no use to anybody.
            write_new(&out, &bundle)?;
            enter(&ctx, (&ae, &facility), &made, plain_too).await?;
            say(&format!("{ae}: {} sha256 {}", out.display(), made.sha256));
        }
        DicomTlsCommand::Revoke { ae, sha256, facility } => {
            let ctx = open_platform(config).await?;
            let left = revoke(&ctx, (&ae, &facility), sha256.as_deref()).await?;
            say(&format!("{ae}: {left} certificates left"));
        }
        DicomTlsCommand::List => {
            let ctx = open_platform(config).await?;
            let mut soon = false;
            for c in expiry::all(&ctx).await? {
                soon |= c.days_left <= 30;
                say(&format!("{:>6} days  {}  {}", c.days_left, c.sha256, c.whose));
            }
            return Ok(if soon { ExitCode::FAILURE } else { ExitCode::SUCCESS });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn pair(dir: &Path) -> Result<Pair> {
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read_to_string(&path).map_err(|e| Fault::io(&format!("read {}", path.display()), &e))
    };
    Ok(Pair { certificate: read("ca.pem")?, key: read("ca.key")? })
}

/// Writes a file that only its owner reads, and never over another one.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let failed = |e: std::io::Error| Fault::io(&format!("write {}", path.display()), &e);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}

/// AE title and facility.
type Whose<'w> = (&'w str, &'w str);

async fn enter(ctx: &Ctx, whose: Whose<'_>, made: &Issued, plain_too: bool) -> Result<()> {
    change(ctx, whose, |peer, listed| {
        listed.push(json!({"sha256": made.sha256, "not_after": made.not_after}));
        if let Value::Object(policy) = &mut peer.policy {
            policy.insert("tls".into(), json!(if plain_too { "allowed" } else { "required" }));
        }
    })
    .await
    .map(|_| ())
}

async fn revoke(ctx: &Ctx, whose: Whose<'_>, sha256: Option<&str>) -> Result<usize> {
    change(ctx, whose, |_, listed| {
        listed.retain(|c| sha256.is_some_and(|h| c.get("sha256").and_then(Value::as_str) != Some(h)));
    })
    .await
}

/// Changes the certificates of a peer in one audited unit; answers how many it has now.
async fn change(
    ctx: &Ctx,
    (ae, facility): Whose<'_>,
    with: impl FnOnce(&mut Peer, &mut Vec<Value>),
) -> Result<usize> {
    let permit = Permit::system("cli");
    let mut tx = ctx.db.begin(&permit).await?;
    let mut peer = peer::find_ae(&mut tx, ae, facility)
        .await?
        .ok_or_else(|| Fault::invalid("ae", format!("no enabled DICOM peer {ae}")))?;
    if !peer.policy.is_object() {
        peer.policy = json!({});
    }
    let mut listed = peer.policy.get("certificates").and_then(Value::as_array).cloned().unwrap_or_default();
    with(&mut peer, &mut listed);
    let left = listed.len();
    if let Value::Object(policy) = &mut peer.policy {
        policy.insert("certificates".into(), Value::Array(listed));
    }
    peer::update(&mut tx, ctx, &permit, &peer).await?;
    tx.commit().await?;
    Ok(left)
}
