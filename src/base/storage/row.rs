//! One answer row of either engine.

use serde::de::DeserializeOwned;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Sqlite, Type};

use crate::fault::{Fault, Result};

/// A row; columns are read by name.
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

fn bad(column: &str, error: &sqlx::Error) -> Fault {
    Fault::internal(format!("column {column}: {error}"))
}

impl Row {
    fn cell<T>(&self, column: &str) -> Result<Option<T>>
    where
        T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => sqlx::Row::try_get(row, column).map_err(|e| bad(column, &e)),
            Self::Postgres(row) => sqlx::Row::try_get(row, column).map_err(|e| bad(column, &e)),
        }
    }

    /// Text, or `None` when null.
    pub fn opt_text(&self, column: &str) -> Result<Option<String>> {
        self.cell(column)
    }
    /// Text; null is an error.
    pub fn text(&self, column: &str) -> Result<String> {
        self.cell(column)?.ok_or_else(|| Fault::internal(format!("column {column} is null")))
    }
    /// Integer, or `None` when null.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>> {
        self.cell(column)
    }
    /// Integer; null is an error.
    pub fn int(&self, column: &str) -> Result<i64> {
        self.cell(column)?.ok_or_else(|| Fault::internal(format!("column {column} is null")))
    }
    /// Double, or `None` when null.
    pub fn opt_real(&self, column: &str) -> Result<Option<f64>> {
        self.cell(column)
    }
    /// Bytes, or `None` when null.
    pub fn opt_bytes(&self, column: &str) -> Result<Option<Vec<u8>>> {
        self.cell(column)
    }
    /// Bytes; null is an error.
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>> {
        self.cell(column)?.ok_or_else(|| Fault::internal(format!("column {column} is null")))
    }
    /// A 0/1 column.
    pub fn flag(&self, column: &str) -> Result<bool> {
        Ok(self.int(column)? != 0)
    }
    /// A text column that holds JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_str(&self.text(column)?)
            .map_err(|e| Fault::internal(format!("column {column} holds unexpected json: {e}")))
    }
}
