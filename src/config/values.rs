//! Reads single values: sizes, durations, choices. Knows no file and no flag.

use std::time::Duration;

use sonde_probes::catalogue::Profile;
use sonde_probes::dial::Family;
use sonde_probes::ntp;
use sonde_report::document::WifiOn;
use sonde_report::values::EndpointKind;

use crate::text::Lang;

/// What a value should have been; each has its sentence in `text::cli::problem`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// small, medium, large.
    Size,
    /// yes, no, unknown.
    YesNo,
    /// A whole number.
    Number,
    /// `25M`, `250 Mo`, `1G`.
    Bytes,
    /// `12M`: bits per second.
    Rate,
    /// A number of seconds.
    Seconds,
    /// verdict, stable, or seconds.
    Until,
    /// 4, 6, auto.
    Family,
    /// fr, en.
    Lang,
    /// text, json, nagios, prometheus.
    Format,
    /// text, json.
    TextOrJson,
    /// text, json, csv.
    TableFormat,
    /// text, json: the report of `endpoints check`.
    CheckFormat,
    /// text, csv: its sheet.
    SheetFormat,
    /// A mire URL; what is wrong with this one.
    MireUrl(String),
    /// An http or https URL; what is wrong with this one.
    Url(String),
    /// `address:port`.
    Address,
    /// An outside resolver: an address, `tls://host`, `https://host/path`.
    DnsReference,
    /// A time server: a host or address, or `gateway`.
    NtpServer,
    /// The name of a Wi-Fi network, as a pattern.
    Ssid,
}

/// Which time server to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NtpServer {
    /// The default gateway: many boxes answer.
    Gateway,
    /// This one.
    Named {
        /// A name or an address.
        host: String,
        /// Its port.
        port: u16,
    },
}

/// When to end the download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When the estimate of the capacity is stable.
    Stable,
    /// As soon as the verdict is certain: the least data and time.
    Verdict,
    /// After so long.
    Seconds(Duration),
}

/// The nearest of `names`: at most a third of the letters differ, so that no far-fetched name is proposed.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let name = name.to_lowercase();
    names
        .into_iter()
        .map(|known| (strsim::damerau_levenshtein(&name, &known.to_lowercase()), known))
        .min()
        .filter(|(distance, known)| *distance <= known.chars().count().max(3).div_ceil(3))
        .map(|(_, known)| known.to_owned())
}

/// Reads `25M`, `250 Mo`, `1.5G`, `1,5 Go`, `4096`, `64KiB` as bytes: decimal multiples unless written `…i`.
#[must_use]
pub fn bytes(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let unit = unit.to_lowercase();
    let unit = unit.strip_suffix(['o', 'b']).unwrap_or(&unit);
    let factor: f64 = match unit {
        "" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        "ki" => 1024.0,
        "mi" => 1_048_576.0,
        "gi" => 1_073_741_824.0,
        _ => return None,
    };
    positive(number * factor)
}

/// The least data a run may be limited to, bytes: below, no transfer gives a figure, and a bare `10` most likely meant
/// megabytes.
const LEAST_DATA: u64 = 100_000;

/// Reads an amount of data that a run may use.
#[must_use]
pub fn data(text: &str) -> Option<u64> {
    bytes(text).filter(|&bytes| bytes >= LEAST_DATA)
}

/// Reads the name of a school's Wi-Fi network, as a pattern. One of `*`, `?` and spaces alone is refused: it would take every
/// neighbour for the school.
#[must_use]
pub fn ssid(text: &str) -> Option<String> {
    let literal = |c: char| !matches!(c, '*' | '?') && !c.is_whitespace();
    text.chars().any(literal).then(|| text.to_owned())
}

/// Reads `12M`, `12Mbit/s`, `12 Mb/s`, `1.5G`, `800k` as bits per second.
#[must_use]
pub fn rate(text: &str) -> Option<u64> {
    let (number, unit) = number_and_unit(text)?;
    let unit = unit.to_lowercase();
    let unit = ["bit/s", "bits/s", "bps", "b/s", "bit"]
        .iter()
        .find_map(|end| unit.strip_suffix(end))
        .unwrap_or(&unit);
    let factor = match unit {
        "" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "g" => 1e9,
        _ => return None,
    };
    positive(number * factor)
}

