//! What else goes on while a transfer is measured: the processor's load and the interface's other traffic.
//!
//! It only observes. Whether what was seen weakens a figure is decided in [`super::caveats_for`].

use std::collections::VecDeque;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sonde_report::values::RunConditions;

/// How often the processor's load is read. sysinfo wants at least 200 ms between two readings of /proc/stat for the
/// kernel's 10 ms ticks to mean something.
const PERIOD: Duration = Duration::from_millis(250);

/// Readings per moving window: one second. A single period is 25 ticks only, and a TLS handshake fills it.
const WINDOW: usize = 4;

/// The interface counts Ethernet headers (14 bytes, 4 more for a VLAN tag) and segments sent again, which the run's
/// own count at the IP layer leaves out: 18/1000 bytes for packets of 1 000 bytes and up.
const FRAMING_RATIO: f64 = 0.02;

/// What an upload has handed to the interface and the far end has not acknowledged yet is on the interface's counter
/// and not in the run's own count: at most about a second's worth, a deep queue in a router included.
const UNACKNOWLEDGED: Duration = Duration::from_secs(1);

/// Which way a transfer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A download.
    Down,
    /// An upload.
    Up,
}

/// Watches the processor and one interface's byte counters while a run lasts.
#[derive(Debug)]
pub struct Watch {
    interface: Option<String>,
    /// The counters when the watch started: received, sent.
    at_start: Option<(u64, u64)>,
    load: Arc<Mutex<Load>>,
    /// Dropping it ends the sampling thread; `None` when the thread could not be started.
    _stop: Option<Sender<()>>,
    open: Option<Open>,
    down: Option<Other>,
    up: Option<Other>,
}

/// A transfer under way.
#[derive(Debug, Clone, Copy)]
struct Open {
    direction: Direction,
    at: Instant,
    counter: Option<u64>,
}

/// Traffic of others during a transfer.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Other {
    bytes: u64,
    ratio: f64,
}

/// The processor's load so far.
#[derive(Debug, Default)]
struct Load {
    sum: f64,
    count: u32,
    transferring: bool,
    window: VecDeque<f64>,
    peak: Option<f64>,
}

impl Load {
    fn add(&mut self, ratio: f64) {
        self.sum += ratio;
        self.count = self.count.saturating_add(1);
        if !self.transferring {
            return;
        }
        if self.window.len() == WINDOW {
            self.window.pop_front();
        }
        self.window.push_back(ratio);
        let mean = self.window.iter().sum::<f64>() / self.window.len() as f64;
        // A window that is not full yet counts only while there is nothing better: see `transfer_ends`.
        if self.window.len() == WINDOW {
            self.peak = Some(self.peak.map_or(mean, |peak| peak.max(mean)));
        }
    }

    fn start_transfer(&mut self) {
        self.transferring = true;
        self.window.clear();
    }

    fn end_transfer(&mut self) {
        self.transferring = false;
        if self.peak.is_none() && !self.window.is_empty() {
            // The transfer was shorter than a window: its own mean.
            self.peak = Some(self.window.iter().sum::<f64>() / self.window.len() as f64);
        }
    }
}

