// npm `openid-client`: discovery, dynamicClientRegistration, and fetchProtectedResource, its function for a
// request with a bearer token, for RFC 7592.

import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { check, demo, metadata, update, withFragment } from './checks.mjs'

const issuer = new URL(demo.issuer)
const options = { execute: [client.allowInsecureRequests], timeout: 10 }

async function register(request, more) {
  const configuration = await client.dynamicClientRegistration(issuer, request, undefined, { ...options, ...more })
  return { configuration, registered: configuration.clientMetadata() }
}

/** A request to the client configuration endpoint. */
function manage({ configuration, registered }, method, body, token = registered.registration_access_token) {
  return client.fetchProtectedResource(
    configuration,
    token,
    new URL(registered.registration_client_uri),
    method,
    body && JSON.stringify(body),
    new Headers({ accept: 'application/json', ...(body && { 'content-type': 'application/json' }) }),
  )
}

/** The library throws a challenge as its own error: it must name the token, and the answer must be JSON. */
async function assertInvalidToken(request) {
  const error = await request.then(
    () => assert.fail('no error'),
    (error) => error,
  )
  assert.equal(error.name, 'WWWAuthenticateChallengeError', error.message)
  assert.equal(error.status, 401)
  assert.equal(error.cause[0].scheme, 'bearer')
  assert.equal(error.cause[0].parameters.error, 'invalid_token')
  assert.equal((await error.response.json()).error, 'invalid_token')
}

for (const algorithm of ['oidc', 'oauth2']) {
  await check(`discovers the server, ${algorithm}`, async () => {
    const configuration = await client.discovery(issuer, 'any', undefined, undefined, { ...options, algorithm })
    assert.equal(configuration.serverMetadata().issuer, demo.issuer)
    assert.equal(configuration.serverMetadata().registration_endpoint, demo.registration_endpoint)
    assert.equal(configuration.serverMetadata().supportsPKCE(), true)
  })
}

const clients = {}
const the = (kind) => clients[kind] ?? assert.fail('it is not registered')

await check('registers a public native client', async () => {
  const { registered } = (clients['public native'] = await register(metadata['public native']))
  assert.equal('client_secret' in registered, false, 'a public client has a secret')
  assert.deepEqual({ ...registered, ...metadata['public native'] }, registered, 'something was replaced')
})

await check('registers a confidential client', async () => {
  const { registered } = (clients['confidential'] = await register(metadata['confidential']))
  assert.equal(typeof registered.client_secret, 'string')
  assert.equal(typeof registered.client_secret_expires_at, 'number')
  assert.deepEqual({ ...registered, ...metadata['confidential'] }, registered, 'something was replaced')
})

await check('registers with an initial access token', async () => {
  const registration = await register(metadata['confidential'], { initialAccessToken: demo.initial_access_token })
  assert.equal((await manage(registration, 'DELETE')).status, 204)
})

await check('a redirect URI with a fragment is a ResponseBodyError with invalid_redirect_uri', async () => {
  await assert.rejects(register(withFragment), (error) => {
    assert.ok(error instanceof client.ResponseBodyError, `${error.name}: ${error.message}`)
    assert.equal(error.status, 400)
    assert.equal(error.error, 'invalid_redirect_uri')
    return true
  })
})

for (const kind in metadata) {
  await check(`${kind}: reads what was registered`, async () => {
    const response = await manage(the(kind), 'GET')
    assert.equal(response.status, 200)
    assert.deepEqual(await response.json(), the(kind).registered)
  })

  await check(`${kind}: updates client_name`, async () => {
    const { registered } = the(kind)
    const renamed = { ...registered, client_name: `${kind}, renamed` }
    const response = await manage(the(kind), 'PUT', update(registered, { client_name: renamed.client_name }))
    assert.equal(response.status, 200)
    assert.deepEqual(await response.json(), renamed)
    assert.deepEqual(await (await manage(the(kind), 'GET')).json(), renamed)
  })

  await check(`${kind}: a wrong token is 401`, async () => {
    const other = kind === 'confidential' ? 'public native' : 'confidential'
    for (const token of ['wrong', the(other).registered.registration_access_token]) {
      for (const method of ['GET', 'DELETE']) {
        await assertInvalidToken(manage(the(kind), method, undefined, token))
      }
      await assertInvalidToken(manage(the(kind), 'PUT', update(the(kind).registered), token))
    }
  })
}

for (const kind in metadata) {
  await check(`${kind}: deletes`, async () => {
    const response = await manage(the(kind), 'DELETE')
    assert.equal(response.status, 204)
    assert.equal(await response.text(), '')
  })

  await check(`${kind}: is 401 once deleted`, async () => {
    await assertInvalidToken(manage(the(kind), 'GET'))
    await assertInvalidToken(manage(the(kind), 'DELETE'))
  })
}
