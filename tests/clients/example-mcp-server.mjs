// examples/mcp-server with npm `@modelcontextprotocol/sdk` as the host: its client registers, logs in and calls a tool.
// Takes the demo.json of a service that lets nobody keep an answer (`lookup_max_age` 0).

import assert from 'node:assert/strict'
import { auth, discoverOAuthServerInfo, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import {
  AccessDeniedError,
  InvalidGrantError,
  TemporarilyUnavailableError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { check, demo, metadata } from './checks.mjs'
import { Browser, example, FAULTS, gate, lock, named, remove } from './examples.mjs'

const ALLOW = { decision: 'allow' }

const registrar = await gate()
const server = await example('mcp-server/server.js', registrar.service)
const mcp = new URL(server.line.replace('MCP server ', ''))
const endpoint = (path) => new URL(path, mcp)

/** A host with all that it remembers. */
class Host {
  registrations = 0
  forgotten = []

  constructor(clientMetadata, redirectUrl = clientMetadata.redirect_uris[0]) {
    this.clientMetadata = clientMetadata
    this.redirectUrl = redirectUrl
  }

  state = () => 'a state of the host'
  clientInformation = () => this.information
  tokens = () => this.kept
  codeVerifier = () => this.verifier
  saveTokens = (tokens) => (this.kept = tokens)
  saveCodeVerifier = (verifier) => (this.verifier = verifier)
  redirectToAuthorization = (url) => (this.authorizationUrl = url)

  saveClientInformation(information) {
    this.registrations += 1
    this.information = information
  }

  invalidateCredentials(scope) {
    this.forgotten.push(scope)
    if (scope === 'all') this.information = undefined
    this.kept = undefined
  }

  /** Opens the page that the host wants opened. */
  open(values = ALLOW) {
    return new Browser().authorize(this.authorizationUrl, this.redirectUrl, values)
  }

  /** From nothing to tokens, as a call that is answered with 401 begins it. */
  async logIn() {
    await assert.rejects(this.#connect(), UnauthorizedError)
    const end = await this.open()
    assert.equal(end.url?.searchParams.get('state'), this.state(), end.text)
    this.code = end.url.searchParams.get('code')
    assert.ok(this.code, `there is no code in ${end.url}`)
    assert.equal(await auth(this, { serverUrl: mcp, authorizationCode: this.code }), 'AUTHORIZED')
    return this
  }

  async whoami() {
    const client = await this.#connect()
    const { content } = await client.callTool({ name: 'whoami' })
    await client.close()
    return content[0].text
  }

  async #connect() {
    const client = new Client({ name: 'host', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(mcp, { authProvider: this }))
    return client
  }
}

const native = { ...metadata['public native'], client_name: '<b>A host</b>' }
const confidential = { ...metadata.confidential, token_endpoint_auth_method: 'client_secret_post' }
const refresh = (host) => auth(host, { serverUrl: mcp })

async function token(parameters) {
  const response = await fetch(endpoint('/token'), { method: 'POST', body: new URLSearchParams(parameters) })
  return { status: response.status, error: (await response.json()).error }
}

await check('the MCP server names itself as the authorization server, and that names Registrar', async () => {
  const { authorizationServerMetadata: found, resourceMetadata } = await discoverOAuthServerInfo(mcp)
  assert.equal(resourceMetadata.resource, mcp.href)
  assert.equal(found.issuer, endpoint('/').href)
  assert.equal(found.registration_endpoint, `${registrar.service}/register`)
  assert.equal((await fetch(endpoint('/register'), { method: 'POST' })).status, 404)
})

await check('a call without a token is 401 and says where to look', async () => {
  const response = await fetch(mcp, { method: 'POST' })
  assert.equal(response.status, 401)
  assert.match(
    response.headers.get('www-authenticate'),
    /^Bearer .*resource_metadata="[^"]*\/\.well-known\/oauth-protected-resource\/mcp"/,
  )
})

for (const [kind, clientMetadata] of Object.entries({ 'public native': native, confidential })) {
  await check(`${kind}: registers, logs in and calls a tool`, async () => {
    const host = await new Host(clientMetadata).logIn()
    assert.equal(await host.whoami(), `${host.information.client_id} for demo`)
    assert.equal(host.registrations, 1)
  })

  await check(`${kind}: refreshes, and the refresh token is another one then`, async () => {
    const host = await new Host(clientMetadata).logIn()
    const { access_token, refresh_token } = host.kept
    assert.equal(await refresh(host), 'AUTHORIZED')
    assert.notEqual(host.kept.access_token, access_token)
    assert.notEqual(host.kept.refresh_token, refresh_token)
    assert.equal(await host.whoami(), `${host.information.client_id} for demo`)
    const { client_id, client_secret } = host.information
    const again = { grant_type: 'refresh_token', refresh_token, client_id, ...(client_secret && { client_secret }) }
    assert.deepEqual(await token(again), { status: 400, error: InvalidGrantError.errorCode })
  })
}

await check('a loopback redirect may have any port, and nothing else', async () => {
  const host = await new Host(native).logIn()
  for (const port of [1024, 61234]) {
    const moved = new Host(native, `http://127.0.0.1:${port}/callback`)
    moved.information = host.information
    await moved.logIn()
    assert.equal(await moved.whoami(), `${host.information.client_id} for demo`)
  }
  for (const other of [
    'http://127.0.0.1:8123/other',
    'http://localhost:8123/callback',
    'https://127.0.0.1:8123/callback',
  ]) {
    const url = new URL(host.authorizationUrl)
    url.searchParams.set('redirect_uri', other)
    const end = await new Browser().authorize(url, other, ALLOW)
    assert.equal(end.status, 400, `${other}: ${end.url ?? end.text}`)
    assert.equal(JSON.parse(end.text).error, 'invalid_request')
  }
})

await check('a client that is named by a URL logs in under that name', async () => {
  const host = new Host(native)
  host.information = { client_id: await named(native.redirect_uris[0]) }
  await host.logIn()
  assert.equal(await host.whoami(), `${host.information.client_id} for demo`)
  assert.match(host.information.client_id, /^https:/)
})

await check('the page says where the user is sent, and shows names as text', async () => {
  const host = await new Host(native).logIn()
  const page = await fetch(host.authorizationUrl)
  const text = await page.text()
  assert.match(text, /<h1>&#60;b&#62;A host&#60;\/b&#62;<\/h1>/)
  assert.ok(text.includes('<strong>127.0.0.1:8123</strong>'))
  assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/)
})

await check('what one browser was shown no other can approve', async () => {
  const host = await new Host(native).logIn()
  const [, request] = /name="request" value="([^"]*)"/.exec(await (await fetch(host.authorizationUrl)).text())
  const body = new URLSearchParams({ request, ...ALLOW })
  const response = await fetch(endpoint('/approve'), { method: 'POST', body, redirect: 'manual' })
  assert.equal(response.status, 400)
  assert.equal(response.headers.has('location'), false)
})

