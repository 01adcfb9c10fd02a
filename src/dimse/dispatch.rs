//! Which file answers which request.

use yigong_formats::dicom::command::Command;

use super::dialogue::Break;
use super::operation::{Exchange, Request};
use super::status;

/// Works on one request until its last response is sent.
pub(super) async fn serve(exchange: Exchange, request: Request) -> Result<(), Break> {
    let status = match &request.command {
        Command::Find(_) | Command::Get(_) | Command::Move(_) => status::CLASS_NOT_SUPPORTED,
        _ => status::UNRECOGNISED,
    };
    match request.command.answered(status, "") {
        Some(response) => exchange.answer(response, None).await,
        None => Ok(()),
    }
}
