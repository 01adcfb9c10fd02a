//! Who may come to which address of the pages' API (workflow specification, section 8: an action without a row fails a test). This is
//! the outer door: the slices ask again for what hangs on the row, its facility and its pipeline.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::Method;
use percent_encoding::percent_decode_str;
use yigong_base::access::{Permit, Right};
use yigong_base::fault::{Fault, Result};

/// What an address asks of whoever comes.
#[derive(Debug, Clone, Copy)]
pub enum Need {
    /// Whoever is signed in; some also answer without.
    Anyone,
    /// One of these rights.
    Right(&'static [Right]),
    /// One of these rights, or a machine token of this scope.
    Scope(&'static str, &'static [Right]),
}

use Need::{Anyone, Scope};
use Right as R;

const fn any(rights: &'static [Right]) -> Need {
    Need::Right(rights)
}

const READ: Need = any(&[R::ViewReports]);
const WORK: Need = any(&[R::Write, R::Audit, R::Verify]);
const SIGN: Need = any(&[R::Audit, R::Verify]);
const SEE: &[Right] = &[R::ViewReports, R::Upload, R::Write, R::Audit, R::GradeImages];
const IMAGES: Need = Scope("images:read", SEE);
const RECORDING: Need = any(&[R::ViewReports, R::Upload, R::Write, R::Audit]);
const LINK: Need = any(&[R::LinkIdentity]);
const HIDE: Need = any(&[R::LinkIdentity, R::Lead, R::Upload]);
const ADMIN: Need = any(&[R::Administer]);
const SHARE: Need = any(&[R::PrintShare]);
const SEND: Need = any(&[R::Upload, R::Lead, R::Administer]);
const ARCHIVES: Need = any(&[R::Write, R::Audit, R::LinkIdentity, R::Lead]);
const KEEP: Need = any(&[R::QcRecords, R::Lead, R::Administer]);
const HOLD: Need = any(&[R::Lead, R::QcRecords]);
/// The handlers ask more: of which place, and whether it is anybody's yet.
const ANSWER: Need = any(&[R::AcknowledgeCritical, R::RaiseCritical]);
const WITHDRAW: Need = any(&[R::Withdraw]);
const LABORATORY: Need = any(&[R::EnterResults, R::Verify, R::ReceiveSpecimen]);
const ENTER: Need = any(&[R::EnterResults]);
const RESULTS: Need = any(&[R::EnterResults, R::Verify]);
const RECEIVE: Need = any(&[R::ReceiveSpecimen]);
const ALERTS: Need = any(&[R::ViewReports, R::RaiseCritical, R::AcknowledgeCritical, R::Lead]);
const CLINIC: Need = any(&[R::ViewReports, R::Order, R::Upload]);
const HANDS: Need = any(&[R::Write, R::Audit, R::Verify, R::Lead, R::EnterResults]);

/// Verb, address, need.
pub const DOORS: &[(&str, &str, Need)] = &[
    ("GET", "/api/public", Anyone),
    ("GET", "/api/openapi.json", Anyone),
    ("POST", "/api/session", Anyone),
    ("GET", "/api/session", Anyone),
    ("DELETE", "/api/session", Anyone),
    ("POST", "/api/session/reauth", Anyone),
    ("POST", "/api/session/lock", Anyone),
    ("PUT", "/api/session/password", Anyone),
    ("PUT", "/api/session/settings", Anyone),
    ("GET", "/api/events", Anyone),
    // What is offered to choose from; nobody's.
    ("GET", "/api/catalogue", Anyone),
    ("GET", "/api/templates", Anyone),
    ("GET", "/api/phrases", Anyone),
    ("GET", "/api/admin/audit", ADMIN),
    ("GET", "/api/admin/deliveries", ADMIN),
    ("POST", "/api/admin/deliveries/{id}/resend", ADMIN),
    ("GET", "/api/admin/destinations", ADMIN),
    ("POST", "/api/admin/destinations", ADMIN),
    ("PUT", "/api/admin/destinations/{id}", ADMIN),
    ("GET", "/api/admin/facilities", ADMIN),
    ("POST", "/api/admin/facilities", ADMIN),
    ("PUT", "/api/admin/facilities/{code}", ADMIN),
    ("GET", "/api/admin/jobs", ADMIN),
    ("GET", "/api/admin/peers", ADMIN),
    ("POST", "/api/admin/peers", ADMIN),
    ("PUT", "/api/admin/peers/{id}", ADMIN),
    ("POST", "/api/admin/peers/{id}/echo", ADMIN),
    ("GET", "/api/admin/tokens", ADMIN),
    ("POST", "/api/admin/tokens", ADMIN),
    ("DELETE", "/api/admin/tokens/{id}", ADMIN),
    ("GET", "/api/admin/users", ADMIN),
    ("POST", "/api/admin/users", ADMIN),
    ("PUT", "/api/admin/users/{id}", ADMIN),
    ("POST", "/api/admin/users/{id}/password", ADMIN),
    ("GET", "/api/clinic/reports", READ),
    ("GET", "/api/clinic/today", READ),
    ("POST", "/api/clinic/returned/{item}/answer", any(&[R::Upload])),
    ("GET", "/api/orders", CLINIC),
    ("POST", "/api/orders", any(&[R::Order])),
    ("POST", "/api/orders/{id}/cancel", any(&[R::Order])),
    ("POST", "/api/specimens/{barcode}/collect", any(&[R::Upload])),
    ("GET", "/api/critical", ALERTS),
    ("GET", "/api/critical/ringing", ALERTS),
    ("POST", "/api/critical", any(&[R::RaiseCritical])),
    ("POST", "/api/critical/{id}/call", any(&[R::RaiseCritical])),
    ("POST", "/api/critical/{id}/acknowledge", ANSWER),
    ("POST", "/api/critical/{id}/treat", ANSWER),
    ("POST", "/api/critical/{id}/close", ANSWER),
    ("GET", "/api/worklist", READ),
    ("GET", "/api/work/{id}", READ),
    ("POST", "/api/work/next", WORK),
    ("POST", "/api/work/{id}/claim", WORK),
    ("POST", "/api/work/{id}/heartbeat", WORK),
    ("POST", "/api/work/{id}/release", WORK),
    ("POST", "/api/work/{id}/skip", WORK),
    ("POST", "/api/work/{id}/recheck", HANDS),
    ("POST", "/api/work/{id}/return", HANDS),
    ("POST", "/api/work/{id}/break", any(&[R::Lead])),
    ("GET", "/api/reports/{report}", READ),
    ("GET", "/api/reports/{report}/versions/{n}/pdf", READ),
    ("GET", "/api/reports/{id}/versions/{n}/images", IMAGES),
    ("PUT", "/api/reports/{report}/draft", WORK),
    ("POST", "/api/reports/{report}/submit", WORK),
    ("POST", "/api/reports/{report}/recall", WORK),
    ("POST", "/api/reports/{report}/send_back", SIGN),
    ("POST", "/api/reports/{report}/sign", WORK),
    ("POST", "/api/reports/{report}/preliminary", any(&[R::Preliminary])),
    ("POST", "/api/reports/{report}/amend", SIGN),
    ("POST", "/api/reports/{report}/amend/cancel", SIGN),
    ("POST", "/api/reports/{report}/versions/{n}/seen", READ),
    ("POST", "/api/reports/{report}/versions/{n}/acknowledge", ANSWER),
    ("GET", "/api/withdrawals", WITHDRAW),
    ("POST", "/api/reports/{report}/withdraw", WITHDRAW),
    ("POST", "/api/reports/{report}/withdraw/confirm", WITHDRAW),
    ("POST", "/api/reports/{report}/withdraw/refuse", WITHDRAW),
    ("POST", "/api/reports/{report}/withdraw/told", WITHDRAW),
    ("POST", "/api/ecg", Scope("images:write", &[R::Upload])),
    ("GET", "/api/ecg/presets", any(&[R::ViewReports, R::Upload, R::Write, R::Audit, R::Administer])),
    ("PUT", "/api/ecg/presets/active", ADMIN),
    ("GET", "/api/ecg/statements", RECORDING),
    (
        "GET",
        "/api/ecg/statistics",
        any(&[R::ViewReports, R::Upload, R::Write, R::Audit, R::Cockpit, R::QcRecords]),
    ),
    ("GET", "/api/ecg/unmatched", RECORDING),
    ("GET", "/api/ecg/waiting", RECORDING),
    ("GET", "/api/ecg/{record}", RECORDING),
    ("GET", "/api/ecg/{record}/compare/{other}", RECORDING),
    ("GET", "/api/ecg/{record}/export", RECORDING),
    ("GET", "/api/ecg/{record}/svg", RECORDING),
    ("GET", "/api/ecg/{record}/wave", RECORDING),
    ("POST", "/api/ecg/{record}/keep", any(&[R::Upload])),
    ("POST", "/api/ecg/{record}/match", any(&[R::Upload, R::Write])),
    ("POST", "/api/ecg/{record}/statements/check", RECORDING),
    ("PUT", "/api/ecg/{record}/measure", any(&[R::Write])),
    ("GET", "/api/frames/{instance}/{n}", IMAGES),
    ("GET", "/api/instances/{id}/file", IMAGES),
    ("POST", "/api/instances/{id}/promote", LINK),
    ("GET", "/api/series/{id}/stack", IMAGES),
    ("GET", "/api/series/{id}/{picture:preview|thumbnail}", IMAGES),
    ("DELETE", "/api/key-images/{id}", any(&[R::Write])),
    ("PUT", "/api/studies/{id}/key-images", any(&[R::Write])),
    ("GET", "/api/studies", IMAGES),
    ("GET", "/api/studies/{id}", IMAGES),
    ("GET", "/api/studies/{id}/card", IMAGES),
    ("GET", "/api/studies/{id}/history", IMAGES),
    ("GET", "/api/studies/{id}/notices", IMAGES),
    ("GET", "/api/studies/{id}/key-images", IMAGES),
    ("GET", "/api/studies/{id}/{picture:preview|thumbnail}", IMAGES),
    ("GET", "/api/studies/{id}/patients", LINK),
    ("GET", "/api/studies/{id}/orders", LINK),
    ("POST", "/api/studies/{id}/patient", LINK),
    ("POST", "/api/studies/{id}/order", LINK),
    ("POST", "/api/studies/{id}/unlink", LINK),
    ("POST", "/api/studies/{id}/split", LINK),
    ("POST", "/api/studies/{id}/move", LINK),
    ("POST", "/api/studies/{id}/merge", LINK),
    ("POST", "/api/studies/{id}/check", KEEP),
    ("POST", "/api/studies/{id}/hide", HIDE),
    ("POST", "/api/studies/{id}/restore", HIDE),
    ("POST", "/api/reconcile/{act}/undo", HIDE),
    ("GET", "/api/studies/{id}/grants", IMAGES),
    ("POST", "/api/studies/{id}/grants", SHARE),
    ("DELETE", "/api/studies/{id}/grants/{facility}", SHARE),
    ("GET", "/api/studies/{id}/links", IMAGES),
    ("POST", "/api/studies/{id}/links", IMAGES),
    ("DELETE", "/api/links/{id}", IMAGES),
    ("POST", "/api/studies/{id}/send", any(&[R::Upload, R::Lead])),
    ("PUT", "/api/studies/{id}/hold", HOLD),
    ("DELETE", "/api/studies/{id}/hold", HOLD),
    ("GET", "/api/quarantine", IMAGES),
    ("GET", "/api/quarantine/{id}", IMAGES),
    ("POST", "/api/quarantine/{id}/charset", LINK),
    ("POST", "/api/quarantine/{id}/index", LINK),
    ("POST", "/api/quarantine/{id}/release", LINK),
    ("GET", "/api/archives", ARCHIVES),
    ("POST", "/api/archives/{id}/search", ARCHIVES),
    ("POST", "/api/archives/{id}/fetch", ARCHIVES),
    ("GET", "/api/outbox", SEND),
    ("GET", "/api/outbox/{kind}/{id}", SEND),
    ("POST", "/api/outbox/{kind}/{id}/retry", SEND),
    ("POST", "/api/outbox/{kind}/{id}/stop", SEND),
    ("GET", "/api/storage", KEEP),
    ("GET", "/api/storage/damaged", KEEP),
    ("GET", "/api/storage/holds", HOLD),
    ("GET", "/api/storage/retention", HOLD),
    ("POST", "/api/storage/damaged/{address}/recheck", KEEP),
    ("PUT", "/api/storage/damaged/{address}/content", KEEP),
    ("PUT", "/api/storage/damaged/{address}/note", KEEP),
    ("GET", "/api/lab/items", RESULTS),
    ("PUT", "/api/lab/items/{code}", any(&[R::Lead])),
    ("GET", "/api/lab/messages", LABORATORY),
    ("GET", "/api/lab/messages/{id}", RESULTS),
    ("POST", "/api/lab/messages/{id}/again", RESULTS),
    ("GET", "/api/lab/queue", RESULTS),
    ("GET", "/api/lab/specimens", any(&[R::ReceiveSpecimen, R::Order, R::Upload])),
    ("GET", "/api/lab/unmatched", LABORATORY),
    ("POST", "/api/lab/unmatched/{id}/attach", ENTER),
    ("POST", "/api/lab/release", any(&[R::Verify])),
    ("POST", "/api/lab/release_ready", any(&[R::Verify])),
    ("POST", "/api/lab/results/{id}/correct", any(&[R::EnterResults, R::Lead])),
    ("POST", "/api/lab/results/{id}/rerun", ENTER),
    ("POST", "/api/lab/specimens/{barcode}/receive", RECEIVE),
    ("POST", "/api/lab/specimens/{barcode}/reject", RECEIVE),
];

/// One step of an address.
enum Step {
    /// This word.
    Word(&'static str),
    /// One of these words.
    OneOf(Vec<&'static str>),
    /// Anything.
    Any,
}

impl Step {
    fn of(text: &'static str) -> Self {
        match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            None => Self::Word(text),
            Some(name) => match name.split_once(':') {
                Some((_, words)) => Self::OneOf(words.split('|').collect()),
                None => Self::Any,
            },
        }
    }

    fn takes(&self, word: &str) -> bool {
        match self {
            Self::Word(own) => *own == word,
            Self::OneOf(words) => words.contains(&word),
            Self::Any => !word.is_empty() && !word.contains('/'),
        }
    }
}

type Rows = Vec<(Vec<Step>, Need)>;

/// Rows by verb and number of steps; where two fit, the one that is named comes first in the table.
static ROWS: LazyLock<HashMap<(&'static str, usize), Rows>> = LazyLock::new(|| {
    let mut rows: HashMap<_, Rows> = HashMap::new();
    for (verb, address, need) in DOORS {
        let steps: Vec<Step> = address.split('/').map(Step::of).collect();
        rows.entry((*verb, steps.len())).or_default().push((steps, *need));
    }
    rows
});

/// What the address asks. The router compares decoded words; so does this.
fn find(verb: &Method, path: &str) -> Option<Need> {
    let verb = if *verb == Method::HEAD { "GET" } else { verb.as_str() };
    let words: Vec<_> = path.split('/').map(|w| percent_decode_str(w).decode_utf8_lossy()).collect();
    // The keys are of the program: a verb that is none of them finds nothing.
    let known = ["GET", "POST", "PUT", "DELETE"].into_iter().find(|known| *known == verb)?;
    let rows = ROWS.get(&(known, words.len()))?;
    let fits = |steps: &[Step]| steps.iter().zip(&words).all(|(step, word)| step.takes(word));
    rows.iter().find(|(steps, _)| fits(steps)).map(|(_, need)| *need)
}

/// Whether this permit may use this verb at this address. What is not below `/api/` asks for itself.
///
/// # Errors
/// `Denied`; `NotFound` for an address of the API without a row: it is nobody's.
pub(super) fn admit(permit: &Permit, verb: &Method, path: &str) -> Result<()> {
    if !percent_decode_str(path).decode_utf8_lossy().starts_with("/api/") {
        return Ok(());
    }
    let (by_scope, rights) = match find(verb, path).ok_or_else(|| Fault::not_found("address"))? {
        Anyone => return Ok(()),
        Need::Right(rights) => (false, rights),
        Scope(scope, rights) => (permit.has_scope(scope), rights),
    };
    if by_scope || rights.iter().any(|right| permit.may(*right)) {
        return Ok(());
    }
    Err(Fault::denied(rights.first().map_or("", |right| right.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_passes_by_its_scopes_alone() {
        let with = |scopes: &[&str]| {
            Permit::machine("t", "T", "C01", scopes.iter().map(|s| (*s).to_owned()).collect())
        };
        let admits = |permit: &Permit, verb, path: &str| admit(permit, &verb, path).is_ok();
        for permit in [with(&[]), with(&[""]), with(&["stow"])] {
            assert!(!admits(&permit, Method::GET, "/api/admin/users"));
            assert!(!admits(&permit, Method::POST, "/api/admin/tokens"));
        }
    }

    #[test]
    fn addresses_find_their_rows() {
        let rights = |verb: Method, path: &str| match find(&verb, path) {
            Some(Need::Right(rights) | Scope(_, rights)) => rights.to_vec(),
            _ => Vec::new(),
        };
        assert_eq!(rights(Method::GET, "/api/admin/audit"), [R::Administer]);
        assert_eq!(rights(Method::HEAD, "/api/%61dmin/audit"), [R::Administer], "as the router reads it");
        assert!(rights(Method::GET, "/api/ecg/presets").contains(&R::Administer), "named before any record");
        assert!(!rights(Method::GET, "/api/ecg/01AB").contains(&R::Administer));
        assert!(find(&Method::GET, "/api/studies/1/thumbnail").is_some());
        assert!(find(&Method::GET, "/api/studies/1/nonsense").is_none());
        assert!(find(&Method::PATCH, "/api/orders").is_none());
        assert!(find(&Method::GET, "/api/work/").is_none(), "an empty word names nothing");
    }
}
