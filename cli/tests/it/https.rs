//! A web site of one test: https on the loopback interface, with a certificate of its own authority.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use shared::fetch::FetchSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A web site.
pub(crate) struct Site {
    /// Its URL, without a slash at the end.
    pub(crate) url: String,
    host: String,
    authority: String,
    requests: Arc<AtomicUsize>,
    pages: Pages,
    last: Arc<Mutex<String>>,
}

type Pages = Arc<Mutex<HashMap<String, Page>>>;

/// What a path answers.
#[derive(Clone)]
pub(crate) enum Page {
    /// 200 and this text.
    Text(String),
    /// 200 and these bytes.
    Bytes(Vec<u8>),
    /// This whole head, and no body.
    Head(&'static str),
    /// This whole answer.
    Answer(String),
    /// Nothing, for ever.
    Silence,
}

impl Site {
    pub(crate) async fn serve(pages: &[(&str, Page)]) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &authority).unwrap();
        let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("localhost:{}", listener.local_addr().unwrap().port());
        let requests = Arc::new(AtomicUsize::new(0));
        let pages = pages.iter().map(|(path, page)| ((*path).to_owned(), page.clone())).collect();
        let pages: Pages = Arc::new(Mutex::new(pages));
        let last = Arc::new(Mutex::default());
        let seen = (Arc::clone(&requests), Arc::clone(&last));
        tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), Arc::clone(&pages), seen));
        Self { url: format!("https://{host}"), host, authority: authority.pem(), requests, pages, last }
    }

    /// A way out that reaches this site.
    pub(crate) fn reachable(&self) -> FetchSettings {
        FetchSettings { extra_ca: Some(self.authority.clone().into_bytes()), reachable: vec![self.host.clone()] }
    }

    /// Changes a page.
    pub(crate) fn set(&self, path: &str, page: Page) {
        self.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    /// The head of the last request, in lower case.
    pub(crate) fn last_head(&self) -> String {
        self.last.lock().unwrap().clone()
    }

    /// How many requests it has seen.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

/// How many requests were seen, and the head of the last.
type Seen = (Arc<AtomicUsize>, Arc<Mutex<String>>);

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, pages: Pages, seen: Seen) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, pages, (requests, last)) = (acceptor.clone(), Arc::clone(&pages), seen.clone());
        tokio::spawn(async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut head = Vec::new();
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                match stream.read_buf(&mut head).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                }
            }
            requests.fetch_add(1, Ordering::SeqCst);
            let head = String::from_utf8_lossy(&head);
            *last.lock().unwrap() = head.to_ascii_lowercase();
            let page = pages.lock().unwrap().get(head.split(' ').nth(1).unwrap_or_default()).cloned();
            let found = |body: &[u8]| {
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                [head.as_bytes(), body].concat()
            };
            let answer = match page {
                Some(Page::Text(text)) => found(text.as_bytes()),
                Some(Page::Bytes(bytes)) => found(&bytes),
                Some(Page::Head(head)) => head.as_bytes().to_vec(),
                Some(Page::Answer(answer)) => answer.into_bytes(),
                Some(Page::Silence) => std::future::pending().await,
                None => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
            };
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        });
    }
}
