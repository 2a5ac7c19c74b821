"""PyPI `huaweicloudsdkidentitycenteroidc` and `boto3` (sso-oidc): RegisterClient, as command-line tools call it.

Only the endpoint is changed. Takes the path of the server's demo.json and that of a server which admits few
registrations of one address, prints one line per check and exits with 1 if one failed.
"""

import json
import os
import pathlib
import sys
import tempfile
import time

import boto3
from checks import check, demo, equal, finish, true
from huaweicloudsdkcore.exceptions import exceptions as huawei_exceptions
from huaweicloudsdkidentitycenteroidc.v1 import (
    IdentityCenterOIDCClient,
    RegisterClientReqBody,
    RegisterClientRequest,
)
from huaweicloudsdkidentitycenteroidc.v1.identitycenteroidc_credentials import IdentityCenterOIDCCredentials

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
NINETY_DAYS = 90 * 24 * 60 * 60

# The SDK of Huawei Cloud writes an identifier of the application into the home folder.
os.environ["HOME"] = tempfile.mkdtemp()

limited = json.loads(pathlib.Path(sys.argv[2]).read_text(encoding="utf-8"))


def huawei_at(server):
    builder = IdentityCenterOIDCClient.new_builder().with_credentials(IdentityCenterOIDCCredentials())
    return builder.with_endpoint(server["base_url"]).build()


def aws_at(server):
    return boto3.client("sso-oidc", endpoint_url=server["base_url"], region_name="us-east-1")


huawei, aws = huawei_at(demo), aws_at(demo)


EXAMPLE = {
    "client_name": "exampleClient",
    "client_type": "public",
    "token_endpoint_auth_method": "client_secret_post",
    "scopes": ["openid"],
    "grant_types": ["authorization_code", DEVICE_CODE],
    "response_types": ["code"],
}


def register_at_huawei(client=huawei, **members):
    body = RegisterClientReqBody(**{**EXAMPLE, **members})
    return client.register_client(RegisterClientRequest(body=body))


def refused_by_huawei(part, **members):
    try:
        register_at_huawei(**members)
    except huawei_exceptions.ClientRequestException as refusal:
        equal((refusal.status_code, refusal.error_code), (400, "IIC.400"), "the refusal")
        true(part in refusal.error_msg, f"{part} is not in {refusal.error_msg!r}")
        true(refusal.request_id, "there is no request_id")
        return
    raise AssertionError("it was registered")


def fresh(issued_at, expires_at):
    true(abs(time.time() - issued_at) < 60, f"issued at {issued_at}")
    equal(expires_at - issued_at, NINETY_DAYS, "the secret's life")


@check("huawei: the documented example is answered with every member")
def _():
    info = register_at_huawei().client_info
    true(info.client_id and info.client_secret, "no client_id or client_secret")
    fresh(info.client_id_issued_at, info.client_secret_expires_at)
    equal(info.scopes, ["openid"], "scopes")
    equal(info.authorization_endpoint, "https://as.example/authorize", "authorization_endpoint")
    equal(info.token_endpoint, "https://as.example/token", "token_endpoint")


@check("huawei: a device that cannot redirect")
def _():
    true(register_at_huawei(grant_types=[DEVICE_CODE], scopes=None).client_info.client_id, "no client_id")


for member in ["client_name", "client_type", "token_endpoint_auth_method", "grant_types", "response_types"]:

    @check(f"huawei: without {member}")
    def _(member=member):
        refused_by_huawei(f"{member} is required", **{member: None})


for member, value in [
    ("client_name", "x" * 1025),
    ("client_type", "confidential"),
    ("token_endpoint_auth_method", "client_secret_basic"),
    ("grant_types", ["refresh_token"]),
    ("response_types", ["token"]),
]:

    @check(f"huawei: another {member}")
    def _(member=member, value=value):
        refused_by_huawei(member, **{member: value})


@check("aws: a client as `aws sso login` registers it")
def _():
    client = aws.register_client(clientName="botocore-client", clientType="public", scopes=["sso:account:access"])
    true(client["clientId"] and client["clientSecret"], "no clientId or clientSecret")
    fresh(client["clientIdIssuedAt"], client["clientSecretExpiresAt"])
    equal(client["authorizationEndpoint"], "https://as.example/authorize", "authorizationEndpoint")
    equal(client["tokenEndpoint"], "https://as.example/token", "tokenEndpoint")
    true(client["ResponseMetadata"]["RequestId"], "no RequestId")


@check("aws: a client with redirect URIs")
def _():
    client = aws.register_client(
        clientName="botocore-client",
        clientType="public",
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=["http://127.0.0.1/oauth/callback"],
        issuerUrl="https://identitycenter.example/ssoins-1",
    )
    true(client["clientId"], "no clientId")


def refused_by_aws(exception, code, **members):
    request = {"clientName": "botocore-client", "clientType": "public", **members}
    try:
        aws.register_client(**request)
    except getattr(aws.exceptions, exception) as refusal:
        equal(refusal.response["error"], code, "error")
        true(refusal.response["error_description"], "no error_description")
        true(refusal.response["ResponseMetadata"]["RequestId"], "no RequestId")
        return
    raise AssertionError("it was registered")


for exception, code, members in [
    ("InvalidRequestException", "invalid_request", {"clientName": ""}),
    ("InvalidClientMetadataException", "invalid_client_metadata", {"clientType": "confidential"}),
    ("InvalidRedirectUriException", "invalid_redirect_uri", {"grantTypes": ["authorization_code"]}),
    ("UnsupportedGrantTypeException", "unsupported_grant_type", {"grantTypes": ["password"]}),
    ("InvalidScopeException", "invalid_scope", {"scopes": ['a"b']}),
]:

    @check(f"aws: {exception}")
    def _(exception=exception, code=code, members=members):
        refused_by_aws(exception, code, **members)


@check("aws: SlowDownException after too many registrations")
def _():
    client = aws_at(limited)
    for _ in range(100):
        try:
            client.register_client(clientName="botocore-client", clientType="public")
        except client.exceptions.SlowDownException as refusal:
            equal(refusal.response["error"], "slow_down", "error")
            return
    raise AssertionError("a hundred registrations at once were accepted")


@check("huawei: 429 after too many registrations")
def _():
    client = huawei_at(limited)
    for _ in range(100):
        try:
            register_at_huawei(client)
        except huawei_exceptions.ClientRequestException as refusal:
            equal((refusal.status_code, refusal.error_code), (429, "APIGW.0308"), "the refusal")
            return
    raise AssertionError("a hundred registrations at once were accepted")


finish()
