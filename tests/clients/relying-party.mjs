// npm `openid-client` and `oauth4webapi` as the relying party of `authorization-server.mjs`: from discovery to revoked
// tokens with each way to authenticate, errors at the redirect URI, form_post, and pushed requests.

import assert from 'node:assert/strict'
import { exportJWK, generateKeyPair } from 'jose'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { authorizationServer, USER } from './authorization-server.mjs'
import { check } from './checks.mjs'
import { nullsOfAnswers, privateKeys, scopes, sdk } from './runtime-service.mjs'

const CALLBACK = 'https://client.example/callback'
const SCOPE = 'openid profile email'
const UNSAFE = `"'><script>alert('a')</script>&amp;<b a="c">`

const authlete = sdk()
const { apiKey } = await authlete.service.create({ serviceName: 'Relying parties' })
const serviceId = String(apiKey)
const server = await authorizationServer(authlete, serviceId)
const issuer = new URL(server.url)
const options = { execute: [client.allowInsecureRequests], timeout: 10 }

const changeService = async (changes) =>
  authlete.service.update({ serviceId, service: { ...(await authlete.service.get({ serviceId })), ...changes } })

await changeService({
  ...server.members,
  jwks: await privateKeys(),
  supportedGrantTypes: ['AUTHORIZATION_CODE', 'REFRESH_TOKEN'],
  supportedResponseTypes: ['CODE'],
  supportedScopes: scopes(`${SCOPE} offline_access`),
  supportedTokenAuthMethods: ['CLIENT_SECRET_BASIC', 'CLIENT_SECRET_POST', 'PRIVATE_KEY_JWT', 'NONE'],
  pkceRequired: true,
  pkceS256Required: true,
})

// Clients: one for each way to authenticate, and one whose identifier is a URL.

const { privateKey, publicKey } = await generateKeyPair('ES256')
const key = { key: privateKey, kid: 'client' }
const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: key.kid, alg: 'ES256', use: 'sig' }] })
const URL_ID = 'https://client.example/app_1-2~3.json'

const KINDS = {
  client_secret_basic: {
    registered: { tokenAuthMethod: 'CLIENT_SECRET_BASIC' },
    authentication: ({ clientSecret }) => client.ClientSecretBasic(clientSecret),
    wrong: () => client.ClientSecretBasic('wrong'),
  },
  'client_secret_basic, named by a URL': {
    registered: { tokenAuthMethod: 'CLIENT_SECRET_BASIC', clientIdAlias: URL_ID, clientIdAliasEnabled: true },
    authentication: ({ clientSecret }) => client.ClientSecretBasic(clientSecret),
    wrong: () => client.ClientSecretBasic('wrong'),
    id: URL_ID,
  },
  client_secret_post: {
    registered: { tokenAuthMethod: 'CLIENT_SECRET_POST' },
    authentication: ({ clientSecret }) => client.ClientSecretPost(clientSecret),
    wrong: ({ clientSecret }) => client.ClientSecretBasic(clientSecret),
  },
  private_key_jwt: {
    registered: { tokenAuthMethod: 'PRIVATE_KEY_JWT', tokenAuthSignAlg: 'ES256', jwks, idTokenSignAlg: 'ES256' },
    authentication: () => client.PrivateKeyJwt(key),
    wrong: () =>
      client.PrivateKeyJwt(key, { [client.modifyAssertion]: (_, payload) => (payload.aud = 'https://other.example') }),
    metadata: { id_token_signed_response_alg: 'ES256' },
  },
  none: {
    registered: { clientType: 'PUBLIC', tokenAuthMethod: 'NONE' },
    authentication: () => client.None(),
    wrong: () => client.ClientSecretPost('wrong'),
  },
}

/** A secret that the library does not send as it is, if there is one. */
async function encodedSecret({ clientId, clientSecret }) {
  let secret = clientSecret
  for (let round = 0; secret && !/[-_]/.test(secret); round++) {
    assert.ok(round < 50, 'no secret has a character that is encoded')
    const clientIdentifier = String(clientId)
    secret = (await authlete.client.management.refreshSecret({ serviceId, clientIdentifier })).newClientSecret
  }
  return secret
}

