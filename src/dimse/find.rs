//! C-FIND on the patient root and study root (PS3.4 §C.4.1): rows go out as they are found, a cancel is seen between two of them.

use yigong_base::access::Permit;
use yigong_clinic::imaging::query::{Level, Query, Search, unsupported};
use yigong_formats::dicom::attributes::Attributes;
use yigong_formats::dicom::qido::is_one;
use yigong_formats::dicom::tag;

use super::dialogue::Break;
use super::identifier::{self, Writing};
use super::operation::{Exchange, Request};
use super::status::{self, Status};

/// Matches of one request at most, unless it asks for what one study holds.
pub(super) const MAX_MATCHES: usize = 2_000;

/// Answers a query.
pub(super) async fn on_c_find(exchange: &Exchange, request: &Request) -> Result<(), Break> {
    let end = match begin(request) {
        Ok((keys, level)) => rows(exchange, request, &keys, level).await?,
        Err(status) => status,
    };
    finish(exchange, request, &end).await
}

/// Sends the last response.
pub(super) async fn finish(exchange: &Exchange, request: &Request, end: &Status) -> Result<(), Break> {
    match request.command.answered(end.code, &end.comment) {
        Some(response) => exchange.answer(response, None).await,
        None => Ok(()),
    }
}

fn begin(request: &Request) -> Result<(Attributes, Level), Status> {
    let keys = identifier::read(request)?;
    let level =
        identifier::level(&keys, &request.context.sop_class, request.context.options.relational, false)?;
    Ok((keys, level))
}

async fn rows(
    exchange: &Exchange,
    request: &Request,
    keys: &Attributes,
    level: Level,
) -> Result<Status, Break> {
    let permit = exchange.permit();
    let writing = Writing::of(request, keys, &exchange.peer);
    let code =
        if unsupported(level, keys).is_empty() { status::PENDING } else { status::PENDING_UNSUPPORTED };
    let pending = request.command.answered(code, "").unwrap_or_default();
    let agreed = request.context.options;
    let mut query = Query::new(level, keys.clone());
    (query.combined, query.fuzzy) = (agreed.combined, agreed.fuzzy);
    let mut search = Search::new(query);
    // Whoever lists a study's images must be told of each: a perfusion series has more than that.
    let of_study = level != Level::Patient && is_one(keys, tag::STUDY_UID);
    let mut sent = 0;
    loop {
        let page = match page(exchange, &permit, &mut search).await {
            Ok(Some(page)) => page,
            Ok(None) => {
                if sent == 0 {
                    super::retrieve::strangers(exchange, &permit, "C-FIND", keys).await;
                }
                return Ok(Status::new(status::SUCCESS, ""));
            }
            Err(status) => return Ok(status),
        };
        for found in page {
            if exchange.is_cancelled() {
                return Ok(Status::new(status::CANCELLED, ""));
            }
            if sent == MAX_MATCHES && !of_study {
                return Ok(Status::new(status::OUT_OF_RESOURCES, format!("more than {MAX_MATCHES} matches")));
            }
            let mut answer = identifier::answer(keys, &found.attributes);
            answer.put(tag::QUERY_LEVEL, level.as_str());
            answer.put(tag::RETRIEVE_AE, exchange.centre.ctx.config.dicom.ae_title.as_str());
            answer.put(tag::AVAILABILITY, "ONLINE");
            exchange.answer(pending.clone(), Some(&writing.encode(&answer))).await?;
            sent += 1;
            // The reader of this association may hold a cancel.
            tokio::task::yield_now().await;
        }
        if exchange.is_cancelled() {
            return Ok(Status::new(status::CANCELLED, ""));
        }
    }
}

/// The next page; the connection to the database is given back before anything is sent.
pub(super) async fn page(
    exchange: &Exchange,
    permit: &Permit,
    search: &mut Search,
) -> Result<Option<Vec<yigong_clinic::imaging::query::Found>>, Status> {
    let ctx = &exchange.centre.ctx;
    let found = async { search.next(&mut *ctx.db.read(permit).await?, permit).await };
    found.await.map_err(|fault| {
        tracing::error!(peer = %exchange.peer.name, %fault, "a query failed");
        Status::new(status::UNABLE, fault.code())
    })
}