/// A decimal number (point or comma) and what follows it.
fn number_and_unit(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.replace(',', ".").parse().ok()?, unit.trim()))
}

/// A whole number above zero, within what a `u64` and common sense hold.
fn positive(value: f64) -> Option<u64> {
    (value.is_finite() && (1.0..1e15).contains(&value)).then_some(value as u64)
}

/// Reads a number of seconds, from 0,1 s to a day; `s` may follow.
#[must_use]
pub fn seconds(text: &str) -> Option<Duration> {
    let (number, unit) = number_and_unit(text)?;
    (matches!(unit, "" | "s") && (0.1..=86_400.0).contains(&number)).then(|| Duration::from_secs_f64(number))
}

/// The longest transfer that may be asked for, seconds: longer ones are a load test, not a measurement.
const LONGEST_S: u64 = 300;

/// Reads `verdict`, `stable` or a number of seconds up to [`LONGEST_S`].
#[must_use]
pub fn until(text: &str) -> Option<Until> {
    match text.trim().to_lowercase().as_str() {
        "stable" => Some(Until::Stable),
        "verdict" => Some(Until::Verdict),
        other => seconds(other).filter(|time| time.as_secs() <= LONGEST_S).map(Until::Seconds),
    }
}

/// Reads a time server.
#[must_use]
pub fn ntp_server(text: &str) -> Option<NtpServer> {
    let text = text.trim();
    if matches!(text.to_lowercase().as_str(), "gateway" | "passerelle") {
        return Some(NtpServer::Gateway);
    }
    let named = |host: &str, port| Some(NtpServer::Named { host: host.to_owned(), port });
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return named(&address.to_string(), ntp::PORT);
    }
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return named(&address.ip().to_string(), address.port());
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|&port| port != 0)?),
        None => (text, ntp::PORT),
    };
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.' | '_');
    // Digits and dots alone are an address that was written wrong.
    let is_name = host.chars().any(char::is_alphabetic) && host.chars().all(fits);
    if is_name { named(host, port) } else { None }
}

/// Reads whether the Wi-Fi is on.
#[must_use]
pub fn wifi_on(text: &str) -> Option<WifiOn> {
    match text.trim().to_lowercase().as_str() {
        "yes" | "oui" | "true" | "on" => Some(WifiOn::Yes),
        "no" | "non" | "false" | "off" => Some(WifiOn::No),
        "unknown" | "inconnu" => Some(WifiOn::Unknown),
        _ => None,
    }
}

/// Reads a language.
#[must_use]
pub fn lang(text: &str) -> Option<Lang> {
    match text.trim().to_lowercase().as_str() {
        "fr" => Some(Lang::Fr),
        "en" => Some(Lang::En),
        _ => None,
    }
}

/// Reads an optional profile.
#[must_use]
pub fn profile(text: &str) -> Option<Profile> {
    match text.trim().to_lowercase().as_str() {
        "resources" | "ressources" | "resource" | "ressource" => Some(Profile::Resources),
        "management" | "gestion" => Some(Profile::Management),
        _ => None,
    }
}

/// The kinds of services by their names in the catalogue's files.
pub const KINDS: [(&str, EndpointKind); 7] = [
    ("gar", EndpointKind::Gar),
    ("ent", EndpointKind::Ent),
    ("educonnect", EndpointKind::Educonnect),
    ("portal", EndpointKind::Portal),
    ("resource", EndpointKind::Resource),
    ("management", EndpointKind::Management),
    ("control", EndpointKind::Control),
];

/// Reads a kind of service: its name, in either number, or the French word.
#[must_use]
pub fn kind(text: &str) -> Option<EndpointKind> {
    let text = text.trim().to_lowercase();
    let name = match text.as_str() {
        "éduconnect" => "educonnect",
        "guichet" | "guichets" | "portail" | "portails" => "portal",
        "ressource" | "ressources" => "resource",
        "gestion" => "management",
        "contrôle" | "controle" => "control",
        other => other,
    };
    KINDS
        .iter()
        .find(|(known, _)| *known == name || name.strip_suffix('s') == Some(known))
        .map(|(_, kind)| *kind)
}