async function createClient(kind) {
  const created = await authlete.client.create({
    serviceId,
    client: {
      clientName: kind,
      redirectUris: [CALLBACK],
      grantTypes: ['AUTHORIZATION_CODE', 'REFRESH_TOKEN'],
      responseTypes: ['CODE'],
      ...KINDS[kind].registered,
    },
  })
  return { ...created, clientSecret: await encodedSecret(created) }
}

const configurations = {}
const the = (kind) => configurations[kind] ?? assert.fail('it was not discovered')

function discover(kind, created, authenticate = KINDS[kind].authentication) {
  const { id = String(created.clientId), metadata } = KINDS[kind]
  return client.discovery(issuer, id, metadata, authenticate(created), options)
}

// A login.

/** The parameters of an authorization request, and what its answer is checked for. */
async function request(more) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedState: more?.state ?? client.randomState(),
    expectedNonce: client.randomNonce(),
    idTokenExpected: true,
  }
  const parameters = {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    ...more,
  }
  return { parameters, checks }
}

async function pushed(configuration, more) {
  const { parameters, checks } = await request(more)
  return { url: await client.buildAuthorizationUrlWithPAR(configuration, parameters), checks }
}

async function plain(configuration, more) {
  const { parameters, checks } = await request(more)
  return { url: client.buildAuthorizationUrl(configuration, parameters), checks }
}

/** What a browser gets: a page, or the URL that it is sent to. */
async function visit(url, decision) {
  const response = await fetch(decision ? `${url}&decision=${decision}` : url, { redirect: 'manual' })
  const location = response.headers.get('location')
  return { status: response.status, text: await response.text(), location: location && new URL(location) }
}

/** The redirect to the relying party. */
async function redirected(url, decision) {
  const { status, text, location } = await visit(url, decision)
  assert.equal(status, 302, text)
  assert.ok(location.href.startsWith(CALLBACK), location.href)
  return location
}

async function logIn(configuration, more) {
  const { url, checks } = await pushed(configuration, more)
  return client.authorizationCodeGrant(configuration, await redirected(url), checks)
}

/** Status and error of a refusal. The library leaves an answer with a challenge unread. */
async function refusal(promise) {
  const error = await promise.then(
    () => assert.fail('it was not refused'),
    (error) => error,
  )
  const unread = [error.cause, error.response].find((answer) => answer?.bodyUsed === false)
  if (!unread) return { status: error.status, error: error.error ?? error.message }
  const text = await unread.text()
  return { status: unread.status, error: text ? JSON.parse(text).error : error.cause[0].parameters.error }
}

const INVALID_GRANT = { status: 400, error: 'invalid_grant' }

async function assertDead(configuration, { access_token, refresh_token }) {
  assert.deepEqual(await client.tokenIntrospection(configuration, access_token), { active: false })
  const read = client.fetchUserInfo(configuration, access_token, USER.subject)
  assert.deepEqual(await refusal(read), { status: 401, error: 'invalid_token' })
  assert.deepEqual(await refusal(client.refreshTokenGrant(configuration, refresh_token)), INVALID_GRANT)
}

const asSet = (scope) => scope.split(' ').sort()

// The whole chain, with each way to authenticate.

