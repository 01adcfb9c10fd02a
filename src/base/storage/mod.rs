//! Rows and bytes: one portable SQL layer for SQLite and PostgreSQL, a content-addressed blob store.

pub mod arg;
pub mod blob;
pub mod blob_audit;
pub mod blob_disk;
mod block;
mod checkpoint;
pub mod conn;
pub mod db;
pub mod layout;
pub mod migrate;
pub mod mirror;
mod readers;
pub mod row;
mod slots;
pub mod snapshot;
pub mod space;
pub mod spool;
mod spool_dir;
pub mod sql;
pub mod sqlite;
pub mod tx;
mod writer;

pub use arg::Arg;
pub use conn::Conn;
pub use db::{Db, Engine};
pub use row::Row;
pub use tx::{Reader, Tx};

/// Declares the SQL of a slice: one constant a statement, and `ALL` for the test that prepares each on both engines.
/// A name ending in `_SQLITE` or `_POSTGRES` is prepared on that engine only.
#[macro_export]
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $sql:expr;)+) => {
        $($(#[$meta])* pub const $name: &str = $sql;)+
        /// Every statement of this slice, by name.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),+];
    };
}

/// Arguments of a statement, in the order of its `$n`.
#[macro_export]
macro_rules! args {
    () => { ::std::vec::Vec::<$crate::storage::Arg>::new() };
    ($($value:expr),+ $(,)?) => { ::std::vec![$($crate::storage::Arg::from($value)),+] };
}
