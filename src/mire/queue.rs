//! What a mire that limits itself asks of the system, so that little waits before its line.
//!
//! A limit towards the mire is kept by reading late: what has come and is not read waits in the system's receive buffer,
//! which the system enlarges as long as the peer fills it, without end to speak of. A second and more of such a queue
//! makes every answer late (a responsiveness test sees nothing else), and every new connection a burst.
//!
//! On the loopback interface, and with jumbo frames, the peer's own buffers are large, too: they are counted in segments,
//! and filled a third at a time (1.4 MB of 4 with segments of 64 KiB). Lines carry Ethernet's packets.

use tokio::net::{TcpListener, TcpStream};

/// Ethernet's 1500 bytes less IPv4 and TCP: the largest segment offered and taken. IPv6's is 20 bytes less, which the
/// system knows for itself.
#[cfg(target_os = "linux")]
const SEGMENT_MAX: u32 = 1460;
/// The same less timestamps: what a segment carries where the system does not tell.
const ETHERNET_MSS: u32 = 1448;

/// Has every connection to `listener` use packets as a line carries them. Where the system cannot: as it likes.
#[cfg(target_os = "linux")]
pub(super) fn line_packets(listener: &TcpListener) {
    let _ = socket2::SockRef::from(listener).set_tcp_mss(SEGMENT_MAX);
}

/// The same elsewhere: nothing, for other systems set it on connections only, or not at all.
#[cfg(not(target_os = "linux"))]
pub(super) fn line_packets(_listener: &TcpListener) {}

/// Bounds what may wait for the mire on a connection just accepted, in bytes.
///
/// A size above what the system lets a program ask for is not asked for: it would be cut to that, for good, and a fast
/// line with it. The system's own way goes on then.
#[cfg(target_os = "linux")]
pub(super) fn bound(stream: &TcpStream, bytes: usize) {
    if bytes <= largest() {
        let _ = socket2::SockRef::from(stream).set_recv_buffer_size(bytes);
    }
}

/// The same elsewhere: nothing, for other systems count and enlarge these buffers in ways of their own.
#[cfg(not(target_os = "linux"))]
pub(super) fn bound(_stream: &TcpStream, _bytes: usize) {}

/// The largest receive buffer that the system lets a program ask for, in bytes.
#[cfg(target_os = "linux")]
fn largest() -> usize {
    use std::sync::OnceLock;

    /// net.core.rmem_max where nobody changed it; not every container shows it.
    const DEFAULT: usize = 212_992;
    static LARGEST: OnceLock<usize> = OnceLock::new();
    *LARGEST.get_or_init(|| {
        let shown = std::fs::read_to_string("/proc/sys/net/core/rmem_max").ok();
        shown.and_then(|text| text.trim().parse().ok()).unwrap_or(DEFAULT)
    })
}

/// The connection's segment size in bytes, as the system knows it.
#[cfg(unix)]
pub(super) fn segment_size(stream: &TcpStream) -> u32 {
    socket2::SockRef::from(stream).tcp_mss().unwrap_or(ETHERNET_MSS)
}

/// The same where the system does not tell.
#[cfg(not(unix))]
pub(super) fn segment_size(_stream: &TcpStream) -> u32 {
    ETHERNET_MSS
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_limited_mires_connections_have_a_lines_packets_and_a_bounded_queue() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        line_packets(&listener);
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        for end in [&client, &accepted] {
            assert!(segment_size(end) <= SEGMENT_MAX, "{}", segment_size(end));
        }
        let size = || socket2::SockRef::from(&accepted).recv_buffer_size().unwrap();
        // The system gives twice what is asked: it counts its own overhead (socket(7)).
        bound(&accepted, 100_000);
        assert_eq!(size(), 200_000);
        bound(&accepted, largest() + 1);
        assert_eq!(size(), 200_000, "beyond what it gives nothing is asked");
    }
}