for (const [kind, { registered, wrong, id }] of Object.entries(KINDS)) {
  let created
  let tokens
  const held = () => tokens ?? assert.fail('there are no tokens')

  await check(`${kind}: discovers the server`, async () => {
    created = await createClient(kind)
    configurations[kind] = await discover(kind, created)
    const metadata = the(kind).serverMetadata()
    assert.equal(metadata.issuer, server.url)
    assert.equal(metadata.pushed_authorization_request_endpoint, `${server.url}/par`)
    assert.equal(metadata.authorization_response_iss_parameter_supported, true)
    assert.equal(metadata.supportsPKCE(), true)
    assert.deepEqual(metadata.response_types_supported, ['code'])
    assert.ok(metadata.token_endpoint_auth_methods_supported.includes(registered.tokenAuthMethod.toLowerCase()))
  })

  await check(`${kind}: a pushed request and a code give tokens and a valid ID token`, async () => {
    const { url, checks } = await pushed(the(kind))
    assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'])
    const location = await redirected(url)
    assert.deepEqual([...location.searchParams.keys()], ['code', 'state', 'iss'])
    assert.equal(location.searchParams.get('iss'), server.url)
    tokens = await client.authorizationCodeGrant(the(kind), location, checks)
    assert.equal(tokens.token_type, 'bearer')
    assert.equal(tokens.expires_in, 86400)
    assert.deepEqual(asSet(tokens.scope), asSet(SCOPE))
    assert.equal(typeof tokens.refresh_token, 'string')
    const { iss, sub, aud, nonce, iat, exp, auth_time, ...claims } = tokens.claims()
    assert.equal(iss, server.url)
    assert.equal(sub, USER.subject)
    assert.deepEqual(aud, [id ?? String(created.clientId)])
    assert.equal(nonce, checks.expectedNonce)
    assert.equal(exp - iat, 86400)
    assert.ok(Math.abs(auth_time - iat) < 60, `auth_time is ${auth_time}, iat ${iat}`)
    assert.equal(typeof claims.s_hash, 'string')
    assert.equal(claims.name, USER.claims.name)
    assert.equal('at_hash' in claims || 'c_hash' in claims, false)
  })

  await check(`${kind}: userinfo has the claims of the scopes`, async () => {
    const claims = await client.fetchUserInfo(the(kind), held().access_token, held().claims().sub)
    assert.deepEqual(claims, { sub: USER.subject, ...USER.claims })
  })

  await check(`${kind}: introspects its tokens`, async () => {
    const { scope, exp, iat, ...facts } = await client.tokenIntrospection(the(kind), held().access_token)
    assert.deepEqual(asSet(scope), asSet(SCOPE))
    assert.equal(exp - iat, 86400)
    const expected = {
      active: true,
      client_id: id ?? String(created.clientId),
      token_type: 'Bearer',
      sub: USER.subject,
      iss: server.url,
      auth_time: tokens.claims().auth_time,
    }
    assert.deepEqual({ ...facts, ...expected }, facts)
    const parameters = { token_type_hint: 'refresh_token' }
    const refresh = await client.tokenIntrospection(the(kind), tokens.refresh_token, parameters)
    assert.deepEqual([refresh.active, 'token_type' in refresh], [true, false])
    assert.deepEqual(await client.tokenIntrospection(the(kind), 'unknown'), { active: false })
  })

  await check(`${kind}: refreshes, and the access token before ends`, async () => {
    const before = held()
    tokens = await client.refreshTokenGrant(the(kind), before.refresh_token)
    assert.notEqual(tokens.access_token, before.access_token)
    assert.notEqual(tokens.refresh_token, before.refresh_token)
    assert.equal('id_token' in tokens, false)
    assert.deepEqual(await client.tokenIntrospection(the(kind), before.access_token), { active: false })
    await client.fetchUserInfo(the(kind), tokens.access_token, USER.subject)
  })

  await check(`${kind}: a narrower scope is of the access token, a wider one is refused`, async () => {
    const narrow = await client.refreshTokenGrant(the(kind), held().refresh_token, { scope: 'openid' })
    assert.equal(narrow.scope, 'openid')
    const wide = client.refreshTokenGrant(the(kind), narrow.refresh_token, { scope: `${SCOPE} offline_access` })
    assert.deepEqual(await refusal(wide), { status: 400, error: 'invalid_scope' })
    tokens = await client.refreshTokenGrant(the(kind), narrow.refresh_token)
    assert.deepEqual(asSet(tokens.scope), asSet(SCOPE))
  })

  await check(`${kind}: revokes, and access and refresh token are dead`, async () => {
    assert.equal(await client.tokenRevocation(the(kind), held().refresh_token), undefined)
    await assertDead(the(kind), tokens)
    assert.equal(await client.tokenRevocation(the(kind), tokens.refresh_token), undefined)
    const others = await logIn(the(kind))
    await client.tokenRevocation(the(kind), others.access_token)
    await assertDead(the(kind), others)
  })

  await check(`${kind}: authenticated in another way, or wrongly, it is invalid_client`, async () => {
    const { refresh_token } = await logIn(the(kind))
    const stranger = await discover(kind, created, wrong)
    const expected = { status: 401, error: 'invalid_client' }
    assert.deepEqual(await refusal(client.refreshTokenGrant(stranger, refresh_token)), expected)
    assert.deepEqual(await refusal(pushed(stranger)), expected)
    assert.deepEqual(await refusal(client.tokenRevocation(stranger, refresh_token)), expected)
    await client.refreshTokenGrant(the(kind), refresh_token)
  })

  const then = kind === 'none' ? 'the grant is dead' : 'its successor lives'
  await check(`${kind}: a rotated refresh token is refused, and ${then}`, async () => {
    const { refresh_token } = await logIn(the(kind))
    const successor = await client.refreshTokenGrant(the(kind), refresh_token)
    assert.deepEqual(await refusal(client.refreshTokenGrant(the(kind), refresh_token)), INVALID_GRANT)
    if (kind === 'none') await assertDead(the(kind), successor)
    else await client.refreshTokenGrant(the(kind), successor.refresh_token)
  })
}

