//! Which filter made an answer: the marks of `block_pages.toml`, each with the source it was read in.
//!
//! What stands in an authentic answer (one under a public chain) is the service's own and names no filter: a genuine
//! page may speak of one. What is not in the file is still found by its redirect or by the certificate, without name.

use std::sync::LazyLock;

use serde::Deserialize;
use sonde_report::values::{FilterPlace, KnownFilter};

use super::visit::Hop;
use crate::dial::Target;

/// The header in which Squid names its own errors.
const SQUID: &str = "x-squid-error";

/// In place of a header's mark: that the header is there is enough.
const PRESENCE: &str = "*";

/// Shorter marks would be met by chance.
const SHORTEST_MARK: usize = 5;

#[allow(clippy::expect_used, reason = "a file of this crate; a test loads it")]
static MARKS: LazyLock<Marks> =
    LazyLock::new(|| parse(include_str!("../../endpoints/block_pages.toml")).expect("well-formed marks"));

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Marks {
    page: Vec<Page>,
    issuer: Vec<Issuer>,
}

/// A block page's mark.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    filter: String,
    #[serde(rename = "where")]
    seat: Seat,
    header: Option<String>,
    mark: String,
    source: String,
}

/// Where a mark stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Seat {
    Host,
    Redirect,
    Header,
    Title,
    Body,
}

/// The mark of a product that decrypts, in the issuer's name of the certificates it makes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    product: String,
    place: FilterPlace,
    mark: String,
    source: String,
}

/// Reads the marks, in lower case, and refuses those that cannot be relied on.
fn parse(text: &str) -> Result<Marks, String> {
    let mut marks: Marks = toml::from_str(text).map_err(|error| error.to_string())?;
    for page in &mut marks.page {
        page.mark = page.mark.to_lowercase();
        sound(&page.filter, &page.mark, &page.source)?;
        if (page.seat == Seat::Header) != page.header.is_some() {
            return Err(format!("{}: a header is named for a header's mark, and for no other", page.filter));
        }
        if page.mark == PRESENCE && page.seat != Seat::Header {
            return Err(format!("{}: only a header can be a mark by its presence", page.filter));
        }
    }
    for issuer in &mut marks.issuer {
        issuer.mark = issuer.mark.to_lowercase();
        sound(&issuer.product, &issuer.mark, &issuer.source)?;
    }
    Ok(marks)
}

/// Whether a mark has a name and a source, and is long enough to be one.
fn sound(name: &str, mark: &str, source: &str) -> Result<(), String> {
    if name.trim().is_empty() {
        return Err(format!("{mark:?} names no filter"));
    }
    if source.trim().is_empty() {
        return Err(format!("{name}: {mark:?} has no source"));
    }
    if mark != PRESENCE && mark.len() < SHORTEST_MARK {
        return Err(format!("{name}: {mark:?} is too short for a mark"));
    }
    Ok(())
}

/// A filter on the way, by its name.
pub(super) fn on_the_network(name: &str) -> KnownFilter {
    KnownFilter { name: name.to_owned(), place: FilterPlace::Network }
}

/// Squid's error code, when Squid itself made the answer, and not a cache in front of the service.
pub(super) fn squid_error(hop: &Hop) -> Option<&str> {
    if hop.authentic() {
        return None;
    }
    hop.headers.get(SQUID)?.to_str().ok()?.split_whitespace().next()
}

/// The filter whose page an answer is.
pub(super) fn known_page(hop: &Hop) -> Option<&'static str> {
    if let Some(filter) = known_host(&hop.target.host) {
        return Some(filter);
    }
    if hop.authentic() {
        return None;
    }
    let body = String::from_utf8_lossy(&hop.body).to_lowercase();
    let title = title(&body);
    let met = |page: &&Page| match page.seat {
        Seat::Host | Seat::Redirect => false,
        Seat::Header => page.header.as_ref().is_some_and(|name| has_header(hop, name, &page.mark)),
        Seat::Title => title.as_ref().is_some_and(|title| title.starts_with(&page.mark)),
        Seat::Body => body.contains(&page.mark),
    };
    MARKS.page.iter().find(met).map(|page| page.filter.as_str())
}

/// The filter whose host this is, whoever vouches for it.
pub(super) fn known_host(host: &str) -> Option<&'static str> {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let below =
        |known: &str| host.strip_suffix(known).is_some_and(|front| front.is_empty() || front.ends_with('.'));
    let mut hosts = MARKS.page.iter().filter(|page| page.seat == Seat::Host);
    hosts.find(|page| below(&page.mark)).map(|page| page.filter.as_str())
}

/// The filter to whose page an answer redirects that is not authentic.
pub(super) fn known_redirect(to: &Target) -> Option<&'static str> {
    let url = to.to_string().to_lowercase();
    let mut redirects = MARKS.page.iter().filter(|page| page.seat == Seat::Redirect);
    redirects.find(|page| url.contains(&page.mark)).map(|page| page.filter.as_str())
}

/// The product that makes certificates under this issuer's name; only for a chain that is not public.
pub(super) fn interceptor(issuer: &str) -> Option<KnownFilter> {
    let issuer = issuer.to_lowercase();
    let known = MARKS.issuer.iter().find(|known| issuer.contains(&known.mark))?;
    Some(KnownFilter { name: known.product.clone(), place: known.place })
}

