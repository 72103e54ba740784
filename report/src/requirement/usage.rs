//! What a rule file assumes of a class: how much one tablet needs for each use. Data like the thresholds, for no
//! text fixes it: each figure says where it comes from and how binding it is.

use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroU64};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{
    Level,
    file::{RuleError, line_of},
};

/// More tablets at once than this and something else than the access limits first (the Wi-Fi, the services): three
/// classes with a tablet for each pupil, rounded up.
const DEFAULT_CAP: NonZeroU32 = NonZeroU32::new(100).unwrap();

/// Beyond this share kept back, the number would say more of the reserve than of the line.
const LARGEST_RESERVE: f64 = 0.9;

/// What a rule file assumes of a class.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct UsageRules {
    /// Share of the measured rate that no tablet is given, 0 to 0.9: headers, updates, the variation within a use.
    pub reserve: f64,
    /// The largest number that is told; above it, "more than" this.
    pub cap: NonZeroU32,
    /// Each use.
    #[serde(rename = "use")]
    pub uses: Vec<Use>,
}

/// One use, and what one tablet needs for it. At least one of the two rates is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Use {
    /// Stable id: `web`, `video`, `video_call`, or one of the file's own.
    pub id: String,
    /// Downstream rate for one tablet, bit/s; `None` when the use does not depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub down_bps: Option<NonZeroU64>,
    /// Upstream rate for one tablet, bit/s; `None` when the use does not depend on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_bps: Option<NonZeroU64>,
    /// How binding the figures are.
    pub level: Level,
    /// What the figures rest on.
    pub basis: Basis,
    /// Where they come from, in words.
    pub source: String,
}

/// What a use's figures rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The source gives them, or they follow from what it gives by arithmetic alone.
    Published,
    /// Something in them is the choice of the file's author; the source says what.
    Assumed,
}

/// `[usage]` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUsage {
    reserve: Spanned<f64>,
    #[serde(default = "default_cap")]
    cap: NonZeroU32,
    #[serde(default, rename = "use")]
    uses: Vec<Spanned<RawUse>>,
}

/// One `[[usage.use]]`. Apart from [`Use`], which a report holds and which must let newer versions add keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUse {
    id: String,
    down_bps: Option<NonZeroU64>,
    up_bps: Option<NonZeroU64>,
    level: Level,
    basis: Basis,
    source: String,
}

fn default_cap() -> NonZeroU32 {
    DEFAULT_CAP
}

