//! Headers of requests, one or more changes away from good ones: of API Gateway's events, HTTP signatures and digests.

use serde_json::json;
use shared::http::Request;
use stet::signature::{SignatureParameters, verify_digest};

use super::Random;

const GOOD: [&str; 8] = [
    "keyId=\"https://psp.example/seal.pem\",algorithm=\"rsa-sha256\",headers=\"(request-target) date digest\",signature=\"AAAA\"",
    "Signature keyId=\"Test\",created=1402170695,expires=1402170699,headers=\"(created) (expires)\",signature=\"AA==\"",
    "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
    "sha-512=WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==,SHA-256=AA",
    "Bearer rat_Pm5DjHsKVe211rDoik-lssXXYvttkDjI7AZlvkG4NOY",
    "application/json; charset=\"utf-8\"",
    "Sun, 06 Nov 1994 08:49:37 GMT",
    "gzip, identity;q=0",
];

const PIECES: [&str; 22] = [
    "\"",
    "\\",
    "\\\"",
    ",",
    ", ",
    "=",
    "==",
    ";",
    " ",
    "\t",
    "(",
    ")",
    "keyId=",
    "headers=\"\"",
    "created=",
    "-1",
    "99999999999999999999",
    "SHA-256=",
    "\u{e9}",
    "\u{0}",
    "a",
    "",
];

pub(super) fn input(random: &mut Random) -> String {
    let text = random.one(&GOOD);
    random.bent(text, &PIECES)
}

/// Whatever the header, a request is read or refused.
pub(super) fn ask(text: &str) {
    let _ = (SignatureParameters::parse(text).is_ok(), verify_digest(Some(text), b"{}").is_ok());
    let headers = json!({"authorization": text, "content-type": text, "content-encoding": text, "date": text});
    let http = json!({"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": text, "userAgent": text});
    let event = json!({
        "version": "2.0", "rawPath": "/", "rawQueryString": text, "headers": headers, "isBase64Encoded": false,
        "requestContext": {"http": http, "requestId": "1", "domainName": "api.example", "stage": "$default"},
    });
    let Ok(request) = Request::from_event(&event.to_string()) else { return };
    let _ = (request.bearer_token(), request.declares_json());
    assert_eq!(request.header("authorization"), Some(text));
    assert!(request.query_parameters().count() <= text.len() + 1);
}
