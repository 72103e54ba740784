//! Names whose answers show what a resolver does: public ones from a data file, and names that cannot exist.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use hickory_resolver::proto::rr::RecordType;
use serde::Deserialize;

const FILE: &str = include_str!("test-names.toml");

/// The ends of names that cannot exist: two registries that have nothing in common, so that a wildcard of one registry
/// (as .com had in 2003) is not taken for the resolver's.
const UNRELATED_ENDS: [&str; 2] = ["com", "fr"];

/// A label's letters: at 26^24 nobody registers it meanwhile, and no bad luck makes it a word.
const LABEL_LENGTH: usize = 24;

/// Names to test resolvers with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TestNames {
    /// Signed names with an answer above 512 bytes.
    #[serde(default)]
    pub signed: Vec<TestName>,
    /// Names whose signature is broken on purpose.
    #[serde(default)]
    pub broken: Vec<TestName>,
    /// Names with an answer above 1232 bytes.
    #[serde(default)]
    pub large: Vec<TestName>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestName {
    /// The name.
    pub name: String,
    /// The type of record to ask for.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it was read.
    pub source: String,
    /// Whether somebody of the project saw it answer as described.
    pub verified: bool,
}

impl TestNames {
    /// The embedded names.
    #[must_use]
    pub fn built_in() -> Self {
        // A test reads the same text: it cannot fail here. Without names nothing is asked, and nothing claimed.
        toml::from_str(FILE).unwrap_or_default()
    }
}

impl TestName {
    /// The type of record; `None` for a word that names none.
    pub(super) fn record_type(&self) -> Option<RecordType> {
        self.kind.parse().ok()
    }
}

/// Names that cannot exist, new ones at every call: random letters, and nothing about the school.
pub(super) fn names_of_nobody() -> Vec<String> {
    UNRELATED_ENDS.iter().map(|end| format!("{}.{end}", random_label())).collect()
}

/// Random letters. The standard library's hash keys come from the system's random source; nothing here needs more.
pub(super) fn random_label() -> String {
    let mut label = String::with_capacity(LABEL_LENGTH);
    while label.len() < LABEL_LENGTH {
        let mut number = RandomState::new().build_hasher().finish();
        // 26^12 stays below 2^64: twelve letters of one number are evenly spread.
        for _ in 0..12 {
            label.push(char::from(b'a' + (number % 26) as u8));
            number /= 26;
        }
    }
    label
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_embedded_names_are_well_formed() {
        let names: TestNames = toml::from_str(FILE).unwrap();
        assert_eq!(names, TestNames::built_in());
        for list in [&names.signed, &names.broken, &names.large] {
            assert!(!list.is_empty());
            for name in list {
                assert!(name.record_type().is_some(), "{}", name.kind);
                assert!(!name.source.is_empty());
                assert!(super::super::wire::full_name(&name.name).is_ok(), "{}", name.name);
            }
        }
    }

    #[test]
    fn names_of_nobody_are_new_each_time_and_end_in_unrelated_registries() {
        let (one, other) = (names_of_nobody(), names_of_nobody());
        assert_eq!(one.len(), 2);
        for (name, end) in one.iter().zip(UNRELATED_ENDS) {
            let (label, found) = name.split_once('.').unwrap();
            assert_eq!((label.len(), found), (LABEL_LENGTH, end));
            assert!(label.bytes().all(|byte| byte.is_ascii_lowercase()));
            assert!(!other.contains(name));
        }
    }
}
