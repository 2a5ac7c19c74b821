"""PyPI `mcp`: OAuthClientProvider discovers and registers, as it does for an MCP host.

The provider meets a protected resource that names Registrar as its authorization server, and is stopped where
it would send the user to the authorization endpoint. The package has nothing for RFC 7592: that is plain
httpx2, its answers parsed by the package's own model. Takes the path of the server's demo.json, prints one line
per check and exits with 1 if one failed.
"""

import asyncio
import logging
from urllib.parse import parse_qs, urlsplit

import httpx2
from checks import checking, demo, equal, finish, true
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider, OAuthRegistrationError
from mcp.client.auth.utils import (
    build_oauth_authorization_server_metadata_discovery_urls,
    create_oauth_metadata_request,
    extract_field_from_www_auth,
    handle_auth_metadata_response,
    validate_metadata_issuer,
)
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

RESOURCE = "https://resource.example/mcp"
RESOURCE_METADATA = "https://resource.example/.well-known/oauth-protected-resource/mcp"

# What RFC 7592 section 2.2 forbids in an update.
SERVER_SET = {
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
}

METADATA = {
    "public native": OAuthClientMetadata.model_validate(
        {
            "client_name": "Public native client",
            "redirect_uris": ["http://127.0.0.1:8123/callback"],
            "token_endpoint_auth_method": "none",
        }
    ),
    "confidential": OAuthClientMetadata.model_validate(
        {
            "client_name": "Confidential client",
            "application_type": "web",
            "redirect_uris": ["https://client.example/callback"],
            "token_endpoint_auth_method": "client_secret_basic",
        }
    ),
}


async def check(name, body):
    """Runs one check and prints its line."""
    with checking(name):
        await body()


class Storage:
    """A TokenStorage that keeps the client for as long as the program runs."""

    client_info = None

    async def get_tokens(self) -> OAuthToken | None:
        return None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        raise AssertionError("no token was asked for")

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client_info

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client_info = client_info


class AuthorizationStarts(Exception):
    """The provider has registered and sends the user to the authorization endpoint."""


def resource(request):
    """The protected resource: it asks for authorization and names Registrar as its authorization server."""
    if str(request.url) == RESOURCE_METADATA:
        return httpx2.Response(200, json={"resource": RESOURCE, "authorization_servers": [demo["issuer"]]})
    challenge = f'Bearer resource_metadata="{RESOURCE_METADATA}"'
    return httpx2.Response(401, headers={"www-authenticate": challenge})


class Registered:
    """A client as the package knows it, the whole answer (its model drops the two members of RFC 7592), and the
    URL that the user would be sent to."""

    def __init__(self, information, answer, authorization_url):
        self.information = information
        self.answer = answer
        self.authorization_url = urlsplit(authorization_url)


async def register(metadata):
    answers = []
    storage = Storage()

    async def keep_registration(response):
        if str(response.request.url) == demo["registration_endpoint"]:
            await response.aread()
            answers.append(response.json())

    async def redirect(url):
        raise AuthorizationStarts(url)

    async def callback() -> AuthorizationCodeResult:
        raise AssertionError("the user has not been sent anywhere")

    # The provider chooses the scope itself and writes it into the metadata that it is given.
    provider = OAuthClientProvider(RESOURCE, metadata.model_copy(), storage, redirect, callback)
    async with httpx2.AsyncClient(
        auth=provider,
        mounts={"all://resource.example": httpx2.MockTransport(resource)},
        event_hooks={"response": [keep_registration]},
    ) as http:
        try:
            await http.get(RESOURCE)
        except AuthorizationStarts as starts:
            equal(len(answers), 1, "the number of registrations")
            return Registered(storage.client_info, answers[0], str(starts))
    raise AssertionError("the provider did not come to the authorization endpoint")


async def main():
    # The provider logs what it raises.
    logging.getLogger("mcp.client.auth.oauth2").disabled = True
    async with httpx2.AsyncClient() as http:
        await run(http)


