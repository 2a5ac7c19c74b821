"""`registrar cognito prune` against a user pool of moto."""

import datetime
import json
import os
import subprocess
import sys
import time
import urllib.request

import boto3

from front import Front

NOW = datetime.datetime.now(datetime.timezone.utc)
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
FRONT = Front(ENDPOINT, os.environ["AWS_REGION"])


def aws(service):
    return boto3.client(service, region_name=os.environ["AWS_REGION"], endpoint_url=ENDPOINT)


def ago(days):
    return NOW - datetime.timedelta(days=days)


def pool():
    for _ in range(100):
        try:
            return aws("cognito-idp").create_user_pool(PoolName="example")["UserPool"]["Id"]
        except Exception:  # the server is still starting
            time.sleep(0.1)
    sys.exit("moto does not answer")


def made(user_pool, name, created, kind, host="client.example", **more):
    """An app client with members that only Cognito itself can set: its SDKs do not send them."""
    body = {
        "UserPoolId": user_pool,
        "ClientName": name,
        "CreationDate": int(created.timestamp()),
        "LastModifiedDate": int(created.timestamp()),
        "CallbackURLs": [f"https://{host}/cb"],
        "AllowedOAuthFlows": ["code"],
        **({"ClientType": kind} if kind else {}),
        **more,
    }
    request = urllib.request.Request(ENDPOINT, method="POST", data=json.dumps(body).encode())
    request.add_header("x-amz-target", "AWSCognitoIdentityProviderService.CreateUserPoolClient")
    request.add_header("content-type", "application/x-amz-json-1.1")
    scope = f"{NOW:%Y%m%d}/{os.environ['AWS_REGION']}/cognito-idp/aws4_request"
    request.add_header("authorization", f"AWS4-HMAC-SHA256 Credential=operator/{scope}, SignedHeaders=host, Signature=0")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["UserPoolClient"]["ClientId"]


def count(user_pool, client, metric, days, value=1.0, **more):
    dimensions = {"UserPool": user_pool, "UserPoolClient": client, **more}
    point = {
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Timestamp": ago(days),
        "Value": value,
        "Unit": "Count",
    }
    aws("cloudwatch").put_metric_data(Namespace="AWS/Cognito", MetricData=[point])


def registrar(*arguments, **environment):
    command = ["target/debug/registrar", "cognito", "prune", *arguments]
    environment = {**os.environ, "AWS_ENDPOINT_URL": FRONT.url, **environment}
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment)


def reported(*arguments):
    done = registrar(*arguments, "--json")
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def refused(code, sentence, *arguments, **environment):
    done = registrar(*arguments, "--json", **environment)
    assert done.returncode == code, done
    assert sentence in json.loads(done.stderr)["error_description"], done


def clients(user_pool):
    cognito = aws("cognito-idp")
    pages = cognito.get_paginator("list_user_pool_clients").paginate(UserPoolId=user_pool)
    return {client["ClientId"] for page in pages for client in page["UserPoolClients"]}


