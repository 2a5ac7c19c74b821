//! DynamoDB's protocol before the embedded database, for those who have read the data folder's `env`.

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use serde_json::json;

use super::access_key::AccessKey;
use super::operations;
use super::table::Table;
use crate::bodies::{self, Bodies};
use crate::connections::Limits;
use crate::host;

/// The largest body that DynamoDB takes, in bytes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The address of the embedded database.
pub(super) struct Endpoint {
    table: Arc<Table>,
    access_key: AccessKey,
    bodies: Bodies,
}

/// Why a request does not reach the database.
enum Refusal {
    Host,
    Page,
    Method,
    AccessKey,
    Operation,
    Body(bodies::Refusal),
}

impl Endpoint {
    pub(super) fn new(table: Arc<Table>, access_key: AccessKey, limits: Limits) -> Self {
        Self { table, access_key, bodies: Bodies::new(MAX_BODY_BYTES, limits.patience) }
    }

    /// Answers as DynamoDB does.
    pub(super) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        match self.perform(request).await {
            Ok(Ok(json)) => response(StatusCode::OK, json),
            Ok(Err(error)) => {
                let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                response(status, error.to_json())
            }
            Err(refusal) => refusal.response(),
        }
    }

    async fn perform(&self, request: Request<Body>) -> Result<dynoxide::Result<Vec<u8>>, Refusal> {
        let (head, body) = request.into_parts();
        self.admit(&head)?;
        let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(operations::named).ok_or(Refusal::Operation)?;
        let body = self.bodies.read(body).await.map_err(Refusal::Body)?;
        self.table.perform(operation, &body.bytes).await.ok_or(Refusal::Operation)
    }

    /// No page in a browser: each sends `Origin` with what is not a plain GET, under a host's name.
    fn admit(&self, head: &Parts) -> Result<(), Refusal> {
        if !host::is_own(&head.headers) {
            return Err(Refusal::Host);
        }
        if head.headers.contains_key(header::ORIGIN) {
            return Err(Refusal::Page);
        }
        if head.method != Method::POST {
            return Err(Refusal::Method);
        }
        if self.access_key.signs(&head.headers) { Ok(()) } else { Err(Refusal::AccessKey) }
    }
}

impl Refusal {
    fn response(&self) -> Response<Body> {
        let (status, exception, text) = match self {
            Self::Host => (StatusCode::FORBIDDEN, "AccessDeniedException", "Host must be localhost or an address"),
            Self::Page => (StatusCode::FORBIDDEN, "AccessDeniedException", "pages in browsers are not let in"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "UnknownOperationException", "only POST is answered"),
            Self::AccessKey => (
                StatusCode::BAD_REQUEST,
                "UnrecognizedClientException",
                "the access key is not the one in the file env of the table's data folder",
            ),
            Self::Operation => (StatusCode::BAD_REQUEST, "UnknownOperationException", "there is no such operation"),
            Self::Body(refusal) => {
                (refusal.status(), "SerializationException", "the body is too large, too slow or not whole")
            }
        };
        let exception = format!("com.amazon.coral.service#{exception}");
        response(status, json!({ "__type": exception, "message": text }).to_string())
    }
}

fn response(status: StatusCode, json: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(json.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}
