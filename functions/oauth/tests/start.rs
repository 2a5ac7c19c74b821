//! The start of a function.

use std::process::Command;

/// Parsing the system's root certificates would be four fifths of it.
#[test]
fn a_start_reads_no_root_certificates_of_the_system() {
    let key = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("start.key");
    std::fs::write(&key, [7; 32]).unwrap();
    let nobody = "127.0.0.1:1";
    let ended = Command::new(env!("CARGO_BIN_EXE_register"))
        .env_clear()
        .env("SSL_CERT_FILE", "/nowhere")
        .env("SSL_CERT_DIR", "/nowhere")
        .envs([("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x"), ("AWS_REGION", "eu-central-1")])
        .env("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{nobody}"))
        .env("REGISTRAR_KEY_FILE", key)
        .env("AWS_LAMBDA_RUNTIME_API", nobody)
        .envs([("AWS_LAMBDA_FUNCTION_NAME", "register"), ("AWS_LAMBDA_FUNCTION_VERSION", "1")])
        .envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")])
        .envs([("AWS_LAMBDA_LOG_GROUP_NAME", "group"), ("AWS_LAMBDA_LOG_STREAM_NAME", "stream")])
        .output()
        .unwrap();
    let said = String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap();
    assert!(said.contains("the table did not answer at start"), "it has come as far as the table: {said}");
    assert!(!said.contains("root"), "{said}");
}