fn has_header(hop: &Hop, name: &str, mark: &str) -> bool {
    let mut values = hop.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| mark == PRESENCE || value.trim_start().to_lowercase().starts_with(mark))
}

/// The title of a page in lower case, its white space made single.
fn title(body: &str) -> Option<String> {
    let (_, rest) = body.split_once("<title")?;
    let (_, rest) = rest.split_once('>')?;
    let (title, _) = rest.split_once("</title")?;
    Some(title.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn every_mark_has_a_name_and_a_source_and_stands_once() {
        let marks = parse(include_str!("../../endpoints/block_pages.toml")).expect("well-formed marks");
        assert!(marks.page.len() > 40 && marks.issuer.len() > 15, "the file is nearly empty");
        for (index, page) in marks.page.iter().enumerate() {
            let twin = marks.page[..index].iter().find(|other| {
                (other.seat, &other.header, &other.mark) == (page.seat, &page.header, &page.mark)
            });
            assert!(twin.is_none(), "{} and {twin:?}", page.filter);
        }
        for (index, issuer) in marks.issuer.iter().enumerate() {
            assert!(marks.issuer[..index].iter().all(|other| other.mark != issuer.mark), "{}", issuer.mark);
        }
    }

    #[test]
    fn a_mark_without_name_or_source_or_too_short_is_refused() {
        let page = |lines: &str| parse(&format!("issuer = []\n[[page]]\n{lines}"));
        let whole = "filter = \"F\"\nwhere = \"body\"\nmark = \"blocked by F\"\nsource = \"s\"";
        assert!(page(whole).is_ok());
        for (from, to) in [
            ("\"F\"\nwhere", "\"\"\nwhere"),
            ("source = \"s\"", "source = \" \""),
            ("source = \"s\"", ""),
            ("blocked by F", "no"),
            ("blocked by F", "*"),
            ("\"body\"", "\"header\""),
            ("\"body\"", "\"footer\""),
            ("mark", "marks"),
        ] {
            let broken = whole.replacen(from, to, 1);
            assert_ne!(broken, whole, "{from}");
            assert!(page(&broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn hosts_are_known_with_what_is_below_them_and_no_look_alikes() {
        for host in ["block.opendns.com", "Block.OpenDNS.com.", "eu.gateway.zscaler.net"] {
            assert!(known_host(host).is_some(), "{host}");
        }
        for host in ["opendns.com", "notblock.opendns.com", "block.opendns.com.example", "www.zscaler.com"] {
            assert_eq!(known_host(host), None, "{host}");
        }
    }

    #[test]
    fn redirects_are_known_by_port_path_and_query() {
        for (url, filter) in [
            ("http://1.2.3.4:9123/block/?SessionID=4242424242", "Olfeo"),
            ("https://172.16.16.16:8090/ips/block/webcat?cat=71&pl=1", "Sophos Firewall"),
            ("http://10.0.0.1:15871/cgi-bin/blockpage.cgi?ws-session=1", "Forcepoint (Websense)"),
            ("http://proxy.ville.fr/cgi-bin/squidGuard.cgi?clientaddr=10.1.1.1&url=x", "squidGuard"),
        ] {
            assert_eq!(known_redirect(&url.parse().expect(url)), Some(filter), "{url}");
        }
        for url in ["https://ent.example/block/?session=1", "https://cas.example/login?service=https://x/"] {
            assert_eq!(known_redirect(&url.parse().expect(url)), None, "{url}");
        }
    }

    #[test]
    fn decrypting_products_are_known_by_their_issuers_and_public_authorities_are_not() {
        for (issuer, name, place) in [
            ("CN=FGT70FTK23012743,O=Fortinet,L=Sunnyvale,ST=California", "Fortinet", FilterPlace::Network),
            (
                "CN=Zscaler Intermediate Root CA (zscaler.net) (t),OU=Zscaler Inc.",
                "Zscaler",
                FilterPlace::Network,
            ),
            ("CN=Sophos SSL CA_C320ABPCBJ8BQ6B,O=Sophos", "Sophos", FilterPlace::Network),
            (
                "CN=Kaspersky Anti-Virus Personal Root Certificate,O=AO Kaspersky Lab",
                "Kaspersky",
                FilterPlace::Machine,
            ),
            ("CN=Avast Web/Mail Shield Root,O=Avast Web/Mail Shield", "Avast", FilterPlace::Machine),
            ("CN=mitmproxy,O=mitmproxy", "mitmproxy", FilterPlace::Network),
        ] {
            assert_eq!(interceptor(issuer), Some(KnownFilter { name: name.to_owned(), place }), "{issuer}");
        }
        for issuer in [
            "CN=R11,O=Let's Encrypt,C=US",
            "CN=GEANT TLS RSA 1,O=Hellenic Academic and Research Institutions CA,C=GR",
            "CN=Certigna Services CA,O=DHIMYOTIS,C=FR",
            "CN=Autorité de l'académie,O=Rectorat",
        ] {
            assert_eq!(interceptor(issuer), None, "{issuer}");
        }
    }

    #[test]
    fn titles_are_read_whatever_their_form() {
        assert_eq!(title("<html><title>a\n  b</title>").as_deref(), Some("a b"));
        assert_eq!(title("<title lang=\"fr\"> x </title >").as_deref(), Some("x"));
        for body in ["", "<title>no end", "no title"] {
            assert_eq!(title(body), None, "{body}");
        }
    }
}
