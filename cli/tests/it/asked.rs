//! What each function asks of the table in all tests here, for the one that comes after them: that no role permits more.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, ConfigBag, Credentials, HttpClient, Intercept, Region, RuntimeComponents,
};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::credentials::KeyEncryption;
use shared::entropy::Entropy;

use crate::fault_proxy::permissions;

/// The file in which it is written down, where somebody wants it: a line has a function, and what its role must permit.
static FILE: LazyLock<Option<PathBuf>> = LazyLock::new(|| std::env::var_os("REGISTRAR_ASKED").map(PathBuf::from));

/// What stands there by this process.
static WRITTEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Whether somebody wants it.
pub(crate) fn is_written_down() -> bool {
    FILE.is_some()
}

/// The functions that a registrar is running.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<Vec<&'static str>>>);

impl Asked {
    /// The same client, whose requests are written down where somebody wants it.
    pub(crate) fn of(&self, client: Client) -> Client {
        match *FILE {
            Some(_) => Client::from_conf(client.config().to_builder().interceptor(self.clone()).build()),
            None => client,
        }
    }

    /// A KMS of this process that keeps nothing secret, whose requests are written down.
    pub(crate) fn keys(&self) -> KeyEncryption {
        let credentials = Credentials::new("id", "secret", None, None, "tests");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("local"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Kms(self.clone()));
        KeyEncryption::kms("key".to_owned(), config.build())
    }

    /// Does what that function does.
    pub(crate) async fn by<T>(&self, function: &'static str, work: impl Future<Output = T>) -> T {
        self.0.lock().unwrap().push(function);
        let done = work.await;
        let mut running = self.0.lock().unwrap();
        let last = running.iter().rposition(|running| *running == function).unwrap();
        running.remove(last);
        done
    }

    /// The function that asks, unless several are running.
    fn function(&self) -> Option<&'static str> {
        let running = self.0.lock().unwrap();
        let (first, others) = running.split_first()?;
        others.iter().all(|other| other == first).then_some(*first)
    }
}

/// KMS as far as it concerns data keys: what it gives sealed is the key itself.
#[derive(Debug, Clone)]
struct Kms(Asked);

impl HttpClient for Kms {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Kms {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (_, operation) = request.headers().get("x-amz-target").unwrap().split_once('.').unwrap();
        if let (Some(function), Some(file)) = (self.0.function(), &*FILE) {
            write(file, format!("{function} {operation}\n"));
        }
        let asked: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let answer = match operation {
            "Decrypt" => json!({"KeyId": "key", "Plaintext": asked["CiphertextBlob"]}),
            _ => json!({"KeyId": "key", "CiphertextBlob": STANDARD.encode(Entropy::system().bytes::<32>().unwrap())}),
        };
        HttpConnectorFuture::ready(Ok(HttpResponse::new(StatusCode::try_from(200).unwrap(), answer.to_string().into())))
    }
}

impl Intercept for Asked {
    fn name(&self) -> &'static str {
        "Asked"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Some(function), Some(file)) = (self.function(), &*FILE) {
            let request = context.request();
            let (_, operation) = request.headers().get("x-amz-target").unwrap().split_once('.').unwrap();
            let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
            for permission in permissions(operation, &body) {
                write(file, format!("{function} {permission}\n"));
            }
        }
        Ok(())
    }
}

/// By kinds and not by keys, of which there are too many; one line is one write, since others write as well.
fn write(file: &PathBuf, line: String) {
    let line = match line.split_once('#') {
        Some((kind, key)) if !key.starts_with("shard#") && key != "0\n" => format!("{kind}#\n"),
        _ => line,
    };
    if WRITTEN.lock().unwrap().insert(line.clone()) {
        OpenOptions::new().create(true).append(true).open(file).unwrap().write_all(line.as_bytes()).unwrap();
    }
}