/// Checks the section that begins at a byte offset of the text.
pub(super) fn check(raw: RawUsage, start: usize, text: &str) -> Result<UsageRules, RuleError> {
    let refuse =
        |what: String, at: usize, problem| Err(RuleError::Usage { what, line: line_of(text, at), problem });
    if !(0.0..=LARGEST_RESERVE).contains(raw.reserve.get_ref()) {
        let problem = "the reserve must lie between 0 and 0.9 (a share of the measured rate)";
        return refuse("[usage]".to_owned(), raw.reserve.span().start, problem);
    }
    if raw.uses.is_empty() {
        return refuse("[usage]".to_owned(), start, "the section holds no [[usage.use]]");
    }
    let mut ids = BTreeSet::new();
    let mut uses = Vec::new();
    for spanned in raw.uses {
        let at = spanned.span().start;
        let RawUse { id, down_bps, up_bps, level, basis, source } = spanned.into_inner();
        let problem = if id.trim().is_empty() {
            Some("the id is empty")
        } else if !ids.insert(id.clone()) {
            Some("this id is used twice")
        } else if down_bps.is_none() && up_bps.is_none() {
            Some("down_bps or up_bps is missing: without a rate there is nothing to count")
        } else if source.trim().is_empty() {
            Some("the source is empty: say where the figures come from, or what was assumed")
        } else {
            None
        };
        if let Some(problem) = problem {
            return refuse(format!("use {id:?}"), at, problem);
        }
        uses.push(Use { id, down_bps, up_bps, level, basis, source });
    }
    Ok(UsageRules { reserve: raw.reserve.into_inner(), cap: raw.cap, uses })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::Requirements;

    /// Ten lines of a rule file without `[usage]`: the section begins on line 11.
    const BEFORE: &str = "id = \"commune-2027\"\ntitle = \"T\"\nsource = \"S\"\ndated = \"2027-01-01\"\n\
                          [[requirement]]\nid = \"ap\"\nkind = \"access_points\"\nlevel = \"indicative\"\n\
                          at_least = 2\n\n";
    const SECTION: &str = "[usage]\nreserve = 0.25\n\n[[usage.use]]\nid = \"web\"\ndown_bps = 500_000\n\
                           level = \"indicative\"\nbasis = \"assumed\"\nsource = \"ours\"\n";

    fn refusal(section: &str) -> String {
        match Requirements::from_toml(&format!("{BEFORE}{section}")) {
            Ok(read) => panic!("accepted: {read:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_section_may_be_left_out_and_then_nothing_is_assumed() {
        assert_eq!(Requirements::from_toml(BEFORE).unwrap().usage, None);
    }

    #[test]
    fn a_section_is_read_and_its_cap_may_be_left_out() {
        let usage = Requirements::from_toml(&format!("{BEFORE}{SECTION}")).unwrap().usage.unwrap();
        assert_eq!((usage.reserve, usage.cap.get()), (0.25, 100));
        let web = &usage.uses[0];
        assert_eq!((web.id.as_str(), web.down_bps.unwrap().get(), web.up_bps), ("web", 500_000, None));
        assert_eq!((web.level, web.basis, web.source.as_str()), (Level::Indicative, Basis::Assumed, "ours"));
    }

    #[test]
    fn the_built_in_uses_are_all_indicative_and_say_where_they_come_from() {
        let usage = Requirements::socle_1d_2021().usage.unwrap();
        let rates = |one: &Use| [one.down_bps, one.up_bps].map(|rate| rate.map(NonZeroU64::get));
        let read: Vec<_> = usage.uses.iter().map(|one| (one.id.as_str(), rates(one), one.basis)).collect();
        assert_eq!(
            read,
            [
                ("web", [Some(650_000), None], Basis::Assumed),
                ("video", [Some(1_500_000), None], Basis::Published),
                ("video_call", [Some(1_000_000), Some(500_000)], Basis::Assumed),
            ]
        );
        assert!(usage.uses.iter().all(|one| one.level == Level::Indicative && one.source.len() > 20));
        assert_eq!((usage.reserve, usage.cap.get()), (0.2, 100));
    }

    #[test]
    fn what_is_unknown_or_mistyped_is_refused_with_its_line() {
        let cases = [
            (SECTION.replace("reserve = 0.25", "reserve = 0.25\nmargin = 0.1"), "margin", "line 13"),
            (format!("{SECTION}colour = \"red\"\n"), "colour", "line 20"),
            (SECTION.replace("500_000", "0"), "nonzero", "line 16"),
            (SECTION.replace("500_000", "-1"), "integer", "line 16"),
            (SECTION.replace("\"assumed\"", "\"rumour\""), "rumour", "line 18"),
            (SECTION.replace("level = \"indicative\"\n", ""), "level", "line 14"),
            (SECTION.replace("reserve = 0.25\n", ""), "reserve", "line 11"),
            (SECTION.replace("reserve = 0.25", "reserve = 0.25\ncap = 0"), "nonzero", "line 13"),
        ];
        for (section, word, line) in cases {
            let message = refusal(&section);
            assert!(message.contains(word) && message.contains(line), "{message}\nshould say {word}, {line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_naming_the_use_and_its_line() {
        let twice = SECTION[SECTION.find("[[usage").unwrap()..].to_owned();
        let cases = [
            (SECTION.replace("0.25", "0.91"), "[usage] (line 12): the reserve must lie"),
            (SECTION.replace("0.25", "-0.1"), "[usage] (line 12): the reserve must lie"),
            (SECTION.replace("0.25", "nan"), "[usage] (line 12): the reserve must lie"),
            ("[usage]\nreserve = 0.2\n".to_owned(), "[usage] (line 11): the section holds no"),
            (format!("{SECTION}{twice}"), "use \"web\" (line 20): this id is used twice"),
            (SECTION.replace("\"web\"", "\" \""), "(line 14): the id is empty"),
            (SECTION.replace("down_bps = 500_000\n", ""), "use \"web\" (line 14): down_bps or up_bps"),
            (SECTION.replace("\"ours\"", "\"\""), "use \"web\" (line 14): the source is empty"),
        ];
        for (section, expected) in cases {
            let message = refusal(&section);
            assert!(message.contains(expected), "{message:?} should say {expected:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_in_the_section_makes_the_reader_panic(text in "\\PC*") {
            let _ = Requirements::from_toml(&format!("{BEFORE}[usage]\n{text}"));
            let _ = Requirements::from_toml(&format!("{BEFORE}{SECTION}{text}"));
        }
    }
}
