//! The edges, the composition root and the command line of Yigong.
