//! The platform: everything below the clinic that is not a file format.