impl Watch {
    /// Starts watching `interface` (a thread samples every 250 ms, so that a busy runtime cannot delay it; dropping
    /// the watch ends it).
    #[must_use]
    pub fn start(interface: Option<&str>) -> Self {
        let load = Arc::new(Mutex::new(Load::default()));
        let (stop, stopped) = channel::<()>();
        let shared = Arc::clone(&load);
        let sampling = std::thread::Builder::new().name("watch".into()).spawn(move || {
            // Without /proc there is no figure: the load stays unknown.
            let Ok(mut system) = sysinfo::System::new() else { return };
            system.refresh_cpu_usage();
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                system.refresh_cpu_usage();
                let ratio = f64::from(system.global_cpu_usage()) / 100.0;
                if ratio.is_finite() {
                    lock(&shared).add(ratio.clamp(0.0, 1.0));
                }
            }
        });
        let stop = sampling.ok().map(|_| stop);
        let at_start = interface.and_then(counters);
        Self {
            interface: interface.map(str::to_owned),
            at_start,
            load,
            _stop: stop,
            open: None,
            down: None,
            up: None,
        }
    }

    /// A transfer starts: the counters are read.
    pub fn transfer_starts(&mut self, direction: Direction) {
        lock(&self.load).start_transfer();
        let counter = self.counter(direction);
        self.open = Some(Open { direction, at: Instant::now(), counter });
    }

    /// The transfer is over; `own_ip_bytes` is what the run itself moved at the IP layer in that direction since
    /// `transfer_starts`. Of several transfers in one direction the most disturbed is kept.
    pub fn transfer_ends(&mut self, direction: Direction, own_ip_bytes: u64) {
        lock(&self.load).end_transfer();
        let Some(open) = self.open.take().filter(|open| open.direction == direction) else { return };
        let Some((before, after)) = open.counter.zip(self.counter(direction)) else { return };
        // Counters that go backwards: the interface was unplugged meanwhile.
        let Some(moved) = after.checked_sub(before) else { return };
        let seen = other_traffic(direction, moved, own_ip_bytes, open.at.elapsed());
        let kept = match direction {
            Direction::Down => &mut self.down,
            Direction::Up => &mut self.up,
        };
        if kept.is_none_or(|known| seen.ratio >= known.ratio) {
            *kept = Some(seen);
        }
    }

    /// What was seen. The peak load is the highest mean over one second during a transfer.
    #[must_use]
    pub fn conditions(&self) -> RunConditions {
        let load = lock(&self.load);
        RunConditions {
            cpu_peak_ratio: load.peak,
            cpu_mean_ratio: (load.count > 0).then(|| load.sum / f64::from(load.count)),
            other_received_bytes: self.down.map(|other| other.bytes),
            other_sent_bytes: self.up.map(|other| other.bytes),
            other_received_ratio: self.down.map(|other| other.ratio),
            other_sent_ratio: self.up.map(|other| other.ratio),
        }
    }

    /// Bytes received and sent on the interface since the watch started, everybody's, link-layer headers included;
    /// `None` when the system does not tell or the interface was unplugged meanwhile.
    #[must_use]
    pub fn moved(&self) -> Option<(u64, u64)> {
        let (before, now) = (self.at_start?, counters(self.interface.as_deref()?)?);
        Some((now.0.checked_sub(before.0)?, now.1.checked_sub(before.1)?))
    }

    /// Bytes that have gone through the interface in a direction; `None` where the system does not tell.
    #[must_use]
    pub fn counter(&self, direction: Direction) -> Option<u64> {
        let (received, sent) = counters(self.interface.as_deref()?)?;
        Some(match direction {
            Direction::Down => received,
            Direction::Up => sent,
        })
    }
}

/// What of `moved` bytes on the interface the run did not move itself, framing and bytes under way allowed for.
fn other_traffic(direction: Direction, moved: u64, own_ip_bytes: u64, elapsed: Duration) -> Other {
    let under_way = match direction {
        Direction::Down => 0.0,
        Direction::Up => {
            let share =
                UNACKNOWLEDGED.as_secs_f64() / elapsed.as_secs_f64().max(UNACKNOWLEDGED.as_secs_f64());
            moved as f64 * share
        }
    };
    let other = (moved as f64 - own_ip_bytes as f64 * (1.0 + FRAMING_RATIO) - under_way).max(0.0);
    let ratio = if moved == 0 { 0.0 } else { other / moved as f64 };
    Other { bytes: other as u64, ratio }
}

#[cfg(target_os = "linux")]
fn counters(interface: &str) -> Option<(u64, u64)> {
    super::procfs::counters(interface)
}

#[cfg(not(target_os = "linux"))]
fn counters(interface: &str) -> Option<(u64, u64)> {
    let named = |known: &netdev::Interface| {
        known.name == interface || known.friendly_name.as_deref() == Some(interface)
    };
    let mut found = netdev::get_interfaces().into_iter().find(named)?;
    found.update_stats().ok()?;
    found.stats.map(|stats| (stats.rx_bytes, stats.tx_bytes))
}

