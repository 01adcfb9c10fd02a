//! One answer row of either engine.

use std::sync::Arc;

use rusqlite::types::Value;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Type};

use crate::fault::{Fault, Result};

/// A row; columns are read by name.
pub enum Row {
    /// From SQLite.
    Sqlite(Held),
    /// From PostgreSQL.
    Postgres(PgRow),
}

/// A row that was copied out of SQLite.
pub struct Held {
    pub(super) names: Arc<[String]>,
    pub(super) cells: Vec<Value>,
}

impl Held {
    fn cell(&self, column: &str) -> Result<&Value> {
        let found = self.names.iter().rposition(|name| name == column);
        let cell = found.and_then(|n| self.cells.get(n));
        cell.ok_or_else(|| Fault::internal(format!("column {column} is not in the row")))
    }
}

fn other(column: &str, value: &Value) -> Fault {
    Fault::internal(format!("column {column} holds {}", value.data_type()))
}

fn pg<T>(row: &PgRow, column: &str) -> Result<Option<T>>
where
    T: for<'r> Decode<'r, Postgres> + Type<Postgres>,
{
    sqlx::Row::try_get(row, column).map_err(|e| Fault::internal(format!("column {column}: {e}")))
}

/// One reader of cells: the SQLite value that fits, and null.
macro_rules! cell {
    ($row:expr, $column:expr, $($fits:pat => $value:expr),+) => {
        match $row {
            Row::Postgres(row) => pg(row, $column),
            Row::Sqlite(row) => match row.cell($column)? {
                Value::Null => Ok(None),
                $($fits => Ok(Some($value)),)+
                value => Err(other($column, value)),
            },
        }
    };
}

impl Row {
    /// Text, or `None` when null.
    pub fn opt_text(&self, column: &str) -> Result<Option<String>> {
        cell!(self, column, Value::Text(v) => v.clone())
    }
    /// Text; null is an error.
    pub fn text(&self, column: &str) -> Result<String> {
        self.opt_text(column)?.ok_or_else(|| null(column))
    }
    /// Integer, or `None` when null.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>> {
        cell!(self, column, Value::Integer(v) => *v)
    }
    /// Integer; null is an error.
    pub fn int(&self, column: &str) -> Result<i64> {
        self.opt_int(column)?.ok_or_else(|| null(column))
    }
    /// Double, or `None` when null.
    pub fn opt_real(&self, column: &str) -> Result<Option<f64>> {
        cell!(self, column, Value::Real(v) => *v)
    }
    /// Bytes, or `None` when null.
    pub fn opt_bytes(&self, column: &str) -> Result<Option<Vec<u8>>> {
        cell!(self, column, Value::Blob(v) => v.clone())
    }
    /// Bytes; null is an error.
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        self.opt_bytes(column)?.ok_or_else(|| null(column))
    }
    /// A 0/1 column.
    pub fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }
    /// Whether a text column holds something: not null and not empty.
    pub fn has(&self, column: &str) -> Result<bool> {
        match self {
            Self::Sqlite(row) => Ok(matches!(row.cell(column)?, Value::Text(v) if !v.is_empty())),
            Self::Postgres(_) => Ok(self.opt_text(column)?.is_some_and(|v| !v.is_empty())),
        }
    }
    /// A text column that holds JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        let read = match self {
            Self::Sqlite(row) => match row.cell(column)? {
                Value::Text(text) => serde_json::from_str(text),
                _ => serde_json::from_str(&self.text(column)?),
            },
            Self::Postgres(_) => serde_json::from_str(&self.text(column)?),
        };
        read.map_err(|e| Fault::internal(format!("column {column} holds unexpected json: {e}")))
    }
}

fn null(column: &str) -> Fault {
    Fault::internal(format!("column {column} is null"))
}
