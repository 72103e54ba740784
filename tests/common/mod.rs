//! What the tests of the real binary share: how it is started, and a mire in a process of its own.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout)]

pub mod crooked;
pub mod lab;
pub mod rooms;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::Value;

/// The agent, with its state in a directory of the test's own and nothing of the caller's environment that counts.
pub fn agent(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sonde-ecole"));
    clean(&mut command, state);
    command
}

pub fn clean(command: &mut Command, state: &Path) {
    for (name, _) in std::env::vars()
        .filter(|(name, _)| name.starts_with("SONDE_ECOLE_") || name.to_uppercase().ends_with("_PROXY"))
    {
        command.env_remove(name);
    }
    command.env("SONDE_ECOLE_STATE", state).stdin(Stdio::null());
}

/// Parses the one JSON document on stdout and validates it against the committed schema.
pub fn validated(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let report: Value = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}\n{}", String::from_utf8_lossy(&output.stderr)));
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/report-1.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> =
        validator.iter_errors(&report).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{report:#}");
    report
}

/// A certificate for 127.0.0.1 and what vouches for it, as PEM files.
pub struct Certificate {
    pub cert: PathBuf,
    pub key: PathBuf,
    pub authority: PathBuf,
}

impl Certificate {
    /// Issued by an authority made for it.
    pub fn issue(directory: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // OpenSSL takes a leaf with its issuer's name for self-signed.
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &authority).unwrap();
        let write = |name: &str, text: String| {
            let path = directory.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        Self {
            cert: write("cert.pem", leaf.pem()),
            key: write("key.pem", key.serialize_pem()),
            authority: write("authority.pem", authority.pem()),
        }
    }
}

/// Another project's program: from `$SONDE_ECOLE_PEERS` (a directory) or `PATH`.
pub fn peer(name: &str) -> Option<PathBuf> {
    let given = std::env::var_os("SONDE_ECOLE_PEERS").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = given.into_iter().chain(std::env::split_paths(&path)).map(|at| at.join(name));
    places.find(|file| file.is_file())
}

/// The same, or a line saying that the test is skipped and where the program is from.
pub fn peer_or_say(name: &str, home: &str) -> Option<PathBuf> {
    let found = peer(name);
    if found.is_none() {
        println!("skipped: {name} is missing (see {home}; on PATH or in $SONDE_ECOLE_PEERS)");
    }
    found
}

/// An address of loopback that nobody listens on.
pub fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A real mire in a process of its own, killed when dropped.
pub struct Mire {
    child: Child,
    pub address: SocketAddr,
}

impl Mire {
    pub fn start(state: &Path, arguments: &[&str]) -> Self {
        let port = free_address();
        let child = agent(state)
            .args(["mire", "--listen", &port.to_string()])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mire = Self { child, address: port };
        wait_for(port);
        mire
    }

    /// What `--mire` takes.
    pub fn url(&self) -> String {
        format!("ndt7+http://{}/", self.address)
    }
}

impl Drop for Mire {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something accepts connections there.
pub fn wait_for(address: SocketAddr) {
    let start = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "the mire does not accept");
        thread::yield_now();
    }
}
