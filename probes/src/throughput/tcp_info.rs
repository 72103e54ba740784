//! What Linux knows of a TCP connection and no socket call tells: TCP_INFO (tcp(7)), and the window clamp.
//!
//! Only hints come from here: where the system has none, a transfer is measured all the same.

use crate::dial::Connection;

/// A handle on a connection's kernel state. It keeps the socket open: drop it with the transfer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kernel(#[cfg(target_os = "linux")] Option<std::sync::Arc<std::os::fd::OwnedFd>>);

/// What one connection, or several together, received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Received {
    /// Bytes in order.
    pub(crate) bytes: u64,
    /// Segments that carried data.
    pub(crate) segments: u64,
    /// Those of them that came out of order: the ones behind a lost segment, until it was sent again.
    pub(crate) out_of_order: u64,
    /// The far end's largest segment, bytes.
    pub(crate) segment: u64,
}

impl Received {
    /// Bytes that came and are not in order yet, at most: full segments beyond those in order, but no more than came out of
    /// order at all (small segments look like missing bytes).
    pub(crate) fn held(self) -> u64 {
        let beyond = self.segments.saturating_mul(self.segment).saturating_sub(self.bytes);
        beyond.min(self.out_of_order.saturating_mul(self.segment))
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            segments: self.segments.saturating_add(other.segments),
            out_of_order: self.out_of_order.saturating_add(other.out_of_order),
            segment: self.segment.max(other.segment),
        }
    }
}

/// What one connection, or several together, sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Bytes, those sent again included.
    pub(crate) bytes: u64,
    /// Segments that carried them.
    pub(crate) segments: u64,
    /// Segments that carried none: acknowledgements of what the far end sent meanwhile.
    pub(crate) empty: u64,
    /// Time with something to send, µs.
    pub(crate) busy_us: u64,
    /// Of that, time in which the far end's receive window allowed no more, µs.
    pub(crate) window_limited_us: u64,
}

impl Sent {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            segments: self.segments.saturating_add(other.segments),
            empty: self.empty.saturating_add(other.empty),
            busy_us: self.busy_us.saturating_add(other.busy_us),
            window_limited_us: self.window_limited_us.saturating_add(other.window_limited_us),
        }
    }

    /// The share of the time in which the far end took no more.
    pub(crate) fn window_limited(self) -> f64 {
        self.window_limited_us as f64 / self.busy_us.max(1) as f64
    }
}

#[cfg(target_os = "linux")]
mod linux {
    #![allow(missing_docs, unreachable_pub, reason = "the macro makes them public; the module is not")]

    use nix::libc;
    use nix::{getsockopt_impl, setsockopt_impl, sockopt_impl};

    /// `struct tcp_info` of linux/tcp.h as of 5.4: what stands before and between the fields read here is skipped.
    #[repr(C)]
    #[derive(Debug, Clone, Copy)]
    pub struct TcpInfo {
        _until_snd_mss: [u8; 16],
        pub snd_mss: u32,
        pub rcv_mss: u32,
        _unacked: u32,
        pub sacked: u32,
        _until_rtt: [u8; 36],
        pub rtt: u32,
        _until_bytes_acked: [u8; 48],
        pub bytes_acked: u64,
        pub bytes_received: u64,
        pub segs_out: u32,
        _segs_in: u32,
        _notsent_bytes: u32,
        _min_rtt: u32,
        pub data_segs_in: u32,
        pub data_segs_out: u32,
        _delivery_rate: u64,
        pub busy_time: u64,
        pub rwnd_limited: u64,
        _sndbuf_limited: u64,
        _delivered: u32,
        _delivered_ce: u32,
        pub bytes_sent: u64,
        _bytes_retrans: u64,
        _dsack_dups: [u8; 4],
        _reord_seen: u32,
        pub rcv_ooopack: u32,
        _snd_wnd: u32,
        _align: [u64; 0],
    }

    sockopt_impl!(Info, GetOnly, libc::IPPROTO_TCP, libc::TCP_INFO, TcpInfo);
    sockopt_impl!(WindowClamp, SetOnly, libc::IPPROTO_TCP, libc::TCP_WINDOW_CLAMP, u32);