await check('an unknown client is invalid_client', async () => {
  const configuration = await client.discovery(issuer, '1', undefined, client.ClientSecretBasic('wrong'), options)
  const expected = { status: 401, error: 'invalid_client' }
  assert.deepEqual(await refusal(pushed(configuration)), expected)
  assert.deepEqual(await refusal(client.refreshTokenGrant(configuration, 'none')), expected)
})

// Refused exchanges

for (const kind of ['client_secret_basic', 'none']) {
  await check(`${kind}: a refused exchange does not burn the code, a successful one does`, async () => {
    const { url, checks } = await pushed(the(kind))
    const location = await redirected(url)
    const elsewhere = new URL(location.href.replace(CALLBACK, `${CALLBACK}/other`))
    const exchange = (location, more) => client.authorizationCodeGrant(the(kind), location, { ...checks, ...more })
    assert.deepEqual(await refusal(exchange(elsewhere)), INVALID_GRANT)
    const pkceCodeVerifier = client.randomPKCECodeVerifier()
    assert.deepEqual(await refusal(exchange(location, { pkceCodeVerifier })), INVALID_GRANT)
    assert.deepEqual(await refusal(exchange(location, { pkceCodeVerifier: undefined })), INVALID_GRANT)
    const tokens = await exchange(location)
    await client.fetchUserInfo(the(kind), tokens.access_token, USER.subject)
    assert.deepEqual(await refusal(exchange(location)), INVALID_GRANT)
    await assertDead(the(kind), tokens)
  })
}

await check("another client's code is refused, and its own client gets the tokens", async () => {
  const { url, checks } = await pushed(the('client_secret_basic'))
  const location = await redirected(url)
  const stolen = client.authorizationCodeGrant(the('client_secret_post'), location, checks)
  assert.deepEqual(await refusal(stolen), INVALID_GRANT)
  await client.authorizationCodeGrant(the('client_secret_basic'), location, checks)
})

// Errors at the redirect URI

