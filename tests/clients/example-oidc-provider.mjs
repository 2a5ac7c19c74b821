// examples/oidc-provider with npm `openid-client` as the relying party: from discovery to tokens. Takes the demo.json
// of a service that lets nobody keep an answer (`lookup_max_age` 0), and that of one that does.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import * as client from 'openid-client'
import { Clients, Refused, Unavailable } from '../../examples/clients.mjs'
import { check, demo, metadata } from './checks.mjs'
import { Browser, example, FAULTS, gate, lock, named } from './examples.mjs'

const USER = { login: 'alice', password: 'any' }
const REDIRECT = {
  'public native': 'http://127.0.0.1:8123/callback',
  confidential: 'https://client.example/callback',
}

const registrar = await gate()
const server = await example('oidc-provider/server.js', registrar.service)
const issuer = new URL(server.line.replace('issuer ', ''))
const options = { execute: [client.allowInsecureRequests], timeout: 10 }

/** One login with a browser of its own: where it ends, and how the code is exchanged. */
async function logIn(configuration, redirectUri, more) {
  const verifier = client.randomPKCECodeVerifier()
  const state = client.randomState()
  const nonce = client.randomNonce()
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope: 'openid profile offline_access',
    prompt: 'consent',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
    ...more,
  })
  const end = await new Browser().authorize(url, redirectUri, USER)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce }
  return {
    ...end,
    tokens: () => client.authorizationCodeGrant(configuration, end.url ?? assert.fail(end.text), checks),
  }
}

/** What the relying party sees: tokens of the user. */
async function assertLogsIn(configuration, redirectUri) {
  const tokens = await (await logIn(configuration, redirectUri)).tokens()
  assert.equal(tokens.claims().sub, USER.login)
  const { sub, name } = await client.fetchUserInfo(configuration, tokens.access_token, USER.login)
  assert.deepEqual({ sub, name }, { sub: USER.login, name: USER.login })
  return tokens
}

function assertPage(end, status, error) {
  assert.equal(end.url, undefined, `it was sent to ${end.url}`)
  assert.equal(end.status, status, end.text)
  assert.match(end.text, new RegExp(`<strong>error</strong>: ${error}<`))
}

/** What the token endpoint answers to a refresh token, or to something that is none. The library leaves some unread. */
async function refused(configuration, refreshToken = 'none') {
  const error = await client.refreshTokenGrant(configuration, refreshToken).then(
    () => assert.fail('tokens were issued'),
    (error) => error,
  )
  const unread = [error.cause, error.response].find((answer) => answer?.bodyUsed === false)
  if (!unread) return { status: error.status, error: error.error }
  const retryAfter = unread.headers.get('retry-after')
  return { status: unread.status, error: (await unread.json()).error, ...(retryAfter && { retryAfter }) }
}

const registered = {}
const the = (kind) => registered[kind] ?? assert.fail('it is not registered')

await check('discovery has the issuer of the provider and the registration endpoint of Registrar', async () => {
  const configuration = await client.discovery(issuer, 'any', undefined, undefined, options)
  assert.equal(new URL(configuration.serverMetadata().issuer).href, issuer.href)
  assert.equal(configuration.serverMetadata().registration_endpoint, `${registrar.service}/register`)
})

for (const kind in metadata) {
  await check(`${kind}: registers at Registrar`, async () => {
    const request = { ...metadata[kind], redirect_uris: [REDIRECT[kind]] }
    registered[kind] = await client.dynamicClientRegistration(issuer, request, undefined, options)
    const { registration_client_uri } = the(kind).clientMetadata()
    assert.ok(registration_client_uri.includes(`/${demo.service_id}/register/`), registration_client_uri)
  })

  await check(`${kind}: logs in, reads userinfo, and refreshes`, async () => {
    const tokens = await assertLogsIn(the(kind), REDIRECT[kind])
    const refreshed = await client.refreshTokenGrant(the(kind), tokens.refresh_token)
    assert.notEqual(refreshed.access_token, tokens.access_token)
    await client.fetchUserInfo(the(kind), refreshed.access_token, USER.login)
  })

  await check(`${kind}: another redirect URI is refused, and nobody is sent there`, async () => {
    const other = `${REDIRECT[kind]}/other`
    assertPage(await logIn(the(kind), other), 400, 'invalid_redirect_uri')
  })

  await check(`${kind}: a request without PKCE is refused`, async () => {
    const { url } = await logIn(the(kind), REDIRECT[kind], { code_challenge: '', code_challenge_method: '' })
    assert.equal(url?.searchParams.get('error'), 'invalid_request')
    assert.equal(url.searchParams.has('code'), false)
  })
}

await check('confidential: introspects its token', async () => {
  const { access_token } = await assertLogsIn(the('confidential'), REDIRECT.confidential)
  const { active, client_id, sub } = await client.tokenIntrospection(the('confidential'), access_token)
  const expected = { active: true, client_id: the('confidential').clientMetadata().client_id, sub: USER.login }
  assert.deepEqual({ active, client_id, sub }, expected)
})

await check('confidential: a wrong secret is invalid_client', async () => {
  const { client_id } = the('confidential').clientMetadata()
  const wrong = await client.discovery(issuer, client_id, undefined, client.ClientSecretBasic('wrong'), options)
  const { status, error } = await refused(wrong)
  assert.deepEqual({ status, error }, { status: 401, error: 'invalid_client' })
})

