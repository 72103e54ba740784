//! What the tests of the real binary share: how it is started, and a mire in a process of its own.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The agent, with its state in a directory of the test's own and nothing of the caller's environment that counts.
pub fn agent(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sonde-ecole"));
    clean(&mut command, state);
    command
}

pub fn clean(command: &mut Command, state: &Path) {
    command.env("SONDE_ECOLE_STATE", state).stdin(Stdio::null());
    for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
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
