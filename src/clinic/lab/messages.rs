//! Messages as they came, for the people who look after the connections.

use serde::Serialize;
use serde_json::json;
use yigong_base::access::Permit;
use yigong_base::fault::{Fault, Result};
use yigong_base::site::peer;
use yigong_base::storage::{Conn, Row, Tx};
use yigong_base::{Ctx, args, audit, jobs};
use yigong_formats::hl7::{self, Charset, ReadOptions};

use super::sql;

/// A message of the list.
#[derive(Debug, Clone, Serialize)]
pub struct MessageLine {
    /// Row id.
    pub id: String,
    /// Peer id.
    pub peer: String,
    /// Facility name.
    pub facility_name: String,
    /// When it came, ms.
    pub received_at: i64,
    /// `ORU^R01` and the like.
    pub message_type: String,
    /// `received`, `done`, `error`, `quarantined`, `held`.
    pub state: String,
    /// Why.
    pub reason: String,
}

/// One message with its decoded view.
#[derive(Debug, Clone, Serialize)]
pub struct MessageView {
    /// Line of the list.
    #[serde(flatten)]
    pub line: MessageLine,
    /// Bytes as text; undecodable ones are shown as escapes.
    pub raw_text: String,
    /// Segments, when it can be read.
    pub decoded: Vec<SegmentView>,
}

/// A segment with its raw fields.
#[derive(Debug, Clone, Serialize)]
pub struct SegmentView {
    /// Name.
    pub segment: String,
    /// Fields from 1, raw.
    pub fields: Vec<String>,
}

/// Messages in scope, newest first.
pub async fn list(conn: &mut Conn, permit: &Permit, state: &str) -> Result<Vec<MessageLine>> {
    conn.all(sql::MESSAGES, args![permit.scope(), state]).await?.iter().map(line).collect()
}

/// One message.
pub async fn one(conn: &mut Conn, permit: &Permit, id: &str) -> Result<MessageView> {
    let row = conn
        .opt(sql::MESSAGE, args![id, permit.scope()])
        .await?
        .ok_or_else(|| Fault::not_found("message"))?;
    let body = row.bytes("body")?;
    let charset = Charset::of_setting(&row.text("charset")?);
    let read = hl7::receive(&body, &ReadOptions { charset, join_wrapped: true });
    let raw_text = match &read {
        Ok(got) => got.decoded.text.clone(),
        Err(_) => body.escape_ascii().to_string().replace("\\r", "\r").replace("\\n", "\n"),
    };
    let mut decoded = Vec::new();
    for message in read.iter().flat_map(|r| r.messages.iter().flatten()) {
        for segment in message.segments() {
            decoded.push(SegmentView {
                segment: segment.name().to_owned(),
                fields: (1..=segment.field_count()).map(|n| segment.raw(n).to_owned()).collect(),
            });
        }
    }
    Ok(MessageView { line: line(&row)?, raw_text: raw_text.replace('\r', "\n"), decoded })
}

/// A message as kept, for taking it again.
#[derive(Debug, Clone)]
pub struct RawMessage {
    /// Peer id.
    pub peer: String,
    /// State.
    pub state: String,
    /// Bytes as received.
    pub body: Vec<u8>,
    /// Character set it was read in.
    pub charset: String,
    /// `ORU^R01` and the like.
    pub message_type: String,
    /// MSH-10.
    pub control_id: String,
    /// Answer that was given.
    pub ack: Vec<u8>,
}

/// The bytes of one message in scope.
pub async fn raw(conn: &mut Conn, permit: &Permit, id: &str) -> Result<RawMessage> {
    let row = conn.opt(sql::MESSAGE, args![id, permit.scope()]).await?;
    let row = row.ok_or_else(|| Fault::not_found("message"))?;
    Ok(RawMessage {
        peer: row.text("peer")?,
        state: row.text("state")?,
        body: row.bytes("body")?,
        charset: row.text("charset")?,
        message_type: row.text("message_type")?,
        control_id: row.text("control_id")?,
        ack: row.opt_bytes("ack")?.unwrap_or_default(),
    })
}

/// Asks for a held or refused message to be taken again with the connection's present settings.
///
/// # Errors
/// `Conflict` for a message that was taken, or belongs to no peer.
pub async fn again(tx: &mut Tx, ctx: &Ctx, permit: &Permit, id: &str) -> Result<()> {
    let raw = raw(tx, permit, id).await?;
    if !matches!(raw.state.as_str(), "held" | "error" | "quarantined") {
        return Err(Fault::conflict("wrong_state", format!("the message is {}", raw.state)));
    }
    if peer::find(tx, &raw.peer).await.is_err() {
        return Err(Fault::conflict(
            "no_peer",
            format!("it came from {}, which is no registered peer", raw.peer),
        ));
    }
    jobs::enqueue(tx, ctx, jobs::Job::new("hl7_replay", id)).await?;
    audit::append(tx, ctx, permit, "inbox.again", "inbox", id, &json!({"was": raw.state}));
    Ok(())
}

fn line(row: &Row) -> Result<MessageLine> {
    Ok(MessageLine {
        id: row.text("id")?,
        peer: row.text("peer")?,
        facility_name: row.text("facility_name")?,
        received_at: row.int("received_at")?,
        message_type: row.text("message_type")?,
        state: row.text("state")?,
        reason: row.text("reason")?,
    })
}
