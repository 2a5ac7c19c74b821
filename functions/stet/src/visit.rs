//! A request of an institution whose connection is known: what each of its steps works on.

use std::sync::Arc;
use std::time::Instant;

use shared::client::{RegisteredClient, Source};
use shared::http::Request;
use shared::origin::Origin;
use shared::registry::{self, Context};
use shared::service::Service;
use shared::{App, Error as Core};

use crate::certificate::{QualifiedCertificate, TrustAnchors};
use crate::settings::Settings;

/// The name by which a policy opens this door.
pub(crate) const DOOR: &str = "stet";

/// A request of an institution whose connection is known.
pub(crate) struct Visit<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a Request,
    pub(crate) service: Arc<Service>,
    pub(crate) settings: Settings,
    /// The certificate of the connection.
    pub(crate) web: QualifiedCertificate,
    /// What the service trusts.
    pub(crate) anchors: TrustAnchors,
    /// When all fetching for this request must have ended.
    pub(crate) fetching_ends: Instant,
}

impl Visit<'_> {
    /// Whose connection it is.
    pub(crate) fn organization(&self) -> &str {
        self.web.organization().as_str()
    }

    /// The identifier of the organization's client.
    pub(crate) fn client_id(&self) -> &str {
        self.web.organization().client_id()
    }

    /// The organization's client, if it has registered.
    pub(crate) async fn client(&self) -> Result<Option<RegisteredClient>, Core> {
        let found = registry::find(&self.context(), self.client_id()).await?;
        Ok(found.filter(|client| client.source == Source::Stet && client.client_id == self.client_id()))
    }

    /// What the core needs to know of the request.
    pub(crate) fn context(&self) -> Context<'_> {
        context(self.app, self.request, &self.service, self.organization(), self.fetching_ends)
    }
}

/// What the core needs to know of a request of whoever that is.
pub(crate) fn context<'a>(
    app: &'a App,
    request: &Request,
    service: &'a Service,
    actor: &str,
    fetching_ends: Instant,
) -> Context<'a> {
    Context {
        app,
        service,
        origin: Origin::of_stranger(request, service, DOOR, actor),
        fetching_ends,
        audiences: vec![service.issuer(&app.base_url(service, request))],
    }
}
