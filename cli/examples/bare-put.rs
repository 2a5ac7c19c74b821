//! The least that a function with one DynamoDB write can be: what `measure` compares ours with.

use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::v2026_01_12()).await;
    let client = aws_sdk_dynamodb::Client::new(&config);
    let put = |event: LambdaEvent<Value>| {
        let client = client.clone();
        async move {
            let put = client.put_item().table_name("registrar");
            let put = put.item("PK", AttributeValue::S(format!("C#0#{}", event.context.request_id)));
            let put = put.item("SK", AttributeValue::S("C".to_owned()));
            put.item("body", AttributeValue::S(format!("{:?}", event.payload.get("body")))).send().await?;
            Ok::<_, lambda_http::Error>(json!({"statusCode": 201, "body": "{}"}))
        }
    };
    run(service_fn(put)).await
}
