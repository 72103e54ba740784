//! nginx's servers: the services, the control targets, and what answers in the box.

use std::fmt::Write as _;

use sonde_probes::internet::ControlTarget;

use super::NOWHERE;
use crate::worlds::certificates::Pair;
use crate::worlds::file::Answer;

/// What a control target answers where nothing is wrong.
pub(super) fn as_it_must(control: &ControlTarget) -> Answer {
    Answer { status: control.status, body: control.body.clone(), ..Answer::default() }
}

/// One `server` of nginx.
pub(super) fn server(places: &[String], tls: Option<&Pair>, answer: &Answer) -> String {
    let mut text = "server {\n".to_owned();
    for place in places {
        let _ = writeln!(text, "listen {place}{};", if tls.is_some() { " ssl" } else { "" });
    }
    if let Some(Pair { certificate, key }) = tls {
        let _ = writeln!(
            text,
            "ssl_certificate {};\nssl_certificate_key {};",
            certificate.display(),
            key.display()
        );
    }
    for (name, value) in &answer.headers {
        let _ = writeln!(text, "add_header {name} {} always;", quoted(value));
    }
    let _ = match (&answer.location, answer.silent) {
        (_, true) => writeln!(text, "location / {{ proxy_pass http://127.0.0.1:{NOWHERE}; }}"),
        (Some(to), _) => {
            writeln!(text, "return {} {};", if answer.status < 300 { 302 } else { answer.status }, quoted(to))
        }
        (None, _) if matches!(answer.status, 204 | 444) => writeln!(text, "return {};", answer.status),
        (None, _) => {
            let body = answer.body.as_deref().unwrap_or("<!doctype html><title>Service</title><p>Bonjour.");
            writeln!(text, "return {} {};", answer.status, quoted(body))
        }
    };
    text + "}\n"
}

/// A `server` that refuses every handshake.
pub(super) fn refusing(places: &[String]) -> String {
    let listen: String = places.iter().map(|place| format!("listen {place} ssl;\n")).collect();
    format!("server {{\n{listen}ssl_reject_handshake on;\n}}\n")
}

/// A text as nginx takes one. It knows no way to write a dollar.
fn quoted(text: &str) -> String {
    assert!(!text.contains('$'), "nginx would read a variable: {text}");
    format!("\"{}\"", text.replace('"', "\\\""))
}
