//! The statistics behind early verdicts and intervals, counted on recorded and made-up transfers: far more of them than
//! the link lab could run. The counts stand in `docs/decisions/0010-early-verdict-and-bursts.md`.

#![allow(clippy::print_stdout, reason = "the counts are what these tests are for")]

mod course;
mod coverage;
mod recorded;
mod synthetic;
mod verdicts;
