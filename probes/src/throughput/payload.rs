//! What is uploaded: bytes that no one on the way can make smaller.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::meter::Meter;

/// Length of the block that uploads repeat, bytes: far beyond deflate's 32 KiB window, so that repeating it helps no
/// compressor, and small for a small machine's memory.
pub(crate) const BLOCK: usize = 4 << 20;
/// Bytes handed to the connection at a time: four full TLS records.
const SLICE: usize = 64 << 10;

/// Incompressible bytes, made once: a link that compresses (VPN, satellite) would otherwise look faster than it is.
///
/// Marsaglia's xorshift64 (2003), seeded by the clock: it only has to be incompressible and different from one run
/// to the next (against deduplication), not unpredictable.
pub(crate) fn block() -> Bytes {
    static MADE: OnceLock<Bytes> = OnceLock::new();
    let make = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // Odd, so never zero: zero is the one state the generator cannot leave.
        let mut state = since.map_or(1, |since| since.as_nanos() as u64) | 1;
        let mut made = Vec::with_capacity(BLOCK);
        while made.len() < BLOCK {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            made.extend_from_slice(&state.to_le_bytes());
        }
        Bytes::from(made)
    };
    MADE.get_or_init(make).clone()
}

/// A request body: empty, or a known number of payload bytes.
#[derive(Debug)]
pub(crate) struct Payload {
    left: u64,
    offset: usize,
    meter: Option<Meter>,
}

impl Payload {
    /// No body.
    pub(crate) fn empty() -> Self {
        Self { left: 0, offset: 0, meter: None }
    }

    /// `length` bytes; what is handed to the connection is noted in `meter`.
    pub(crate) fn of(length: u64, meter: Meter) -> Self {
        Self { left: length, offset: 0, meter: Some(meter) }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let length =
            usize::try_from(self.left).map_or(SLICE, |left| left.min(SLICE)).min(BLOCK - self.offset);
        let slice = block().slice(self.offset..self.offset + length);
        self.offset = (self.offset + length) % BLOCK;
        self.left -= length as u64;
        if let Some(meter) = &self.meter {
            meter.handed_over(length as u64);
        }
        Poll::Ready(Some(Ok(Frame::data(slice))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
