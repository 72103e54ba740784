//! Proxies that the network announces: a WPAD file named by DHCP (option 252) or by DNS (`wpad.<search domain>`), and the
//! auto-config file that this machine's own settings name.
//!
//! The file is a program (PAC). It is fetched, bounded, and searched for the proxies it names, so that the technician can
//! see and confirm one (`--proxy`); it is never evaluated and never followed by itself. Only the machine's own search
//! domains are asked for, never those above them: a name further up belongs to somebody else.
//! Source: draft-ietf-wrec-wpad-01; PAC's words are those of Netscape's proxy auto-config format.

use std::path::PathBuf;
use std::time::Duration;

use sonde_report::values::{WpadFile, WpadSource, WpadValue};
use sonde_report::{Cause, Failure, Measurement, Outcome, Stage};
use tokio::time::timeout;

use crate::Env;
use crate::clock::Stopwatch;
use crate::dial::{Dialer, Target};
use crate::dns::holds_uai;

/// Largest file read, bytes: real ones are a few kilobytes.
const LARGEST: usize = 64 * 1024;
/// Proxies shown of one file: more are a list of hosts, not a choice.
const MOST_PROXIES: usize = 16;
/// Search domains asked for: a resolver's list holds six at most (resolv.conf(5)).
const MOST_DOMAINS: usize = 6;
/// A lease file larger than this is none.
const LARGEST_LEASES: u64 = 1 << 20;

/// Where to look.
#[derive(Debug, Clone)]
pub struct Config {
    /// The auto-config file that the system is set to ([`crate::system_proxy`]).
    pub configured: Option<String>,
    /// The machine's search domains.
    pub domains: Vec<String>,
    /// Lease files of DHCP clients, where the system keeps them readable.
    pub leases: Vec<PathBuf>,
    /// Time allowed for each file.
    pub timeout: Duration,
}

/// Looks for the files that the network announces or the system is set to; `None` where there is none. The proxy of this
/// run is not asked: the file is about which one to take.
pub async fn run(config: &Config, env: &Env) -> Option<Measurement<WpadValue>> {
    let watch = Stopwatch::start();
    let dialer = env.dialer.direct();
    let mut files = Vec::new();
    if let Some(url) = &config.configured {
        files.push(file(&dialer, WpadSource::SystemSettings, without_user(url), config.timeout).await);
    }
    for url in announced(&config.leases) {
        files.push(file(&dialer, WpadSource::Dhcp, url, config.timeout).await);
    }
    // A domain that holds a school's code is not asked for: no question of ours carries one.
    for domain in config.domains.iter().filter(|domain| !holds_uai(domain)).take(MOST_DOMAINS) {
        let host = format!("wpad.{}", domain.trim_matches('.'));
        // A name that does not exist is the rule, and nothing to report.
        if matches!(timeout(config.timeout, dialer.resolve(&host, 80)).await, Ok(Ok(_))) {
            let url = format!("http://{host}/wpad.dat");
            files.push(file(&dialer, WpadSource::Dns, url, config.timeout).await);
        }
    }
    let first = files.first()?.url.clone();
    Some(watch.finish(first, Outcome::Measured { value: WpadValue { files }, caveats: Vec::new() }))
}

