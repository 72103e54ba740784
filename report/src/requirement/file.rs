//! Reading a rule file: its TOML shape, then its sense. Everything that is refused is refused with the line or
//! the requirement at fault, for whoever writes a commune's own file.

use std::collections::BTreeSet;

use serde::Deserialize;
use toml::Spanned;

use super::{Assumption, BySize, Demand, Layer, Level, Requirement, Requirements, usage};
use crate::values::EndpointKind;

/// +-2 %: about what the best emulated links repeat to, so nearer than that no single run can decide.
const DEFAULT_MARGIN: f64 = 0.02;

/// Half of the threshold: a wider band would never give a verdict on any plausible line.
const WIDEST_MARGIN: f64 = 0.5;

/// Why a rule file was refused.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// It is not TOML of the rule file's shape (the message carries the line and the key).
    #[error("{0}")]
    Shape(#[from] toml::de::Error),
    /// It is well-formed but makes no sense.
    #[error("requirement {id:?}{}: {problem}", at_line(*.line))]
    Sense {
        /// The requirement at fault; for the file as a whole, the file's own id.
        id: String,
        /// The line where it begins, from 1; `None` for the file as a whole.
        line: Option<usize>,
        /// What makes no sense.
        problem: &'static str,
    },
    /// What it assumes of a class makes no sense.
    #[error("{what} (line {line}): {problem}")]
    Usage {
        /// The section or the use at fault.
        what: String,
        /// The line at fault, from 1.
        line: usize,
        /// What makes no sense.
        problem: &'static str,
    },
}

/// " (line 12)", or nothing.
fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(" (line {line})")).unwrap_or_default()
}

/// The file as it is written. Kept apart from the public types because serde cannot refuse unknown keys
/// through `flatten`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    id: String,
    title: String,
    source: String,
    dated: Spanned<String>,
    #[serde(default)]
    requirement: Vec<Spanned<RawRequirement>>,
    usage: Option<Spanned<usage::RawUsage>>,
}

/// One `[[requirement]]`: the keys of every kind together. (An enum by `kind` would make serde read each table
/// into a buffer first, and lose the line of what it refuses.)
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequirement {
    id: String,
    kind: Kind,
    level: Level,
    #[serde(default)]
    assumptions: Vec<Assumption>,
    at_least_bps: Option<BySize>,
    layer: Option<Layer>,
    margin: Option<f64>,
    at_least: Option<u32>,
    kinds: Option<Vec<EndpointKind>>,
}

/// The kinds of requirement.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    DownloadRate,
    AccessPoints,
    Services,
}

impl RawRequirement {
    /// What is asked, or which key is missing or of another kind.
    fn demand(&mut self) -> Result<Demand, &'static str> {
        let rate_keys = self.at_least_bps.is_some() || self.layer.is_some() || self.margin.is_some();
        match self.kind {
            Kind::DownloadRate if self.at_least.is_some() || self.kinds.is_some() => {
                Err("download_rate takes at_least_bps, layer and margin only")
            }
            Kind::DownloadRate => Ok(Demand::DownloadRate {
                at_least_bps: self.at_least_bps.take().ok_or("at_least_bps is missing")?,
                layer: self.layer.take().ok_or("layer is missing (ip or application)")?,
                margin: self.margin.take().unwrap_or(DEFAULT_MARGIN),
            }),
            Kind::AccessPoints if rate_keys || self.kinds.is_some() => {
                Err("access_points takes at_least only")
            }
            Kind::AccessPoints => {
                Ok(Demand::AccessPoints { at_least: self.at_least.take().ok_or("at_least is missing")? })
            }
            Kind::Services if rate_keys || self.at_least.is_some() => Err("services takes kinds only"),
            Kind::Services => Ok(Demand::Services { kinds: self.kinds.take().ok_or("kinds is missing")? }),
        }
    }
}

