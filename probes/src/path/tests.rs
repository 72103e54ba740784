//! Real ways: the loopback, and two routers in network namespaces that the test makes and removes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::process::Command;
use std::sync::Arc;

use super::*;
use crate::dial::{DialConfig, Dialer, Proxy};

fn question(target: &str) -> Question {
    Question {
        target: target.parse().unwrap(),
        max_hops: 12,
        timeout: Duration::from_secs(1),
        interface: None,
    }
}

fn measured(method: PathMethod, answers: &Answers) -> (PathValue, Vec<Caveat>) {
    match value(method, answers, None) {
        Outcome::Measured { value, caveats } => (value, caveats),
        other => panic!("{other:?}"),
    }
}

fn addresses(value: &PathValue) -> Vec<Option<&str>> {
    value.hops.iter().map(|hop| hop.address.as_deref()).collect()
}

#[tokio::test]
async fn the_loopback_is_one_hop_away_without_any_right() {
    for target in ["127.0.0.1", "::1"] {
        let answers = match error_queue::trace(&question(target)).await {
            Ok(answers) => answers,
            Err(TraceError::Io(error)) if target == "::1" => {
                eprintln!("skipped: no IPv6 on the loopback ({error})");
                continue;
            }
            Err(error) => panic!("{error:?}"),
        };
        let (found, caveats) = measured(PathMethod::UdpErrorQueue, &answers);
        assert_eq!(addresses(&found), [Some(target)]);
        assert!(found.reached && caveats.is_empty(), "{found:?}");
    }
}

#[tokio::test]
async fn the_loopback_is_one_hop_away_with_raw_sockets() {
    match raw::trace(&question("127.0.0.1")).await {
        Ok(answers) => {
            let (found, _) = measured(PathMethod::IcmpRaw, &answers);
            assert_eq!((addresses(&found), found.reached), (vec![Some("127.0.0.1")], true));
        }
        Err(TraceError::NotPossible) => eprintln!("skipped: no right to raw sockets"),
        Err(TraceError::Io(error)) => panic!("{error}"),
    }
}

#[tokio::test]
async fn through_a_proxy_nothing_is_asked() {
    let proxy = Some("http://127.0.0.1:3128".parse::<Proxy>().unwrap());
    let dialer = Dialer::new(DialConfig { proxy, ..DialConfig::default() }).unwrap();
    let env = Env { dialer: Arc::new(dialer), events: None };
    let config =
        Config { host: "mire.example".into(), port: 443, max_hops: 20, timeout: Duration::from_secs(1) };
    let Outcome::NotMeasured { reason } = run(&config, &env).await.outcome else { panic!("measured") };
    assert_eq!(reason.code, ReasonCode::NotThroughProxy);
}

#[test]
fn silence_behind_the_last_answer_is_cut_and_told() {
    let router = |last| {
        Some(Answer { from: "10.0.0.1".parse().unwrap(), rtt: Duration::from_millis(1), last, target: last })
    };
    let mut answers = Answers::new(20);
    answers.0[1] = router(false);
    let (found, caveats) = measured(PathMethod::IcmpRaw, &answers);
    assert_eq!((found.hops.len(), found.reached), (2 + SILENT_IN_A_ROW, false));
    assert_eq!(caveats, [CaveatCode::SilentHops.with("6")]);
    answers.0[3] = router(true);
    let (found, caveats) = measured(PathMethod::IcmpRaw, &answers);
    assert_eq!((found.hops.len(), found.reached), (4, true));
    assert_eq!(caveats, [CaveatCode::SilentHops.with("2")]);
    assert_eq!(answers.silent(), [1, 3]);
}

#[test]
fn a_ticket_tells_the_distance_in_every_round() {
    for round in 0..ROUNDS {
        assert_eq!(Ticket::new(round, 7).ttl(), 7);
    }
    assert_ne!(Ticket::new(0, 7), Ticket::new(1, 7));
}