async def run(http):
    clients = {}

    def the(kind):
        true(kind in clients, "it is not registered")
        return clients[kind]

    def manage(registered, method, body=None, token=None):
        """A request to the client configuration endpoint."""
        token = token or registered.answer["registration_access_token"]
        return http.request(
            method,
            registered.answer["registration_client_uri"],
            json=body,
            headers={"accept": "application/json", "authorization": f"Bearer {token}"},
        )

    def update(registered, **changes):
        """The body of an update, made by the package's model."""
        information = OAuthClientInformationFull.model_validate(registered.answer)
        return information.model_dump(mode="json", exclude_none=True, exclude=SERVER_SET) | changes

    def is_invalid_token(response):
        equal(response.status_code, 401, "the status")
        equal(extract_field_from_www_auth(response, "error"), "invalid_token", "the challenge's error")
        equal(response.headers["content-type"], "application/json", "the content type")
        equal(response.json()["error"], "invalid_token", "error")

    async def discovers():
        urls = build_oauth_authorization_server_metadata_discovery_urls(demo["issuer"], RESOURCE)
        equal(len(urls), 3, "the number of places to look at")
        for url in urls:
            response = await http.send(create_oauth_metadata_request(url))
            _, server = await handle_auth_metadata_response(response)
            true(server, f"{url} answered {response.status_code} without the metadata")
            validate_metadata_issuer(server, demo["issuer"])
            equal(str(server.registration_endpoint), demo["registration_endpoint"], "registration_endpoint")
            true("S256" in server.code_challenge_methods_supported, "S256 is missing")

    async def registers(kind):
        registered = clients[kind] = await register(METADATA[kind])
        information = registered.information
        equal(information.issuer, demo["issuer"], "the issuer that the client is bound to")
        for member, requested in METADATA[kind].model_dump(exclude_none=True).items():
            equal(getattr(information, member), requested, member)
        query = parse_qs(registered.authorization_url.query)
        equal(query["client_id"], [information.client_id], "client_id of the authorization request")

    async def registers_public():
        await registers("public native")
        true("client_secret" not in clients["public native"].answer, "a public client has a secret")

    async def registers_confidential():
        await registers("confidential")
        information = clients["confidential"].information
        true(information.client_secret, "client_secret is missing")
        true(isinstance(information.client_secret_expires_at, int), "client_secret_expires_at is not a number")

    async def refuses_fragment():
        redirect_uris = ["http://127.0.0.1:8123/callback#fragment"]
        try:
            await register(OAuthClientMetadata.model_validate({"redirect_uris": redirect_uris}))
        except OAuthRegistrationError as error:
            true("400" in str(error) and '"invalid_redirect_uri"' in str(error), str(error))
        else:
            raise AssertionError("it was registered")

    async def reads(kind):
        registered = the(kind)
        response = await manage(registered, "GET")
        equal(response.status_code, 200, "the status")
        equal(response.json(), registered.answer, "the answer")
        information = OAuthClientInformationFull.model_validate_json(response.content)
        equal(information, registered.information.model_copy(update={"issuer": None}), "the client")

    async def updates(kind):
        registered = the(kind)
        name = f"{kind}, renamed"
        response = await manage(registered, "PUT", update(registered, client_name=name))
        equal(response.status_code, 200, "the status")
        equal(response.json(), registered.answer | {"client_name": name}, "the answer")
        equal(OAuthClientInformationFull.model_validate_json(response.content).client_name, name, "client_name")
        equal((await manage(registered, "GET")).json(), response.json(), "what is read then")

    async def refuses_wrong_token(kind):
        registered = the(kind)
        other = the("public native" if kind == "confidential" else "confidential")
        for token in ["wrong", other.answer["registration_access_token"]]:
            is_invalid_token(await manage(registered, "GET", token=token))
            is_invalid_token(await manage(registered, "PUT", update(registered), token=token))
            is_invalid_token(await manage(registered, "DELETE", token=token))

    async def deletes(kind):
        response = await manage(the(kind), "DELETE")
        equal(response.status_code, 204, "the status")
        equal(response.content, b"", "the body")

    async def is_gone(kind):
        is_invalid_token(await manage(the(kind), "GET"))
        is_invalid_token(await manage(the(kind), "DELETE"))

    await check("discovers the server at each of the three places", discovers)
    await check("registers a public native client", registers_public)
    await check("registers a confidential client", registers_confidential)
    await check(
        "a redirect URI with a fragment is an OAuthRegistrationError with invalid_redirect_uri", refuses_fragment
    )
    for kind in METADATA:
        await check(f"{kind}: reads what was registered", lambda: reads(kind))
        await check(f"{kind}: updates client_name", lambda: updates(kind))
        await check(f"{kind}: a wrong token is 401", lambda: refuses_wrong_token(kind))
    for kind in METADATA:
        await check(f"{kind}: deletes", lambda: deletes(kind))
        await check(f"{kind}: is 401 once deleted", lambda: is_gone(kind))


asyncio.run(main())
finish()
