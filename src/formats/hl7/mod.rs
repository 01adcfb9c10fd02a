//! HL7 v2: framing, character sets, reading, writing, acknowledgement.
