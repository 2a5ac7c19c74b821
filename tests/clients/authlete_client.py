"""PyPI `authlete`: dynamic registration, clients and services of the Authlete API, on a service that this script
creates with the organization's token and deletes at the end.

Every object is sent with all its members, unset ones as null, 0 or false. The package has nothing for /api/info and
/api/lifecycle/healthcheck. Of what it has, these cannot work: updateClientSecret (it sets a member that its request
lacks, and its generic call is private), echo (it leaves out /api), and getRequestableScopes where the answer has no
list (it takes the member for granted). It cannot read the action UNAUTHORIZED and the constants
ATTEST_JWT_CLIENT_AUTH, ES256K and EdDSA, so none is asked for here. Requests that it would not send are plain
requests. Takes the path of the server's demo.json, prints one line per check and exits with 1 if one failed.
"""

import json
import re
import time
from urllib.parse import urlsplit

import requests
from authlete.api.authlete_api_exception import AuthleteApiException
from authlete.api.authlete_api_impl import AuthleteApiImpl
from authlete.conf.authlete_configuration import AuthleteConfiguration
from authlete.dto import Client, ClientRegistrationRequest, Scope, Service, ServiceConfigurationRequest
from checks import checking, demo, equal, finish, true


def pace():
    """Waits when little is left of the token's rate; no check makes more than 100 requests at once."""
    headers = raw("GET", f"/api/{demo['service_id']}/service/configuration").headers
    if int(headers["x-ratelimit-remaining"]) < 100:
        time.sleep(max(0, int(headers["x-ratelimit-reset"]) - time.time()) + 0.1)


def check(name, body):
    """Runs one check and prints its line."""
    pace()
    with checking(name):
        body()


def members(thing):
    """The members of one of the package's objects, as JSON."""
    return json.loads(thing.to_json())


def without(thing, *names):
    return {name: value for name, value in members(thing).items() if name not in names}


def holds(thing, expected):
    """Every member of `expected` is there with the same value; of JSON in a string, the value counts."""
    actual = members(thing)
    for name, value in expected.items():
        if name.lower().endswith("jwks") or name == "customMetadata":
            equal(json.loads(actual[name]), json.loads(value), name)
        else:
            equal(actual[name], value, name)


def api(token, service_id):
    return AuthleteApiImpl(
        AuthleteConfiguration(
            {
                "apiVersion": "V3",
                "baseUrl": demo["base_url"],
                "serviceApiKey": str(service_id),
                "serviceAccessToken": token,
            }
        )
    )


def fails(call, status, code):
    """The package raises that HTTP error, with that result code and the message of the answer."""
    try:
        call()
    except AuthleteApiException as error:
        equal(error.response.status_code, status, f"the status of {error.message!r}")
        equal(error.response.headers["content-type"], "application/json", "the content type")
        body = error.response.json()
        equal(body["resultCode"], code, "resultCode")
        true(body["resultMessage"].startswith(f"[{code}] "), body["resultMessage"])
        equal(error.message, body["resultMessage"], "the message")
        return body
    raise AssertionError("no error")


def raw(method, path, body=None, token=demo["organization_token"], content_type="application/json"):
    """A request without the package."""
    headers = {"authorization": token and f"Bearer {token}", "content-type": content_type}
    return requests.request(method, demo["base_url"] + path, data=body, headers=headers, timeout=10)


# Services

FLAGS = """
    accessTokenForExternalAttachmentEmbedded backchannelBindingMessageRequiredInFapi
    backchannelUserCodeParameterSupported claimShortcutRestrictive dcrDuplicateSoftwareIdBlocked
    dcrScopeUsedAsRequestable directAuthorizationEndpointEnabled directIntrospectionEndpointEnabled
    directJwksEndpointEnabled directRevocationEndpointEnabled directTokenEndpointEnabled
    directUserInfoEndpointEnabled dpopNonceRequired dynamicRegistrationSupported errorDescriptionOmitted
    errorUriOmitted federationEnabled frontChannelRequestObjectEncryptionRequired grantManagementActionRequired
    hsmEnabled idTokenReissuable issSuppressed jwtGrantByIdentifiableClientsOnly jwtGrantEncryptedJwtRejected
    jwtGrantUnsignedJwtRejected loopbackRedirectionUriVariable missingClientIdAllowed mutualTlsValidatePkiCertChain
    nbfOptional openidDroppedOnRefreshWithoutOfflineAccess parRequired pkceRequired pkceS256Required
    preAuthorizedGrantAnonymousAccessSupported refreshTokenDurationKept refreshTokenDurationReset
    refreshTokenIdempotent refreshTokenKept requestObjectAudienceChecked requestObjectEncryptionAlgMatchRequired
    requestObjectEncryptionEncMatchRequired requestObjectRequired rsResponseSigned scopeRequired
    singleAccessTokenPerSubject tlsClientCertificateBoundAccessTokens tokenExchangeByConfidentialClientsOnly
    tokenExchangeByIdentifiableClientsOnly tokenExchangeByPermittedClientsOnly tokenExchangeEncryptedJwtRejected
    tokenExchangeUnsignedJwtRejected tokenExpirationLinked traditionalRequestObjectProcessingApplied
    unauthorizedOnClientConfigSupported verifiableCredentialsEnabled
"""

