//! Connections: how many there are, and how long each may take its time.

mod unread;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutWriter;
use tokio_rustls::TlsAcceptor;

use self::unread::{Lingering, Unread};
use crate::{host, tls};

/// The largest head of a request, in bytes, and how much of a request or an answer a connection keeps in memory.
const BUFFER_BYTES: usize = 64 * 1024;

/// What those who connect may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections there are at once; further ones wait.
    pub connections: usize,
    /// How long a handshake, the head of a request and the silence before it may take, and the other side's reading of
    /// an answer without any progress.
    pub patience: Duration,
}

impl Default for Limits {
    /// With 256 connections, each of which has a second one to the table and the table's end of it, a process stays
    /// within the 1,024 files that systems usually allow it. API Gateway waits 30 seconds, too.
    fn default() -> Self {
        Self { connections: 256, patience: Duration::from_secs(30) }
    }
}

/// Who has connected.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Where from.
    pub address: SocketAddr,
    /// Whether by TLS.
    pub secure: bool,
    /// With which certificate, in PEM, where one is asked for: the leaf, as API Gateway passes it on.
    pub certificate: Option<String>,
}

/// Answers requests, by TLS with `tls`, until `stopped`: no more are accepted then, and those that run are answered. Where an
/// answer leaves some of a body unread, it says that the connection ends with it.
pub async fn serve<A, F>(
    mut listener: TcpListener,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    answer: A,
    stopped: impl Future<Output = ()>,
) where
    A: Fn(Request<Body>, Arc<Peer>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut stopped = pin!(stopped);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, Listener::accept(&mut listener).await)
        };
        let (place, (stream, address)) = tokio::select! {
            next = next => next,
            () = &mut stopped => break,
        };
        let connection = Connection { patience: limits.patience, watcher: graceful.watcher(), answer: answer.clone() };
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                Some(tls) => connection.secure(tls, stream, address).await,
                None => connection.converse(stream, Peer { address, secure: false, certificate: None }).await,
            }
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// A connection that begins.
struct Connection<A> {
    patience: Duration,
    watcher: Watcher,
    answer: A,
}

impl<A, F> Connection<A>
where
    A: Fn(Request<Body>, Arc<Peer>) -> F + 'static,
    F: Future<Output = Response<Body>> + 'static,
{
    async fn secure(self, tls: TlsAcceptor, stream: TcpStream, address: SocketAddr) {
        match tokio::time::timeout(self.patience, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let certificate = tls::certificate(&stream);
                self.converse(stream, Peer { address, secure: true, certificate }).await;
            }
            Ok(Err(error)) => tracing::info!(%error, "a client without an accepted certificate"),
            Err(_) => tracing::info!("a handshake took too long"),
        }
    }

    async fn converse(self, stream: impl AsyncRead + AsyncWrite + 'static, peer: Peer) {
        let (peer, answer, unread) = (Arc::new(peer), self.answer, Unread::default());
        let mut stream = TimeoutWriter::new(Lingering::new(stream, unread.clone()));
        stream.set_timeout(Some(self.patience));
        let service = service_fn(move |request| {
            let request = host::addressed(unread.watching(request));
            let answer = request.map(|request| answer(request, Arc::clone(&peer)));
            let unread = unread.clone();
            async move {
                let answer = match answer {
                    Ok(answer) => answer.await,
                    Err(unaddressed) => unaddressed.response(),
                };
                Ok::<_, Infallible>(unread.told(answer))
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.patience)
            .max_buf_size(BUFFER_BYTES)
            .max_header_size(BUFFER_BYTES)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%error, "a connection ended");
        }
    }
}
