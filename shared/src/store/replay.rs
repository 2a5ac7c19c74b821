//! Signed requests that were seen.

use super::Store;
use super::item::{integer, string};
use super::schema::request_key;
use super::write::{Outcome, Write};
use crate::error::Error;

impl Store {
    /// Remembers a signed request of somebody until `expires_at`, in seconds since 1970: whether it is the first of
    /// its kind. `digest` is what makes two requests the same.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn first_seen(
        &self,
        service_id: u64,
        signer: &str,
        digest: &[u8; 32],
        expires_at: u64,
    ) -> Result<bool, Error> {
        let write_id = self.write_id()?;
        let mut item = request_key(service_id, signer, digest).into_attributes();
        item.insert("write_id".to_owned(), string(&write_id));
        item.insert("expires_at".to_owned(), integer(expires_at));
        let put = self
            .put(item)
            .condition_expression("attribute_not_exists(PK) OR expires_at <= :now")
            .expression_attribute_values(":now", integer(self.clock.now()));
        match self.write(Write::Put(Box::new(put)), &write_id).await? {
            Outcome::Written => Ok(true),
            Outcome::Refused(_) => Ok(false),
        }
    }
}