    /// Whether the running kernel fills all of [`TcpInfo`]: 5.4 (2019) and later.
    pub(super) fn tells_all() -> bool {
        static TELLS: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
        *TELLS.get_or_init(|| {
            let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
            let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
            let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
            version >= (5, 4)
        })
    }
}

#[cfg(target_os = "linux")]
impl Kernel {
    /// Of a fresh connection.
    pub(crate) fn of(connection: &Connection) -> Self {
        use std::os::fd::AsFd as _;
        Self(connection.io.tcp().as_fd().try_clone_to_owned().ok().map(std::sync::Arc::new))
    }

    fn info(&self) -> Option<linux::TcpInfo> {
        let socket = self.0.as_deref().filter(|_| linux::tells_all())?;
        nix::sys::socket::getsockopt(&socket, linux::Info).ok()
    }

    /// What was received so far; `None` where the system does not tell.
    pub(crate) fn received(&self) -> Option<Received> {
        let info = self.info()?;
        Some(Received {
            bytes: info.bytes_received,
            segments: info.data_segs_in.into(),
            out_of_order: info.rcv_ooopack.into(),
            segment: info.rcv_mss.into(),
        })
    }

    /// Bytes that the far end's system has said to have, in order or not: what is acknowledged (RFC 4898,
    /// `HCThruOctetsAcked`) and the segments beyond it named by selective acknowledgements (RFC 2018). `None` where the
    /// system does not tell.
    pub(crate) fn delivered(&self) -> Option<u64> {
        let info = self.info()?;
        Some(info.bytes_acked.saturating_add(u64::from(info.sacked) * u64::from(info.snd_mss)))
    }

    /// What was sent so far; `None` where the system does not tell.
    pub(crate) fn sent(&self) -> Option<Sent> {
        let info = self.info()?;
        Some(Sent {
            bytes: info.bytes_sent,
            segments: info.data_segs_out.into(),
            empty: info.segs_out.saturating_sub(info.data_segs_out).into(),
            busy_us: info.busy_time,
            window_limited_us: info.rwnd_limited,
        })
    }

    /// The smoothed round trip, load included, seconds; `None` where the system does not tell.
    pub(crate) fn smoothed_rtt(&self) -> Option<f64> {
        Some(f64::from(self.info()?.rtt) / 1e6)
    }

    /// Lets the far end have at most so many bytes under way.
    pub(crate) fn clamp_window(&self, bytes: u32) {
        if let Some(socket) = self.0.as_deref() {
            // Refused, a verdict costs a little more data: no harm.
            let _ = nix::sys::socket::setsockopt(&socket, linux::WindowClamp, &bytes);
        }
    }
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unused_self, reason = "the same calls as on Linux")]
impl Kernel {
    /// Of a fresh connection: this system does not tell.
    pub(crate) fn of(_: &Connection) -> Self {
        Self()
    }

    /// This system does not tell.
    pub(crate) fn received(&self) -> Option<Received> {
        None
    }

    /// This system does not tell.
    pub(crate) fn delivered(&self) -> Option<u64> {
        None
    }

    /// This system does not tell.
    pub(crate) fn sent(&self) -> Option<Sent> {
        None
    }

    /// This system does not tell.
    pub(crate) fn smoothed_rtt(&self) -> Option<f64> {
        None
    }

    /// This system has no such clamp.
    pub(crate) fn clamp_window(&self, _: u32) {}
}

#[cfg(test)]
mod tests {
    use super::Received;

    #[test]
    fn what_stands_behind_a_lost_segment_is_held() {
        let received =
            |bytes, segments, out_of_order| Received { bytes, segments, out_of_order, segment: 1448 };
        // Sixty of a hundred are in order, forty came behind a hole.
        assert_eq!(received(60 * 1448, 100, 40).held(), 40 * 1448);
        // The hole was filled before the end.
        assert_eq!(received(100 * 1448, 100, 40).held(), 0);
        // Small segments, and nothing lost.
        assert_eq!(received(100 * 700, 100, 0).held(), 0);
        assert_eq!(Received::default().held(), 0);
    }
}
