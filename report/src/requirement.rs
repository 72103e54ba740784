//! Requirements are dated data, never constants: a TOML rule file says what is asked, by whom, since when.
//!
//! Here: what a rule file means. How it is read and refused: `requirement/file.rs`. What it assumes of a class:
//! `requirement/usage.rs`. How a school is judged by it: [`crate::assess`].

mod file;
mod usage;

pub use file::RuleError;
pub use usage::{Basis, UsageRules, Use};

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The built-in rule file: the socle numérique of 2021 for primary schools.
pub const SOCLE_1D_2021: &str = include_str!("../rules/socle-1d-2021.toml");

/// A rule file: where its requirements come from, and the requirements.
///
/// Read it with [`Requirements::from_toml`]: there is no other way in, so every one is checked.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Requirements {
    /// Stable id: `socle-1d-2021`.
    pub id: String,
    /// Title, in French, as the source has it.
    pub title: String,
    /// Where it was published.
    pub source: String,
    /// The date of that publication (`YYYY-MM-DD`).
    pub dated: String,
    /// Each requirement.
    #[serde(rename = "requirement")]
    pub requirements: Vec<Requirement>,
    /// What is assumed of a class, to tell how many tablets can be used at once; `None` when the file does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageRules>,
}

/// One thing that is asked of a school.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Requirement {
    /// Stable id, as it stands in the verdict: `download-rate`.
    pub id: String,
    /// How binding it is.
    pub level: Level,
    /// What is asked.
    #[serde(flatten)]
    pub demand: Demand,
    /// What the source does not say and this file assumes, as codes.
    pub assumptions: Vec<Assumption>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Demand {
    /// A downstream rate of at least so much, by school size.
    DownloadRate {
        /// The least rate, bit/s, by size.
        at_least_bps: BySize,
        /// The layer at which it is compared.
        layer: Layer,
        /// Half-width of the band around the threshold in which no verdict is given, as a share of the threshold.
        margin: f64,
    },
    /// At least so many access points.
    AccessPoints {
        /// The least number.
        at_least: u32,
    },
    /// Services of these kinds that can be reached.
    Services {
        /// The kinds of endpoints that count.
        kinds: Vec<crate::values::EndpointKind>,
    },
}

/// A threshold for each size of school.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BySize {
    /// Small school.
    pub small: u64,
    /// Medium school.
    pub medium: u64,
    /// Large school.
    pub large: u64,
}

impl BySize {
    /// The threshold for one size.
    #[must_use]
    pub fn of(&self, size: SchoolSize) -> u64 {
        match size {
            SchoolSize::Small => self.small,
            SchoolSize::Medium => self.medium,
            SchoolSize::Large => self.large,
        }
    }
}

/// How binding a requirement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A recommendation ("préconisation"), of no prescriptive value.
    Recommendation,
    /// For information only.
    Indicative,
}

/// The layer at which a rate is compared with a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// IP packets, headers included (as BEREC allows).
    Ip,
    /// The application's bytes.
    Application,
}

/// What a source does not say, and a rule file assumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assumption {
    /// The direction is not said: downstream is assumed.
    DirectionDown,
    /// The layer is not said: IP is assumed.
    LayerIp,
    /// "Point d'accès" is not defined: a Wi-Fi access point is assumed.
    AccessPointIsWifi,
    /// The sizes are not defined: the size is an input.
    SizeIsInput,
    /// The services are not listed: the ENT profile is assumed (ENT, ÉduConnect, portal, GAR).
    ServicesAreProfile,
}

/// The size of a school, as the recommendation has it. No text says how many classes it means: it is an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SchoolSize {
    /// Petite école.
    Small,
    /// École moyenne.
    Medium,
    /// Grande école.
    Large,
}

impl SchoolSize {
    /// Every size, smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];
}

impl fmt::Display for SchoolSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        })
    }
}

/// A word that names no school size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no school size: small, medium or large (petite, moyenne, grande)")]
pub struct SizeError(pub String);

impl FromStr for SchoolSize {
    type Err = SizeError;

    /// Reads English and French words, whatever their case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_lowercase().as_str() {
            "small" | "petite" => Ok(Self::Small),
            "medium" | "moyenne" => Ok(Self::Medium),
            "large" | "grande" => Ok(Self::Large),
            _ => Err(SizeError(text.to_owned())),
        }
    }
}

impl Requirements {
    /// Reads a rule file and checks that it makes sense.
    ///
    /// # Errors
    /// [`RuleError::Shape`] with the line for what is not TOML of the rule file's shape (an unknown key, a
    /// missing one, a value of the wrong type), [`RuleError::Sense`] with the requirement's id for what could
    /// not be judged by (a threshold of zero, an id used twice…).
    pub fn from_toml(text: &str) -> Result<Self, RuleError> {
        file::read(text)
    }

    /// The built-in socle of 2021.
    ///
    /// # Panics
    /// Never: the file is part of the program and a test reads it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the built-in file is covered by a test")]
    pub fn socle_1d_2021() -> Self {
        Self::from_toml(SOCLE_1D_2021).expect("the built-in rule file is valid")
    }
}
