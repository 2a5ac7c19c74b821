//! `/stet/…`: what is no entry point, which STET answers with 400.

use shared::App;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};

use crate::door;
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "stet-unknown",
    paths: &["/stet", "/stet/", "/stet/{path+}"],
    methods: &[Method::Get, Method::Post, Method::Put, Method::Delete],
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed,
};

async fn handle(app: &App, request: Request) -> Response {
    door::answer(app, &request, &[], async { Err(Error::NoEntryPoint) }).await
}
