//! Storage Commitment Push Model (PS3.4 Annex J): as provider the request is kept and answered by a job, on the association of
//! the request while it is open, else on one of our own; as user we hear the report of a peer.

use yigong_base::fault::{Fault, Result};
use yigong_base::site::Peer;
use yigong_clinic::Centre;
use yigong_clinic::imaging::commitment;
use yigong_formats::dicom::command::Verb;
use yigong_formats::dicom::commitment as values;
use yigong_formats::dicom::negotiate::Roles;
use yigong_formats::dicom::uid;

use super::outbox::standing;
use super::reports::{Report, Reports};
use super::scu::{self, Target};
use super::status::{self, Status};

/// N-ACTION type 1: 0000 means that the answer will come, not what it will be.
pub(super) async fn asked(centre: &Centre, peer: &Peer, line: &str, data: &[u8], syntax: &str) -> Status {
    let request = match values::read(data, syntax) {
        Ok(request) if request.referenced.is_empty() => {
            return Status::new(status::MISSING_ATTRIBUTE, "(0008,1199)");
        }
        Ok(request) => request,
        Err(refusal) => return Status::new(status::INVALID_VALUE, refusal.slug),
    };
    match commitment::ask(&centre.ctx, peer, &request, line).await {
        Ok(_) => Status::new(status::SUCCESS, ""),
        Err(Fault::Conflict { detail, .. }) => Status::new(status::PROCESSING_FAILURE, detail),
        Err(fault) => {
            tracing::error!(peer = %peer.name, %fault, "a storage commitment request was not kept");
            Status::new(status::PROCESSING_FAILURE, fault.code())
        }
    }
}

/// N-EVENT-REPORT: what a peer says about objects that we sent.
pub(super) async fn heard(centre: &Centre, peer: &Peer, data: &[u8], syntax: &str) -> Status {
    let report = match values::read(data, syntax) {
        Ok(report) => report,
        Err(refusal) => return Status::new(status::INVALID_VALUE, refusal.slug),
    };
    match commitment::heard(&centre.ctx, peer, &report).await {
        Ok(()) => Status::new(status::SUCCESS, ""),
        Err(Fault::NotFound { what }) => Status::new(status::NO_SUCH_INSTANCE, what),
        Err(fault) => {
            tracing::error!(peer = %peer.name, %fault, "a storage commitment report was not kept");
            Status::new(status::PROCESSING_FAILURE, fault.code())
        }
    }
}

/// The job [`commitment::JOB`]: every object is read and hashed again, then the report goes out.
///
/// # Errors
/// The peer could not be told; the job tries again, for seven days in all.
pub async fn run(centre: &Centre, reports: &Reports, id: &str) -> Result<()> {
    let ctx = &centre.ctx;
    let Some(judged) = commitment::judge(ctx, id).await? else { return Ok(()) };
    let Some(peer) = standing(centre, &judged.peer, id).await? else { return Ok(()) };
    let event = judged.transaction.event();
    let data = judged.transaction.data_set(Some(&ctx.config.dicom.ae_title));
    let report = Report {
        sop_class: uid::COMMITMENT_PUSH,
        sop_instance: uid::COMMITMENT_PUSH_INSTANCE,
        event,
        explicit: data.encode(),
        implicit: data.encode_implicit(),
    };
    let answer = match reports.tell(&judged.line, report).await {
        Some(status) => Ok(status),
        None => on_our_own(centre, &peer, event, &data).await,
    };
    let why = match answer {
        Ok(0) => return commitment::reported(ctx, &judged).await,
        Ok(status) => format!("answered with status {status:04X}"),
        Err(why) => why,
    };
    commitment::failed(ctx, id, &why).await?;
    Err(Fault::Busy { detail: format!("storage commitment report to {}: {why}", peer.name) })
}

async fn on_our_own(
    centre: &Centre,
    peer: &Peer,
    event: u16,
    data: &yigong_formats::dicom::build::DataSet,
) -> std::result::Result<u16, String> {
    let target = Target::of(&centre.ctx, peer).map_err(|fault| fault.to_string())?;
    let about = (uid::COMMITMENT_PUSH, uid::COMMITMENT_PUSH_INSTANCE);
    // We are the provider and open the association all the same (PS3.4 §J.3.3).
    let role = Roles { scu: false, scp: true };
    let answer = scu::request(&target, about, Verb::EventReport(event), data, Some(role)).await;
    answer.map_err(|e| e.to_string())
}
