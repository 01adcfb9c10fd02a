//! Which file answers which request.

use yigong_clinic::imaging::step::Message;
use yigong_formats::dicom::command::{Command, NormalisedRequest, Response, Verb};
use yigong_formats::dicom::negotiate::Purpose;
use yigong_formats::dicom::{commitment, uid};

use super::dialogue::Break;
use super::operation::{Exchange, Request};
use super::status::{self, Status};
use super::{find, get, move_, mpps, worklist};

/// Works on one request until its last response is sent.
pub(super) async fn serve(mut exchange: Exchange, request: Request) -> Result<(), Break> {
    if let Command::Normalised(rq) = &request.command {
        let (instance, status) = normalised(&exchange, &request, rq).await;
        return match request.command.answered(status.code, &status.comment) {
            Some(response) => exchange.answer(Response { sop_instance: instance, ..response }, None).await,
            None => Ok(()),
        };
    }
    let of_context = |class: &str| class == request.context.sop_class;
    match (&request.command, request.context.purpose) {
        (Command::Find(rq), Purpose::Find) if of_context(&rq.sop_class) => {
            return find::on_c_find(&exchange, &request).await;
        }
        (Command::Find(rq), Purpose::Worklist) if of_context(&rq.sop_class) => {
            return worklist::on_c_find(&exchange, &request).await;
        }
        (Command::Move(rq), Purpose::Move) if of_context(&rq.sop_class) => {
            return move_::on_c_move(&exchange, &request, rq).await;
        }
        (Command::Get(rq), Purpose::Get) if of_context(&rq.sop_class) => {
            return get::on_c_get(&mut exchange, &request).await;
        }
        _ => {}
    }
    let status = match &request.command {
        Command::Find(_) | Command::Get(_) | Command::Move(_) => status::CLASS_NOT_SUPPORTED,
        _ => status::UNRECOGNISED,
    };
    match request.command.answered(status, "") {
        Some(response) => exchange.answer(response, None).await,
        None => Ok(()),
    }
}

/// The normalised services: which class has which operation. Answers the instance and the status.
async fn normalised(exchange: &Exchange, request: &Request, rq: &NormalisedRequest) -> (String, Status) {
    let (centre, peer) = (&exchange.centre, &exchange.peer);
    let (data, syntax) = (request.data.as_slice(), request.context.transfer_syntax.as_str());
    let message = Message { body: data, transfer_syntax: syntax };
    let status = match (request.context.purpose, &rq.verb) {
        _ if rq.sop_class != request.context.sop_class => {
            Status::new(status::CLASS_NOT_SUPPORTED, "class of another context")
        }
        (Purpose::Mpps, Verb::Create) => return mpps::create(centre, peer, &rq.sop_instance, message).await,
        (Purpose::Mpps, Verb::Set) => mpps::set(centre, peer, &rq.sop_instance, message).await,
        (Purpose::Commitment, Verb::Action(_) | Verb::EventReport(_))
            if rq.sop_instance != uid::COMMITMENT_PUSH_INSTANCE =>
        {
            Status::new(status::NO_SUCH_INSTANCE, "not the well-known instance")
        }
        (Purpose::Commitment, Verb::Action(commitment::REQUEST)) => {
            super::commitment::asked(centre, peer, &exchange.association, data, syntax).await
        }
        (Purpose::Commitment, Verb::Action(_)) => Status::new(status::NO_SUCH_ACTION, "action type"),
        (Purpose::Commitment, Verb::EventReport(commitment::ALL | commitment::SOME_FAILED)) => {
            super::commitment::heard(centre, peer, data, syntax).await
        }
        (Purpose::Commitment, Verb::EventReport(_)) => Status::new(status::NO_SUCH_EVENT, "event type"),
        _ => Status::new(status::UNRECOGNISED, "operation of another service"),
    };
    (rq.sop_instance.clone(), status)
}