/// Two tests' routers at once have different names.
static MADE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// client - r1 - r2 - server, removed when dropped.
struct Routers {
    names: [String; 4],
}

impl Routers {
    fn new() -> Result<Self, String> {
        let number = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let id = format!("{}-{number}", std::process::id());
        let routers = Self { names: ["c", "r1", "r2", "s"].map(|role| format!("sonde{id}{role}")) };
        for name in &routers.names {
            ip(&["netns", "add", name])?;
            ip(&["-n", name, "link", "set", "lo", "up"])?;
        }
        let [c, r1, r2, s] = &routers.names;
        for (left, right, net) in [(c, r1, "10.77.1"), (r1, r2, "10.77.2"), (r2, s, "10.77.3")] {
            ip(&[
                "-n", left, "link", "add", "right", "type", "veth", "peer", "name", "left", "netns", right,
            ])?;
            for (name, link, address) in
                [(left, "right", format!("{net}.1/24")), (right, "left", format!("{net}.2/24"))]
            {
                ip(&["-n", name, "address", "add", &address, "dev", link])?;
                ip(&["-n", name, "link", "set", link, "up"])?;
            }
        }
        ip(&["-n", c, "route", "add", "default", "via", "10.77.1.2"])?;
        ip(&["-n", r1, "route", "add", "10.77.3.0/24", "via", "10.77.2.2"])?;
        ip(&["-n", r2, "route", "add", "10.77.1.0/24", "via", "10.77.2.1"])?;
        ip(&["-n", s, "route", "add", "default", "via", "10.77.3.1"])?;
        for router in [r1, r2] {
            ip(&["netns", "exec", router, "sysctl", "-qw", "net.ipv4.ip_forward=1"])?;
        }
        Ok(routers)
    }