/// Reads an IP family.
#[must_use]
pub fn family(text: &str) -> Option<Family> {
    match text.trim().to_lowercase().as_str() {
        "4" | "ipv4" => Some(Family::V4),
        "6" | "ipv6" => Some(Family::V6),
        "auto" => Some(Family::Auto),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, expected) in [
            ("25M", 25_000_000),
            ("250 Mo", 250_000_000),
            ("1G", 1_000_000_000),
            ("1,5 Go", 1_500_000_000),
            ("64KiB", 65_536),
            ("4096", 4096),
            ("10MB", 10_000_000),
        ] {
            assert_eq!(bytes(text), Some(expected), "{text}");
        }
        for text in ["", "M", "-5M", "0", "12X", "1e9", "1..2M", "999999999G"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn rates_are_read_as_people_write_them() {
        for text in ["12M", "12Mbit/s", "12 Mb/s", "12000k", "12000000"] {
            assert_eq!(rate(text), Some(12_000_000), "{text}");
        }
        assert_eq!(rate("0"), None);
        assert_eq!(rate("fast"), None);
    }

    #[test]
    fn seconds_have_bounds() {
        assert_eq!(seconds("2,5"), Some(Duration::from_millis(2500)));
        assert_eq!(seconds("10s"), Some(Duration::from_secs(10)));
        assert_eq!(seconds("0"), None);
        assert_eq!(seconds("100000"), None);
        assert_eq!(seconds("NaN"), None);
    }

    #[test]
    fn an_amount_too_small_for_any_figure_is_refused() {
        assert_eq!(data("10"), None, "most likely ten megabytes were meant");
        assert_eq!(data("100k"), Some(100_000));
    }

    #[test]
    fn a_transfer_has_its_longest() {
        assert_eq!(until("300"), Some(Until::Seconds(Duration::from_secs(300))));
        assert_eq!(until("301"), None);
        assert_eq!(until("Verdict"), Some(Until::Verdict));
    }

    #[test]
    fn a_time_server_is_a_host_an_address_or_the_gateway() {
        let named = |host: &str, port| Some(NtpServer::Named { host: host.to_owned(), port });
        for (text, expected) in [
            ("ntp.mairie.example", named("ntp.mairie.example", 123)),
            ("ntp.mairie.example:1123", named("ntp.mairie.example", 1123)),
            ("192.0.2.1", named("192.0.2.1", 123)),
            ("192.0.2.1:1123", named("192.0.2.1", 1123)),
            ("2001:db8::1", named("2001:db8::1", 123)),
            ("[2001:db8::1]:1123", named("2001:db8::1", 1123)),
            (" Passerelle ", Some(NtpServer::Gateway)),
            ("gateway", Some(NtpServer::Gateway)),
        ] {
            assert_eq!(ntp_server(text), expected, "{text}");
        }
        for text in ["", "192.0.2.256", "ntp.example:0", "ntp.example:x", "ntp://ntp.example", "a b"] {
            assert_eq!(ntp_server(text), None, "{text}");
        }
    }

    #[test]
    fn kinds_and_profiles_are_read_in_both_languages() {
        for (text, read) in [("GAR", EndpointKind::Gar), ("guichets", EndpointKind::Portal)] {
            assert_eq!(kind(text), Some(read), "{text}");
        }
        assert_eq!(kind("ENTs"), Some(EndpointKind::Ent));
        assert_eq!(kind(""), None);
        assert_eq!(profile("Ressources"), Some(Profile::Resources));
        for known in Profile::ALL {
            assert_eq!(profile(known.as_str()), Some(known));
        }
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("downlaod", ["download", "upload"]), Some("download".to_owned()));
        assert_eq!(nearest("xyzzy", ["download", "upload"]), None);
    }
}
