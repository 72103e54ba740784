//! Transfers recorded in the link lab: `tests/recorded/`, whose README says how they were made.

use std::fs;
use std::path::Path;

use super::course::Course;

/// All of them, by name.
pub(super) fn all() -> Vec<Course> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/throughput/tests/recorded");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

/// Those on which one verdict is true all along.
pub(super) fn of_one_verdict() -> Vec<Course> {
    let mut all = all();
    all.retain(|course| course.one_verdict);
    all
}

fn read(path: &Path) -> Course {
    let text = fs::read_to_string(path).unwrap();
    let (head, body) = text.split_once("\nhundreds_of_bytes_per_10_ms\n").unwrap();
    let numbers = |key: &str| -> Vec<f64> {
        let line =
            head.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("{key}: {path:?}"));
        line.split_whitespace().map(|number| number.parse().unwrap()).collect()
    };
    let number = |key: &str| numbers(key)[0];
    let line = head.lines().find_map(|line| line.strip_prefix("link ")).unwrap();
    let name = path.file_stem().unwrap().to_string_lossy();
    Course {
        name: format!("{name}: {line}"),
        rtt: number("rtt_s "),
        bytes: body.split_whitespace().map(|hundreds| hundreds.parse::<f64>().unwrap() * 100.0).collect(),
        opened: numbers("opened_s"),
        grown: number("grown_s "),
        upset: number("upset_s "),
        truth: number("truth_bps "),
        truth_from: number("truth_from_s "),
        one_verdict: head.lines().any(|line| line == "one_verdict yes"),
    }
}
