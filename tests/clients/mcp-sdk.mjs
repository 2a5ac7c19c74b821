// npm `@modelcontextprotocol/sdk`: discoverAuthorizationServerMetadata and registerClient. The SDK has nothing
// for RFC 7592: that is plain fetch, its answers parsed by the SDK's schema and its errors by the SDK's
// parseErrorResponse.

import assert from 'node:assert/strict'
import {
  discoverAuthorizationServerMetadata,
  parseErrorResponse,
  registerClient,
} from '@modelcontextprotocol/sdk/client/auth.js'
import {
  InvalidClientMetadataError,
  InvalidTokenError,
  OAuthError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { OAuthClientInformationFullSchema } from '@modelcontextprotocol/sdk/shared/auth.js'
import { check, demo, metadata, update, withFragment } from './checks.mjs'

const fetchFn = (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(10_000) })

let server

/** The answer to the last registration, whole: the SDK's schema drops the two members of RFC 7592. */
let lastAnswer

async function register(clientMetadata) {
  const information = await registerClient(demo.issuer, {
    metadata: server,
    clientMetadata,
    fetchFn: async (url, init) => {
      const response = await fetchFn(url, init)
      lastAnswer = await response.clone().json()
      return response
    },
  })
  return { information, registered: lastAnswer }
}

/** A request to the client configuration endpoint. */
function manage({ registered }, method, body, token = registered.registration_access_token) {
  return fetchFn(registered.registration_client_uri, {
    method,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  })
}

async function assertInvalidToken(response) {
  assert.equal(response.status, 401)
  assert.match(response.headers.get('content-type'), /^application\/json\b/)
  assert.match(response.headers.get('www-authenticate'), /^Bearer .*error="invalid_token"/)
  const error = await parseErrorResponse(response)
  assert.ok(error instanceof InvalidTokenError, `${error.name}: ${error.message}`)
}

await check('discovers the server', async () => {
  server = await discoverAuthorizationServerMetadata(demo.issuer, { fetchFn })
  assert.ok(server, 'no metadata')
  assert.equal(server.issuer, demo.issuer)
  assert.equal(server.registration_endpoint, demo.registration_endpoint)
  assert.ok(server.code_challenge_methods_supported.includes('S256'))
})

const clients = {}
const the = (kind) => clients[kind] ?? assert.fail('it is not registered')

await check('registers a public native client', async () => {
  const { information, registered } = (clients['public native'] = await register(metadata['public native']))
  assert.equal('client_secret' in registered, false, 'a public client has a secret')
  assert.equal(information.client_id, registered.client_id)
  assert.equal(information.token_endpoint_auth_method, 'none')
})

await check('registers a confidential client', async () => {
  const { information, registered } = (clients['confidential'] = await register(metadata['confidential']))
  assert.equal(information.client_id, registered.client_id)
  assert.equal(typeof information.client_secret, 'string')
  assert.equal(typeof information.client_secret_expires_at, 'number')
})

// The SDK has no class for invalid_redirect_uri: it throws one of its OAuthErrors with the description alone,
// so the code is read from the answer that it was made of.
await check('a redirect URI with a fragment is an OAuthError made of invalid_redirect_uri', async () => {
  await assert.rejects(register(withFragment), (error) => {
    assert.ok(error instanceof OAuthError, `${error.name}: ${error.message}`)
    assert.equal(error.message, lastAnswer.error_description)
    assert.equal(lastAnswer.error, 'invalid_redirect_uri')
    return true
  })
})

await check('jwks together with jwks_uri is an InvalidClientMetadataError', async () => {
  // RFC 8037 appendix A.2
  const key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
  const keys = { jwks: { keys: [key] }, jwks_uri: 'https://client.example/jwks' }
  await assert.rejects(register({ ...metadata['confidential'], ...keys }), InvalidClientMetadataError)
})

for (const kind in metadata) {
  await check(`${kind}: reads what was registered`, async () => {
    const response = await manage(the(kind), 'GET')
    assert.equal(response.status, 200)
    const answer = await response.json()
    assert.deepEqual(answer, the(kind).registered)
    assert.deepEqual(OAuthClientInformationFullSchema.parse(answer), the(kind).information)
  })

  await check(`${kind}: updates client_name`, async () => {
    const { information, registered } = the(kind)
    const client_name = `${kind}, renamed`
    const response = await manage(the(kind), 'PUT', update(registered, { client_name }))
    assert.equal(response.status, 200)
    const answer = await response.json()
    assert.deepEqual(answer, { ...registered, client_name })
    assert.deepEqual(OAuthClientInformationFullSchema.parse(answer), { ...information, client_name })
    assert.deepEqual(await (await manage(the(kind), 'GET')).json(), answer)
  })

  await check(`${kind}: a wrong token is 401`, async () => {
    const other = kind === 'confidential' ? 'public native' : 'confidential'
    for (const token of ['wrong', the(other).registered.registration_access_token]) {
      for (const method of ['GET', 'DELETE']) {
        await assertInvalidToken(await manage(the(kind), method, undefined, token))
      }
      await assertInvalidToken(await manage(the(kind), 'PUT', update(the(kind).registered), token))
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
    await assertInvalidToken(await manage(the(kind), 'GET'))
    await assertInvalidToken(await manage(the(kind), 'DELETE'))
  })
}
