"""What stands before moto, where moto does not speak as AWS does:

- It reads no CBOR (Smithy RPC v2), in which the AWS SDK for Rust asks CloudWatch. What is asked goes to moto as boto3
  asks it, with the access key of whoever asks.
- It says in XML that something is not permitted, also where the protocol is JSON.

What is counted and who may do what is moto's to say.
"""

import http.client
import http.server
import json
import re
import threading
from urllib.parse import urlsplit

import boto3
import cbor2
from botocore.exceptions import ClientError

METRICS = "/service/GraniteServiceVersion20100801/operation/GetMetricData"


class Front(http.server.ThreadingHTTPServer):
    """Answers at `url` for moto at `endpoint`.

    `secrets` has those of the access keys that moto knows, `throttled` the operations that are refused for now, and
    `before_deletion` what happens once before an app client is deleted.
    """

    daemon_threads = True

    def __init__(self, endpoint, region):
        super().__init__(("127.0.0.1", 0), Request)
        self.endpoint, self.region = endpoint, region
        self.secrets = {}
        self.throttled = set()
        self.before_deletion = None
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def cloudwatch(self, access_key):
        secret = self.secrets.get(access_key, access_key)
        return boto3.client(
            "cloudwatch",
            region_name=self.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret,
        )


def denied(said):
    """How AWS says what moto says in XML."""
    found = re.search(r"<Code>AccessDenied</Code>\s*<Message>(.*?)</Message>", said, re.DOTALL)
    return found and {"__type": "AccessDeniedException", "message": found[1]}


class Request(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == METRICS:
            status, answer = self.metrics(cbor2.loads(body))
            self.answer(status, "application/cbor", cbor2.dumps(answer, datetime_as_timestamp=True))
        else:
            self.answer(*self.passed_on(body))

    def metrics(self, asked):
        if "GetMetricData" in self.server.throttled:
            return 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
        access_key = self.headers["authorization"].split("Credential=")[1].split("/")[0]
        try:
            answer = self.server.cloudwatch(access_key).get_metric_data(**asked)
        except ClientError as error:
            refusal = error.response["Error"]
            said = {"__type": refusal["Code"], "message": refusal["Message"]}
            return error.response["ResponseMetadata"]["HTTPStatusCode"], denied(refusal["Message"]) or said
        return 200, {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def passed_on(self, body):
        kind = "application/x-amz-json-1.1"
        action = self.headers["x-amz-target"].split(".")[1]
        if action == "DeleteUserPoolClient" and self.server.before_deletion:
            meanwhile, self.server.before_deletion = self.server.before_deletion, None
            meanwhile()
        if action in self.server.throttled:
            refusal = {"__type": "TooManyRequestsException", "message": "Rate exceeded"}
            return 400, kind, json.dumps(refusal).encode()
        moto = http.client.HTTPConnection(urlsplit(self.server.endpoint).netloc, timeout=60)
        moto.request("POST", self.path, body, dict(self.headers))
        answer = moto.getresponse()
        said = answer.read()
        refusal = denied(said.decode())
        return answer.status, kind, json.dumps(refusal).encode() if refusal else said

    def answer(self, status, kind, body):
        self.send_response(status)
        if self.path == METRICS:
            self.send_header("smithy-protocol", "rpc-v2-cbor")
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