/** The relying party takes the answer for that error: with its state, and from its issuer. */
async function assertErrorAt(configuration, location, checks, error) {
  assert.equal(location.searchParams.get('state'), checks.expectedState)
  assert.equal(location.searchParams.get('iss'), server.url)
  await assert.rejects(client.authorizationCodeGrant(configuration, location, checks), (thrown) => {
    assert.ok(thrown instanceof client.AuthorizationResponseError, `${thrown.name}: ${thrown.message}`)
    assert.equal(thrown.error, error)
    assert.match(thrown.error_description, /^\[A[0-9]{6}\] [\x20\x21\x23-\x5b\x5d-\x7e]+$/)
    return true
  })
}

const REASONS = {
  UNKNOWN: 'server_error',
  SERVER_ERROR: 'server_error',
  NOT_LOGGED_IN: 'login_required',
  NOT_AUTHENTICATED: 'login_required',
  MAX_AGE_NOT_SUPPORTED: 'login_required',
  EXCEEDS_MAX_AGE: 'login_required',
  DIFFERENT_SUBJECT: 'login_required',
  ACR_NOT_SATISFIED: 'unmet_authentication_requirements',
  DENIED: 'access_denied',
  ACCOUNT_SELECTION_REQUIRED: 'account_selection_required',
  CONSENT_REQUIRED: 'consent_required',
  INTERACTION_REQUIRED: 'interaction_required',
  INVALID_TARGET: 'invalid_target',
}

for (const [reason, error] of Object.entries(REASONS)) {
  await check(`prompt=none: ${reason} is ${error}, with state and issuer`, async () => {
    const configuration = the('client_secret_basic')
    const { url, checks } = await plain(configuration, { prompt: 'none' })
    await assertErrorAt(configuration, await redirected(url, reason), checks, error)
  })
}

await check('prompt=none: who is logged in gets tokens', async () => {
  const tokens = await logIn(the('client_secret_basic'), { prompt: 'none' })
  assert.equal(tokens.claims().sub, USER.subject)
})

await check('a consent that is denied at a pushed request is access_denied', async () => {
  const { url, checks } = await pushed(the('none'))
  await assertErrorAt(the('none'), await redirected(url, 'DENIED'), checks, 'access_denied')
})

await check('a request without PKCE is invalid_request at the redirect URI, and when it is pushed', async () => {
  const without = { code_challenge: '', code_challenge_method: '' }
  const { url, checks } = await plain(the('none'), without)
  await assertErrorAt(the('none'), await redirected(url), checks, 'invalid_request')
  assert.deepEqual(await refusal(pushed(the('none'), without)), { status: 400, error: 'invalid_request' })
})

await check('another redirect URI is refused, and nobody is sent there', async () => {
  const { url } = await plain(the('none'), { redirect_uri: `${CALLBACK}/other` })
  const { status, text, location } = await visit(url)
  assert.equal(location, null)
  assert.deepEqual([status, JSON.parse(text).error], [400, 'invalid_request'])
})

await check('max_age: the ID token has the time of the login', async () => {
  const { url, checks } = await pushed(the('none'), { max_age: '60' })
  const tokens = await client.authorizationCodeGrant(the('none'), await redirected(url), { ...checks, maxAge: 60 })
  assert.equal(typeof tokens.claims().auth_time, 'number')
})

await check('a login without openid has no ID token, and no userinfo', async () => {
  const { url, checks } = await pushed(the('client_secret_post'), { scope: 'profile', nonce: '' })
  const none = { ...checks, expectedNonce: undefined, idTokenExpected: false }
  const tokens = await client.authorizationCodeGrant(the('client_secret_post'), await redirected(url), none)
  assert.equal('id_token' in tokens, false)
  assert.equal(tokens.scope, 'profile')
  const read = client.fetchUserInfo(the('client_secret_post'), tokens.access_token, client.skipSubjectCheck)
  assert.deepEqual(await refusal(read), { status: 403, error: 'insufficient_scope' })
})

// form_post

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const unescaped = (text) =>
  text.replace(/&(?:#x([0-9a-f]+)|#([0-9]+)|([a-z]+));/gi, (_, hex, decimal, name) =>
    name ? ENTITIES[name] : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal)),
  )

