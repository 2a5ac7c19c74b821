// The token endpoint: authenticating the client, and the grants.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { check } from '../checks.mjs'
import { answers } from '../runtime-service.mjs'
import {
  CALLBACK, ALICE, DAY, authlete, serviceId, instead, withService, query, changed, authorize, issue, askToken,
  introspect, issueUserinfo, assertHolds, assertAction, assertErrorBody, assertIn, issuer, attribute, verified,
  createClient, withClient, web, ofWeb, REQUEST, CHALLENGE, VERIFIER, OF_NATIVE, CREDENTIALS, ticketFor, codeFor,
  exchange, tokensFor, refresh, assertDead, assertAlive, standard, PASSWORD, passwordTicket,
} from './service.mjs'

// Tokens: authenticating the client

await check('token: no client is BAD_REQUEST, no `parameters` another fault', async () => {
  const { error_description } = assertErrorBody(await askToken(''), 'BAD_REQUEST', 'invalid_request', 'A244305')
  assert.ok(error_description.includes("Add a 'client_id' parameter."), error_description)
  assertErrorBody(await askToken(CREDENTIALS), 'BAD_REQUEST', 'invalid_request', 'A244305')
  const answer = await instead({}).token.process({ serviceId, tokenRequest: { parameters: 'x' } })
  assertErrorBody(answer, 'BAD_REQUEST', 'invalid_request', 'A050280')
})

await check('token: INVALID_CLIENT, the same bytes for a wrong secret and an unknown client', async () => {
  const wrong = await askToken(CREDENTIALS, { ...ofWeb, clientSecret: 'wrong' })
  assertErrorBody(wrong, 'INVALID_CLIENT', 'invalid_client', 'A157380')
  for (const credentials of [{ clientId: '1', clientSecret: 'wrong' }, { ...ofWeb, clientId: 'nobody' }]) {
    const unknown = await askToken(CREDENTIALS, credentials)
    assert.deepEqual([unknown.action, unknown.responseContent], [wrong.action, wrong.responseContent])
  }
})

await check('token: each client authenticates in its own way', async () => {
  const { clientId: client_id, clientSecret: client_secret } = ofWeb
  const inBody = await askToken({ ...CREDENTIALS, client_id, client_secret })
  assertErrorBody(inBody, 'INVALID_CLIENT', 'invalid_client', 'A157357')
  const contradicts = await askToken({ ...CREDENTIALS, client_id: OF_NATIVE.client_id }, ofWeb)
  assertErrorBody(contradicts, 'BAD_REQUEST', 'invalid_request', 'A157384')
  const ofNative = { grant_type: 'refresh_token', refresh_token: 'x', client_id: OF_NATIVE.client_id }
  const secret = await askToken({ ...ofNative, client_secret: 'x' })
  assertErrorBody(secret, 'INVALID_CLIENT', 'invalid_client', 'A157303')
  const empty = await askToken({ ...ofNative, client_secret: '' })
  assertErrorBody(empty, 'BAD_REQUEST', 'invalid_grant', 'A053305')
})

