//! The composition root: opens storage, registers jobs, starts listeners, stops them in order.
