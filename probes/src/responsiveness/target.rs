//! What to ask of a mire on a new connection: something tiny, and of the mire itself.

use http::Method;
use serde::Deserialize;
use sonde_report::values::MireProtocol;

use crate::Env;
use crate::dial::Target;
use crate::throughput::MireUrl;

/// Where a mire says what to ask (the draft's well-known path).
const CONFIG_PATH: &str = "/.well-known/nq";
/// The largest configuration read, bytes: some ten URLs.
const CONFIG_MAX: usize = 16 << 10;

/// A request to be timed; whatever status answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) target: Target,
}

/// What to ask of a mire that does not say: LibreSpeed's empty page; of the others the head of what is there, for a
/// file's own bytes would be a load.
pub(super) fn usual(mire: &MireUrl) -> Ask {
    let target = &mire.target;
    match mire.protocol {
        MireProtocol::Librespeed => Ask {
            method: Method::GET,
            target: target.with_path(crate::throughput::below(&target.path, "empty.php")),
        },
        MireProtocol::Ndt7 => Ask { method: Method::HEAD, target: target.with_path("/") },
        MireProtocol::Http => Ask { method: Method::HEAD, target: target.clone() },
    }
}

/// What the mire says to ask, if it does.
pub(super) async fn configured(mire: &MireUrl, address: std::net::SocketAddr, env: &Env) -> Option<Ask> {
    let target = mire.target.with_path(CONFIG_PATH);
    let connection = env.dialer.connect_to(&target, address).await.ok()?;
    let answer = env.dialer.get_on(connection, &target, CONFIG_MAX).await.ok()?;
    let ok = answer.status == 200 && !answer.cut;
    ok.then(|| read(&answer.body, mire)).flatten()
}

/// The draft's configuration, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Configuration {
    urls: Urls,
}

#[derive(Debug, Deserialize)]
struct Urls {
    small_https_download_url: Option<String>,
    small_download_url: Option<String>,
}

/// The small object's place. Only one on the mire's own scheme, host and port is taken: another server's distance would
/// stand beside the load's, and whoever answers in the mire's place could send us anywhere.
fn read(body: &[u8], mire: &MireUrl) -> Option<Ask> {
    let urls = serde_json::from_slice::<Configuration>(body).ok()?.urls;
    let place = |target: &Target| (target.scheme, target.host.to_lowercase(), target.port);
    [urls.small_https_download_url, urls.small_download_url]
        .into_iter()
        .flatten()
        .filter_map(|url| url.parse::<Target>().ok())
        .find(|target| place(target) == place(&mire.target))
        .map(|target| Ask { method: Method::GET, target })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn mire(url: &str) -> MireUrl {
        url.parse().unwrap()
    }

    #[test]
    fn each_kind_of_mire_is_asked_for_something_tiny() {
        for (url, method, path) in [
            ("ndt7+https://mire.example/?token=x", Method::HEAD, "/"),
            ("librespeed+https://mire.example/backend/", Method::GET, "/backend/empty.php"),
            ("https://mire.example/10G.iso", Method::HEAD, "/10G.iso"),
        ] {
            let ask = usual(&mire(url));
            assert_eq!((ask.method, ask.target.path.as_str()), (method, path), "{url}");
        }
    }

    #[test]
    fn only_the_mires_own_small_object_is_taken() {
        let mire = mire("ndt7+https://mire.example/");
        let body = |https: &str, plain: &str| {
            format!(
                r#"{{"version":1,"urls":{{"small_https_download_url":"{https}","small_download_url":"{plain}"}}}}"#
            )
        };
        let path = |body: String| read(body.as_bytes(), &mire).map(|ask| ask.target.path);
        assert_eq!(path(body("https://mire.example/small", "")), Some("/small".to_owned()));
        assert_eq!(path(body("https://MIRE.example:443/a", "x")), Some("/a".to_owned()));
        assert_eq!(
            path(body("https://other.example/small", "https://mire.example/b")),
            Some("/b".to_owned())
        );
        for url in ["https://mire.example:8443/small", "http://mire.example/small", "file:///etc/passwd", ""]
        {
            assert_eq!(path(body(url, url)), None, "{url}");
        }
        for text in ["", "[]", "{}", r#"{"urls":[]}"#, "<html>", r#"{"urls":{"small_download_url":7}}"#] {
            assert_eq!(read(text.as_bytes(), &mire), None, "{text}");
        }
    }
}
