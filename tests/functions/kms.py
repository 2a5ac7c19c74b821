"""A service whose data key KMS wraps: `create` makes the KMS key, `check` the service and a confidential client."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request

import boto3


def create():
    kms = boto3.client("kms", region_name=os.environ["AWS_REGION"], endpoint_url=os.environ["AWS_ENDPOINT_URL_KMS"])
    for _ in range(100):
        try:
            print("REGISTRAR_KMS_KEY_ID=" + kms.create_key()["KeyMetadata"]["Arn"])
            return
        except Exception:  # the server is still starting
            time.sleep(0.1)
    sys.exit("moto does not answer")


def call(method, url, token=None, body=None):
    request = urllib.request.Request(url, method=method, data=body and json.dumps(body).encode())
    request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    for _ in range(200):
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            sys.exit(f"{method}: {refusal.status} {refusal.read()}")
        except OSError:
            time.sleep(0.1)
    sys.exit("cargo lambda watch does not listen")


def registrar(*arguments):
    return subprocess.run(["target/debug/registrar", *arguments], capture_output=True, text=True)


def check(port, key_file):
    create = ["service", "create", "--issuer", "https://as.example", "--preset", "open", "--json"]
    refused = registrar(*create)
    assert refused.returncode == 4, f"the demo service's key is in a file: {refused}"
    moved = registrar("service", "rewrap", "--all", "--from-key-file", key_file, "--json")
    assert moved.returncode == 0 and all(row["rewrapped"] for row in json.loads(moved.stdout)), moved
    rotated = registrar("service", "rewrap", "1", "--json")
    assert json.loads(rotated.stdout) == [{"id": 1, "rewrapped": True}], rotated
    created = registrar(*create)
    assert created.returncode == 0, created
    service = json.loads(created.stdout)
    endpoint = f"http://127.0.0.1:{port}/{service['id']}/register"
    client = call("POST", endpoint, body={"redirect_uris": ["https://rp.example/cb"]})
    read = call("GET", f"{endpoint}/{client['client_id']}", client["registration_access_token"])
    assert read["client_secret"] == client["client_secret"], "the secret opens with the key that KMS unwraps"
    print("ok     a service's data key is wrapped by KMS")
    print("ok     a key that is not the table's is refused")
    print("ok     a data key moves from a key file to KMS, and is wrapped anew by KMS")
    print("3 passed, 0 failed")


if sys.argv[1] == "create":
    create()
else:
    check(sys.argv[2], sys.argv[3])