/// A sampling thread that panicked leaves figures that are still good.
fn lock(load: &Mutex<Load>) -> MutexGuard<'_, Load> {
    load.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::float_cmp)]
    use super::*;

    const TEN: Duration = Duration::from_secs(10);

    #[test]
    fn own_traffic_with_its_headers_is_nobody_elses() {
        // 1 500-byte packets with a 14-byte Ethernet header.
        let own = 12_000_000_u64;
        let moved = own / 1500 * 1514;
        assert_eq!(other_traffic(Direction::Down, moved, own, TEN), Other { bytes: 0, ratio: 0.0 });
        assert_eq!(other_traffic(Direction::Down, 0, own, TEN), Other { bytes: 0, ratio: 0.0 });
    }

    #[test]
    fn a_neighbours_quarter_is_seen() {
        let seen = other_traffic(Direction::Down, 16_000_000, 12_000_000, TEN);
        assert!((0.20..0.25).contains(&seen.ratio), "{seen:?}");
        assert!((3_500_000..4_000_000).contains(&seen.bytes), "{seen:?}");
    }

    #[test]
    fn an_uploads_unacknowledged_second_is_not_cross_traffic() {
        // 10 s at 1 MB/s, of which the last second still waits in the router's queue.
        let seen = other_traffic(Direction::Up, 10_000_000, 9_000_000, TEN);
        assert_eq!(seen.bytes, 0, "{seen:?}");
        assert!(other_traffic(Direction::Up, 10_000_000, 4_000_000, TEN).ratio > 0.4);
    }

    #[test]
    fn the_peak_is_over_a_second_and_only_during_transfers() {
        let mut load = Load::default();
        for _ in 0..8 {
            load.add(1.0);
        }
        assert_eq!(load.peak, None, "no transfer yet");
        load.start_transfer();
        for ratio in [0.0, 1.0, 0.0, 0.0, 0.0, 0.4, 0.4, 0.4, 0.4] {
            load.add(ratio);
        }
        load.end_transfer();
        assert!((load.peak.unwrap() - 0.4).abs() < 1e-9, "{load:?}");
        assert_eq!(load.count, 17);
    }

    #[test]
    fn a_transfer_shorter_than_the_window_has_its_own_mean() {
        let mut load = Load::default();
        load.start_transfer();
        load.add(0.5);
        load.add(1.0);
        load.end_transfer();
        assert_eq!(load.peak, Some(0.75));
    }

    #[test]
    fn without_an_interface_traffic_is_unknown_not_zero() {
        let mut watch = Watch::start(None);
        watch.transfer_starts(Direction::Down);
        watch.transfer_ends(Direction::Down, 1);
        let seen = watch.conditions();
        assert_eq!((seen.other_received_bytes, seen.other_received_ratio), (None, None));
        assert_eq!(watch.moved(), None);
    }

    /// The real counters of the real loopback: what passes there and is not the run's own is seen.
    #[cfg(target_os = "linux")]
    #[test]
    fn the_counters_of_an_interface_are_read() {
        use std::net::UdpSocket;
        let mut watch = Watch::start(Some("lo"));
        watch.transfer_starts(Direction::Down);
        let to = UdpSocket::bind("127.0.0.1:0").unwrap();
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..200 {
            from.send_to(&[0; 1400], to.local_addr().unwrap()).unwrap();
        }
        watch.transfer_ends(Direction::Down, 0);
        let seen = watch.conditions();
        assert!(seen.other_received_bytes.unwrap() >= 200 * 1400, "{seen:?}");
        assert!(seen.other_received_ratio.unwrap() > 0.99, "{seen:?}");
        assert_eq!(seen.other_sent_bytes, None, "no upload was watched");
        let (received, sent) = watch.moved().unwrap();
        assert!(received >= 200 * 1400 && sent >= 200 * 1400, "{received} {sent}");
    }
}
