//! The one check of a registration that asks somebody else; it comes last.

use super::Context;
use crate::error::Error;
use crate::fetch::FetchError;
use crate::metadata::{Invalid, VerifiedMetadata};

/// The largest list of redirect URIs that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// OIDC Registration §5: every redirect URI is in the document behind `sector_identifier_uri`.
pub(super) async fn check(context: &Context<'_>, metadata: &VerifiedMetadata) -> Result<(), Error> {
    let Some(url) = &metadata.rest().sector_identifier_uri else { return Ok(()) };
    let document =
        context.app.fetch.get(url, MAX_BYTES, context.fetching_ends).await.map_err(|error| refused(&error))?;
    let listed: Vec<String> = serde_json::from_slice(&document)
        .map_err(|_| Invalid::SectorIdentifier { reason: "its document is not a JSON array of strings" })?;
    if metadata.redirect_uris().iter().all(|uri| listed.iter().any(|listed| listed == uri.as_str())) {
        Ok(())
    } else {
        Err(Invalid::SectorIdentifier { reason: "its document does not list every redirect URI" }.into())
    }
}

fn refused(error: &FetchError) -> Error {
    tracing::info!(%error, "sector_identifier_uri could not be fetched");
    let reason = match error {
        FetchError::NotAllowed => "the URL is not allowed: it must be https on port 443 of a public host",
        FetchError::TooLarge => "its document is too large",
        FetchError::Status(_) | FetchError::Failed(_) | FetchError::FailedBefore | FetchError::Malformed => {
            "its document cannot be fetched"
        }
    };
    Invalid::SectorIdentifier { reason }.into()
}
