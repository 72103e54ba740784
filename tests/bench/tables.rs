//! From kept results to goals: what was to be reached, what was measured, whether it was met.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use crate::links::{ACCURACY, RATIOS, ROUND_TRIPS, UPLOAD};
use crate::local::GIGABIT_IP_BPS;
use crate::stats::{median, percentile, worst};
use crate::store::Store;

/// A goal and what became of it.
pub(crate) struct Goal {
    pub(crate) text: &'static str,
    pub(crate) result: String,
    /// Nothing: not measured.
    pub(crate) met: Option<bool>,
    /// How many of the links the goal speaks of were measured, and how many there are.
    pub(crate) links: Option<(usize, usize)>,
}

impl Goal {
    /// The same, of so many links; `results` says how many were measured.
    fn of<'a>(mut self, links: usize, results: impl IntoIterator<Item = &'a Value>) -> Self {
        let cases: BTreeSet<_> = results.into_iter().filter_map(|result| result["case"].as_str()).collect();
        self.links = Some((cases.len(), links));
        self
    }

    fn not_measured(text: &'static str) -> Self {
        Self { text, result: String::new(), met: None, links: None }
    }
}

/// A figure of a result.
pub(crate) fn number(result: &Value, key: &str) -> Option<f64> {
    result[key].as_f64()
}

/// The figures of all results that have one.
pub(crate) fn numbers<'a>(results: impl IntoIterator<Item = &'a Value>, key: &str) -> Vec<f64> {
    results.into_iter().filter_map(|result| number(result, key)).collect()
}

/// Results of one case, in the order the cases were first measured.
pub(crate) fn by_case(results: &[Value]) -> Vec<(String, Vec<&Value>)> {
    let mut cases: Vec<(String, Vec<&Value>)> = Vec::new();
    for result in results {
        let name = result["case"].as_str().unwrap_or_default();
        match cases.iter_mut().find(|(known, _)| known == name) {
            Some((_, of_case)) => of_case.push(result),
            None => cases.push((name.to_owned(), vec![result])),
        }
    }
    cases
}

/// Whether a result has `key` below or at `limit`.
fn within(result: &Value, key: &str, limit: f64) -> bool {
    number(result, key).is_some_and(|value| value <= limit)
}

/// The error's median and 95th percentile against their goals; a run without a figure misses them.
fn errors(text: &'static str, results: &[&Value], [median_goal, p95_goal]: [f64; 2]) -> Goal {
    if results.is_empty() {
        return Goal::not_measured(text);
    }
    let errors: Vec<f64> =
        numbers(results.iter().copied(), "error_percent").into_iter().map(f64::abs).collect();
    let failed = results.len() - errors.len();
    let (Some(middle), Some(p95)) = (median(&errors), percentile(&errors, 95.0)) else {
        return Goal {
            text,
            result: format!("{failed} of {failed} runs gave no figure"),
            met: Some(false),
            links: None,
        };
    };
    let mut result = format!("median {middle:.2} %, p95 {p95:.2} % ({} runs)", results.len());
    if failed > 0 {
        let _ = write!(result, ", {failed} without a figure");
    }
    Goal { text, result, met: Some(failed == 0 && middle <= median_goal && p95 <= p95_goal), links: None }
}

/// Time and data to a verdict; a run that stayed inconclusive misses them whatever it cost.
fn cost(text: &'static str, results: &[&Value], limit_ms: f64, limit_bytes: f64) -> Goal {
    if results.is_empty() {
        return Goal::not_measured(text);
    }
    let decided: Vec<&Value> = results
        .iter()
        .copied()
        .filter(|result| matches!(result["verdict"].as_str(), Some("met" | "not_met")))
        .collect();
    let good = decided
        .iter()
        .filter(|result| within(result, "elapsed_ms", limit_ms) && within(result, "bytes", limit_bytes))
        .count();
    let all = results.iter().copied();
    let (time, bytes) = (numbers(all.clone(), "elapsed_ms"), numbers(all, "bytes"));
    let result = format!(
        "within in {good} of {} runs; worst {:.1} s, {:.1} MB; {} inconclusive or failed",
        results.len(),
        worst(&time).unwrap_or(f64::NAN) / 1e3,
        worst(&bytes).unwrap_or(f64::NAN) / 1e6,
        results.len() - decided.len()
    );
    Goal { text, result, met: Some(good == results.len()), links: None }
}