/// A URL without user and password: it is shown, and nothing of the kind is sent in clear.
fn without_user(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// Fetches one file and lists the proxies in it.
async fn file(dialer: &Dialer, by: WpadSource, url: String, limit: Duration) -> WpadFile {
    let mut found = WpadFile { by, url, proxies: Vec::new(), failure: None };
    match fetch(dialer, &found.url, limit).await {
        Ok(text) => found.proxies = proxies(&text),
        Err(failure) => found.failure = Some(failure),
    }
    found
}

async fn fetch(dialer: &Dialer, url: &str, limit: Duration) -> Result<String, Failure> {
    let target: Target = url.parse().map_err(|error: crate::dial::TargetError| {
        Failure::with(Stage::Http, Cause::ProtocolError, error.to_string())
    })?;
    let answer = timeout(limit, dialer.get(&target, LARGEST)).await;
    let exchange =
        answer.map_err(|_| Failure::new(Stage::Http, Cause::Timeout))?.map_err(|error| error.failure)?;
    if exchange.status != 200 {
        return Err(Failure::with(Stage::Http, Cause::HttpStatus, exchange.status.to_string()));
    }
    let text = String::from_utf8_lossy(&exchange.body).into_owned();
    if text.contains("FindProxyForURL") {
        Ok(text)
    } else {
        // A web server for all names answers this one, too.
        Err(Failure::new(Stage::Content, Cause::UnexpectedContent))
    }
}

/// The proxies named in a file, each once, in its order: `PROXY host:port`, `HTTPS …`, `SOCKS5 …`.
fn proxies(text: &str) -> Vec<String> {
    const KINDS: [&str; 6] = ["PROXY", "HTTP", "HTTPS", "SOCKS", "SOCKS4", "SOCKS5"];
    let mut found: Vec<String> = Vec::new();
    let mut words =
        text.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '+' | ')' | '('));
    let mut kind = None;
    for word in words.by_ref().filter(|word| !word.is_empty()) {
        if let Some(known) = KINDS.iter().find(|known| **known == word) {
            kind = Some(*known);
            continue;
        }
        let Some(kind) = kind.take() else { continue };
        let shown = match kind {
            "PROXY" | "HTTP" => word.to_owned(),
            other => format!("{}://{word}", other.to_ascii_lowercase()),
        };
        if is_host_and_port(word) && !found.contains(&shown) && found.len() < MOST_PROXIES {
            found.push(shown);
        }
    }
    found
}

/// `host:port`, of characters a host has: what is shown comes from the network.
fn is_host_and_port(word: &str) -> bool {
    let Some((host, port)) = word.rsplit_once(':') else { return false };
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '[' | ']' | ':');
    !host.is_empty() && host.len() <= 253 && host.chars().all(named) && port.parse::<u16>().is_ok()
}

/// The WPAD URLs in DHCP clients' lease files (`option wpad "…"`, or `option unknown-252 "…"` where the client does not
/// know the option), each once.
fn announced(leases: &[PathBuf]) -> Vec<String> {
    let mut urls: Vec<String> = Vec::new();
    for path in leases {
        let small = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST_LEASES);
        let Some(text) = small.then(|| std::fs::read_to_string(path).ok()).flatten() else { continue };
        // The last lease is the one in force; older ones stand above it.
        let last = text.lines().rev().find_map(announced_in);
        urls.extend(last.filter(|url| !urls.contains(url)));
    }
    urls
}

fn announced_in(line: &str) -> Option<String> {
    let line = line.trim().trim_end_matches(';');
    let value =
        ["option wpad ", "option unknown-252 "].iter().find_map(|option| line.strip_prefix(option))?;
    // dhclient writes a trailing line end or NUL of the option as an octal escape.
    let url = value.trim().trim_matches('"').trim_end_matches("\\000").trim_end_matches("\\012");
    (url.starts_with("http://") || url.starts_with("https://")).then(|| url.to_owned())
}

