//! The HTTP server: routes, authentication, headers, limits.

use std::net::SocketAddr;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Request};
use actix_server::Server;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::middleware::{Compress, DefaultHeaders, from_fn};
use actix_web::rt::net::TcpStream;
use actix_web::{App, web};
use percent_encoding::percent_decode_str;
use yigong_clinic::Centre;

use super::connection::Connection;
use super::{
    admin, admin_people, archives, assets, auth, clinic, critical, ecg, ecg_sentences, ecg_upload, ecg_work,
    events, fault, grants, health, imaging, key_images, lab, link, openapi, orders, outbox, public,
    quarantine, reconcile, reports, session, specimens, storage, withdrawals, work, worklist,
};

/// A connection whose request was refused before its body was read is closed at once: lingering would read on for as long
/// as a sender pushes (S-02).
const LINGER: std::time::Duration = std::time::Duration::ZERO;
/// Largest JSON body.
const JSON_LIMIT: usize = 1024 * 1024;

/// Every guarded route of the program. The router tries one pattern after the other, so each part tries only its own.
fn guarded(cfg: &mut web::ServiceConfig) {
    part(cfg, &["/dicom-web", "/wado"], images);
    part(cfg, &["/fhir/"], crate::fhir::routes);
    part(cfg, &["/api/"], api);
}

/// The routes under some beginnings of a path.
fn part(cfg: &mut web::ServiceConfig, under: &'static [&'static str], routes: fn(&mut web::ServiceConfig)) {
    let mine = move |c: &GuardContext<'_>| {
        // As the router compares: decoded.
        let path = percent_decode_str(c.head().uri.path()).decode_utf8_lossy();
        under.iter().any(|u| path.starts_with(u))
    };
    cfg.service(
        web::scope("").guard(fn_guard(mine)).configure(routes).default_service(web::to(assets::serve)),
    );
}

/// What viewers and devices talk to.
fn images(cfg: &mut web::ServiceConfig) {
    link::viewer(cfg);
    crate::dicomweb::routes(cfg);
}

/// What the pages talk to.
fn api(cfg: &mut web::ServiceConfig) {
    session::routes(cfg);
    worklist::routes(cfg);
    work::routes(cfg);
    reports::routes(cfg);
    critical::routes(cfg);
    clinic::routes(cfg);
    imaging::routes(cfg);
    key_images::routes(cfg);
    link::routes(cfg);
    quarantine::routes(cfg);
    reconcile::routes(cfg);
    grants::routes(cfg);
    outbox::routes(cfg);
    archives::routes(cfg);
    storage::routes(cfg);
    // Named paths before the one that takes any record.
    ecg_upload::routes(cfg);
    ecg_work::routes(cfg);
    ecg_sentences::routes(cfg);
    ecg::routes(cfg);
    events::routes(cfg);
    admin::routes(cfg);
    admin_people::routes(cfg);
    orders::routes(cfg);
    withdrawals::routes(cfg);
    lab::routes(cfg);
    specimens::routes(cfg);
    openapi::routes(cfg);
}

/// All routes: health and public ones, then everything behind the guard, then the pages.
pub fn everything(cfg: &mut web::ServiceConfig) {
    health::routes(cfg);
    public::routes(cfg);
    cfg.service(
        web::scope("").wrap(from_fn(auth::guard)).configure(guarded).default_service(web::to(assets::serve)),
    );
}

/// Starts the server on a bound listener; the caller stops it through its handle.
///
/// What the framework's own server does for plain HTTP/1.1, on connections that files can go into ([`Connection`]).
pub fn start(centre: Centre, listener: std::net::TcpListener) -> std::io::Result<Server> {
    let workers = usize::try_from(centre.ctx.config.http.workers).unwrap_or(2).max(1);
    let data = web::Data::new(centre);
    let at = listener.local_addr()?;
    // Sockets are left for devices, however many pages are open.
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(4096)
        .shutdown_timeout(20)
        .disable_signals();
    let stopping = builder.graceful_shutdown_signal();
    let accepted = move || {
        let stopping = stopping.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(std::time::Duration::from_secs(60))
            .client_request_timeout(std::time::Duration::from_secs(10))
            .client_disconnect_timeout(LINGER)
            .local_addr(at)
            .on_connect_ext(|connection: &Connection, extensions| {
                extensions.insert(connection.files());
            })
            .h1(map_config(app(data.clone()), move |_| {
                // What the framework's own server says; it has no other door for that.
                AppConfig::__priv_test_new(false, at.to_string(), at)
            }));
        fn_service(taken).map_err(DispatchError::Io).and_then(http)
    };
    Ok(builder.listen("http", listener, accepted)?.run())
}

/// A connection as it was accepted, and who opened it.
async fn taken(tcp: TcpStream) -> std::io::Result<(Connection, Option<SocketAddr>)> {
    // The last piece of a study would wait for the answer to the one before it.
    // A connection that is broken already says so when it is read.
    let _ = tcp.set_nodelay(true);
    let peer = tcp.peer_addr().ok();
    Ok((Connection::new(tcp), peer))
}

/// The program as the framework runs it.
fn app(
    data: web::Data<Centre>,
) -> impl ServiceFactory<
    Request,
    Config = AppConfig,
    Response = ServiceResponse<impl MessageBody>,
    Error = actix_web::Error,
    InitError = (),
> {
    App::new()
        .app_data(data)
        .app_data(
            web::JsonConfig::default().limit(JSON_LIMIT).error_handler(|e, _| bad("body", &e.to_string())),
        )
        .app_data(web::QueryConfig::default().error_handler(|e, _| bad("query", &e.to_string())))
        .app_data(web::PathConfig::default().error_handler(|e, _| bad("path", &e.to_string())))
        .wrap(Compress::default())
        .wrap(
            DefaultHeaders::new()
                .add(("X-Content-Type-Options", "nosniff"))
                .add(("Referrer-Policy", "same-origin"))
                .add(("Cross-Origin-Opener-Policy", "same-origin")),
        )
        .configure(everything)
        .into_factory()
}

fn bad(what: &str, detail: &str) -> actix_web::Error {
    fault::ApiFault(yigong_base::fault::Fault::invalid(what, detail)).into()
}