NUMBERS = """
    accessTokenDuration allowableClockSkew authorizationResponseDuration backchannelAuthReqIdDuration
    backchannelPollingInterval clientsPerDeveloper cnonceDuration credentialDuration credentialOfferDuration
    credentialTransactionDuration deviceFlowCodeDuration deviceFlowPollingInterval dpopNonceDuration
    federationConfigurationDuration idTokenDuration pushedAuthReqDuration refreshTokenDuration userCodeLength
"""

TEXTS = """
    accessTokenSignatureKeyId accessTokenType authenticationCallbackApiKey authenticationCallbackApiSecret
    authorizationSignatureKeyId description developerAuthenticationCallbackApiKey
    developerAuthenticationCallbackApiSecret federationSignatureKeyId idTokenAudType idTokenSignatureKeyId
    introspectionSignatureKeyId organizationName predefinedTransformedClaims resourceSignatureKeyId serviceName
    userInfoSignatureKeyId
"""

URLS = """
    authenticationCallbackEndpoint authorizationEndpoint backchannelAuthenticationEndpoint credentialJwksUri
    developerAuthenticationCallbackEndpoint deviceAuthorizationEndpoint deviceVerificationUri
    deviceVerificationUriComplete endSessionEndpoint federationRegistrationEndpoint grantManagementEndpoint
    introspectionEndpoint issuer jwksUri policyUri pushedAuthReqEndpoint registrationEndpoint
    registrationManagementEndpoint revocationEndpoint serviceDocumentation signedJwksUri tokenEndpoint tosUri
    userInfoEndpoint
"""

LISTS = """
    supportedAcrs supportedAuthorizationDetailsTypes supportedClaimLocales supportedClaims
    supportedCustomClientMetadata supportedDigestAlgorithms supportedDocuments supportedDocumentsCheckMethods
    supportedDocumentsMethods supportedElectronicRecords supportedEvidence supportedIdentityDocuments
    supportedTrustFrameworks supportedUiLocales supportedVerificationMethods supportedVerifiedClaims
    trustedRootCertificates
"""

GRANT_TYPES = """
    AUTHORIZATION_CODE IMPLICIT PASSWORD CLIENT_CREDENTIALS REFRESH_TOKEN CIBA DEVICE_CODE TOKEN_EXCHANGE
    JWT_BEARER PRE_AUTHORIZED_CODE
""".split()

RESPONSE_TYPES = "CODE NONE TOKEN ID_TOKEN CODE_TOKEN CODE_ID_TOKEN ID_TOKEN_TOKEN CODE_ID_TOKEN_TOKEN".split()

AUTH_METHODS = """
    NONE CLIENT_SECRET_BASIC CLIENT_SECRET_POST CLIENT_SECRET_JWT PRIVATE_KEY_JWT TLS_CLIENT_AUTH
    SELF_SIGNED_TLS_CLIENT_AUTH
""".split()

