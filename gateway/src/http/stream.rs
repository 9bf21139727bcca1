//! An answer that is made while it is read.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

/// A body whose pieces come through a channel; it ends when the channel does, and the maker hears of a reader that is gone
/// by a channel that is closed.
struct Pieces(mpsc::Receiver<Bytes>);

/// The body of the pieces that come.
pub(super) fn body(pieces: mpsc::Receiver<Bytes>) -> Body {
    Body::new(Pieces(pieces))
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