/** The attributes of a tag. */
const attributes = (tag) =>
  Object.fromEntries([...tag.matchAll(/([a-z-]+)="([^"]*)"/gi)].map(([, name, value]) => [name, unescaped(value)]))

/** The one form of a page: its attributes and its hidden fields, in order. */
function formOf(page) {
  const forms = page.match(/<form\b[^>]*>/gi)
  assert.equal(forms?.length, 1, page)
  const inputs = page.match(/<input\b[^>]*>/gi).map(attributes)
  const fields = inputs.filter(({ type }) => type === 'hidden').map(({ name, value }) => [name, value])
  return { ...attributes(forms[0]), fields }
}

/** The request that a browser makes of the page, as often as it is needed. */
async function posted(url, decision) {
  const { status, text } = await visit(url, decision)
  assert.equal(status, 200, text)
  assert.match(text, /<script\b|<body onload=/i)
  assert.match(text, /<(button\b|input\b[^>]*type="submit")/i)
  assert.equal(text.includes(UNSAFE) || text.includes('<b a='), false, 'what was sent is not escaped')
  const { method, action, fields } = formOf(text)
  assert.equal(method.toLowerCase(), 'post')
  assert.equal(action, CALLBACK)
  return { fields, request: () => new Request(action, { method: 'POST', body: new URLSearchParams(fields) }) }
}

const formPost = { response_mode: 'form_post', state: UNSAFE }

for (const [how, ask] of Object.entries({ 'in the query': plain, pushed })) {
  await check(`form_post, ${how}: openid-client takes the page's fields, with quotes and angle brackets`, async () => {
    const { url, checks } = await ask(the('client_secret_basic'), formPost)
    const { fields, request } = await posted(url)
    assert.deepEqual(fields.map(([name]) => name), ['code', 'state', 'iss'])
    const tokens = await client.authorizationCodeGrant(the('client_secret_basic'), request(), checks)
    assert.equal(tokens.claims().sub, USER.subject)
    assert.equal(tokens.claims().name, USER.claims.name)
  })
}

await check("form_post: oauth4webapi takes the page's fields", async () => {
  const { url, checks } = await plain(the('none'), formPost)
  const { request } = await posted(url)
  const fields = new URLSearchParams(await oauth.formPostResponse(request()))
  const [metadata, own] = [the('none').serverMetadata(), the('none').clientMetadata()]
  const parameters = oauth.validateAuthResponse(metadata, own, fields, checks.expectedState)
  assert.equal(parameters.get('state'), UNSAFE)
  assert.equal(typeof parameters.get('code'), 'string')
})

await check('form_post: an error is the same page', async () => {
  const { url, checks } = await plain(the('none'), formPost)
  const { fields, request } = await posted(url, 'DENIED')
  const sent = Object.fromEntries(fields)
  assert.deepEqual([sent.error, sent.state, sent.iss], ['access_denied', UNSAFE, server.url])
  await assert.rejects(client.authorizationCodeGrant(the('none'), request(), checks), (thrown) => {
    assert.ok(thrown instanceof client.AuthorizationResponseError, `${thrown.name}: ${thrown.message}`)
    return thrown.error === 'access_denied'
  })
})

// Pushed requests

/** The ticket of a page that asks. */
async function ticketAt(url) {
  const { status, text } = await visit(url, 'page')
  assert.equal(status, 200, text)
  return attributes(text.match(/<input\b[^>]*>/)[0]).value
}

async function decide(ticket, decision) {
  const body = new URLSearchParams({ ticket, decision })
  const response = await fetch(`${server.url}/decision`, { method: 'POST', body, redirect: 'manual' })
  const location = response.headers.get('location')
  return { status: response.status, text: await response.text(), location: location && new URL(location) }
}

/** A visit that ends in an error page; its bytes. */
async function assertNoPage(url, error, code) {
  const { status, text } = await visit(url)
  assert.equal(status, 400, text)
  const content = JSON.parse(text)
  assert.equal(content.error, error, text)
  assert.ok(content.error_description.startsWith(`[${code}] `), text)
  return text
}

for (const decision of ['consent', 'DENIED']) {
  await check(`a pushed request takes two visits, and ends with the first that ends in ${decision}`, async () => {
    const configuration = the('client_secret_basic')
    const { url, checks } = await pushed(configuration)
    const tickets = [await ticketAt(url), await ticketAt(url)]
    assert.notEqual(tickets[0], tickets[1])
    const { status, text, location } = await decide(tickets[0], decision)
    assert.equal(status, 302, text)
    if (decision === 'consent') await client.authorizationCodeGrant(configuration, location, checks)
    else await assertErrorAt(configuration, location, checks, 'access_denied')
    const second = await decide(tickets[1], 'consent')
    assert.deepEqual([second.status, second.location], [400, null], second.text)
    await assertNoPage(url, 'invalid_request_uri', 'A008303')
  })
}

await check("a pushed request that is unknown, consumed or another client's is the same bytes", async () => {
  const configuration = the('client_secret_basic')
  const { url } = await pushed(configuration)
  const others = new URL(url)
  others.searchParams.set('client_id', the('none').clientMetadata().client_id)
  const unknown = new URL(url)
  unknown.searchParams.set('request_uri', `urn:ietf:params:oauth:request_uri:${'a'.repeat(43)}`)
  const pages = [await assertNoPage(others, 'invalid_request_uri', 'A008303')]
  pages.push(await assertNoPage(unknown, 'invalid_request_uri', 'A008303'))
  await redirected(url)
  pages.push(await assertNoPage(url, 'invalid_request_uri', 'A008303'))
  assert.equal(new Set(pages).size, 1, pages.join(' '))
})

await check('a pushed request counts, not what stands beside it', async () => {
  const { url, checks } = await pushed(the('none'))
  url.searchParams.set('scope', 'openid')
  url.searchParams.set('redirect_uri', 'https://other.example/callback')
  url.searchParams.set('state', 'other')
  const tokens = await client.authorizationCodeGrant(the('none'), await redirected(url), checks)
  assert.deepEqual(asSet(tokens.scope), asSet(SCOPE))
})

// oauth4webapi by itself

await check('oauth4webapi: discovery, pushed request, code, ID token with its signature, userinfo', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true }
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
  const own = { client_id: the('private_key_jwt').clientMetadata().client_id, id_token_signed_response_alg: 'ES256' }
  const authentication = oauth.PrivateKeyJwt(key)
  const { parameters, checks } = await request({ response_type: 'code' })
  const push = await oauth.pushedAuthorizationRequest(as, own, authentication, parameters, insecure)
  assert.equal(push.headers.get('cache-control'), 'no-store')
  const { request_uri, expires_in } = await oauth.processPushedAuthorizationResponse(as, own, push)
  assert.equal(expires_in, 600)
  const url = `${as.authorization_endpoint}?${new URLSearchParams({ client_id: own.client_id, request_uri })}`
  const callback = oauth.validateAuthResponse(as, own, await redirected(url), checks.expectedState)
  const { pkceCodeVerifier: verifier, expectedNonce } = checks
  const response = await oauth.authorizationCodeGrantRequest(
    as, own, authentication, callback, CALLBACK, verifier, insecure,
  )
  const tokens = await oauth.processAuthorizationCodeResponse(as, own, response, {
    expectedNonce,
    requireIdToken: true,
  })
  await oauth.validateApplicationLevelSignature(as, response, insecure)
  const { sub } = oauth.getValidatedIdTokenClaims(tokens)
  const userinfo = await oauth.userInfoRequest(as, own, tokens.access_token, insecure)
  assert.equal((await oauth.processUserInfoResponse(as, own, sub, userinfo)).name, USER.claims.name)
})

await check('no answer to the authorization server has a null', () => assert.deepEqual(nullsOfAnswers(), []))

server.close()
await authlete.service.delete({ serviceId })
