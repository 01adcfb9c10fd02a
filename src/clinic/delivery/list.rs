//! Deliveries as pages show them.

use serde_json::{Value, json};
use yigong_base::access::Permit;
use yigong_base::args;
use yigong_base::fault::Result;
use yigong_base::storage::Conn;

use super::sql;

/// Deliveries of a report.
pub async fn of_report(conn: &mut Conn, permit: &Permit, report: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for row in conn.all(sql::OF_REPORT, args![report, permit.scope()]).await? {
        all.push(json!({
            "id": row.text("id")?, "destination": row.text("destination")?, "name": row.text("name")?, "kind": row.text("kind")?,
            "n": row.int("n")?, "state": row.text("state")?, "attempts": row.int("attempts")?, "sent_at": row.opt_int("sent_at")?,
            "acked_at": row.opt_int("acked_at")?, "seen_at": row.opt_int("seen_at")?, "seen_by": row.opt_text("seen_name")?,
            "clinically_acked_at": row.opt_int("clinically_acked_at")?, "error": row.text("error")?,
        }));
    }
    Ok(all)
}

/// The last deliveries for the administrator, by state or all.
pub async fn list(conn: &mut Conn, state: &str) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    for row in conn.all(sql::LIST, args![state]).await? {
        all.push(json!({
            "id": row.text("id")?, "destination": row.text("destination")?, "name": row.text("name")?, "kind": row.text("kind")?,
            "facility": row.text("facility")?, "report": row.text("report")?, "n": row.int("n")?, "state": row.text("state")?,
            "attempts": row.int("attempts")?, "next_at": row.int("next_at")?, "error": row.text("error")?,
            "created_at": row.int("created_at")?, "sent_at": row.opt_int("sent_at")?, "acked_at": row.opt_int("acked_at")?,
        }));
    }
    Ok(all)
}
