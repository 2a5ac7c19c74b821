"""Who a client is: Registrar's look-up, as authlib's client class."""

import json
import os
import pathlib
import re
import secrets
import sys
import time

import requests
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin, list_to_scope, scope_to_list

HELD = 1000
SCOPES = ["profile"]
REFUSALS = {"invalid_client", "unauthorized_client", "access_denied"}

SERVICE = os.environ.get("REGISTRAR_SERVICE")
TOKEN = os.environ.get("REGISTRAR_TOKEN")
if not (SERVICE and TOKEN):  # the demo service of `cargo run`
    file = pathlib.Path(__file__).parents[2] / ".registrar" / "demo.json"
    if not file.exists():
        sys.exit("start the demo service, or set REGISTRAR_SERVICE and REGISTRAR_TOKEN")
    demo = json.loads(file.read_text())
    SERVICE, TOKEN = f"{demo['base_url']}/{demo['service_id']}", demo["service_token"]

# What the authorization server's metadata has to say, so that programs register at Registrar, and with
# METADATA_DOCUMENTS=true also that they may name themselves: where the service's policy has that door.
METADATA = {"registration_endpoint": f"{SERVICE}/register"}
if os.environ.get("METADATA_DOCUMENTS") == "true":
    METADATA["client_id_metadata_document_supported"] = True

_answers = {}


class TemporarilyUnavailable(OAuth2Error):
    """It cannot be said now who the client is. It is not unknown: programs forget their registration when told that."""

    error = "temporarily_unavailable"
    status_code = 503

    def __init__(self, reason, retry_after="5"):
        print(reason, file=sys.stderr)
        super().__init__(reason)
        self.retry_after = retry_after

    def get_headers(self):
        return [*super().get_headers(), ("Retry-After", self.retry_after)]


def look_up(client_id, redirect_uri=None):
    """The client in the names of RFC 7591, or None if there is none, or if that redirect URI is not the client's. It
    keeps the name by which it has come, also where that is an alias: the client knows itself by no other."""
    question = {"client_id": client_id} | ({"redirect_uri": redirect_uri} if redirect_uri else {})
    key = (client_id, redirect_uri)
    client, etag, fresh_until = _answers.get(key, (None, None, 0))
    if time.monotonic() >= fresh_until:
        client = _ask(key, question, client, etag)
    if client and client["locked"]:
        raise OAuth2Error("the client is locked", error="access_denied")
    return client and client | {"client_id": client_id}


def _ask(key, question, held, etag):
    headers = {"Authorization": f"Bearer {TOKEN}"} | ({"If-None-Match": etag} if etag else {})
    try:
        response = requests.get(f"{SERVICE}/client", question, headers=headers, timeout=10, allow_redirects=False)
        answer = held if response.status_code == 304 else response.json()
    except requests.RequestException as error:
        raise TemporarilyUnavailable(f"the look-up has failed: {type(error).__name__}") from None
    status = response.status_code
    if status == 429 or status >= 500:
        raise TemporarilyUnavailable(f"the look-up has answered {status}", response.headers.get("Retry-After", "5"))
    _answers.pop(key, None)
    if status in (200, 304):
        max_age = re.search(r"max-age=(\d+)", response.headers.get("Cache-Control", ""))
        if len(_answers) >= HELD:
            _answers.pop(next(iter(_answers)), None)
        _answers[key] = (answer, response.headers.get("ETag"), time.monotonic() + int(max_age[1] if max_age else 0))
        return answer
    if status == 404 and answer["error"] == "not_found" or answer.get("outcome") == "redirect_mismatch":
        return None
    # RFC 6749 lets an error_description have these characters, and authlib no others.
    description = re.sub(r"[^ !#-\[\]-~]", " ", answer.get("error_description", ""))
    if answer["error"] in REFUSALS:
        raise OAuth2Error(description, error=answer["error"])
    print(f"the look-up has answered {status} {answer['error']}: {description}", file=sys.stderr)
    raise OAuth2Error(error="server_error", status_code=500)


class Client(ClientMixin):
    @classmethod
    def find(cls, client_id):
        client = look_up(client_id)
        return client and cls(client)

    def __init__(self, metadata):
        self.metadata = metadata

    @property
    def client_id(self):
        return self.metadata["client_id"]

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        uris = self.metadata.get("redirect_uris", [])
        return uris[0] if len(uris) == 1 else None

    def check_redirect_uri(self, redirect_uri):
        """Registrar compares it: on the loopback interface any port is the client's (RFC 8252 section 7.3)."""
        return look_up(self.client_id, redirect_uri) is not None

    def get_allowed_scope(self, scope):
        """What it asks for, less what it may not have; None is invalid_scope."""
        may = self.metadata.get("requestable_scopes")
        if may is None:
            may = scope_to_list(self.metadata.get("scope")) or SCOPES
        granted = [one for one in scope_to_list(scope) or may if one in may and one in SCOPES]
        return list_to_scope(granted) or None

    def check_client_secret(self, client_secret):
        ends = self.metadata.get("client_secret_expires_at", 0)
        known = self.metadata.get("client_secret", "")
        same = secrets.compare_digest(known.encode(), client_secret.encode())
        return bool(known) and same and (ends == 0 or time.time() < ends)

    def check_endpoint_auth_method(self, method, endpoint):
        return method == self.metadata["token_endpoint_auth_method"]

    def check_response_type(self, response_type):
        return response_type in self.metadata["response_types"]

    def check_grant_type(self, grant_type):
        return grant_type in self.metadata["grant_types"]