    /// Runs `work` on a thread that lives in the client's namespace.
    fn as_client<T: Send + 'static, F: Future<Output = T>>(
        &self,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> T {
        let namespace = format!("/run/netns/{}", self.names[0]);
        let inside = std::thread::spawn(move || {
            let file = std::fs::File::open(namespace).unwrap();
            nix::sched::setns(file, nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(work())
        });
        inside.join().unwrap()
    }
}

impl Drop for Routers {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = ip(&["netns", "delete", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<(), String> {
    let done = Command::new("ip").args(arguments).output().map_err(|error| format!("ip: {error}"))?;
    if done.status.success() {
        Ok(())
    } else {
        Err(format!("ip {}: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr).trim()))
    }
}

#[test]
fn two_routers_are_found_with_and_without_the_right() {
    let routers = match Routers::new() {
        Ok(routers) => routers,
        Err(missing) => {
            eprintln!("skipped: network namespaces ({missing})");
            return;
        }
    };
    let expected = [Some("10.77.1.2"), Some("10.77.2.2"), Some("10.77.3.2")];
    let raw = routers.as_client(|| async { raw::trace(&question("10.77.3.2")).await.unwrap() });
    let (found, caveats) = measured(PathMethod::IcmpRaw, &raw);
    assert_eq!((addresses(&found), found.reached, caveats), (expected.to_vec(), true, vec![]));
    let udp = routers.as_client(|| async { error_queue::trace(&question("10.77.3.2")).await.unwrap() });
    let (found, caveats) = measured(PathMethod::UdpErrorQueue, &udp);
    assert_eq!((addresses(&found), found.reached, caveats), (expected.to_vec(), true, vec![]));
    assert!(found.hops.iter().all(|hop| hop.rtt_us.is_some()));

    // The probe as the agent calls it: root has the right, so the raw method is the one used.
    let whole = routers.as_client(|| async {
        let env = Env { dialer: Arc::new(Dialer::new(DialConfig::default()).unwrap()), events: None };
        let timeout = Duration::from_secs(1);
        run(&Config { host: "10.77.3.2".into(), port: 443, max_hops: 20, timeout }, &env).await
    });
    let found = whole.value().unwrap();
    assert_eq!((found.method, addresses(found)), (PathMethod::IcmpRaw, expected.to_vec()));

    // A host that does not exist: the routers are known all the same.
    let answers = routers.as_client(|| async { raw::trace(&question("10.77.3.99")).await.unwrap() });
    let (found, _) = measured(PathMethod::IcmpRaw, &answers);
    assert!(!found.reached, "{found:?}");
    assert_eq!(addresses(&found).get(..2), Some(&expected[..2]));

    // A router that keeps silent is a hole in the list, told as such, and not the end of the way.
    ip(&["netns", "exec", &routers.names[1], "sysctl", "-qw", "net.ipv4.icmp_ratelimit=60000"]).unwrap();
    ip(&["netns", "exec", &routers.names[1], "sysctl", "-qw", "net.ipv4.icmp_msgs_per_sec=0"]).unwrap();
    let udp = routers.as_client(|| async { error_queue::trace(&question("10.77.3.2")).await.unwrap() });
    let (found, caveats) = measured(PathMethod::UdpErrorQueue, &udp);
    if found.hops.first().is_some_and(|hop| hop.address.is_none()) {
        assert_eq!(addresses(&found).get(1..), Some(&expected[1..]));
        assert_eq!(caveats, [CaveatCode::SilentHops.with("1")]);
    } else {
        eprintln!(
            "skipped: a silent router (this kernel does not limit by icmp_msgs_per_sec in a namespace)"
        );
    }
}

#[test]
fn how_large_packets_may_be_is_found_by_every_kind_of_packet() {
    use mtu::Kind;
    let routers = match Routers::new() {
        Ok(routers) => routers,
        Err(missing) => {
            eprintln!("skipped: network namespaces ({missing})");
            return;
        }
    };
    let [c, r1, r2, s] = &routers.names;
    let sysctl = |place: &str, set: &str| ip(&["netns", "exec", place, "sysctl", "-qw", set]).unwrap();
    sysctl(c, "net.ipv4.ping_group_range=0 2147483647");
    // The server refuses ports as often as it is asked: what is tried here is not its patience.
    sysctl(s, "net.ipv4.icmp_ratemask=0");
    let asked = |kind: Kind| {
        routers.as_client(move || async move {
            let target = "10.77.3.2".parse().unwrap();
            let prober = mtu::Prober::of(kind, target, None).unwrap();
            let found = prober.measure(Instant::now() + Duration::from_secs(1)).await?;
            let word = found.too_big.map(|word| (word.from, word.next_bytes));
            Some((found.answered_bytes, found.silent_bytes, word))
        })
    };
    let kinds = [Kind::Ping, Kind::Raw(raw::ident()), Kind::Udp];
    for kind in kinds {
        assert_eq!(asked(kind), Some((1500, None, None)), "{kind:?}");
    }

    // A narrow link in the middle, of which the router before it tells.
    for (router, link) in [(r1, "right"), (r2, "left")] {
        ip(&["-n", router, "link", "set", link, "mtu", "1400"]).unwrap();
    }
    for kind in kinds {
        let word = Some(("10.77.1.2".to_owned(), Some(1400)));
        assert_eq!(asked(kind), Some((1400, None, word)), "{kind:?}");
    }

    // The router does not tell: silence, which is no proof.
    let filter = "table ip t { chain c { type filter hook output priority 0; icmp type destination-unreachable drop; }; }";
    if let Err(missing) = ip(&["netns", "exec", r1, "nft", filter]) {
        eprintln!("skipped: a silent router (nft: {missing})");
        return;
    }
    for kind in kinds {
        assert_eq!(asked(kind), Some((1400, Some(1460), None)), "{kind:?}");
    }

    // This machine's own link is the narrow one: nothing is lost, and nothing is silent.
    ip(&["-n", c, "link", "set", "right", "mtu", "1400"]).unwrap();
    for kind in kinds {
        assert_eq!(asked(kind), Some((1400, None, None)), "{kind:?}");
    }
}