/// Reads and checks a rule file.
pub(super) fn read(text: &str) -> Result<Requirements, RuleError> {
    let raw: RawFile = toml::from_str(text)?;
    check_head(&raw, text)?;
    let mut ids = BTreeSet::new();
    let mut requirements = Vec::new();
    for spanned in raw.requirement {
        let line = Some(line_of(text, spanned.span().start));
        let mut raw = spanned.into_inner();
        let refuse = |id: String| move |problem| RuleError::Sense { id, line, problem };
        if !ids.insert(raw.id.clone()) {
            return Err(refuse(raw.id)("this id is used twice"));
        }
        let demand = raw.demand().map_err(refuse(raw.id.clone()))?;
        if let Some(problem) = senseless(&raw.id, &demand) {
            return Err(refuse(raw.id)(problem));
        }
        requirements.push(Requirement { id: raw.id, level: raw.level, demand, assumptions: raw.assumptions });
    }
    let usage = raw.usage.map(|spanned| {
        let start = spanned.span().start;
        usage::check(spanned.into_inner(), start, text)
    });
    Ok(Requirements {
        id: raw.id,
        title: raw.title,
        source: raw.source,
        dated: raw.dated.into_inner(),
        requirements,
        usage: usage.transpose()?,
    })
}

/// Checks what stands above the requirements.
fn check_head(raw: &RawFile, text: &str) -> Result<(), RuleError> {
    let refuse = |line, problem| Err(RuleError::Sense { id: raw.id.clone(), line, problem });
    if raw.id.trim().is_empty() {
        return refuse(None, "the file's id is empty");
    }
    if !is_date(raw.dated.get_ref()) {
        let line = line_of(text, raw.dated.span().start);
        return refuse(Some(line), "`dated` is not a date (YYYY-MM-DD)");
    }
    if raw.requirement.is_empty() {
        return refuse(None, "the file holds no [[requirement]]");
    }
    Ok(())
}

/// A calendar date in exactly the form `YYYY-MM-DD`: jiff alone would also read a date with a time.
fn is_date(text: &str) -> bool {
    text.len() == "YYYY-MM-DD".len() && text.parse::<jiff::civil::Date>().is_ok()
}

/// What makes a requirement impossible to judge by, if anything.
fn senseless(id: &str, demand: &Demand) -> Option<&'static str> {
    if id.trim().is_empty() {
        return Some("the id is empty");
    }
    match demand {
        Demand::DownloadRate { at_least_bps: BySize { small, medium, large }, margin, .. } => {
            if [small, medium, large].contains(&&0) {
                Some("a threshold of zero asks for nothing")
            } else if small > medium || medium > large {
                Some("thresholds must not fall from small to medium to large")
            } else if !(0.0..=WIDEST_MARGIN).contains(margin) {
                Some("the margin must lie between 0 and 0.5 (a share of the threshold)")
            } else {
                None
            }
        }
        Demand::AccessPoints { at_least: 0 } => Some("a threshold of zero asks for nothing"),
        Demand::Services { kinds } if kinds.is_empty() => Some("no kind of service is named"),
        Demand::Services { kinds } if kinds.iter().collect::<BTreeSet<_>>().len() < kinds.len() => {
            Some("a kind of service is named twice")
        }
        Demand::AccessPoints { .. } | Demand::Services { .. } => None,
    }
}

