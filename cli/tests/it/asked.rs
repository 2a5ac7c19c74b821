//! What each function asks of the table and of KMS in all tests here, for the one that comes after them: that no role
//! permits more.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use aws_config::SdkConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
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

    /// A KMS of this process that has that key, whose requests are written down. It wraps as [`KeyEncryption::file`]
    /// does, with the same randomness: whoever has the key opens what it has wrapped.
    pub(crate) fn keys(&self, key: [u8; 32], entropy: &Entropy) -> KeyEncryption {
        let credentials = Credentials::new("id", "secret", None, None, "tests");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("local"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(Kms { asked: self.clone(), key, entropy: entropy.clone() });
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

/// KMS as far as it concerns data keys.
#[derive(Debug, Clone)]
struct Kms {
    asked: Asked,
    key: [u8; 32],
    entropy: Entropy,
}

impl HttpClient for Kms {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Kms {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (_, operation) = request.headers().get("x-amz-target").unwrap().split_once('.').unwrap();
        if let (Some(function), Some(file)) = (self.asked.function(), &*FILE) {
            write(file, format!("{function} {operation}\n"));
        }
        let asked: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let service = asked["EncryptionContext"]["service"].as_str().unwrap().parse().unwrap();
        let (kms, is_decrypt) = (self.clone(), operation == "Decrypt");
        HttpConnectorFuture::new(async move {
            let answer = if is_decrypt {
                let wrapped = STANDARD.decode(asked["CiphertextBlob"].as_str().unwrap()).unwrap();
                kms.opened(service, &wrapped).map(|key| json!({"KeyId": "key", "Plaintext": STANDARD.encode(key)}))
            } else {
                let keys = KeyEncryption::file(&kms.key).unwrap();
                let wrapped = keys.new_data_key(service, &kms.entropy).await.unwrap();
                Some(json!({"KeyId": "key", "CiphertextBlob": STANDARD.encode(wrapped)}))
            };
            let refused = || (400, json!({"__type": "IncorrectKeyException"}));
            let (status, answer) = answer.map_or_else(refused, |answer| (200, answer));
            Ok(HttpResponse::new(StatusCode::try_from(status).unwrap(), answer.to_string().into()))
        })
    }
}

impl Kms {
    /// The data key of a service, if it was wrapped with this one: a version, a nonce, what is sealed.
    fn opened(&self, service: u64, wrapped: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = wrapped.get(1..)?.split_at_checked(NONCE_LEN)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.key).unwrap();
        let context = Aad::from(format!("registrar data key of service {service}"));
        let mut opened = sealed.to_vec();
        let opened = key.open_in_place(Nonce::try_assume_unique_for_key(nonce).ok()?, context, &mut opened).ok()?;
        Some(opened.to_vec())
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
        Some((_, "0\n")) | None => line,
        Some((kind, key)) if key.starts_with("shard#") => format!("{kind}#shard#\n"),
        Some((kind, _)) => format!("{kind}#\n"),
    };
    if WRITTEN.lock().unwrap().insert(line.clone()) {
        OpenOptions::new().create(true).append(true).open(file).unwrap().write_all(line.as_bytes()).unwrap();
    }
}
