//! The benchmark behind `docs/performance.md`: the released agent on emulated links and on loopback, beside other
//! people's instruments. Run it with `tests/bench/run`. Every run is kept as a line of JSON under `target/bench/`, so
//! that a part, or one of its cases, can be measured again alone; the document is written from what is kept.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "../common/mod.rs"]
mod common;
mod document;
mod links;
mod local;
mod peers;
mod stats;
mod store;
mod svg;
mod tables;

use store::Store;

const USAGE: &str = "usage: tests/bench/run [--quick|--full] [--case TEXT] [PART...]
  PART: accuracy, upload, verdict, burst, peak, footprint, peers; none: all of them; document: only write it
  --quick: fewer cases, each once (default); --full: every case, several times
  --case TEXT: only the cases whose name contains TEXT; the others keep their results";

/// The parts, in the order they are measured.
const PARTS: [&str; 7] = ["accuracy", "upload", "verdict", "burst", "peak", "footprint", "peers"];

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Every case, several times.
    pub(crate) full: bool,
    /// Only the cases whose name contains this.
    pub(crate) case: String,
}

impl Asked {
    /// `quick` repetitions or `full` ones.
    pub(crate) fn times(&self, quick: usize, full: usize) -> usize {
        if self.full { full } else { quick }
    }

    pub(crate) fn wants(&self, case: &str) -> bool {
        case.contains(&self.case)
    }
}

fn main() {
    let mut asked = Asked { full: false, case: String::new() };
    let mut parts = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // cargo says so to every benchmark.
            "--bench" => {}
            "--quick" => asked.full = false,
            "--full" => asked.full = true,
            "--case" => asked.case = arguments.next().unwrap_or_else(|| refuse("--case wants a text")),
            part if PARTS.contains(&part) || part == "document" => parts.push(part.to_owned()),
            "--help" | "-h" => {
                println!("{USAGE}");
                return;
            }
            other => refuse(&format!("not understood: {other}")),
        }
    }
    if parts.is_empty() {
        parts = PARTS.map(str::to_owned).into();
    }
    let store = Store::open();
    let lab = common::lab::missing();
    for part in parts {
        match (part.as_str(), &lab) {
            ("document", _) => {}
            ("peak", _) => local::peak(&asked, &store, lab.is_none()),
            (_, Some(missing)) => println!("skipped: {part}: {missing}"),
            ("accuracy", _) => links::accuracy(&asked, &store),
            ("upload", _) => links::upload(&asked, &store),
            ("verdict", _) => links::verdict(&asked, &store),
            ("burst", _) => links::burst(&asked, &store),
            ("footprint", _) => local::footprint(&asked, &store),
            ("peers", _) => peers::measure(&asked, &store),
            _ => unreachable!("PARTS names every part"),
        }
    }
    document::write(&store);
}

/// Ends the program over a wrong command line.
fn refuse(why: &str) -> ! {
    println!("{why}\n{USAGE}");
    std::process::exit(2);
}
