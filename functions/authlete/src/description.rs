//! The members of Authlete's objects, each with what JSON Schema says of it: for the description of the API.

use serde_json::Value;

use crate::client::object::{Form, METADATA as OF_CLIENT, OWN, written};
use crate::service::object::{KEPT, METADATA as OF_SERVICE, SEALED};
use crate::shape::{Shape, TAGGED};

/// Those of a `Client` that are client metadata, with the metadata member, and those that are kept beside them.
pub fn client() -> impl Iterator<Item = (&'static str, Option<&'static str>, Value)> {
    let metadata = OF_CLIENT.iter().flat_map(|(field, member, form)| {
        let (shape, plural) = match form {
            Form::Constant(known) => (Some(Shape::Constant(known)), None),
            Form::Json => (Some(Shape::Json), None),
            Form::Localized(plural) => (written(field), *plural),
            Form::Same(_) | Form::Flag | Form::Constants(_) => (written(field), None),
        };
        let plain = shape.map(|shape| (*field, Some(*member), shape.schema()));
        plain.into_iter().chain(plural.map(|plural| (plural, Some(*member), TAGGED.schema())))
    });
    metadata.chain(OWN.iter().map(|(field, shape)| (*field, None, shape.schema())))
}

/// Those of a `Service` that are authorization server metadata, with the metadata member, and those that are kept beside
/// them, some of them sealed.
pub fn service() -> impl Iterator<Item = (&'static str, Option<&'static str>, Value)> {
    let metadata = OF_SERVICE.iter().map(|(field, member, shape)| (*field, Some(*member), shape.schema()));
    let others = KEPT.iter().chain(SEALED).map(|(field, shape)| (*field, None, shape.schema()));
    metadata.chain(others)
}