def user(name, *actions):
    """The access key of a user who may do this."""
    iam = aws("iam")
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    FRONT.secrets[key["AccessKeyId"]] = key["SecretAccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def permissions(from_request):
    """From which request on moto looks at permissions."""
    request = urllib.request.Request(f"{ENDPOINT}/moto-api/reset-auth", method="POST", data=str(from_request).encode())
    request.add_header("content-type", "text/plain")
    urllib.request.urlopen(request, timeout=60).read()


def ok(sentence):
    global passed
    passed += 1
    print(f"ok     {sentence}")


passed = 0
small = pool()
prune = ["--user-pool", small, "--unused", "90d"]
idle = made(small, "idle", ago(200), "DCR")
count(small, idle, "SignInSuccesses", 120)
count(small, "other", "SignInSuccesses", 1)
refused(4, "has counted no use of any app client", *prune, "--yes")
assert clients(small) == {idle}
ok("where CloudWatch has counted nothing, nothing is deleted")

busy = made(small, "busy", ago(200), "REGULAR")
count(small, busy, "SignInSuccesses", 1)
both = [{"host": "client.example", "clients": 1}], {"operators": 1}
report = reported(*prune, "--dry-run", "--yes")
assert (report["unused"], report["kept"], report["deleted"]) == (*both, 0), report
refused(4, "give --yes", *prune)
assert clients(small) == {idle, busy}
ok("nobody is there to be asked: nothing is deleted")

undetermined = {"GetMetricData": {"operators": 1, "unmeasured": 1}, "DescribeUserPoolClient": {"undescribed": 2}}
for throttled, kept in undetermined.items():
    FRONT.throttled = {throttled}
    report = reported(*prune, "--yes")
    FRONT.throttled = set()
    assert (report["unused"], report["kept"], report["deleted"]) == ([], kept, 0), report
assert clients(small) == {idle, busy}
ok("where Cognito or CloudWatch has too much to do, nothing is deleted")

reads = ["cognito-idp:ListUserPoolClients", "cognito-idp:ListIdentityProviders", "cognito-idp:DescribeUserPoolClient"]
metrics = "cloudwatch:GetMetricData"
in_moto = {metrics: "monitoring:GetMetricData"}  # moto names it by the host
for index, missing in enumerate([*reads, metrics, "cognito-idp:DeleteUserPoolClient"]):
    granted = [in_moto.get(action, action) for action in [*reads, metrics] if action != missing]
    key = user(f"without-{index}", *granted)
    permissions(0)
    refused(5, f"do not permit {missing}", *prune, "--yes", **key)
    permissions(1_000_000)
assert clients(small) == {idle, busy}
ok("a missing permission is named, and nothing is deleted")

refused(3, "there is no user pool us-east-1_Nobody", "--user-pool", "us-east-1_Nobody", "--unused", "90d")
refused(2, "us-east-1_AbCdEfGhI", "--user-pool", "example", "--unused", "90d")
refused(2, "455d", "--user-pool", small, "--unused", "456d")
refused(2, "--table", "--user-pool", small, "--unused", "90d", "--table", "registrar")
nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nowhere"}
refused(5, "there are no AWS credentials", *prune, **nobody)
refused(7, "cannot be reached", *prune, AWS_ENDPOINT_URL="http://127.0.0.1:1")
ok("an unknown pool, a wrong option, no credentials and a server that is not there are clear errors")

large = pool()
prune = ["--user-pool", large, "--unused", "90d"]
aws("cognito-idp").create_identity_provider(
    UserPoolId=large,
    ProviderName="Example",
    ProviderType="OIDC",
    ProviderDetails={"client_id": "a", "oidc_issuer": "https://op.example"},
)
unused = {made(large, f"unused {n}", ago(100), "DCR", "b.example") for n in range(65)}  # more than a page
unused.add(made(large, "unused", ago(200), "DCR", "a.example"))
meanwhile = made(large, "used long ago, and soon", ago(300), "DCR", "c.example")
count(large, meanwhile, "SignInSuccesses", 120)
used = {name: made(large, name, ago(200), "DCR") for name in ["signed in", "refreshed", "failed", "federated"]}
count(large, used["signed in"], "SignInSuccesses", 3)
count(large, used["refreshed"], "TokenRefreshSuccesses", 89)
count(large, used["failed"], "SignInSuccesses", 30, 0.0)
count(large, used["federated"], "FederationSuccesses", 10, IdentityProvider="Example")
spared = {
    made(large, "operator's", ago(400), "REGULAR"),
    made(large, "bridge-1", ago(400), "REGULAR", "d.example"),
    made(large, "of nobody knows whom", ago(400), None),
    made(large, "young", ago(5), "DCR"),
    made(large, "changed", ago(400), "DCR", LastModifiedDate=int(ago(5).timestamp())),
    made(large, "machine", ago(400), "DCR", AllowedOAuthFlows=["code", "client_credentials"]),
}
everyone = clients(large)
assert everyone == unused | {meanwhile} | set(used.values()) | spared

hosts = [{"host": "a.example", "clients": 1}, {"host": "b.example", "clients": 65}, {"host": "c.example", "clients": 1}]
kept = {"used": 4, "recent": 2, "operators": 2, "unrecognized": 1, "machine": 1}
found = {"user_pool": large, "unused": hosts, "kept": kept, "deleted": 0, "clients": 77, "quota": 1000}
assert reported(*prune, "--dry-run") == found
assert clients(large) == everyone
ok("a dry run counts by host and deletes nothing")

FRONT.before_deletion = lambda: count(large, meanwhile, "SignInSuccesses", 0)
done = registrar(*prune, "--yes")
assert done.returncode == 0, done
assert "Deleted: 66. The pool has 11 app clients; 989 of 1000 are free." in done.stdout, done
assert "4 used; 2 registered or changed since; 2 made by operators" in done.stdout, done
assert clients(large) == {meanwhile} | set(used.values()) | spared
ok("who is used meanwhile stays")
ok("exactly those that registered themselves and that nobody used are deleted")

again = reported(*prune, "--yes")
assert (again["unused"], again["deleted"], again["clients"]) == ([], 0, 11), again
ok("a second run finds nobody")

named = reported(*prune, "--yes", "--also-named", "bridge-", "--quota", "2000")
assert named["unused"] == [{"host": "d.example", "clients": 1}], named
assert (named["deleted"], named["kept"]["operators"], named["quota"]) == (1, 1, 2000), named
ok("an operator's client goes only where its name is given")

print(f"{passed} passed, 0 failed")
