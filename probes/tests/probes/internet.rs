//! Control targets, answered by themselves, by a portal, by a proxy or by nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{self, Authority, dialing, env, page};
use sonde_probes::dial::DialConfig;
use sonde_probes::internet::{Config, ControlTarget, run, survey};
use sonde_report::values::InternetAccess;
use sonde_report::{Cause, CaveatCode, Outcome};

fn controls(first: SocketAddr, second: SocketAddr) -> Config {
    let target = |name: &str, address: SocketAddr, status, body: &str| ControlTarget {
        url: format!("http://{name}:{}/", address.port()),
        status,
        body: Some(body.to_owned()),
    };
    Config {
        targets: vec![target("un.test", first, 200, "success"), target("deux.test", second, 204, "")],
        timeout: Duration::from_secs(20),
        routed: true,
    }
}

fn direct() -> sonde_probes::Env {
    env(dialing(&Authority::new("public"), &["un.test", "deux.test"]))
}

#[tokio::test]
async fn one_expected_answer_is_enough_and_tells_the_clock() {
    let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let good = support::http(page("200 OK", date, "success\n")).await;
    let (found, offset) = survey(&controls(good, support::closed_port().await), &direct()).await;
    let value = found.value().expect("measured");
    assert_eq!(value.access, InternetAccess::Open);
    assert!(value.controls[0].as_expected && !value.controls[1].as_expected);
    assert_eq!(value.controls[1].failure.as_ref().map(|f| f.cause), Some(Cause::ConnectionRefused));
    assert!(offset.is_some_and(|offset| offset > 1_000_000_000), "the server's year is 1994");
}

#[tokio::test]
async fn a_portals_redirect_or_page_is_a_captive_portal() {
    let to = "Location: http://portail.box/login\r\n";
    let redirect = support::http(page("302 Found", to, "")).await;
    let found = run(&controls(redirect, redirect), &direct()).await;
    let value = found.value().expect("measured");
    assert_eq!(value.access, InternetAccess::CaptivePortal);
    assert_eq!(value.portal_host.as_deref(), Some("portail.box"));
    assert_eq!(found.caveats()[0].code, CaveatCode::CaptivePortal);
    let html = support::http(page("200 OK", "", "<html>Bienvenue, success !")).await;
    let found = run(&controls(html, html), &direct()).await;
    assert_eq!(found.value().expect("measured").access, InternetAccess::CaptivePortal);
}

#[tokio::test]
async fn a_proxy_that_asks_for_a_password_is_named() {
    let proxy = support::proxy(Some("Basic x")).await;
    let config = DialConfig {
        proxy: Some(format!("127.0.0.1:{}", proxy.port()).parse().expect("a proxy")),
        ..dialing(&Authority::new("public"), &[])
    };
    let found = run(&controls(proxy, proxy), &env(config)).await;
    assert_eq!(found.value().expect("measured").access, InternetAccess::ProxyAuthRequired);
}

#[tokio::test]
async fn nobody_answering_is_a_failure_with_every_control_named() {
    let closed = support::closed_port().await;
    let found = run(&controls(closed, closed), &direct()).await;
    let Outcome::Failed { failure } = found.outcome else { panic!("{found:?}") };
    assert_eq!((failure.cause, failure.attempts.len()), (Cause::ConnectionRefused, 2));
}
