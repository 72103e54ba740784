//! A moment as people and machines both need it: an instant, with the local offset it was written in.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An instant with the UTC offset of the machine that took it, written as RFC 3339 (`2026-11-23T10:42:00+01:00`).
///
/// Wall-clock time: for dating, never for measuring (durations are monotonic and stand in their own fields).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Timestamp {
    instant: jiff::Timestamp,
    offset: jiff::tz::Offset,
}

impl Timestamp {
    /// Makes a timestamp from a zoned time, cut to the millisecond: finer digits would only pretend precision.
    #[must_use]
    pub fn from_zoned(zoned: &jiff::ZonedDateTime) -> Self {
        let millisecond = jiff::Timestamp::from_millisecond(zoned.timestamp().as_millisecond());
        Self { instant: millisecond.unwrap_or(zoned.timestamp()), offset: zoned.offset() }
    }

    /// The instant, without its offset.
    #[must_use]
    pub fn instant(&self) -> jiff::Timestamp {
        self.instant
    }

    /// The local date and time that stood on the machine's clock.
    #[must_use]
    pub fn local(&self) -> jiff::civil::DateTime {
        self.offset.to_datetime(self.instant)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.instant.display_with_offset(self.offset))
    }
}

impl std::str::FromStr for Timestamp {
    type Err = jiff::Error;

    /// Reads RFC 3339 with an offset (`Z` is read as `+00:00`).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let pieces = jiff::fmt::temporal::Pieces::parse(text)?;
        let offset = pieces.to_numeric_offset().unwrap_or(jiff::tz::Offset::UTC);
        Ok(Self { instant: text.parse()?, offset })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "description": "RFC 3339 with the local offset" })
    }
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_offset_it_was_read_with() {
        let text = "2026-11-23T10:42:00+01:00";
        let stamp: Timestamp = text.parse().expect("a valid RFC 3339 time");
        assert_eq!(stamp.to_string(), text);
        assert_eq!(stamp.local().hour(), 10);
        assert_eq!(stamp.instant().to_string(), "2026-11-23T09:42:00Z");
    }

    #[test]
    fn refuses_what_is_not_a_time() {
        assert!("23/11/2026".parse::<Timestamp>().is_err());
        assert!("".parse::<Timestamp>().is_err());
    }
}