await check('token: Basic credentials as they are, and form-encoded', async () => {
  const encoded = ofWeb.clientSecret.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`)
  for (const clientSecret of [ofWeb.clientSecret, encoded]) {
    const answer = assertAction(await askToken(CREDENTIALS, { ...ofWeb, clientSecret }), 'OK', 'A052001')
    assert.equal(answer.clientAuthMethod, 'CLIENT_SECRET_BASIC')
  }
})

/** A client assertion, signed with a secret. */
const assertion = (clientId, secret, { exp = '1m', ...changes } = {}) =>
  new SignJWT({ jti: randomUUID(), iss: clientId, sub: clientId, aud: issuer, ...changes })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime(exp)
    .sign(new TextEncoder().encode(secret))

await check('token: client_secret_jwt, and what is wrong with an assertion', async () => {
  const client = await createClient({
    tokenAuthMethod: 'CLIENT_SECRET_JWT',
    tokenAuthSignAlg: 'HS256',
    grantTypes: ['CLIENT_CREDENTIALS'],
  })
  const id = String(client.clientId)
  const ask = (client_assertion) =>
    askToken({
      ...CREDENTIALS,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion,
    })
  const right = assertAction(await ask(await assertion(id, client.clientSecret)), 'OK', 'A052001')
  assert.equal(right.clientAuthMethod, 'CLIENT_SECRET_JWT')
  const faults = [
    [client.clientSecret, { aud: 'https://other.example' }, 'A157318'],
    ['another secret, which is as long as it must be', {}, 'A157326'],
    [client.clientSecret, { exp: 1_700_000_000 }, 'A157382'],
    [client.clientSecret, { exp: Math.floor(Date.now() / 1000) + 7200 }, 'A157382'],
    [client.clientSecret, { jti: undefined }, 'A157382'],
  ]
  for (const [secret, changes, resultCode] of faults) {
    const answer = await ask(await assertion(id, secret, changes))
    assertErrorBody(answer, 'INVALID_CLIENT', 'invalid_client', resultCode)
  }
})

// Tokens: the grants

await check('token: OK for a code, with every member and the order of the answer', async () => {
  const properties = [
    { key: 'open', value: 'o', hidden: false },
    { key: 'secret', value: 's', hidden: true },
    { key: 'access_token', value: 'no', hidden: false },
  ]
  const answer = await tokensFor({}, { properties })
  assert.equal(
    answer.resultMessage,
    '[A050001] The token request (grant_type=authorization_code) was processed successfully.',
  )
  const content = JSON.parse(answer.responseContent)
  assert.deepEqual(Object.keys(content).slice(0, 6), [
    'access_token', 'token_type', 'expires_in', 'scope', 'refresh_token', 'id_token',
  ])
  assertHolds(content, {
    access_token: answer.accessToken,
    token_type: 'Bearer',
    expires_in: DAY,
    refresh_token: answer.refreshToken,
    id_token: answer.idToken,
    open: 'o',
  })
  assert.equal('secret' in content, false, 'a hidden property is shown')
  assert.deepEqual(content.scope.split(' ').sort(), ['openid', 'profile', 'read'])
  assertHolds(answer, {
    grantType: 'AUTHORIZATION_CODE',
    clientId: web.clientId,
    clientIdAlias: 'web',
    clientIdAliasUsed: false,
    clientAuthMethod: 'CLIENT_SECRET_BASIC',
    subject: ALICE,
    accessTokenDuration: DAY,
    refreshTokenDuration: 10 * DAY,
    serviceAttributes: [attribute],
    clientAttributes: [attribute],
  })
  assert.deepEqual(answer.scopes.toSorted(), ['openid', 'profile', 'read'])
  assertIn(answer.accessTokenExpiresAt, DAY)
  assertIn(answer.refreshTokenExpiresAt, 10 * DAY)
  assert.equal('previousRefreshTokenUsed' in answer, false)
})

await check('token: no scope, no member', async () => {
  const { responseContent, idToken } = await tokensFor({ scope: undefined })
  assert.equal('scope' in JSON.parse(responseContent), false)
  assert.equal(idToken, undefined)
})

await check('token: durations of scopes and of the client; the shortest counts', async () => {
  const attributes = [
    { key: 'access_token.duration', value: '50' },
    { key: 'refresh_token.duration', value: '70' },
    { key: 'id_token.duration', value: '30' },
  ]
  const durations = async () => {
    const { accessTokenDuration, refreshTokenDuration, idToken } = await tokensFor({ scope: 'openid read' })
    const { iat, exp } = await verified(idToken, REQUEST.client_id)
    return [accessTokenDuration, refreshTokenDuration, exp - iat]
  }
  await withService({ supportedScopes: [{ name: 'openid' }, { name: 'read', attributes }] }, async () => {
    assert.deepEqual(await durations(), [50, 70, 30])
    const extension = { accessTokenDuration: 40, refreshTokenDuration: 80, idTokenDuration: 20 }
    await withClient(web, { extension }, async () => assert.deepEqual(await durations(), [40, 70, 20]))
  })
  await withService({ tokenExpirationLinked: true }, async () => {
    const linked = await tokensFor({}, {}, { accessTokenDuration: 1000, refreshTokenDuration: 10 })
    assertHolds(linked, { accessTokenDuration: 10, refreshTokenDuration: 10 })
  })
})

await check('token: a chosen access token is used, once', async () => {
  const accessToken = `a-${randomUUID()}`
  assert.equal((await tokensFor({}, {}, { accessToken })).accessToken, accessToken)
  await assertAlive(accessToken)
  const again = await askToken(exchange(await codeFor()), { ...ofWeb, accessToken })
  assert.notEqual(again.action, 'OK')
})

await check('token: a pairwise client has a subject of its own in ID token, userinfo and introspection', async () => {
  await withClient(web, { subjectType: 'PAIRWISE' }, async () => {
    const [first, second] = [await tokensFor(), await tokensFor()]
    const { sub } = await verified(first.idToken, REQUEST.client_id)
    assert.notEqual(sub, ALICE)
    assert.equal((await verified(second.idToken, REQUEST.client_id)).sub, sub)
    assert.equal(JSON.parse((await issueUserinfo(first.accessToken)).responseContent).sub, sub)
    assert.equal((await standard(first.accessToken)).sub, sub)
    assert.equal((await assertAlive(first.accessToken)).subject, ALICE)
  })
})

await check('token: durations and properties of the request', async () => {
  const answer = await tokensFor({}, {}, {
    accessTokenDuration: 60,
    refreshTokenDuration: 120,
    properties: JSON.stringify([{ key: 'late', value: 'l' }]),
  })
  assertHolds(answer, { accessTokenDuration: 60, refreshTokenDuration: 120 })
  assertIn(answer.accessTokenExpiresAt, 60)
  assertIn(answer.refreshTokenExpiresAt, 120)
  assert.deepEqual(answer.properties, [{ key: 'late', value: 'l', hidden: false }])
  assert.equal(JSON.parse(answer.responseContent).late, 'l')
  const none = await tokensFor({}, {}, { properties: 'no JSON' })
  assert.equal('properties' in none, false)
})

await check('token: no grant_type, an unknown one, and one of another client', async () => {
  const faults = [
    [{ code: 'x' }, 'invalid_request', 'A050380'],
    [{ grant_type: 'letter' }, 'unsupported_grant_type', 'A050381'],
    [{ grant_type: 'urn:ietf:params:oauth:grant-type:device_code' }, 'unsupported_grant_type', 'A050381'],
  ]
  for (const [parameters, error, resultCode] of faults) {
    assertErrorBody(await askToken(parameters, ofWeb), 'BAD_REQUEST', error, resultCode)
  }
  const ofNative = { grant_type: 'password', client_id: OF_NATIVE.client_id, username: 'a', password: 'b' }
  assertErrorBody(await askToken(ofNative), 'BAD_REQUEST', 'unauthorized_client', 'A050382')
  const twice = await askToken(`${query(CREDENTIALS)}&scope=read`, ofWeb)
  assert.deepEqual([twice.action, JSON.parse(twice.responseContent).error], ['BAD_REQUEST', 'invalid_request'])
})

await check('token: a code and what must fit to it; a refused exchange does not burn it', async () => {
  const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' }
  const [code, plain] = [await codeFor(pkce), await codeFor()]
  const faults = [
    [exchange(undefined), 'invalid_request', 'A050383'],
    [exchange('unknown'), 'invalid_grant', 'A050305'],
    [exchange(plain, { redirect_uri: `${CALLBACK}/` }), 'invalid_grant', 'A050309'],
    [exchange(plain, { redirect_uri: undefined }), 'invalid_grant', 'A050309'],
    [exchange(code), 'invalid_grant', 'A050312'],
    [exchange(code, { code_verifier: CHALLENGE }), 'invalid_grant', 'A050315'],
    [exchange(plain, { code_verifier: VERIFIER }), 'invalid_grant', 'A050317'],
  ]
  for (const [parameters, error, resultCode] of faults) {
    assertErrorBody(await askToken(changed(parameters), ofWeb), 'BAD_REQUEST', error, resultCode)
  }
  const stolen = await askToken({ ...exchange(plain), client_id: OF_NATIVE.client_id })
  const unknown = await askToken(exchange('unknown'), ofWeb)
  assert.equal(stolen.responseContent, unknown.responseContent)
  assertAction(await askToken(exchange(code, { code_verifier: VERIFIER }), ofWeb), 'OK', 'A050001')
  assertAction(await askToken(exchange(plain), ofWeb), 'OK', 'A050001')
})

await check('token: a code that is used again is refused, and its tokens are dead', async () => {
  const code = await codeFor()
  const { accessToken, refreshToken } = await askToken(exchange(code), ofWeb)
  assertErrorBody(await askToken(exchange(code), ofWeb), 'BAD_REQUEST', 'invalid_grant', 'A050305')
  await assertDead(accessToken)
  assertErrorBody(await refresh(refreshToken), 'BAD_REQUEST', 'invalid_grant', 'A053305')
})

await check('token: of ten exchanges at once one succeeds, and its tokens are dead', async () => {
  const code = await codeFor()
  const answers = await Promise.all(Array.from({ length: 10 }, () => askToken(exchange(code), ofWeb)))
  const [{ accessToken }, ...others] = answers.filter(({ action }) => action === 'OK')
  assert.equal(others.length, 0)
  assert.equal(answers.filter(({ resultCode }) => resultCode === 'A050305').length, 9)
  await assertDead(accessToken)
})

await check('token: INTERNAL_SERVER_ERROR without a key for the ID token, and the code stays', async () => {
  const code = await codeFor()
  const answer = await withClient(web, { idTokenSignAlg: 'PS512' }, () => askToken(exchange(code), ofWeb))
  assert.equal(answer.action, 'INTERNAL_SERVER_ERROR', answer.resultMessage)
  assert.match(answer.resultCode, /^A[0-9]{3}2[0-9]{2}$/)
  assert.equal(JSON.parse(answer.responseContent).error, 'server_error')
  const later = await withClient(web, { idTokenSignAlg: 'ES256' }, () => askToken(exchange(code), ofWeb))
  const { idToken } = assertAction(later, 'OK', 'A050001')
  assert.equal((await verified(idToken, REQUEST.client_id)).header.alg, 'ES256')
})

await check('token: refresh is OK, rotates, and ends the access token before', async () => {
  const before = await tokensFor()
  const after = assertAction(await refresh(before.refreshToken), 'OK', 'A053080')
  assertHolds(after, { grantType: 'REFRESH_TOKEN', subject: ALICE, clientId: web.clientId })
  assert.notEqual(after.refreshToken, before.refreshToken)
  assert.equal('idToken' in after || 'previousRefreshTokenUsed' in after, false)
  await assertDead(before.accessToken)
  await assertAlive(after.accessToken)
  assertErrorBody(await refresh(before.refreshToken), 'BAD_REQUEST', 'invalid_grant', 'A053305')
  await assertAlive(after.accessToken)
})

await check('token: refresh without a token, with an unknown one, and with a wider or narrower scope', async () => {
  const { refreshToken } = await tokensFor()
  assertErrorBody(await askToken({ grant_type: 'refresh_token' }, ofWeb), 'BAD_REQUEST', 'invalid_request', 'A053380')
  assertErrorBody(await refresh('unknown'), 'BAD_REQUEST', 'invalid_grant', 'A053305')
  const wider = await refresh(refreshToken, { scope: 'openid write' })
  assertErrorBody(wider, 'BAD_REQUEST', 'invalid_scope', 'A053381')
  const narrow = assertAction(await refresh(refreshToken, { scope: 'read' }), 'OK', 'A053080')
  assert.deepEqual(narrow.scopes, ['read'])
  assert.deepEqual(narrow.refreshTokenScopes.toSorted(), ['openid', 'profile', 'read'])
})

await check('token: refreshTokenKept, refreshTokenDurationReset and refreshTokenDurationKept', async () => {
  const { refreshToken } = await tokensFor({}, {}, { refreshTokenDuration: 1000 })
  await withService({ refreshTokenKept: true }, async () => {
    const kept = await refresh(refreshToken)
    assert.equal(kept.refreshToken, refreshToken)
    assertIn(kept.refreshTokenExpiresAt, 1000)
  })
  await withService({ refreshTokenKept: true, refreshTokenDurationReset: true }, async () => {
    assertIn((await refresh(refreshToken)).refreshTokenExpiresAt, 10 * DAY)
  })
  const other = await tokensFor({}, {}, { refreshTokenDuration: 1000 })
  await withService({ refreshTokenDurationKept: true }, async () => {
    assertIn((await refresh(other.refreshToken)).refreshTokenExpiresAt, 1000)
  })
})

await check('token: refreshTokenIdempotent answers the same pair again, until it is used', async () => {
  const { refreshToken } = await tokensFor()
  await withService({ refreshTokenIdempotent: true }, async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(refreshToken)))
    assert.deepEqual([...new Set(answers.map(({ action }) => action))], ['OK'])
    const pairs = new Set(answers.map(({ accessToken, refreshToken }) => `${accessToken} ${refreshToken}`))
    assert.equal(pairs.size, 1)
    assert.equal(answers.filter((answer) => answer.previousRefreshTokenUsed).length, 9)
    assertAction(await refresh(answers[0].refreshToken), 'OK', 'A053080')
    const late = await refresh(refreshToken)
    assertErrorBody(late, 'BAD_REQUEST', 'invalid_grant', 'A053305')
    assert.equal(late.previousRefreshTokenUsed, true)
  })
})

await check("token: a public client's rotated token ends its grant", async () => {
  const { ticket } = await authorize(OF_NATIVE)
  const { authorizationCode } = await issue(ticket)
  const client_id = OF_NATIVE.client_id
  const before = assertAction(await askToken(exchange(authorizationCode, { client_id })), 'OK', 'A050001')
  assert.equal(before.clientAuthMethod, 'NONE')
  const after = assertAction(await refresh(before.refreshToken, { client_id }, {}), 'OK', 'A053080')
  const reused = await refresh(before.refreshToken, { client_id }, {})
  assertErrorBody(reused, 'BAD_REQUEST', 'invalid_grant', 'A053305')
  await assertDead(after.accessToken)
})

await check('token: no refresh token without that grant, of the service and of the client', async () => {
  await withClient(web, { grantTypes: ['AUTHORIZATION_CODE'] }, async () => {
    const answer = await tokensFor()
    assert.equal('refreshToken' in answer || 'refresh_token' in JSON.parse(answer.responseContent), false)
  })
  const { refreshToken } = await tokensFor()
  await withService({ supportedGrantTypes: ['AUTHORIZATION_CODE'] }, async () => {
    assert.equal('refreshToken' in (await tokensFor()), false)
    assertErrorBody(await refresh(refreshToken), 'BAD_REQUEST', 'unsupported_grant_type', 'A050381')
  })
  assertAction(await refresh(refreshToken), 'OK', 'A053080')
})

await check('token: openidDroppedOnRefreshWithoutOfflineAccess', async () => {
  const { refreshToken } = await tokensFor()
  const offline = await tokensFor({ scope: 'openid offline_access', prompt: 'consent' })
  await withService({ openidDroppedOnRefreshWithoutOfflineAccess: true }, async () => {
    assert.deepEqual((await refresh(refreshToken)).scopes.toSorted(), ['profile', 'read'])
    assert.deepEqual((await refresh(offline.refreshToken)).scopes.toSorted(), ['offline_access', 'openid'])
  })
})

await check('token: missingClientIdAllowed finds the public client of a code and of a refresh token', async () => {
  const codeOf = async (request) => (await issue((await authorize(request)).ticket)).authorizationCode
  const [code, ofAnother] = [await codeOf(OF_NATIVE), await codeOf(REQUEST)]
  assertErrorBody(await askToken(exchange(code)), 'BAD_REQUEST', 'invalid_request', 'A244305')
  await withService({ missingClientIdAllowed: true }, async () => {
    const { refreshToken } = assertAction(await askToken(exchange(code)), 'OK', 'A050001')
    assertAction(await refresh(refreshToken, {}, {}), 'OK', 'A053080')
    assert.notEqual((await askToken(exchange(ofAnother))).action, 'OK')
  })
})

await check('token: a way to authenticate that the service does not offer is INVALID_CLIENT', async () => {
  await withService({ supportedTokenAuthMethods: ['NONE', 'PRIVATE_KEY_JWT'] }, async () => {
    assertErrorBody(await askToken(CREDENTIALS, ofWeb), 'INVALID_CLIENT', 'invalid_client', 'A157381')
  })
})

await check('token: client credentials have neither subject nor refresh token', async () => {
  const answer = assertAction(await askToken({ ...CREDENTIALS, scope: 'openid read' }, ofWeb), 'OK', 'A052001')
  assertHolds(answer, { grantType: 'CLIENT_CREDENTIALS', scopes: ['read'] })
  assert.deepEqual(Object.keys(JSON.parse(answer.responseContent)), [
    'access_token', 'token_type', 'expires_in', 'scope',
  ])
  assert.equal('subject' in answer || 'refreshToken' in answer || 'idToken' in answer, false)
  const { subject, grantType } = await introspect(answer.accessToken)
  assert.deepEqual([subject, grantType], [undefined, 'CLIENT_CREDENTIALS'])
})

await check('token: client credentials of a public client are unauthorized_client', async () => {
  const answer = await askToken({ ...CREDENTIALS, client_id: OF_NATIVE.client_id })
  assertErrorBody(answer, 'BAD_REQUEST', 'unauthorized_client', 'A052301')
})

const issueToken = (ticket, more, by = authlete) =>
  by.token.issue({ serviceId, tokenIssueRequest: { ticket, subject: ALICE, ...more } })
const failToken = (ticket, reason, by = authlete) =>
  by.token.fail({ serviceId, tokenFailRequest: { ticket, reason } })

await check('password: PASSWORD, then issue is OK', async () => {
  const asked = assertAction(await askToken(PASSWORD, ofWeb), 'PASSWORD', 'A054080')
  const { username, password } = PASSWORD
  assertHolds(asked, { username, password, clientId: web.clientId, clientAuthMethod: 'CLIENT_SECRET_BASIC' })
  assert.deepEqual(asked.scopes.toSorted(), ['openid', 'read'])
  assert.equal('responseContent' in asked, false)
  const properties = [{ key: 'a', value: 'b', hidden: false }]
  const more = { accessTokenDuration: 60, refreshTokenDuration: 120, properties }
  const answer = assertAction(await issueToken(asked.ticket, more), 'OK', 'A054001')
  assert.equal(answer.resultMessage, '[A054001] The token request (grant_type=password) was processed successfully.')
  assertHolds(answer, { subject: ALICE, clientId: web.clientId, accessTokenDuration: 60, refreshTokenDuration: 120 })
  const content = JSON.parse(answer.responseContent)
  assertHolds(content, { access_token: answer.accessToken, expires_in: 60, refresh_token: answer.refreshToken, a: 'b' })
  assert.equal('id_token' in content, false)
  await assertAlive(answer.accessToken)
  assertAction(await refresh(answer.refreshToken), 'OK', 'A053080')
})

await check('password: fail is BAD_REQUEST invalid_grant for wrong credentials, and other reasons', async () => {
  const denied = await failToken(await passwordTicket(), 'INVALID_RESOURCE_OWNER_CREDENTIALS')
  const { error_description } = assertErrorBody(denied, 'BAD_REQUEST', 'invalid_grant', 'A067301')
  assert.ok(error_description.includes('The credentials (username & password) passed'), error_description)
  const target = await failToken(await passwordTicket(), 'INVALID_TARGET')
  assertErrorBody(target, 'BAD_REQUEST', 'invalid_target', 'A067380')
  const unknown = await failToken(await passwordTicket(), 'UNKNOWN')
  assert.equal(unknown.resultCode, 'A067380', unknown.resultMessage)
  assert.equal(JSON.parse(unknown.responseContent).error, 'server_error')
})

await check('password: a ticket ends with its use; an unusable one is INTERNAL_SERVER_ERROR', async () => {
  const ticket = await passwordTicket()
  assertAction(await issueToken(ticket), 'OK', 'A054001')
  for (const unusable of [ticket, 'unknown', await ticketFor()]) {
    const issued = await issueToken(unusable)
    assertErrorBody(issued, 'INTERNAL_SERVER_ERROR', 'server_error', 'A067280')
    const failed = await failToken(unusable, 'UNKNOWN')
    assertErrorBody(failed, 'INTERNAL_SERVER_ERROR', 'server_error', 'A067280')
  }
})

await check('password: no username or no password is invalid_request', async () => {
  for (const name of ['username', 'password']) {
    const answer = await askToken(changed(PASSWORD, { [name]: undefined }), ofWeb)
    assertErrorBody(answer, 'BAD_REQUEST', 'invalid_request', 'A054380')
  }
})
