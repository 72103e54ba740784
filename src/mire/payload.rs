//! Bytes that no compressor on the way can shrink, without computing them anew for every request.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// Random bytes held and sent over and over. More than any content coding of HTTP looks back: deflate 32 KiB (RFC 1951),
/// zstd 8 MB (RFC 9659), brotli 16 MiB (RFC 7932).
const POOL_BYTES: usize = 17 * 1024 * 1024;

/// What one frame of a body holds: enough for few wake-ups, little enough to look at the clock often.
const FRAME_BYTES: usize = 64 * 1024;

/// The random bytes of one mire.
#[derive(Debug)]
pub(super) struct Pool {
    bytes: Bytes,
    next: AtomicUsize,
}

impl Pool {
    /// Draws the bytes from the system's generator.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub(super) fn new() -> anyhow::Result<Self> {
        let mut bytes = vec![0; POOL_BYTES];
        rustls::crypto::ring::default_provider()
            .secure_random
            .fill(&mut bytes)
            .map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
        Ok(Self { bytes: bytes.into(), next: AtomicUsize::new(0) })
    }

    /// A slice of at most `wanted` bytes at a position of the pool, and the position after it.
    pub(super) fn slice(&self, position: usize, wanted: usize) -> (Bytes, usize) {
        let position = position % self.bytes.len();
        let end = (position + wanted).min(self.bytes.len());
        (self.bytes.slice(position..end), end % self.bytes.len())
    }

    /// Where the next transfer starts: each one elsewhere, so that two answers are not the same.
    pub(super) fn start(&self) -> usize {
        // A step without a common divisor with the size: every start comes up before one comes again.
        self.next.fetch_add(997_331, Ordering::Relaxed) % self.bytes.len()
    }
}

/// A body of random bytes, cut (and thereby visibly incomplete) at a deadline.
#[derive(Debug)]
pub(super) struct Payload {
    pool: std::sync::Arc<Pool>,
    position: usize,
    remaining: u64,
    deadline: Instant,
}

impl Payload {
    /// `bytes` bytes, to be gone within `allowed`.
    pub(super) fn new(pool: std::sync::Arc<Pool>, bytes: u64, allowed: Duration) -> Self {
        let position = pool.start();
        Self { pool, position, remaining: bytes, deadline: Instant::now() + allowed }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let this = self.get_mut();
        if this.remaining == 0 {
            return Poll::Ready(None);
        }
        if Instant::now() >= this.deadline {
            return Poll::Ready(Some(Err(std::io::ErrorKind::TimedOut.into())));
        }
        let wanted = usize::try_from(this.remaining).unwrap_or(FRAME_BYTES).min(FRAME_BYTES);
        let (data, next) = this.pool.slice(this.position, wanted);
        this.position = next;
        this.remaining -= data.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Shannon entropy in bits per byte.
    fn entropy(bytes: &[u8]) -> f64 {
        let mut counts = [0_u32; 256];
        for byte in bytes {
            counts[usize::from(*byte)] += 1;
        }
        let share = |count: &u32| f64::from(*count) / bytes.len() as f64;
        counts.iter().filter(|count| **count > 0).map(|count| -share(count) * share(count).log2()).sum()
    }

    #[test]
    fn the_bytes_cannot_be_shrunk() {
        let pool = Pool::new().unwrap();
        let (bytes, _) = pool.slice(0, 1024 * 1024);
        assert!(entropy(&bytes) > 7.999, "{}", entropy(&bytes));
        // No block comes twice: what a dictionary would find.
        let mut blocks: Vec<&[u8]> = bytes.chunks(16).collect();
        blocks.sort_unstable();
        assert!(blocks.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn slices_wrap_and_starts_differ() {
        let pool = Pool::new().unwrap();
        assert_eq!(pool.slice(POOL_BYTES - 10, 100).0.len(), 10);
        assert_eq!(pool.slice(POOL_BYTES - 10, 100).1, 0);
        assert_ne!(pool.start(), pool.start());
    }
}
