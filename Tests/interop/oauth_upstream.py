"""An MCP server of the SDK that is its own authorisation server: `python oauth_upstream.py PORT LIFETIME [MODE]`.

Tokens live LIFETIME seconds; refresh tokens are rotated and good once. MODE makes it lie: `other-resource`, `other-issuer`,
`no-pkce`, `no-iss`, or `dead-refresh`. What it saw is at /seen.
"""

import secrets
import sys
import time

import uvicorn
from mcp.server import MCPServer
from mcp.server.auth.provider import (AccessToken, AuthorizationCode, OAuthAuthorizationServerProvider, RefreshToken, TokenError,
                                      construct_redirect_uri)
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions
from mcp.shared.auth import OAuthToken
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

PORT = int(sys.argv[1])
LIFETIME = int(sys.argv[2])
MODE = sys.argv[3] if len(sys.argv) > 3 else ""
ORIGIN = f"http://127.0.0.1:{PORT}"
RESOURCE = f"{ORIGIN}/mcp"
seen = {"authorizations": [], "refreshes": 0, "spent": 0, "resources": []}


class Provider(OAuthAuthorizationServerProvider):
    def __init__(self):
        self.clients, self.codes, self.access, self.refresh = {}, {}, {}, {}
        self.is_closed = False

    async def get_client(self, client_id):
        return self.clients.get(client_id)

    async def register_client(self, client_info):
        self.clients[client_info.client_id] = client_info

    async def authorize(self, client, params):
        code = secrets.token_urlsafe(32)
        seen["resources"].append(params.resource)
        self.codes[code] = AuthorizationCode(
            code=code, scopes=params.scopes or [], expires_at=time.time() + 60, client_id=client.client_id,
            code_challenge=params.code_challenge, redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly, resource=params.resource)
        issuer = {} if MODE == "no-iss" else {"iss": "http://evil.example" if MODE == "other-iss" else ORIGIN}
        return construct_redirect_uri(str(params.redirect_uri), code=code, state=params.state, **issuer)

    async def load_authorization_code(self, client, authorization_code):
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(self, client, authorization_code):
        del self.codes[authorization_code.code]
        return self.issue(client.client_id, authorization_code.scopes, authorization_code.resource)

    async def load_refresh_token(self, client, refresh_token):
        found = self.refresh.get(refresh_token)
        seen["spent"] += found is None
        return found

    async def exchange_refresh_token(self, client, refresh_token, scopes):
        if MODE == "dead-refresh":
            raise TokenError("invalid_grant", "this authorisation was taken back")
        del self.refresh[refresh_token.token]
        seen["refreshes"] += 1
        return self.issue(client.client_id, scopes, refresh_token.resource)

    async def load_access_token(self, token):
        found = self.access.get(token)
        return found if found and found.expires_at > time.time() and not self.is_closed else None

    async def revoke_token(self, token):
        self.access.pop(token.token, None)

    def issue(self, client_id, scopes, resource):
        access, refresh = "oat-" + secrets.token_urlsafe(24), "ort-" + secrets.token_urlsafe(24)
        self.access[access] = AccessToken(token=access, client_id=client_id, scopes=scopes, resource=resource,
                                          expires_at=int(time.time()) + LIFETIME)
        self.refresh[refresh] = RefreshToken(token=refresh, client_id=client_id, scopes=scopes, resource=resource)
        return OAuthToken(access_token=access, token_type="Bearer", expires_in=LIFETIME, refresh_token=refresh,
                          scope=" ".join(scopes))


class Lies(BaseHTTPMiddleware):
    """Changes what the metadata say."""

    async def dispatch(self, request, call_next):
        if request.headers.get("authorization"):
            seen["authorizations"].append(request.headers["authorization"])
        response = await call_next(request)
        if ".well-known" not in request.url.path or response.status_code != 200:
            return response
        body = b"".join([part async for part in response.body_iterator])
        if MODE == "other-resource":
            body = body.replace(f'"resource":"{RESOURCE}"'.encode(), b'"resource":"https://evil.example/mcp"')
        if MODE == "other-issuer":
            body = body.replace(f'"issuer":"{ORIGIN}'.encode(), b'"issuer":"https://evil.example')
        if MODE == "no-pkce":
            body = body.replace(b'"S256"', b'"plain"')
        if MODE == "no-iss":
            body = body[:-1] + b',"authorization_response_iss_parameter_supported":true}'
        return Response(body, media_type="application/json")


provider = Provider()
server = MCPServer(
    "oauth", auth_server_provider=provider,
    auth=AuthSettings(
        issuer_url=ORIGIN, resource_server_url=RESOURCE, validate_token_resource=True, required_scopes=["crm"],
        client_registration_options=ClientRegistrationOptions(enabled=True, valid_scopes=["crm"], default_scopes=["crm"])))


@server.tool()
async def echo(text: str) -> str:
    """Returns the text it is given."""
    return text


@server.custom_route("/revoke", methods=["GET"])
async def revoke(request: Request) -> JSONResponse:
    """Takes back every access token that was given out; with `?all=1` also those to come."""
    provider.access.clear()
    provider.is_closed = request.query_params.get("all") == "1"
    return JSONResponse({})


@server.custom_route("/seen", methods=["GET"])
async def show(request: Request) -> JSONResponse:
    return JSONResponse(seen)


app = server.streamable_http_app()
app.add_middleware(Lies)
uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
