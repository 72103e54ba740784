//! How far this machine's clock is from what servers say it is: the `Date` header (RFC 9110, 6.6.1).
//!
//! A hint good to about a second, enough to tell that a certificate is refused because of a wrong clock. No NTP.

use std::time::SystemTime;

use crate::stats::median;

/// A `Date` counts whole seconds, cut: on average the server's clock was half a second further.
const MEAN_CUT_MS: i64 = 500;

/// This machine's clock minus the server's, milliseconds (positive: this machine is ahead), from a `Date` header
/// received at `received_at`; `None` when there is no readable one. Exact to about +-0.5 s plus the answer's way.
#[must_use]
pub fn offset_ms(headers: &http::HeaderMap, received_at: SystemTime) -> Option<i64> {
    let text = headers.get(http::header::DATE)?.to_str().ok()?;
    let server = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
    let local = match received_at.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_millis()).ok()?,
    };
    local.checked_sub(server)?.checked_sub(MEAN_CUT_MS)
}

/// What a `Date` can tell apart: reporting milliseconds would promise a precision that is not there.
const RESOLUTION_MS: f64 = 1000.0;

/// The median of several offsets, milliseconds, rounded to whole seconds: one server's wrong clock does not decide.
/// `Some(0)` is "right to the second"; `None` without any.
#[must_use]
pub fn clock_offset_ms(offsets: &[i64]) -> Option<i64> {
    median(&offsets.iter().map(|&offset| offset as f64).collect::<Vec<_>>())
        .map(|middle| ((middle / RESOLUTION_MS).round() * RESOLUTION_MS) as i64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::time::Duration;

    use super::*;

    fn dated(text: &str) -> http::HeaderMap {
        let mut headers = http::HeaderMap::new();
        headers.insert(http::header::DATE, text.parse().expect("a header"));
        headers
    }

    #[test]
    fn the_offset_is_ours_minus_theirs() {
        // 1994-11-06T08:49:37Z, the example of RFC 9110.
        let there = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let headers = dated("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(offset_ms(&headers, there + Duration::from_millis(3_600_500)), Some(3_600_000));
        assert_eq!(offset_ms(&headers, there), Some(-500));
    }

    #[test]
    fn what_is_no_date_says_nothing() {
        assert_eq!(offset_ms(&dated("soon"), SystemTime::now()), None);
        assert_eq!(offset_ms(&http::HeaderMap::new(), SystemTime::now()), None);
        assert_eq!(clock_offset_ms(&[]), None);
    }

    #[test]
    fn one_wrong_server_does_not_move_the_median() {
        assert_eq!(clock_offset_ms(&[2_010, 2_020, -86_400_000]), Some(2_000));
    }

    #[test]
    fn no_more_is_told_than_a_date_holds() {
        assert_eq!(clock_offset_ms(&[-271]), Some(0));
        assert_eq!(clock_offset_ms(&[-1_510]), Some(-2_000));
        assert_eq!(clock_offset_ms(&[3_600_499]), Some(3_600_000));
    }
}
