//! The least that a function can be which reads several items at once and then writes one on a condition: what `measure`
//! compares token requests with.

#[path = "bare/reading.rs"]
mod reading;

use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use serde_json::{Value, json};

use reading::Reading;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let reading = &Reading::from_environment().await?;
    let exchange = |event: LambdaEvent<Value>| async move {
        let items = reading.read().await?;
        let put = reading.client.put_item().table_name("registrar");
        let put = put.item("PK", AttributeValue::S("G#0#bare".to_owned()));
        let put = put.item("SK", AttributeValue::S("G".to_owned()));
        let put = put.item("body", AttributeValue::S(format!("{:?}", event.payload.get("body"))));
        put.condition_expression("attribute_not_exists(version)").send().await?;
        Ok::<_, lambda_http::Error>(json!({"statusCode": 200, "body": format!("{items:?}")}))
    };
    run(service_fn(exchange)).await
}
