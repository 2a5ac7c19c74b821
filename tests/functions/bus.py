"""A bus of EventBridge that is told of changes: `create` makes it and a queue behind it, `check` changes something."""

import json
import os
import sys
import time
import urllib.request

import boto3

BUS = "changes"


def client(service):
    return boto3.client(service, region_name=os.environ["AWS_REGION"], endpoint_url=os.environ["AWS_ENDPOINT_URL_KMS"])


def create():
    events, sqs = client("events"), client("sqs")
    events.create_event_bus(Name=BUS)
    queue = sqs.create_queue(QueueName=BUS)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName=BUS, EventPattern=json.dumps({"source": ["registrar"]}))
    events.put_targets(Rule="all", EventBusName=BUS, Targets=[{"Id": "queue", "Arn": arn}])
    print("REGISTRAR_EVENT_BUS=" + BUS)


def check(port):
    with open("events/stream.registered.json", "rb") as event:
        url = f"http://127.0.0.1:{port}/2015-03-31/functions/stream/invocations"
        request = urllib.request.Request(url, method="POST", data=event.read())
        with urllib.request.urlopen(request, timeout=300) as answer:
            assert json.load(answer) == {"state": {}, "batchItemFailures": []}
    sqs = client("sqs")
    queue = sqs.get_queue_url(QueueName=BUS)["QueueUrl"]
    for _ in range(50):
        messages = sqs.receive_message(QueueUrl=queue).get("Messages", [])
        if messages:
            break
        time.sleep(0.1)
    told = json.loads(messages[0]["Body"])
    assert (told["source"], told["detail-type"]) == ("registrar", "Registrar Change"), told
    detail = told["detail"]
    assert (detail["subject"], detail["client_id"], detail["events"]) == ("client", "1", ["registered"]), detail
    assert "secret" not in json.dumps(detail), "names, and no values"
    print("ok     EventBridge is told of a registration")
    print("1 passed, 0 failed")


if sys.argv[1] == "create":
    create()
else:
    check(sys.argv[2])