/// The line, from 1, of a byte offset.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    const HEAD: &str = "id = \"commune-2027\"\ntitle = \"T\"\nsource = \"S\"\ndated = \"2027-01-01\"\n";
    const RATE: &str = "[[requirement]]\nid = \"rate\"\nkind = \"download_rate\"\nlevel = \"recommendation\"\n\
                        layer = \"application\"\nat_least_bps = { small = 8, medium = 10, large = 15 }\n";

    fn refusal(text: &str) -> String {
        match Requirements::from_toml(text) {
            Ok(read) => panic!("accepted: {read:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_built_in_file_is_the_socle_of_2021() {
        let rules = Requirements::socle_1d_2021();
        assert_eq!((rules.id.as_str(), rules.dated.as_str()), ("socle-1d-2021", "2021-01-14"));
        let Demand::DownloadRate { at_least_bps, layer, margin } = rules.requirements[0].demand else {
            panic!("the first is the rate")
        };
        assert_eq!(at_least_bps, BySize { small: 8_000_000, medium: 10_000_000, large: 15_000_000 });
        assert_eq!((layer, margin), (Layer::Ip, 0.02));
        assert_eq!(rules.requirements[1].demand, Demand::AccessPoints { at_least: 2 });
        assert!(matches!(&rules.requirements[2].demand, Demand::Services { kinds } if kinds.len() == 4));
    }

    #[test]
    fn a_commune_s_own_file_is_read_and_the_margin_may_be_left_out() {
        let rules = Requirements::from_toml(&format!("{HEAD}{RATE}")).unwrap();
        let expected = Demand::DownloadRate {
            at_least_bps: BySize { small: 8, medium: 10, large: 15 },
            layer: Layer::Application,
            margin: DEFAULT_MARGIN,
        };
        assert_eq!(rules.requirements[0].demand, expected);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line_and_name() {
        let inside = refusal(&format!("{HEAD}{RATE}at_most_bps = 3\n"));
        assert!(inside.contains("at_most_bps") && inside.contains("line 11"), "{inside}");
        let above = refusal(&format!("colour = \"red\"\n{HEAD}{RATE}"));
        assert!(above.contains("colour") && above.contains("line 1"), "{above}");
        let size = refusal(&format!("{HEAD}{}", RATE.replace("large = 15", "huge = 15")));
        assert!(size.contains("huge") && size.contains("line 10"), "{size}");
    }

    #[test]
    fn what_makes_no_sense_is_refused_naming_the_requirement_and_its_line() {
        let cases = [
            (format!("{RATE}{RATE}"), "\"rate\" (line 11): this id is used twice"),
            (RATE.replace("small = 8", "small = 0"), "\"rate\" (line 5): a threshold of zero"),
            (RATE.replace("medium = 10", "medium = 16"), "\"rate\" (line 5): thresholds must not fall"),
            (format!("{RATE}margin = 0.51\n"), "\"rate\" (line 5): the margin must lie"),
            (format!("{RATE}margin = -0.01\n"), "\"rate\" (line 5): the margin must lie"),
            (format!("{RATE}margin = nan\n"), "\"rate\" (line 5): the margin must lie"),
            (RATE.replace("\"rate\"", "\" \""), "the id is empty"),
            (String::new(), "\"commune-2027\": the file holds no [[requirement]]"),
            (
                "[[requirement]]\nid = \"ap\"\nkind = \"access_points\"\nlevel = \"indicative\"\nat_least = 0\n"
                    .to_owned(),
                "\"ap\" (line 5): a threshold of zero",
            ),
            (
                "[[requirement]]\nid = \"s\"\nkind = \"services\"\nlevel = \"indicative\"\nkinds = []\n".to_owned(),
                "\"s\" (line 5): no kind of service",
            ),
            (
                "[[requirement]]\nid = \"s\"\nkind = \"services\"\nlevel = \"indicative\"\nkinds = [\"gar\", \"gar\"]\n"
                    .to_owned(),
                "\"s\" (line 5): a kind of service is named twice",
            ),
        ];
        for (body, expected) in cases {
            let message = refusal(&format!("{HEAD}{body}"));
            assert!(message.contains(expected), "{message:?} should say {expected:?}");
        }
    }

    #[test]
    fn a_date_must_be_a_date() {
        for wrong in ["soon", "2021", "2021-13-01", "2021-02-30", "14/01/2021", "2021-01-14T10:00", ""] {
            let message = refusal(&format!("{}{RATE}", HEAD.replace("2027-01-01", wrong)));
            assert!(message.contains("line 4") && message.contains("YYYY-MM-DD"), "{message}");
        }
    }

    #[test]
    fn a_missing_or_mistyped_value_is_refused_with_its_line() {
        let missing = refusal(&format!("{HEAD}{}", RATE.replace("layer = \"application\"\n", "")));
        assert!(missing.contains("\"rate\" (line 5): layer is missing"), "{missing}");
        let foreign = refusal(&format!("{HEAD}{RATE}at_least = 2\n"));
        assert!(foreign.contains("download_rate takes at_least_bps, layer and margin only"), "{foreign}");
        let kind = refusal(&format!("{HEAD}{}", RATE.replace("download_rate", "upload_rate")));
        assert!(kind.contains("upload_rate") && kind.contains("line"), "{kind}");
        let negative = refusal(&format!("{HEAD}{}", RATE.replace("small = 8", "small = -8")));
        assert!(negative.contains("line 10"), "{negative}");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = Requirements::from_toml(&text);
            let _ = Requirements::from_toml(&format!("{HEAD}{RATE}{text}"));
        }
    }
}
