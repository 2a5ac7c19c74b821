//! The least that a function can be which reads several items at once and then writes one on a condition: what `measure`
//! compares token requests with.

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::v2026_01_12()).await;
    let client = aws_sdk_dynamodb::Client::new(&config);
    // What is read: pairs of partition and sort key.
    let keys = std::env::var("MEASURED_KEYS")?;
    let keys: Vec<(&str, &str)> = keys.split(',').filter_map(|key| key.split_once(' ')).collect();
    let keys = &keys;
    let exchange = |event: LambdaEvent<Value>| {
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
            let put = client.put_item().table_name("registrar");
            let put = put.item("PK", AttributeValue::S("G#0#bare".to_owned()));
            let put = put.item("SK", AttributeValue::S("G".to_owned()));
            let put = put.item("body", AttributeValue::S(format!("{:?}", event.payload.get("body"))));
            put.condition_expression("attribute_not_exists(version)").send().await?;
            Ok::<_, lambda_http::Error>(json!({"statusCode": 200, "body": format!("{items:?}")}))
        }
    };
    run(service_fn(exchange)).await
}
