//! How the bodies of requests are read: within a time and a size, and few large ones at once.

use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::StatusCode;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest body that waits for nobody, in bytes: nearly all are smaller.
const SMALL: usize = 64 * 1024;

/// How many larger bodies are worked on at once.
const LARGE_AT_ONCE: usize = 2;

/// Reads the bodies of one listener's requests.
pub struct Bodies {
    largest: usize,
    patience: Duration,
    turns: Semaphore,
}

/// A body, and the turn of a large one: the next comes when it is dropped.
pub struct Body<'b> {
    /// All of it.
    pub bytes: Bytes,
    _turn: Option<SemaphorePermit<'b>>,
}

/// Why a body is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is larger than the largest.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// The connection ended, or what arrived is no HTTP.
    Broken,
}

impl Refusal {
    /// The status that says so.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

impl Bodies {
    /// Of at most `largest` bytes, each of which arrives within `patience`.
    #[must_use]
    pub fn new(largest: usize, patience: Duration) -> Self {
        Self { largest, patience, turns: Semaphore::new(LARGE_AT_ONCE) }
    }

    /// Reads one. What says that it is too large is refused unread.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn read<B: HttpBody<Data = Bytes> + Unpin>(&self, body: B) -> Result<Body<'_>, Refusal> {
        if usize::try_from(body.size_hint().lower()).map_or(true, |length| length > self.largest) {
            return Err(Refusal::TooLarge);
        }
        tokio::time::timeout(self.patience, self.collect(body)).await.unwrap_or(Err(Refusal::TooSlow))
    }

    async fn collect<B: HttpBody<Data = Bytes> + Unpin>(&self, mut body: B) -> Result<Body<'_>, Refusal> {
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Refusal::Broken)?.into_data() else { continue };
            let length = bytes.len() + data.len();
            if length > self.largest {
                return Err(Refusal::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
        // Whoever is slow has no turn: it is for what is made of a body, which is several times as large.
        let turn =
            if bytes.len() > SMALL { Some(self.turns.acquire().await.map_err(|_| Refusal::Broken)?) } else { None };
        Ok(Body { bytes: bytes.into(), _turn: turn })
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use http_body_util::Full;
    use hyper::body::Frame;

    use super::*;

    /// A body that does not say how long it is: these frames, the last one first, and silence.
    struct Slow(Vec<Result<Bytes, &'static str>>);

    impl HttpBody for Slow {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            self.0.pop().map_or(Poll::Pending, |data| Poll::Ready(Some(data.map(Frame::data))))
        }
    }

    fn zeros(length: usize) -> Bytes {
        vec![0; length].into()
    }

    fn bodies() -> Bodies {
        Bodies::new(4 * SMALL, Duration::from_millis(200))
    }

    async fn read(bodies: &Bodies, body: impl HttpBody<Data = Bytes> + Unpin) -> Result<usize, Refusal> {
        bodies.read(body).await.map(|body| body.bytes.len())
    }

    #[tokio::test]
    async fn bodies_are_read_up_to_the_largest() {
        for length in [0, 1, SMALL, SMALL + 1, 4 * SMALL] {
            assert_eq!(read(&bodies(), Full::new(zeros(length))).await, Ok(length));
        }
        assert_eq!(read(&bodies(), Full::new(zeros(4 * SMALL + 1))).await, Err(Refusal::TooLarge));
    }

    #[tokio::test]
    async fn what_says_nothing_of_its_length_is_counted_and_timed() {
        for (frames, refusal) in [
            (vec![Ok(zeros(1)), Ok(zeros(4 * SMALL))], Refusal::TooLarge),
            (vec![Ok(zeros(1))], Refusal::TooSlow),
            (vec![Err("it ended"), Ok(zeros(1))], Refusal::Broken),
        ] {
            assert_eq!(read(&bodies(), Slow(frames)).await, Err(refusal));
        }
    }

    #[tokio::test]
    async fn large_bodies_that_never_end_keep_none_waiting() {
        let bodies = bodies();
        let stalled = || async { read(&bodies, Slow(vec![Ok(zeros(SMALL + 1))])).await };
        let large = async {
            tokio::task::yield_now().await;
            read(&bodies, Full::new(zeros(SMALL + 1))).await
        };
        let (one, other, third, large) = tokio::join!(stalled(), stalled(), stalled(), large);
        assert_eq!([one, other, third], [Err(Refusal::TooSlow); 3]);
        assert_eq!(large, Ok(SMALL + 1));
    }

    #[tokio::test]
    async fn large_bodies_wait_for_each_other_and_small_ones_for_nobody() {
        let bodies = bodies();
        let large = || bodies.read(Full::new(zeros(SMALL + 1)));
        let (first, second) = (large().await, large().await);
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(read(&bodies, Full::new(zeros(SMALL))).await, Ok(SMALL));
        assert_eq!(large().await.map(|body| body.bytes.len()), Err(Refusal::TooSlow));
        drop(first);
        assert!(large().await.is_ok());
    }
}