await check('public native: a loopback redirect may have any port', async () => {
  for (const port of [1024, 61234]) await assertLogsIn(the('public native'), `http://127.0.0.1:${port}/callback`)
})

await check('confidential: a redirect to another port is refused', async () => {
  assertPage(await logIn(the('confidential'), 'https://client.example:444/callback'), 400, 'invalid_redirect_uri')
})

await check('a client that is named by a URL logs in under that name', async () => {
  const url = await named(REDIRECT['public native'])
  const configuration = await client.discovery(issuer, url, undefined, client.None(), options)
  const tokens = await assertLogsIn(configuration, REDIRECT['public native'])
  assert.equal(tokens.claims().aud, url)
  await client.refreshTokenGrant(configuration, tokens.refresh_token)
})

await check('a client that nobody has registered is refused', async () => {
  const unknown = await client.discovery(issuer, 'unknown', undefined, client.None(), options)
  assertPage(await logIn(unknown, REDIRECT['public native']), 400, 'invalid_client')
  const { status, error } = await refused(unknown)
  assert.deepEqual({ status, error }, { status: 401, error: 'invalid_client' })
})

for (const [name, fault] of Object.entries(FAULTS)) {
  await check(`${name} of the look-up is temporarily_unavailable, and no unknown client`, async () => {
    const { refresh_token } = await assertLogsIn(the('public native'), REDIRECT['public native'])
    registrar.fault = fault
    try {
      const end = await logIn(the('public native'), REDIRECT['public native'])
      assertPage(end, 503, 'temporarily_unavailable')
      const retryAfter = fault.status ? '7' : '5'
      assert.equal(end.retryAfter, retryAfter)
      const expected = { status: 503, error: 'temporarily_unavailable', retryAfter }
      assert.deepEqual(await refused(the('public native'), refresh_token), expected)
    } finally {
      registrar.fault = undefined
    }
    await client.refreshTokenGrant(the('public native'), refresh_token)
  })
}

await check('an unchanged client is answered with 304', async () => {
  registrar.lookUps.length = 0
  await assertLogsIn(the('confidential'), REDIRECT.confidential)
  assert.ok(registrar.lookUps.length > 0)
  assert.deepEqual([...new Set(registrar.lookUps)], [304])
})

await check('confidential: a locked client is refused, until it is unlocked', async () => {
  const { client_id } = the('confidential').clientMetadata()
  const { refresh_token } = await assertLogsIn(the('confidential'), REDIRECT.confidential)
  await lock(client_id, true)
  assertPage(await logIn(the('confidential'), REDIRECT.confidential), 400, 'access_denied')
  const { status, error } = await refused(the('confidential'), refresh_token)
  assert.deepEqual({ status, error }, { status: 400, error: 'access_denied' })
  await lock(client_id, false)
  await client.refreshTokenGrant(the('confidential'), refresh_token)
  await assertLogsIn(the('confidential'), REDIRECT.confidential)
})

await check('a client that has ended its registration is refused', async () => {
  const { registration_access_token, registration_client_uri } = the('public native').clientMetadata()
  const uri = new URL(registration_client_uri)
  const ended = await client.fetchProtectedResource(the('public native'), registration_access_token, uri, 'DELETE')
  assert.equal(ended.status, 204)
  assertPage(await logIn(the('public native'), REDIRECT['public native']), 400, 'invalid_client')
})

await check('a client with scopes of which the provider has none is refused', async () => {
  const request = { ...metadata['public native'], scope: 'payments' }
  const other = await client.dynamicClientRegistration(issuer, request, undefined, options)
  assertPage(await logIn(other, REDIRECT['public native']), 400, 'unauthorized_client')
})

await check('the provider has written no secret and no token', async () => {
  const { client_secret } = the('confidential').clientMetadata()
  for (const secret of [client_secret, demo.service_token]) assert.equal(server.said().includes(secret), false)
})

// examples/clients.mjs alone, where its answers may be kept.

const keeping = JSON.parse(readFileSync(process.argv[3], 'utf8'))
const before = await gate(keeping.base_url)
const service = `${before.url}/${keeping.service_id}`

await check('an answer is used again for as long as it says', async () => {
  const registration = await fetch(`${service}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata['public native']),
  })
  const { client_id } = await registration.json()
  const clients = new Clients(service, keeping.service_token)
  const found = await clients.find(client_id)
  assert.equal(found.client_id, client_id)
  before.fault = { status: 503 }
  try {
    assert.deepEqual(await clients.find(client_id), found)
    assert.deepEqual(before.lookUps, [200])
    await assert.rejects(new Clients(service, keeping.service_token).find(client_id), Unavailable)
  } finally {
    before.fault = undefined
  }
})

await check('a token that is none is a mistake of the server, and says nothing of the client', async () => {
  const error = await new Clients(service, 'wrong').find('unknown').then(
    () => assert.fail('no error'),
    (error) => error,
  )
  assert.equal(error instanceof Unavailable || error instanceof Refused, false)
  assert.match(error.message, /^the look-up has answered 401 invalid_token/)
  assert.equal(await new Clients(service, keeping.service_token).find('unknown'), undefined)
})

before.close()
registrar.close()
server.stop()
