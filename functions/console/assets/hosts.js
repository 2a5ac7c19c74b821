// What well-known hosts and libraries send to register, from this project's own test data.

const native = { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'], token_endpoint_auth_method: 'none' }

export const HOSTS = {
  'Claude': { client_name: 'Claude', client_uri: 'https://claude.ai', redirect_uris: ['https://claude.ai/api/mcp/auth_callback'], ...native },
  'Claude Code': { client_name: 'Claude Code', client_uri: 'https://claude.ai', redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'], ...native },
  'ChatGPT': {
    client_name: 'ChatGPT', client_uri: 'https://chatgpt.com/', logo_uri: 'https://persistent.oaistatic.com/sonic/misc/openai-logo.png',
    redirect_uris: ['https://chatgpt.com/connector_platform_oauth_redirect'], token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'], token_endpoint_auth_signing_alg: 'RS256',
    jwks_uri: 'https://chatgpt.com/oauth/jwks.json', grant_types: native.grant_types, response_types: ['code'],
  },
  'Visual Studio Code': {
    client_name: 'Visual Studio Code', client_uri: 'https://vscode.dev/product', logo_uri: 'https://code.visualstudio.com/assets/branding/code-stable.png',
    application_type: 'native', redirect_uris: ['http://127.0.0.1:33418/', 'https://vscode.dev/redirect'], ...native,
    grant_types: [...native.grant_types, 'urn:ietf:params:oauth:grant-type:device_code'],
  },
  'Cursor': { client_name: 'Cursor', redirect_uris: ['cursor://anysphere.cursor-retrieval/oauth/callback'], application_type: 'web', scope: '', ...native },
  'MCP Inspector': { client_name: 'MCP Inspector', client_uri: 'https://github.com/modelcontextprotocol/inspector', redirect_uris: ['http://localhost:6274/oauth/callback'], scope: '', ...native },
  'Goose': { client_name: 'Goose', redirect_uris: ['http://localhost/oauth_callback'], scope: 'openid profile email', ...native, grant_types: ['authorization_code'] },
  'openid-client, confidential': {
    client_name: 'Confidential client', application_type: 'web', redirect_uris: ['https://client.example/callback'], ...native,
    token_endpoint_auth_method: 'client_secret_basic',
  },
  'With the implicit grant': { client_name: 'Old page', redirect_uris: ['https://page.example/'], grant_types: ['implicit'], response_types: ['token'] },
}

/** What an operator begins with who registers a client. */
export const EXAMPLE = { client_name: 'My application', redirect_uris: ['https://app.example/callback'] }
