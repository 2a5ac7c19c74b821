//! The client and the user that an operation is about: in the path, in the query, in the body.

use ::authorization::grant::{self, Grant};
use shared::client::RegisteredClient;
use shared::metadata::Invalid;
use shared::metadata_document::DocumentUri;
use shared::service::Service;
use shared::store::Found;

use super::Runtime;
use super::members::Members;
use crate::door::Call;
use crate::error::Error;

/// The parameters that such a request may have in its query.
const QUERY: [&str; 4] = ["subject", "developer", "start", "end"];

/// Whose grant a request is about.
pub(crate) struct Whose {
    pub(crate) client: String,
    pub(crate) subject: Option<String>,
    pub(crate) body: Members,
    contradicts: bool,
    readable: Result<(), Error>,
}

impl Whose {
    /// Reads it. A client may be a URL, whose slashes come decoded; a subject may have slashes as well. So a subject that
    /// stands in the query, too, ends the path; else the client is all of a URL, or what stands before the first slash.
    pub(crate) fn read(call: &Call<'_>) -> Self {
        let request = call.request;
        let path = request.path_parameter("clientId").unwrap_or_default();
        let (body, readable) = if request.body.is_empty() { (Members::none(), Ok(())) } else { Members::read(request) };
        let named = request.query_parameter("subject").filter(|subject| !subject.is_empty());
        let told = named.or_else(|| body.named("subject").ok().flatten().map(str::to_owned));
        // The gateway ends a path at a decoded question mark.
        let whole = told.as_deref().map(|subject| subject.split('?').next().unwrap_or_default());
        let ended = whole.and_then(|subject| path.strip_suffix(subject)?.strip_suffix('/'));
        let (client, in_path) = match (ended, path.split_once('/')) {
            (Some(client), _) => (client, told.clone()),
            (None, Some((client, ""))) if !DocumentUri::is_meant_by(path) => (client, None),
            (None, Some((client, subject))) if !DocumentUri::is_meant_by(path) => (client, Some(subject.to_owned())),
            _ => (path, None),
        };
        // What stands behind a question mark in a path has become a query.
        let others = request.query_parameters().any(|(name, _)| !QUERY.contains(&name.as_str()));
        let is_cut = told.is_none() && in_path.is_some() && others;
        let contradicts = is_cut || told.is_some() && in_path.is_some() && told != in_path;
        Self { client: client.to_owned(), subject: in_path.or(told), body, contradicts, readable }
    }

    /// The client, the user, and what is known of their grant.
    ///
    /// # Errors
    /// [`Error::Body`] for a user that is not named, or named twice, and for a client that there is not.
    pub(crate) async fn known(
        self,
        runtime: &Runtime<'_>,
        found: Found,
    ) -> Result<(RegisteredClient, Option<String>, Option<Grant>, Members), Error> {
        self.readable?;
        self.body.named("subject")?;
        if self.contradicts {
            return Err(Error::Body(Invalid::syntax("subject", "in the query as well, and the same as in the path")));
        }
        let client = runtime.kept_client(&self.client, found.named).await?;
        let client =
            client.ok_or_else(|| Error::Body(Invalid::syntax("clientId", "that of a client of the service")))?;
        let grant = match &self.subject {
            Some(subject) => runtime.grant(&self.client, &client, subject, &found.items).await?,
            None => None,
        };
        Ok((client, self.subject, grant, self.body))
    }

    /// Where the grant may be.
    pub(crate) fn keys(&self, service: &Service) -> Vec<shared::store::schema::Key> {
        let number = service.numeric_id(&self.client);
        self.subject.as_deref().map(|subject| grant::key_in(service.id, number, subject)).into_iter().collect()
    }
}

/// A user who is not named, by the operation's code.
pub(crate) fn no_subject(code: &'static str) -> impl Fn() -> Error {
    move || Error::Unnamed(code, "whose grant it is about: subject is missing")
}
