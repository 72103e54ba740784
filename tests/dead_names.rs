//! Fifty names that no resolver answers: the C library keeps a thread for each, and neither the other services nor the
//! end of the program wait for them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{clean, validated};

/// Names that nobody answers for.
const DEAD: usize = 50;

/// Runs `script` with namespaces of its own for network and mounts, whose only resolver is behind a link that swallows
/// everything; `None` where that is not possible.
fn with_a_silent_resolver(state: &Path, script: &str) -> Option<Command> {
    let resolver = state.join("resolv.conf");
    // Three servers: the C library would go on for half a minute.
    std::fs::write(&resolver, "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n").unwrap();
    let set_up = format!(
        "ip link set lo up && ip link add silent type veth peer name nobody && ip addr add 192.0.2.9/24 dev silent && \
         ip link set silent up && ip link set nobody up && for n in 1 2 3; do ip neigh add 192.0.2.$n lladdr 02:00:00:00:00:0$n dev silent; \
         done && mount --bind {} /etc/resolv.conf",
        resolver.display()
    );
    let wrapped = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "sh", "-c", &format!("{set_up} && {script}")]);
        clean(&mut command, state);
        command
    };
    if !wrapped("true").output().is_ok_and(|output| output.status.success()) {
        println!("skipped: a silent resolver needs namespaces and a veth link (root, util-linux, iproute2)");
        return None;
    }
    Some(wrapped(script))
}

#[test]
fn fifty_dead_names_delay_neither_a_service_nor_the_end_of_the_program() {
    let state = tempfile::tempdir().unwrap();
    let mut file = String::new();
    let mut add = |id: &str, url: &str| {
        write!(
            file,
            "[[endpoint]]\nid = \"{id}\"\nlabel = \"{id}\"\nkind = \"ent\"\nurls = [\"{url}\"]\nsource = \"test\"\n"
        )
        .unwrap();
    };
    for n in 0..DEAD {
        add(&format!("dead-{n}"), &format!("https://dead-{n}.example/"));
    }
    add("alive", "http://127.0.0.1:8080/");
    let endpoints = state.path().join("endpoints.toml");
    std::fs::write(&endpoints, file).unwrap();
    let agent = env!("CARGO_BIN_EXE_sonde-ecole");
    let script = format!(
        "{{ {agent} mire --listen 127.0.0.1:8080 >&2 & mire=$!; trap 'kill $mire' EXIT; \
         until ss -Hltn 'sport = 8080' | grep -q .; do sleep 0.1; done; \
         {agent} run --only endpoints --no-catalogue --endpoints {} --format json; code=$?; \
         date +%s.%N >&2; exit $code; }}",
        endpoints.display()
    );
    let Some(mut command) = with_a_silent_resolver(state.path(), &script) else { return };
    let start = Instant::now();
    let output = command.output().unwrap();
    let whole = start.elapsed();
    let report = validated(&output);
    let measured = report["measurements"]["endpoints"].as_array().unwrap();
    assert_eq!(measured.len(), DEAD + 1, "{report:#}");
    let mut slowest = 0;
    for one in measured {
        let value = &one["outcome"]["value"];
        let elapsed_us = one["elapsed_us"].as_u64().unwrap();
        if value["id"] == "alive" {
            assert_eq!(value["state"], "reachable", "{one:#}");
            assert!(elapsed_us < 2_000_000, "{one:#}");
        } else {
            assert_eq!(value["failure"]["stage"], "dns", "{one:#}");
            assert_eq!(value["failure"]["cause"], "timeout", "{one:#}");
            slowest = slowest.max(elapsed_us);
        }
    }
    let elapsed = Duration::from_millis(report["elapsed_ms"].as_u64().unwrap());
    println!("slowest {:?}, run {elapsed:?}, process {whole:?}", Duration::from_micros(slowest));
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
    // The C library's threads still wait: the process is gone before them.
    assert!(whole < elapsed + Duration::from_secs(4), "run {elapsed:?}, process {whole:?}");
}
