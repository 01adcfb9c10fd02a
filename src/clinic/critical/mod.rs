//! Critical values: raise, notify, acknowledge, escalate, close.
