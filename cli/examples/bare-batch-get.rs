//! The least that a function with one DynamoDB read of several items can be: what `measure` compares look-ups with. It has
//! the token and the client as they are, and parses neither.

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::v2026_01_12()).await;
    let client = aws_sdk_dynamodb::Client::new(&config);
    // What `client-lookup` asks for: pairs of partition and sort key.
    let keys = std::env::var("MEASURED_KEYS")?;
    let keys: Vec<(&str, &str)> = keys.split(',').filter_map(|key| key.split_once(' ')).collect();
    let keys = &keys;
    let get = |event: LambdaEvent<Value>| {
        let client = client.clone();
        async move {
            let key = |(pk, sk): (&str, &str)| {
                let attributes = [("PK", pk), ("SK", sk)];
                attributes.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned()))).into()
            };
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(keys.iter().copied().map(key).collect()))
                .consistent_read(true)
                .build()?;
            let found = client.batch_get_item().request_items("registrar", keys).send().await?;
            let items = found.responses.map(|tables| tables.len());
            let body = format!("{items:?} {:?}", event.payload.get("rawPath"));
            Ok::<_, lambda_http::Error>(json!({"statusCode": 200, "body": body}))
        }
    };
    run(service_fn(get)).await
}
