//! FHIR R4: signed report versions for pulling. Read only; what is not in the capability statement is not there.

mod bundle;
mod capability;
mod ecg;
mod instant;
mod outcome;
mod report;
mod routes;
mod search;
pub mod sql;
#[cfg(test)]
mod tests;

pub use routes::routes;