await check('what the user denies is access_denied', async () => {
  const host = new Host(native)
  assert.equal(await refresh(host), 'REDIRECT')
  const { url } = await host.open({ decision: 'deny' })
  assert.equal(url.searchParams.get('error'), 'access_denied')
  assert.equal(url.searchParams.get('state'), host.state())
  assert.equal(url.searchParams.has('code'), false)
})

await check('a code is good once, with its verifier, for its client', async () => {
  const host = await new Host(native).logIn()
  const other = await new Host(native).logIn()
  const exchange = ({ information: { client_id }, code, verifier: code_verifier }, more) =>
    token({
      grant_type: 'authorization_code',
      redirect_uri: native.redirect_uris[0],
      client_id,
      code,
      code_verifier,
      ...more,
    })
  assert.deepEqual(await exchange(host), { status: 400, error: 'invalid_grant' })
  assert.equal(await auth(Object.assign(host, { kept: undefined }), { serverUrl: mcp }), 'REDIRECT')
  host.code = (await host.open()).url.searchParams.get('code')
  const { client_id } = other.information
  for (const wrong of [{ client_id }, { code_verifier: other.verifier }]) {
    assert.deepEqual(await exchange(host, wrong), { status: 400, error: 'invalid_grant' })
  }
  assert.deepEqual(await exchange(host), { status: 200, error: undefined })
})

await check('another resource is invalid_target, another scope invalid_scope', async () => {
  const host = await new Host(native).logIn()
  for (const [name, value, error] of [
    ['resource', 'https://other.example/mcp', 'invalid_target'],
    ['scope', 'tools admin', 'invalid_scope'],
  ]) {
    const url = new URL(host.authorizationUrl)
    url.searchParams.set(name, value)
    const end = await new Browser().authorize(url, host.redirectUrl, ALLOW)
    assert.equal(end.url?.searchParams.get('error'), error, end.text)
  }
})

for (const method of ['client_secret_basic', 'private_key_jwt']) {
  await check(`a client with ${method}, which the SDK does not check, is refused`, async () => {
    // RFC 8037 appendix A.2
    const key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
    const keys = method === 'private_key_jwt' && { jwks: { keys: [key] } }
    const host = new Host({ ...confidential, token_endpoint_auth_method: method, ...keys })
    assert.equal(await refresh(host), 'REDIRECT')
    const end = await host.open()
    assert.equal(end.status, 400, String(end.url))
    assert.equal(JSON.parse(end.text).error, 'unauthorized_client')
    const { client_id } = host.information
    const parameters = { grant_type: 'refresh_token', refresh_token: 'none', client_id }
    assert.deepEqual(await token(parameters), { status: 400, error: 'unauthorized_client' })
  })
}

for (const [name, fault] of Object.entries(FAULTS)) {
  await check(`${name} of the look-up is temporarily_unavailable, and the host forgets nothing`, async () => {
    const host = await new Host(native).logIn()
    registrar.fault = fault
    try {
      await assert.rejects(refresh(host), TemporarilyUnavailableError)
      const end = await host.open()
      assert.equal(end.status, 500, String(end.url))
      assert.equal(JSON.parse(end.text).error, 'temporarily_unavailable')
    } finally {
      registrar.fault = undefined
    }
    assert.deepEqual(host.forgotten, [])
    assert.equal(await refresh(host), 'AUTHORIZED')
    assert.equal(host.registrations, 1)
  })
}

await check('a locked client is refused, and does not register again', async () => {
  const host = await new Host(native).logIn()
  await lock(host.information.client_id, true)
  await assert.rejects(refresh(host), AccessDeniedError)
  const end = await host.open()
  assert.equal(end.status, 400, String(end.url))
  assert.equal(JSON.parse(end.text).error, 'access_denied')
  assert.equal(host.registrations, 1)
  await lock(host.information.client_id, false)
  assert.equal(await refresh(host), 'AUTHORIZED')
})

await check('a client that is gone is invalid_client, and its host registers again', async () => {
  const host = await new Host(native).logIn()
  const { client_id } = host.information
  await remove(client_id)
  const end = await host.open()
  assert.equal(JSON.parse(end.text).error, 'invalid_client')
  assert.equal(await refresh(host), 'REDIRECT')
  assert.deepEqual(host.forgotten, ['all'])
  assert.equal(host.registrations, 2)
  assert.notEqual(host.information.client_id, client_id)
})

await check('the server has written no token', async () => {
  assert.equal(server.said().includes(demo.service_token), false)
})

registrar.close()
server.stop()