KEY = {
    "kty": "EC",
    "crv": "P-256",
    "kid": "a-key",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
PUBLIC_KEYS = json.dumps({"keys": [KEY]})
PRIVATE_KEYS = json.dumps({"keys": [KEY | {"d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X8fCE9-E9LI"}]})

# A value for every member of a Service that can be written.
EVERY_SERVICE_MEMBER = (
    {name: True for name in FLAGS.split()}
    | {name: 600 + number for number, name in enumerate(NUMBERS.split())}
    | {name: f"a {name}" for name in TEXTS.split()}
    | {name: f"https://as.example/{name}" for name in URLS.split()}
    | {name: [f"{name}-b", f"{name}-a"] for name in LISTS.split()}
    | {
        "accessTokenSignAlg": "ES256",
        "userCodeCharset": "NUMERIC",
        "verifiedClaimsValidationSchemaSet": "standard",
        "supportedGrantTypes": GRANT_TYPES,
        "supportedResponseTypes": RESPONSE_TYPES,
        "supportedTokenAuthMethods": AUTH_METHODS,
        "supportedRevocationAuthMethods": ["CLIENT_SECRET_POST"],
        "supportedIntrospectionAuthMethods": ["CLIENT_SECRET_JWT", "PRIVATE_KEY_JWT"],
        "supportedSnses": ["FACEBOOK"],
        "supportedDeveloperSnses": ["FACEBOOK"],
        "supportedServiceProfiles": ["OPEN_BANKING", "FAPI"],
        "supportedDisplays": ["PAGE", "WAP"],
        "supportedClaimTypes": ["NORMAL", "DISTRIBUTED"],
        "supportedBackchannelTokenDeliveryModes": ["PUSH", "PING"],
        "supportedAttachments": ["EXTERNAL"],
        "supportedClientRegistrationTypes": ["EXPLICIT"],
        "supportedPromptValues": ["LOGIN", "SELECT_ACCOUNT"],
        "fapiModes": ["FAPI2_MESSAGE_SIGNING_AUTH_REQ"],
        "supportedScopes": [
            {
                "name": "read",
                "defaultEntry": True,
                "description": "Read",
                "descriptions": [{"tag": "ja", "value": "読む"}],
                "attributes": [{"key": "k", "value": "v"}],
            }
        ],
        "attributes": [{"key": "b", "value": "1"}, {"key": "a", "value": "2"}],
        "mtlsEndpointAliases": [{"name": "token_endpoint", "uri": "https://mtls.as.example/token"}],
        "authorityHints": ["https://b.example", "https://a.example"],
        "trustAnchors": [{"entityId": "https://anchor.example", "jwks": PUBLIC_KEYS}],
        "snsCredentials": [{"sns": "FACEBOOK", "apiKey": "a key", "apiSecret": "a secret"}],
        "developerSnsCredentials": [{"sns": "FACEBOOK", "apiKey": "another", "apiSecret": "one"}],
        "jwks": PUBLIC_KEYS,
        "federationJwks": PUBLIC_KEYS,
        "credentialJwks": PUBLIC_KEYS,
        "credentialIssuerMetadata": {
            "credentialIssuer": "https://issuer.example",
            "authorizationServers": ["https://as.example"],
            "credentialEndpoint": "https://issuer.example/credential",
            "batchCredentialEndpoint": "https://issuer.example/batch",
            "deferredCredentialEndpoint": "https://issuer.example/deferred",
            "credentialResponseEncryptionAlgValuesSupported": ["ECDH_ES"],
            "credentialResponseEncryptionEncValuesSupported": ["A128GCM"],
            "requireCredentialResponseEncryption": True,
            "credentialsSupported": '{"a":{}}',
        },
    }
)

# A value for every member of a Client that can be written and that fits together.
EVERY_CLIENT_MEMBER = {
    "developer": "a developer",
    "clientIdAlias": "every-member",
    "clientIdAliasEnabled": True,
    "clientType": "CONFIDENTIAL",
    "redirectUris": ["https://client.example/b", "https://client.example/a"],
    "responseTypes": RESPONSE_TYPES,
    "grantTypes": GRANT_TYPES,
    "applicationType": "WEB",
    "contacts": ["b@client.example", "a@client.example"],
    "clientName": "Every member",
    "clientNames": [{"tag": "de", "value": "Alles"}, {"tag": "ja", "value": "全部"}],
    "logoUri": "https://client.example/logo",
    "logoUris": [{"tag": "ja", "value": "https://client.example/ja/logo"}],
    "clientUri": "https://client.example",
    "clientUris": [{"tag": "ja", "value": "https://client.example/ja"}],
    "policyUri": "https://client.example/policy",
    "policyUris": [{"tag": "ja", "value": "https://client.example/ja/policy"}],
    "tosUri": "https://client.example/tos",
    "tosUris": [{"tag": "ja", "value": "https://client.example/ja/tos"}],
    "jwks": PUBLIC_KEYS,
    "sectorIdentifierUri": "https://sector.example/redirects",
    "subjectType": "PAIRWISE",
    "idTokenSignAlg": "ES512",
    "idTokenEncryptionAlg": "RSA_OAEP",
    "idTokenEncryptionEnc": "A128CBC_HS256",
    "userInfoSignAlg": "RS384",
    "userInfoEncryptionAlg": "ECDH_ES_A256KW",
    "userInfoEncryptionEnc": "A256CBC_HS512",
    "requestSignAlg": "PS384",
    "requestEncryptionAlg": "A256GCMKW",
    "requestEncryptionEnc": "A192GCM",
    "tokenAuthMethod": "PRIVATE_KEY_JWT",
    "tokenAuthSignAlg": "ES256",
    "defaultMaxAge": 3600,
    "defaultAcrs": ["urn:acr:b", "urn:acr:a"],
    "authTimeRequired": True,
    "loginUri": "https://client.example/login",
    "requestUris": ["https://client.example/request"],
    "description": "A client with everything",
    "descriptions": [{"tag": "ja", "value": "説明"}],
    "extension": {
        "requestableScopesEnabled": True,
        "requestableScopes": ["read"],
        "accessTokenDuration": 60,
        "refreshTokenDuration": 61,
        "tokenExchangePermitted": True,
    },
    "tlsClientCertificateBoundAccessTokens": True,
    "selfSignedCertificateKeyId": "certificate",
    "softwareId": "software",
    "softwareVersion": "1.2",
    "authorizationSignAlg": "PS256",
    "authorizationEncryptionAlg": "DIR",
    "authorizationEncryptionEnc": "A256GCM",
    "bcDeliveryMode": "POLL",
    "bcNotificationEndpoint": "https://client.example/ciba",
    "bcRequestSignAlg": "ES384",
    "bcUserCodeRequired": True,
    "authorizationDetailsTypes": ["payment", "account"],
    "parRequired": True,
    "requestObjectRequired": True,
    "attributes": [{"key": "b", "value": "1"}, {"key": "a", "value": "2"}],
    "customMetadata": '{"partner": [1]}',
    "frontChannelRequestObjectEncryptionRequired": True,
    "requestObjectEncryptionAlgMatchRequired": True,
    "requestObjectEncryptionEncMatchRequired": True,
    "digestAlgorithm": "sha-256",
    "singleAccessTokenPerSubject": True,
    "pkceRequired": True,
    "pkceS256Required": True,
    "rsSignedRequestKeyId": "resource",
    "rsRequestSigned": True,
    "dpopRequired": True,
    "fapiModes": ["FAPI1_BASELINE", "FAPI2_SECURITY"],
    "entityId": "https://entity.example",
    "trustAnchorId": "https://anchor.example",
    "trustChain": ["a.b.c"],
    "trustChainExpiresAt": 1800000000000,
    "trustChainUpdatedAt": 1700000000000,
    "organizationName": "Organization",
    "signedJwksUri": "https://client.example/jwks.jwt",
    "clientRegistrationTypes": ["AUTOMATIC"],
    "credentialOfferEndpoint": "https://client.example/offer",
    "credentialResponseEncryptionRequired": True,
}

# What no request changes.
SERVER_SET = {
    "service": {"apiKey", "apiSecret", "createdAt", "modifiedAt", "metadata", "hsks", "clientIdAliasEnabled"},
    "client": {
        "clientId",
        "clientSecret",
        "createdAt",
        "modifiedAt",
        "locked",
        "derivedSectorIdentifier",
        "dynamicallyRegistered",
        "registrationAccessTokenHash",
        "automaticallyRegistered",
        "explicitlyRegistered",
    },
}

# Only one of these can be in a client.
ALTERNATIVES = {
    "jwksUri": "https://client.example/jwks",
    "tlsClientAuthSubjectDn": "CN=client.example,O=Client,C=DE",
    "tlsClientAuthSanDns": "client.example",
    "tlsClientAuthSanUri": "https://client.example/certificate",
    "tlsClientAuthSanIp": "2001:db8::1",
    "tlsClientAuthSanEmail": "client@client.example",
}

created = api(demo["organization_token"], demo["service_id"]).createService(Service({"serviceName": "Python"}))
service_id = created.apiKey
authlete = api(demo["organization_token"], service_id)


def change_service(**changes):
    """Reads the service and writes it back with changes, as Terraform does."""
    return authlete.updateService(Service(members(authlete.getService(service_id)) | changes))


def service_is_created():
    equal(created.serviceName, "Python", "serviceName")
    equal(created.issuer, f"{demo['base_url']}/{service_id}", "issuer")
    equal(members(authlete.getService(service_id)), members(created), "what get answers")


def services_are_listed():
    every = authlete.getServiceList(0, 50)
    ids = [service.apiKey for service in every.services]
    equal(every.totalCount, len(ids), "totalCount")
    true(demo["service_id"] in ids and service_id in ids, f"only {ids} are listed")
    times = [service.createdAt for service in every.services]
    equal(times, sorted(times), "the order")
    page = authlete.getServiceList(1, 2)
    equal([service.apiKey for service in page.services], ids[1:2], "a page")
    equal([page.start, page.end, page.totalCount], [1, 2, len(ids)], "start, end and totalCount of a page")


def every_service_member_is_tried():
    modelled = set(members(Service()))
    equal(modelled - SERVER_SET["service"], set(EVERY_SERVICE_MEMBER), "the members of the package's Service")


def service_members_are_kept():
    holds(change_service(**EVERY_SERVICE_MEMBER), EVERY_SERVICE_MEMBER)
    holds(authlete.getService(service_id), EVERY_SERVICE_MEMBER)


def service_is_written_back():
    before = authlete.getService(service_id)
    after = authlete.updateService(before)
    equal(without(after, "modifiedAt"), without(before, "modifiedAt"), "the service")


def configuration_is_answered():
    configuration = json.loads(authlete.getServiceConfiguration())
    equal(configuration["issuer"], EVERY_SERVICE_MEMBER["issuer"], "issuer")
    equal(configuration["token_endpoint"], EVERY_SERVICE_MEMBER["tokenEndpoint"], "token_endpoint")
    equal(configuration["scopes_supported"], ["read"], "scopes_supported")
    equal(configuration["display_values_supported"], ["page", "wap"], "display_values_supported")


def configuration_is_pretty():
    true("\n" in authlete.getServiceConfiguration(ServiceConfigurationRequest({"pretty": True})), "it is not pretty")
    true("\n" not in authlete.getServiceConfiguration(ServiceConfigurationRequest()), "it is always pretty")


def keys_are_public():
    change_service(jwks=PRIVATE_KEYS)
    equal(json.loads(authlete.getServiceJwks(pretty=False)), json.loads(PUBLIC_KEYS), "the keys")
    equal(json.loads(authlete.getService(service_id).jwks), json.loads(PUBLIC_KEYS), "jwks of the service")


def keys_are_private():
    # The package writes the flag as Python does: includePrivateKeys=True.
    equal(json.loads(authlete.getServiceJwks(includePrivateKeys=True)), json.loads(PRIVATE_KEYS), "the keys")


def private_keys_stay():
    change_service()
    path = f"/api/{service_id}/service/jwks/get?includePrivateKeys=true"
    equal(raw("GET", path).json(), json.loads(PRIVATE_KEYS), "the keys after a service was written back")


def unset_service_members_are_gone():
    plain = authlete.updateService(Service({"serviceName": "Python"}))
    true(created.jwks is not None, "a service is made without keys")
    equal(without(plain, "modifiedAt", "jwks"), without(created, "modifiedAt", "jwks"), "the service")
    equal(authlete.getServiceJwks(), "", "the keys of a service without keys")


check("service: create answers the service, get the same", service_is_created)
check("service: list has an organization's services, oldest first, in pages", services_are_listed)
check("service: every member of the package's Service is tried here", every_service_member_is_tried)
check("service: what is read can be written back and changes nothing", service_is_written_back)
check("service: every member that is written is read", service_members_are_kept)
check("service: a full service can be written back and changes nothing", service_is_written_back)
check("service: configuration has what was written", configuration_is_answered)
check("service: configuration is pretty if asked", configuration_is_pretty)
check("service: jwks has the public keys", keys_are_public)
check("service: jwks has the private keys if asked", keys_are_private)
check("service: a private key stays when the service is read and written back", private_keys_stay)
check("service: what an update does not carry is gone", unset_service_members_are_gone)

# From here on the service offers everything.
change_service(
    dynamicRegistrationSupported=True,
    supportedGrantTypes=GRANT_TYPES,
    supportedResponseTypes=RESPONSE_TYPES,
    supportedTokenAuthMethods=AUTH_METHODS,
    supportedScopes=[members(Scope({"name": name})) for name in ["openid", "read", "write"]],
    supportedCustomClientMetadata=["partner"],
)

# Dynamic registration

WEB = {
    "client_name": "Web client",
    "client_name#ja": "ウェブ",
    "application_type": "web",
    "redirect_uris": ["https://client.example/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "client_secret_basic",
    "partner": {"a": 1},
}

NATIVE = {
    "client_name": "Native client",
    "application_type": "native",
    "redirect_uris": ["http://127.0.0.1:8123/callback"],
    "token_endpoint_auth_method": "none",
}


def request(metadata=None, client_id=None, token=None):
    text = metadata if metadata is None or isinstance(metadata, str) else json.dumps(metadata)
    return ClientRegistrationRequest({"json": text, "clientId": client_id, "token": token})


def content(response, action, code):
    """The parsed responseContent of an answer with that action and result code."""
    equal(response.action and response.action.name, action, f"the action of {response.resultMessage!r}")
    equal(response.resultCode, code, "resultCode")
    true(response.resultMessage.startswith(f"[{code}] "), response.resultMessage)
    return response.responseContent and json.loads(response.responseContent)


def register(metadata):
    return content(authlete.dynamicClientRegister(request(metadata)), "CREATED", "A202001")


def at_oauth_door(registered):
    """Reads a registration at its registration_client_uri."""
    path = urlsplit(registered["registration_client_uri"]).path
    return raw("GET", path, token=registered["registration_access_token"])


MANAGE = {
    "get": authlete.dynamicClientGet,
    "update": authlete.dynamicClientUpdate,
    "delete": authlete.dynamicClientDelete,
}

clients = {}


def the_registered():
    true("registered" in clients, "it is not registered")
    registered = clients["registered"]
    return registered, registered["client_id"], registered["registration_access_token"]


def registers():
    response = authlete.dynamicClientRegister(request(WEB))
    registered = clients["registered"] = content(response, "CREATED", "A202001")
    equal({name: registered.get(name) for name in WEB}, WEB, "what is registered")
    uri = f"{demo['base_url']}/{service_id}/register/{registered['client_id']}"
    equal(registered["registration_client_uri"], uri, "registration_client_uri")
    holds(
        response.client,
        {
            "clientId": int(registered["client_id"]),
            "clientSecret": registered["client_secret"],
            "clientName": "Web client",
            "clientNames": [{"tag": "ja", "value": "ウェブ"}],
            "clientType": "CONFIDENTIAL",
            "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
            "developer": f"authlete_{service_id}",
            "dynamicallyRegistered": True,
            "customMetadata": '{"partner": {"a": 1}}',
        },
    )


def reads():
    registered, client_id, token = the_registered()
    response = authlete.dynamicClientGet(request(client_id=client_id, token=token))
    equal(content(response, "OK", "A217001"), registered, "the registration")
    equal(members(response.client), members(authlete.getClient(client_id)), "the client")


def reads_at_oauth_door():
    registered, _, _ = the_registered()
    response = at_oauth_door(registered)
    equal(response.status_code, 200, "the status")
    equal(response.json(), registered, "the registration")


def updates():
    registered, client_id, token = the_registered()
    changed = registered | {"client_name": "Renamed"}
    del changed["client_name#ja"]
    response = authlete.dynamicClientUpdate(request(changed, client_id, token))
    equal(content(response, "UPDATED", "A213001"), changed, "the registration")
    equal([response.client.clientName, response.client.clientNames], ["Renamed", None], "the names")
    clients["registered"] = changed
    reads()


def finds_clients_of_the_oauth_door():
    response = raw("POST", f"/{service_id}/register", json.dumps(NATIVE), token=None)
    equal(response.status_code, 201, "the status")
    registered = response.json()
    client_id = registered["client_id"]
    true(re.fullmatch("[0-9a-f-]{36}", client_id), client_id)
    found = authlete.getClient(client_id)
    holds(found, {"clientIdAlias": client_id, "clientName": "Native client", "clientType": "PUBLIC"})
    equal(members(authlete.getClient(found.clientId)), members(found), "the client by its number")
    response = authlete.dynamicClientGet(request(None, client_id, registered["registration_access_token"]))
    equal(content(response, "OK", "A217001"), registered, "the registration")
    authlete.deleteClient(found.clientId)
    equal(at_oauth_door(registered).status_code, 401, "the status once deleted")


def refuses_faults():
    faults = [
        ("{", "invalid_client_metadata"),
        ("7", "invalid_client_metadata"),
        ({"client_name": 7}, "invalid_client_metadata"),
        (WEB | {"redirect_uris": ["https://client.example/#fragment"]}, "invalid_redirect_uri"),
    ]
    for metadata, error in faults:
        response = authlete.dynamicClientRegister(request(metadata))
        equal(response.action.name, "BAD_REQUEST", f"the action of {response.resultMessage!r}")
        equal(json.loads(response.responseContent)["error"], error, "error")
        equal(response.client, None, "client")
        text = metadata if isinstance(metadata, str) else json.dumps(metadata)
        other = raw("POST", f"/{service_id}/register", text, token=None)
        equal([other.status_code, other.text], [400, response.responseContent], "what the oauth door answers")


def refuses_strangers():
    _, client_id, _ = the_registered()
    contents = set()
    for operation, code in [("get", "A217394"), ("update", "A213394"), ("delete", "A216394")]:
        for named, token in [(client_id, "wrong"), (client_id, None), ("1", "wrong"), (None, None)]:
            response = MANAGE[operation](request(NATIVE, named, token))
            equal(content(response, "BAD_REQUEST", code)["error"], "invalid_token", "error")
            contents.add(response.responseContent)
    equal(len(contents), 1, "the number of different answers")


def is_closed():
    change_service(dynamicRegistrationSupported=False)
    response = authlete.dynamicClientRegister(request(WEB))
    true("error" in content(response, "INTERNAL_SERVER_ERROR", "A202290"), response.responseContent)
    change_service(dynamicRegistrationSupported=True)


def locks_a_registration():
    registered, client_id, token = the_registered()
    authlete.updateClientLockFlag(client_id, True)
    equal(authlete.getClient(client_id).locked, True, "locked")
    for operation in MANAGE:
        body = fails(lambda: MANAGE[operation](request(NATIVE, client_id, token)), 403, "A001215")
        said = f"[A001215] /client/registration/{operation}, The client (ID = {client_id}) is locked."
        equal(body["resultMessage"], said, "resultMessage")
    equal(at_oauth_door(registered).status_code, 403, "the status at the oauth door")
    authlete.updateClientLockFlag(client_id, False)
    equal(authlete.getClient(client_id).locked, False, "locked")
    reads()


def deletes():
    registered, client_id, token = the_registered()
    response = authlete.dynamicClientDelete(request(None, client_id, token))
    equal(content(response, "DELETED", "A216001"), None, "responseContent")
    for operation in MANAGE:
        again = MANAGE[operation](request(NATIVE, client_id, token))
        equal(again.action.name, "BAD_REQUEST", f"the action of {operation} once deleted")
    fails(lambda: authlete.getClient(client_id), 404, "A001295")
    equal(at_oauth_door(registered).status_code, 401, "the status at the oauth door once deleted")


check("registration: register answers CREATED, the client and its registration", registers)
check("registration: get answers OK and what register did", reads)
check("registration: it is read at its registration_client_uri, too", reads_at_oauth_door)
check("registration: update answers UPDATED and the same token", updates)
check(
    "registration: a client of the oauth door is found by its number and its identifier",
    finds_clients_of_the_oauth_door,
)
check("registration: faults are BAD_REQUEST with the body of the oauth door", refuses_faults)
check("registration: wrong tokens and clients are BAD_REQUEST", refuses_strangers)
check("registration: without dynamicRegistrationSupported it is INTERNAL_SERVER_ERROR", is_closed)
check("registration: a locked client is 403 A001215, an unlocked one is read again", locks_a_registration)
check("registration: delete answers DELETED, and then it is gone", deletes)

# Clients


def every_client_member_is_tried():
    modelled = set(members(Client()))
    tried = set(EVERY_CLIENT_MEMBER) | set(ALTERNATIVES)
    equal(modelled - SERVER_SET["client"], tried, "the members of the package's Client")


def client_members_are_kept():
    every = clients["every"] = authlete.createClient(Client(EVERY_CLIENT_MEMBER))
    holds(every, EVERY_CLIENT_MEMBER)
    holds(every, {"derivedSectorIdentifier": "sector.example", "dynamicallyRegistered": False, "locked": False})
    equal(members(authlete.getClient(every.clientId)), members(every), "what get answers")
    equal(members(authlete.getClient("every-member")), members(every), "what get answers for the alias")


def client_is_written_back():
    before = authlete.getClient("every-member")
    after = authlete.updateClient(before)
    equal(without(after, "modifiedAt"), without(before, "modifiedAt"), "the client")


def client_is_changed():
    client = authlete.getClient("every-member")
    before = members(client)
    client.clientName = "Changed"
    client.redirectUris = ["https://client.example/changed"]
    client.descriptions = None
    client.pkceRequired = False
    client.clientIdAlias = "changed"
    after = authlete.updateClient(client)
    changed = {name for name, value in members(after).items() if value != before[name]}
    expected = {"clientName", "redirectUris", "descriptions", "pkceRequired", "clientIdAlias"}
    equal(changed - {"modifiedAt"}, expected, "what changed")
    equal(members(authlete.getClient("changed")), members(after), "what get answers")
    fails(lambda: authlete.getClient("every-member"), 404, "A001295")


def unset_client_members_are_gone():
    every = clients["every"]
    blank = authlete.updateClient(Client({"clientId": every.clientId}))
    new = authlete.createClient(Client())
    own = ["clientId", "clientIdAlias", "clientSecret", "createdAt", "modifiedAt"]
    equal(without(blank, *own), without(new, *own), "a client without anything")
    equal([blank.clientId, blank.createdAt], [every.clientId, every.createdAt], "number and time")
    authlete.deleteClient(new.clientId)


def client_is_deleted():
    equal(authlete.deleteClient(clients["every"].clientId), "", "the body")
    fails(lambda: authlete.getClient(clients["every"].clientId), 404, "A001295")


def alternatives_are_kept():
    for name, value in ALTERNATIVES.items():
        method = "PRIVATE_KEY_JWT" if name == "jwksUri" else "TLS_CLIENT_AUTH"
        sent = {"tokenAuthMethod": method, name: value}
        client = authlete.createClient(Client(sent))
        holds(authlete.getClient(client.clientId), sent)
        holds(authlete.updateClient(client), sent)
        authlete.deleteClient(client.clientId)


def refuses_taken_alias():
    first = authlete.createClient(Client({"clientIdAlias": "taken"}))
    fails(lambda: authlete.createClient(Client({"clientIdAlias": "taken"})), 400, "A001296")
    authlete.deleteClient("taken")
    fails(lambda: authlete.getClient(first.clientId), 404, "A001295")


def refuses_client_faults():
    for client, member in [
        ({"redirectUris": ["no URL"]}, "redirectUris"),
        ({"jwks": "no JSON"}, "jwks"),
        ({"clientName": 7}, "clientName"),
    ]:
        body = fails(lambda: authlete.createClient(Client(client)), 400, "A001296")
        true(member in body["resultMessage"], body["resultMessage"])


def unknown_client_is_404():
    for call in [
        lambda: authlete.getClient(1),
        lambda: authlete.updateClient(Client({"clientId": 1})),
        lambda: authlete.deleteClient("nobody"),
        lambda: authlete.updateClientLockFlag("nobody", True),
        lambda: authlete.refreshClientSecret(1),
        lambda: authlete.getRequestableScopes(1),
        lambda: authlete.setRequestableScopes(1, ["read"]),
        lambda: authlete.deleteRequestableScopes(1),
    ]:
        fails(call, 404, "A001295")


def counts(expected, developer=None):
    """Counts follow the table with a short delay."""
    for _ in range(50):
        counted = authlete.getClientList(developer, 0, 0).totalCount
        if counted == expected:
            return
        time.sleep(0.1)
    equal(counted, expected, "totalCount")


def clients_are_listed():
    counts(0)
    equal(authlete.getClientList().clients, [], "an empty list")
    numbers = []
    for number in range(3):
        client = Client({"clientName": str(number), "developer": "someone"})
        numbers.append(authlete.createClient(client).clientId)
        numbers.append(int(register(NATIVE)["client_id"]))
    counts(6)
    for _ in range(2):
        for size in [6, 4, 1]:
            pages = [authlete.getClientList(None, start, start + size) for start in range(0, 6, size)]
            equal([client.clientId for page in pages for client in page.clients], numbers, "the pages")
            equal({page.totalCount for page in pages}, {6}, "totalCount")
    first = authlete.getClientList()
    equal([first.start, first.end, len(first.clients)], [0, 5, 5], "start, end and length of the first page")
    counts(3, "someone")
    own = authlete.getClientList("someone", 1, 10)
    equal([client.clientId for client in own.clients], numbers[2::2], "a developer's clients")
    equal(own.developer, "someone", "developer")
    equal(authlete.getClientList(f"authlete_{service_id}").totalCount, 3, "totalCount of registered clients")
    for number in numbers:
        authlete.deleteClient(number)
    counts(0)


check("client: every member of the package's Client is tried here", every_client_member_is_tried)
check("client: every member that is created is answered and read, by number and alias", client_members_are_kept)
check("client: update takes what get answered and changes nothing", client_is_written_back)
check("client: update changes what is changed and nothing else", client_is_changed)
check("client: an update of nulls is a client without anything", unset_client_members_are_gone)
check("client: delete", client_is_deleted)
check("client: jwksUri, and each member that names a certificate", alternatives_are_kept)
check("client: a taken alias is 400, and delete takes an alias", refuses_taken_alias)
check("client: a fault names the member", refuses_client_faults)
check("client: an unknown one is 404 in every operation", unknown_client_is_404)
check("list: pages, oldest first, counted, of a developer", clients_are_listed)

# Locks, secrets, requestable scopes

basic = authlete.createClient(Client({"clientIdAlias": "basic", "tokenAuthMethod": "CLIENT_SECRET_BASIC"}))


def locks():
    for identifier in [basic.clientId, "basic"]:
        authlete.updateClientLockFlag(identifier, True)
        equal(authlete.getClient("basic").locked, True, "locked")
        equal(authlete.updateClient(basic).locked, True, "locked after an update with false")
        authlete.updateClientLockFlag(identifier, False)
        equal(authlete.getClient("basic").locked, False, "locked")


def refreshes_the_secret():
    for identifier in [basic.clientId, "basic"]:
        before = authlete.getClient("basic").clientSecret
        response = authlete.refreshClientSecret(identifier)
        said = f"[A148001] Successfully refreshed the client secret of the client (ID = {basic.clientId})."
        equal([response.resultCode, response.resultMessage], ["A148001", said], "the result")
        equal(response.oldClientSecret, before, "oldClientSecret")
        true(response.newClientSecret != before, "the secret is the same")
        equal(authlete.getClient("basic").clientSecret, response.newClientSecret, "clientSecret")


def limits_scopes():
    for identifier, scopes in [(basic.clientId, ["write"]), ("basic", ["read", "openid"]), ("basic", [])]:
        equal(authlete.setRequestableScopes(identifier, [*scopes, "no-such-scope"]), scopes, "what is set")
        equal(authlete.getRequestableScopes(identifier), scopes, "what is read")
        extension = authlete.getClient("basic").extension
        equal(
            [extension.requestableScopesEnabled, extension.requestableScopes], [True, scopes], "the client's extension"
        )


def frees_scopes():
    authlete.deleteRequestableScopes("basic")
    extension = authlete.getClient("basic").extension
    equal([extension.requestableScopesEnabled, extension.requestableScopes], [False, None], "the client's extension")


check("lock: by number and alias; it survives an update", locks)
check("secret: refresh by number and alias gives a new one", refreshes_the_secret)
check("scopes: set and get by number and alias; those of no scope are dropped", limits_scopes)
check("scopes: delete removes the restriction", frees_scopes)

# Errors of the caller

REGISTER = f"/api/{service_id}/client/registration"


def error(response, status, code, operation):
    equal(response.status_code, status, f"the status of {response.text}")
    equal(response.json()["resultCode"], code, "resultCode")
    message = response.json()["resultMessage"]
    true(message.startswith(f"[{code}] {operation}"), message)


def refuses_tokens():
    error(raw("GET", f"/api/{service_id}/service/get", token=None), 401, "A001202", "/service/get, ")
    unknown = api("wrong", service_id)
    fails(lambda: unknown.getService(service_id), 401, "A001203")
    fails(lambda: unknown.dynamicClientRegister(request(WEB)), 401, "A001203")
    for identifier in [service_id, 9007199254740991]:
        other = api(demo["service_token"], identifier)
        fails(lambda: other.getService(identifier), 403, "A001293")
        fails(lambda: other.getClientList(), 403, "A001293")
        fails(lambda: other.dynamicClientRegister(request(WEB)), 403, "A001293")
    own = api(demo["service_token"], demo["service_id"])
    fails(lambda: own.createService(Service()), 403, "A001293")
    fails(lambda: own.deleteService(demo["service_id"]), 403, "A001293")


def refuses_requests():
    error(raw("POST", REGISTER), 400, "A126203", "/client/registration, The request body is missing or empty.")
    said = "/client/registration, Content-Type header is not specified."
    error(raw("POST", REGISTER, b"{}", content_type=None), 400, "A258201", said)
    error(raw("POST", REGISTER, "{"), 400, "A001290", "/client/registration, ")


def has_no_other_operations():
    calls = [authlete.backchannelAuthentication, authlete.deviceAuthorization, authlete.gm, authlete.verifyJose]
    for call in calls:
        fails(lambda: call({}), 404, "A001292")


def service_is_deleted():
    authlete.deleteService(service_id)
    fails(lambda: authlete.getService(service_id), 403, "A001293")
    fails(lambda: authlete.getClient("basic"), 403, "A001293")
    listed = [service.apiKey for service in authlete.getServiceList(0, 50).services]
    true(service_id not in listed, "it is still listed")


check("errors: no token, an unknown one, another service's, and one without the permission", refuses_tokens)
check("errors: no body, no content type, no JSON", refuses_requests)
check("errors: operations that do not exist here are 404 JSON", has_no_other_operations)
check("service: delete ends it with its clients", service_is_deleted)

finish()
