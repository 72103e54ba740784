//! What waits unsent in a socket, kept short: an answer on a connection that carries load would wait behind it, and be
//! timed as the line's (draft-ietf-ippm-responsiveness asks servers for it).

use std::time::{Duration, Instant};

use tokio::net::TcpStream;

/// What may wait, as time: this program comes round again much sooner.
const WAITS: f64 = 0.005;
/// At least one TLS record or HTTP/2 frame, bytes.
const LEAST: u32 = 16 << 10;
/// At most a millisecond of a gigabit, bytes; also where the rate is not known yet.
const MOST: u32 = 128 << 10;
/// Between two looks at the rate.
const LOOK: Duration = Duration::from_millis(100);

/// The bound of one socket, by the rate at which it is written to.
#[derive(Debug)]
pub(super) struct Unsent {
    since: Instant,
    written: u64,
    bound: u32,
}

impl Unsent {
    /// Bounds a socket just accepted.
    pub(super) fn new(stream: &TcpStream) -> Self {
        set(stream, MOST);
        Self { since: Instant::now(), written: 0, bound: MOST }
    }

    /// So many bytes were written to it.
    pub(super) fn wrote(&mut self, bytes: usize, stream: &TcpStream) {
        self.written += bytes as u64;
        let elapsed = self.since.elapsed();
        if elapsed < LOOK {
            return;
        }
        let bound = bound(self.written as f64 / elapsed.as_secs_f64());
        if bound != self.bound {
            set(stream, bound);
        }
        *self = Self { since: Instant::now(), written: 0, bound };
    }
}

/// The bound at so many bytes each second: in steps, so that it is seldom set.
fn bound(rate: f64) -> u32 {
    ((rate * WAITS) as u32).clamp(LEAST, MOST).next_power_of_two()
}

#[cfg(target_os = "linux")]
fn set(stream: &TcpStream, bytes: u32) {
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(bytes);
}

/// Elsewhere the system decides; the answers take longer.
#[cfg(not(target_os = "linux"))]
fn set(_: &TcpStream, _: u32) {}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_line_holds_little_and_a_fast_one_enough() {
        assert_eq!(bound(0.0), LEAST);
        // 10 Mbit/s, 100 Mbit/s (5 ms are 62.5 kB), 1 Gbit/s.
        assert_eq!([1.25e6, 12.5e6, 125e6].map(bound), [LEAST, 64 << 10, MOST]);
        assert_eq!(bound(f64::INFINITY), MOST);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_systems_bound_follows_the_rate() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let told = || socket2::SockRef::from(&stream).tcp_notsent_lowat().unwrap();
        let mut unsent = Unsent::new(&stream);
        assert_eq!(told(), MOST);
        unsent.since = Instant::now().checked_sub(2 * LOOK).unwrap();
        unsent.wrote(1_000, &stream);
        assert_eq!(told(), LEAST);
    }
}
