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

    /// The check letter of a number of seven digits: the number modulo 23 (the rule of the national directory).
    #[must_use]
    pub fn letter(number: u32) -> char {
        char::from(LETTERS[(number % 23) as usize])
    }
}

impl FromStr for Uai {
    type Err = UaiError;

    /// Reads a UAI; spaces around it and lower case are forgiven.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let code = text.trim().to_ascii_uppercase();
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
