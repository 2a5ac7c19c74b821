//! The least that a function with one DynamoDB read of several items can be: what `measure` compares look-ups with. It has
//! the token and the client as they are, and parses neither.

#[path = "bare/reading.rs"]
mod reading;

use lambda_http::lambda_runtime::{LambdaEvent, run, service_fn};
use serde_json::{Value, json};

use reading::Reading;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let reading = &Reading::from_environment().await?;
    let get = |event: LambdaEvent<Value>| async move {
        let body = format!("{:?} {:?}", reading.read().await?, event.payload.get("rawPath"));
        Ok::<_, lambda_http::Error>(json!({"statusCode": 200, "body": body}))
    };
    run(service_fn(get)).await
}
