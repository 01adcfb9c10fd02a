//! What the centre does. Knows no protocol.