/// The lease files that Debian's and Red Hat's dhclient leave readable.
#[must_use]
pub fn lease_files() -> Vec<PathBuf> {
    ["/var/lib/dhcp", "/var/lib/dhclient", "/var/lib/NetworkManager"]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.filter_map(Result::ok).map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "leases" || ending == "lease"))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PAC: &str = r#"function FindProxyForURL(url, host) {
        if (isPlainHostName(host)) return "DIRECT";
        if (shExpMatch(host, "*.intranet")) return 'SOCKS5 10.1.1.9:1080; DIRECT';
        return "PROXY proxy.ac-exemple.fr:3128; PROXY 10.1.1.2:8080; DIRECT" + "; PROXY proxy.ac-exemple.fr:3128";
    }"#;

    #[test]
    fn the_proxies_of_a_file_are_listed_and_nothing_is_evaluated() {
        assert_eq!(proxies(PAC), ["socks5://10.1.1.9:1080", "proxy.ac-exemple.fr:3128", "10.1.1.2:8080"]);
        assert_eq!(proxies("PROXY <script>:80 PROXY a:99999 PROXY PROXY b:1 PROXY"), ["b:1"]);
        let many: Vec<String> = (0..100).map(|port| format!("\"PROXY a:{port}\"")).collect();
        assert_eq!(proxies(&many.concat()).len(), MOST_PROXIES);
    }

    #[test]
    fn the_last_lease_announces() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dhclient.eth0.leases");
        let lease = |option: &str| format!("lease {{\n  interface \"eth0\";\n  option {option};\n}}\n");
        let text =
            lease("wpad \"http://old/wpad.dat\"") + &lease("unknown-252 \"http://10.0.0.1/wpad.dat\\000\"");
        std::fs::write(&file, text).unwrap();
        let missing = folder.path().join("none.leases");
        assert_eq!(announced(&[missing, file.clone(), file]), ["http://10.0.0.1/wpad.dat"]);
    }

    #[tokio::test]
    async fn a_file_is_fetched_from_a_real_server_and_a_web_page_is_none() {
        use std::sync::Arc;

        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 2048];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let wanted = String::from_utf8_lossy(&request[..length]).contains("GET /wpad.dat");
                let body = if wanted { PAC } else { "<html>It works</html>" };
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all((head + body).as_bytes()).await;
            }
        });
        let dialer = Dialer::new(crate::dial::DialConfig {
            pinned_names: vec![("wpad.ecole.example".to_owned(), [127, 0, 0, 1].into())],
            ..Default::default()
        })
        .unwrap();
        let env = Env { dialer: Arc::new(dialer), events: None };
        let folder = tempfile::tempdir().unwrap();
        let leases = folder.path().join("dhclient.leases");
        std::fs::write(&leases, format!("option wpad \"http://127.0.0.1:{port}/index.html\";")).unwrap();
        let config = Config {
            configured: None,
            domains: Vec::new(),
            leases: vec![leases.clone()],
            timeout: Duration::from_secs(5),
        };
        let found = run(&config, &env).await.unwrap();
        let failure = found.value().unwrap().files[0].failure.clone().unwrap();
        assert_eq!((failure.stage, failure.cause), (Stage::Content, Cause::UnexpectedContent));
        std::fs::write(&leases, format!("option wpad \"http://127.0.0.1:{port}/wpad.dat\";")).unwrap();
        let found = run(&config, &env).await.unwrap();
        assert_eq!(found.value().unwrap().files[0].proxies.len(), 3);
        // DNS knows the name, and nothing listens on port 80 there: found, and why it could not be read.
        let by_dns = Config { domains: vec!["ecole.example.".to_owned()], leases: Vec::new(), ..config };
        let found = run(&by_dns, &env).await.unwrap();
        let file = &found.value().unwrap().files[0];
        assert_eq!((file.by, file.url.as_str()), (WpadSource::Dns, "http://wpad.ecole.example/wpad.dat"));
        assert!(file.failure.is_some());
        let nothing = Config { domains: vec!["nowhere.invalid".to_owned()], ..by_dns };
        assert_eq!(run(&nothing, &env).await, None);
        // What the system is set to is fetched and shown like the others, without the user in its URL.
        let url = format!("http://moi:sesame@127.0.0.1:{port}/wpad.dat");
        let found = run(&Config { configured: Some(url), ..nothing }, &env).await.unwrap();
        let file = &found.value().unwrap().files[0];
        assert_eq!((file.by, file.proxies.len()), (WpadSource::SystemSettings, 3));
        assert_eq!(file.url, format!("http://127.0.0.1:{port}/wpad.dat"));
        assert!(!format!("{found:?}").contains("sesame"));
    }
}