/// No result for which `bad` holds.
fn none(text: &'static str, results: &[Value], what: &str, bad: impl Fn(&Value) -> bool) -> Goal {
    if results.is_empty() {
        return Goal::not_measured(text);
    }
    let failed = results.iter().filter(|result| !result["failed"].is_null()).count();
    let found = results.iter().filter(|result| bad(result)).count();
    let mut result = format!("{found} {what} in {} runs", results.len());
    if failed > 0 {
        let _ = write!(result, ", {failed} failed");
    }
    Goal { text, result, met: Some(found == 0 && failed == 0), links: None }
}

/// The median rate of a tool in a case of the peak part.
pub(crate) fn peak_bps(results: &[Value], case: &str, tool: &str) -> Option<f64> {
    let of_tool = results.iter().filter(|result| result["case"] == case && result["tool"] == tool);
    median(&numbers(of_tool, "bps"))
}

/// A ratio of two rates against its goal.
fn ratio(text: &'static str, rate: Option<f64>, reference: Option<f64>, goal: f64) -> Goal {
    let (Some(rate), Some(reference)) = (rate, reference) else { return Goal::not_measured(text) };
    let ratio = rate / reference;
    let result = format!("{ratio:.3} ({:.2} of {:.2} Gbit/s)", rate / 1e9, reference / 1e9);
    Goal { text, result, met: Some(ratio >= goal), links: None }
}

/// The worst figure of results against its goal; one without a figure misses it.
fn at_most(
    text: &'static str,
    results: &[&Value],
    key: &str,
    (scale, unit): (f64, &str),
    limit: f64,
) -> Goal {
    let values = numbers(results.iter().copied(), key);
    let Some(worst) = worst(&values) else { return Goal::not_measured(text) };
    let result = format!("{:.2} {unit} at worst ({} runs)", worst / scale, results.len());
    Goal { text, result, met: Some(values.len() == results.len() && worst / scale <= limit), links: None }
}

