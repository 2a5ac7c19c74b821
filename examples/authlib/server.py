"""An authorization server that keeps no clients: authlib's grants in Flask, and Registrar's clients."""

import os
import secrets
import time
from dataclasses import dataclass

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, InvalidRequestError, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from flask import Flask, jsonify, render_template_string, request
from werkzeug.serving import make_server

import clients

USER = "demo"
METHODS = ["none", "client_secret_basic", "client_secret_post"]
PAGE = """<!doctype html>
<title>Allow a program?</title>
<h1>{{ client.metadata.client_name or client.client_id }}</h1>
<p>asks for <em>{{ grant.request.scope }}</em>. You are sent to <strong>{{ redirect_uri }}</strong> afterwards.
<form method="post">
  <input type="hidden" name="page" value="{{ page }}">
  <button name="decision" value="allow">Allow</button>
  <button name="decision" value="deny">Deny</button>
</form>
"""


@dataclass
class Granted(AuthorizationCodeMixin, TokenMixin):
    """A code or a token, in memory."""

    client_id: str
    scope: str
    ends: float
    redirect_uri: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str = "S256"

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def check_client(self, client):
        return self.client_id == client.client_id

    def is_expired(self):
        return time.time() >= self.ends

    def is_revoked(self):
        return False


codes, access_tokens, refresh_tokens = {}, {}, {}


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS

    def save_authorization_code(self, code, request):
        asked = request.payload
        challenge = asked.data["code_challenge"]
        codes[code] = Granted(request.client.client_id, request.scope, time.time() + 60, asked.redirect_uri, challenge)

    def query_authorization_code(self, code, client):
        found = codes.pop(code, None)  # whoever shows it: it is good once
        return found if found and found.check_client(client) and not found.is_expired() else None

    def delete_authorization_code(self, authorization_code):
        pass

    def authenticate_user(self, authorization_code):
        return USER


class RefreshTokenGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token):
        found = refresh_tokens.get(refresh_token)
        return found if found and not found.is_expired() else None

    def authenticate_user(self, refresh_token):
        return USER

    def revoke_old_credential(self, refresh_token):
        refresh_tokens.pop(self.request.form["refresh_token"], None)


class S256(CodeChallenge):
    """PKCE as OAuth 2.1 has it: of every client, and only S256."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant, redirect_uri):
        if grant.request.payload.data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method must be S256")
        super().validate_code_challenge(grant, redirect_uri)


class Issuer(IssuerParameter):
    def get_issuer(self):
        return issuer


class Tokens(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return access_tokens.get(token_string)


def save_token(token, request):
    client_id, scope = request.client.client_id, token.get("scope", "")
    access_tokens[token["access_token"]] = Granted(client_id, scope, time.time() + token["expires_in"])
    if "refresh_token" in token:
        refresh_tokens[token["refresh_token"]] = Granted(client_id, scope, time.time() + 30 * 86_400)


app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"authorization_code": 3600, "refresh_token": 3600}
app.config["OAUTH2_SCOPES_SUPPORTED"] = clients.SCOPES
server = AuthorizationServer(app, query_client=clients.Client.find, save_token=save_token)
server.register_grant(AuthorizationCodeGrant, [S256()])
server.register_grant(RefreshTokenGrant)
names_issuer = Issuer()
names_issuer(server)
protected = ResourceProtector()
protected.register_token_validator(Tokens())


@app.get("/.well-known/oauth-authorization-server")
def metadata():
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "scopes_supported": clients.SCOPES,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": METHODS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        **clients.METADATA,
    }


@app.route("/authorize", methods=["GET", "POST"])
def authorize():
    """There is no login: whoever opens the page is the demo user."""
    try:
        grant = server.get_consent_grant(end_user=USER)
    except OAuth2Error as error:
        response = server.handle_error_response(request, error)
        names_issuer.add_issuer_parameter(server, response)
        return response
    if request.method == "POST":
        # The cookie is of this site alone: no other can send the user's browser here with a decision.
        page = request.cookies.get("page")
        if not page or not secrets.compare_digest(page.encode(), request.form.get("page", "").encode()):
            return "This page is not good any more. Start again where you began.", 400
        user = USER if request.form.get("decision") == "allow" else None
        return server.create_authorization_response(grant=grant, grant_user=user)
    page = secrets.token_urlsafe()
    redirect_uri = request.args.get("redirect_uri") or grant.client.get_default_redirect_uri()
    html = render_template_string(PAGE, client=grant.client, grant=grant, redirect_uri=redirect_uri, page=page)
    response = app.make_response(html)
    secure = issuer.startswith("https:")
    response.set_cookie("page", page, httponly=True, samesite="Strict", secure=secure, path="/authorize")
    response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    return response


@app.post("/token")
def token():
    return server.create_token_response()


@app.get("/me")
@protected("profile")
def me():
    return jsonify(sub=USER, client_id=current_token.client_id)


# The issuer has to be known before anybody asks for it: with PORT=0 the system chooses it.
http = make_server("127.0.0.1", int(os.environ.get("PORT", "9001")), app, threaded=True)
issuer = os.environ.get("ISSUER", f"http://127.0.0.1:{http.server_port}")
print(f"issuer {issuer}", flush=True)
print(f"clients register at {clients.METADATA['registration_endpoint']}", flush=True)
http.serve_forever()
