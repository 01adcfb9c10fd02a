//! Mutual recognition: catalogue, evidence, mark.