/// Every goal, in the document's order.
pub(crate) fn goals(store: &Store) -> Vec<Goal> {
    let accuracy = store.read("accuracy");
    let on = |lossy: bool, satellite: bool| -> Vec<&Value> {
        let fits = |one: &&Value| {
            (number(one, "loss") > Some(0.0)) == lossy && (number(one, "rtt_ms") > Some(150.0)) == satellite
        };
        accuracy.iter().filter(fits).collect()
    };
    let upload = store.read("upload");
    let verdict = store.read("verdict");
    // The margin of exactly 5 % counts: a little less stands for what the decimals lose.
    let near = |low: f64, high: f64, satellite: bool| -> Vec<&Value> {
        let fits = |one: &&Value| {
            let ratio = number(one, "ratio").unwrap_or(f64::NAN);
            (ratio - 1.0).abs() > 0.0499
                && (low..high).contains(&ratio)
                && (number(one, "rtt_ms") > Some(60.0)) == satellite
        };
        verdict.iter().filter(fits).collect()
    };
    let peak = store.read("peak");
    let footprint = store.read("footprint");
    let to_verdict: Vec<&Value> = footprint
        .iter()
        .filter(|result| result["case"].as_str().is_some_and(|case| case.starts_with("verdict")))
        .collect();
    let links = |lossy: bool, satellite: bool| {
        let fits =
            |&&(_, rtt, loss, _): &&(f64, u32, f64, bool)| (loss > 0.0) == lossy && (rtt > 150) == satellite;
        ACCURACY.iter().filter(fits).count()
    };
    let ratios = |low: f64, high: f64| {
        let fits = |&&(ratio, _): &&(f64, bool)| (ratio - 1.0).abs() > 0.0499 && (low..high).contains(&ratio);
        RATIOS.iter().filter(fits).count()
    };
    let trips = |satellite: bool| ROUND_TRIPS.iter().filter(|(rtt, _)| (*rtt > 60) == satellite).count();
    let (clean, far, lossy) = (on(false, false), on(false, true), on(true, false));
    let (close, close_far) = (near(0.0, 2.0, false), near(0.0, 2.0, true));
    let twice = [near(2.0, f64::INFINITY, false), near(2.0, f64::INFINITY, true)].concat();
    let best = |case: &str| ratio_of_peak(&peak, case);
    vec![
        errors(
            "error, no loss, RTT up to 150 ms, 2–500 Mbit/s: median ≤ 0.5 %, p95 ≤ 2 %",
            &clean,
            [0.5, 2.0],
        )
        .of(links(false, false), clean.iter().copied()),
        errors("error, RTT 600 ms: median ≤ 2 %, p95 ≤ 5 %", &far, [2.0, 5.0])
            .of(links(false, true), far.iter().copied()),
        errors("error, 1 % loss, RTT up to 60 ms, up to 20 Mbit/s: ≤ 3 %", &lossy, [3.0, 3.0])
            .of(links(true, false), lossy.iter().copied()),
        errors("error upstream, 0.5–10 Mbit/s: ≤ 1 %", &upload.iter().collect::<Vec<_>>(), [1.0, 1.0])
            .of(UPLOAD.len(), &upload),
        none("no wrong verdict around 8 Mbit/s", &verdict, "wrong", |result| result["wrong"] == true)
            .of(RATIOS.len() * ROUND_TRIPS.len(), &verdict),
        cost(
            "verdict, margin ≥ 5 %, RTT up to 60 ms, below twice the threshold: ≤ 1.5 s and ≤ 1.5 MB",
            &close,
            1_500.0,
            1.5e6,
        )
        .of(ratios(0.0, 2.0) * trips(false), close.iter().copied()),
        cost("verdict, margin ≥ 5 %, RTT 600 ms: ≤ 8 s and ≤ 5 MB", &close_far, 8_000.0, 5e6)
            .of(ratios(0.0, 2.0) * trips(true), close_far.iter().copied()),
        cost("verdict at twice the threshold or more: ≤ 4 MB", &twice, f64::INFINITY, 4e6)
            .of(ratios(2.0, f64::INFINITY) * ROUND_TRIPS.len(), twice.iter().copied()),
        none(
            "4 MB of burst before 8 Mbit/s, never “met” for 10",
            &store.read("burst"),
            "“met”",
            |result| result["verdict"] == "met",
        ),
        best("loopback, plain"),
        best("loopback, TLS"),
        ratio(
            "1 Gbit/s, shaped: ≥ 0.99 of the link",
            peak_bps(&peak, "1 Gbit/s, shaped", "agent, ndt7"),
            Some(GIGABIT_IP_BPS),
            0.99,
        ),
        at_most("process start to verdict on a 20 ms link: ≤ 2 s", &to_verdict, "wall_s", (1.0, "s"), 2.0),
        at_most(
            "resident memory, same run: ≤ 16 MB",
            &to_verdict,
            "resident_kb",
            (1024.0, "MiB"),
            16e6 / 1024.0 / 1024.0,
        ),
    ]
}

/// The agent's ndt7 beside curl in one case of the peak part.
fn ratio_of_peak(peak: &[Value], case: &str) -> Goal {
    let text = match case {
        "loopback, TLS" => "peak on loopback over TLS: ≥ 0.9 of curl",
        _ => "peak on loopback in clear: ≥ 0.9 of curl",
    };
    ratio(text, peak_bps(peak, case, "agent, ndt7"), peak_bps(peak, case, "curl"), 0.9)
}
