//! The way from the SDK to the table within a process: its requests, without a socket and unsigned.

use std::sync::Arc;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;

use super::operations;
use super::table::Table;

/// An embedded table as the SDK's HTTP client.
#[derive(Clone)]
pub(super) struct Connector(pub(super) Arc<Table>);

impl std::fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Connector")
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let table = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let operation = request.headers().get("x-amz-target").and_then(operations::named);
            let body = request.body().bytes().unwrap_or_default();
            let operation = operation.ok_or_else(|| unknown("a request without an operation"))?;
            let answer = table.perform(operation, body).await.ok_or_else(|| unknown("an unknown operation"))?;
            let (status, body) = match answer {
                Ok(json) => (200, json.into()),
                Err(error) => (error.status_code(), error.to_json().into()),
            };
            let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
            Ok(HttpResponse::new(status, body))
        })
    }
}

fn unknown(what: &'static str) -> ConnectorError {
    ConnectorError::user(what.into())
}
