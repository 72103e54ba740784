//! The UAI: a French school's identity, seven digits and a check letter.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The check letters, in order of the remainder; I, O and Q are left out.
const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";

/// A UAI whose check letter is right, in upper case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uai(String);

/// Why a text is no UAI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UaiError {
    /// Not seven digits and a letter.
    #[error("{0:?} is not a UAI: seven digits and a letter, such as 0940176F")]
    Shape(String),
    /// The letter does not fit the digits.
    #[error("{given:?}: the letter of {digits} is {expected}")]
    Letter {
        /// What was typed.
        given: String,
        /// Its digits.
        digits: String,
        /// The letter that fits.
        expected: char,
    },
}

impl Uai {
    /// The code, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The département that the code begins with: `01` to `95`, `2A`, `2B`, `971` to `988`; `None` for a prefix that
    /// no school has.
    ///
    /// A code is read whatever its prefix (`9999991F` is a fixture of no school, and prefixes may be added): who
    /// asks a person for a UAI should warn when this is `None`.
    #[must_use]
    pub fn department(&self) -> Option<String> {
        let prefix = self.0.get(..3)?;
        match prefix.parse::<u16>().ok()? {
            1..=95 => prefix.get(1..).map(str::to_owned),
            // Corsica has had prefixes of its own since it was divided in two.
            620 => Some("2A".to_owned()),
            720 => Some("2B".to_owned()),
            // Overseas: 97x and 98x.
            970..=989 => Some(prefix.to_owned()),
            _ => None,
        }
    }

    /// The check letter of a number of seven digits: the number modulo 23 (the rule of the national directory).
    #[must_use]
    pub fn letter(number: u32) -> char {
        char::from(LETTERS[(number % 23) as usize])
    }
}

impl FromStr for Uai {
    type Err = UaiError;

    /// Reads a UAI; lower case is forgiven, and spaces anywhere: letterheads print it in groups (094 0176 F).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code: String =
            text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let shape = || UaiError::Shape(text.to_owned());
        let (digits, letter) = code.split_at_checked(7).ok_or_else(shape)?;
        if !digits.bytes().all(|b| b.is_ascii_digit())
            || letter.len() != 1
            || !letter.as_bytes()[0].is_ascii_uppercase()
        {
            return Err(shape());
        }
        let number: u32 = digits.parse().map_err(|_| shape())?;
        let expected = Self::letter(number);
        if letter.chars().eq([expected]) {
            Ok(Self(code))
        } else {
            Err(UaiError::Letter { given: text.trim().to_owned(), digits: digits.to_owned(), expected })
        }
    }
}

impl fmt::Display for Uai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Uai {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Uai {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Uai {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Uai".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]{7}[A-HJ-NPR-Z]$", "description": "UAI: seven digits and a check letter" })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn codes_of_real_schools_are_read() {
        for code in ["0940176F", "0940204L", "0940388L", "0940400Z", "0690037R", "0330135T", "9999991F"] {
            assert_eq!(code.parse::<Uai>().unwrap().as_str(), code);
        }
    }

    #[test]
    fn lower_case_and_spaces_are_forgiven() {
        for text in [" 0940176f\n", "094 0176 F", "094\u{202f}0176\u{a0}f"] {
            assert_eq!(text.parse::<Uai>().unwrap().to_string(), "0940176F", "{text}");
        }
    }

    #[test]
    fn a_wrong_letter_is_refused_with_the_right_one() {
        let error = "0940176G".parse::<Uai>().unwrap_err();
        assert_eq!(error.to_string(), "\"0940176G\": the letter of 0940176 is F");
    }

    #[test]
    fn what_has_not_the_shape_is_refused_as_such() {
        for text in ["", "0940176", "940176F", "09401766F", "0940176FF", "O940176F", "0940176é", "-940176F"]
        {
            assert_eq!(text.parse::<Uai>(), Err(UaiError::Shape(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn the_department_is_read_from_the_prefix() {
        let department = |number: u32| {
            let code = format!("{number:07}{}", Uai::letter(number));
            code.parse::<Uai>().unwrap().department()
        };
        for (number, expected) in [
            (940_176, Some("94")),
            (10_001, Some("01")),
            (950_001, Some("95")),
            (6_200_001, Some("2A")),
            (7_200_001, Some("2B")),
            (9_740_001, Some("974")),
            (9_880_001, Some("988")),
            (1, None),
            (960_001, None),
            (6_210_001, None),
            (9_999_991, None),
        ] {
            assert_eq!(department(number).as_deref(), expected, "{number:07}");
        }
    }

    proptest! {
        #[test]
        fn every_number_passes_with_its_letter_and_with_no_other(number in 0..=9_999_999_u32) {
            let expected = Uai::letter(number);
            for letter in 'A'..='Z' {
                let code = format!("{number:07}{letter}");
                match code.parse::<Uai>() {
                    Ok(uai) => {
                        prop_assert_eq!(letter, expected);
                        prop_assert_eq!(serde_json::to_string(&uai).unwrap(), format!("\"{code}\""));
                    }
                    Err(UaiError::Letter { expected: told, .. }) => {
                        prop_assert_ne!(letter, expected);
                        prop_assert_eq!(told, expected);
                    }
                    Err(other) => prop_assert!(false, "{other}"),
                }
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in any::<String>(), near in "[0-9]{5,8}.{0,2}") {
            for text in [text, near] {
                if let Ok(uai) = text.parse::<Uai>() {
                    let _ = uai.department();
                }
            }
        }
    }
}
