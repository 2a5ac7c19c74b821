// Introspection, JWT access tokens, revocation and userinfo.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { check } from '../checks.mjs'
import { answers } from '../runtime-service.mjs'
import {
  ALICE, DAY, serviceId, instead, withService, askToken, introspect, introspectAsStandard, revoke, userinfo,
  issueUserinfo, createToken, updateToken, deleteToken, revokeTokens, deleteAuthorizations, assertHolds, assertAction,
  assertErrorBody, assertChallenge, assertIn, issuer, attribute, verified, withClient, web, native, ofWeb, REQUEST,
  OF_NATIVE, CREDENTIALS, codeFor, exchange, tokensFor, refresh, DEAD, assertDead, assertAlive, standard,
} from './service.mjs'

// Introspection

await check('introspection: OK, with every fact of the token', async () => {
  const properties = [
    { key: 'open', value: 'o', hidden: false },
    { key: 'secret', value: 's', hidden: true },
  ]
  const { accessToken } = await tokensFor({}, { properties, acr: 'urn:acr:1', authTime: 1_700_000_000 })
  const answer = await assertAlive(accessToken)
  assert.equal(answer.resultMessage, '[A056001] The access token is valid.')
  assert.equal(answer.responseContent, 'Bearer error="invalid_request"')
  assertHolds(answer, {
    clientId: web.clientId,
    clientIdAlias: 'web',
    clientIdAliasUsed: false,
    subject: ALICE,
    existent: true,
    usable: true,
    sufficient: true,
    refreshable: true,
    properties,
    acr: 'urn:acr:1',
    authTime: 1_700_000_000,
    grantType: 'AUTHORIZATION_CODE',
    serviceAttributes: [attribute],
    clientAttributes: [attribute],
  })
  assert.deepEqual(answer.scopes.toSorted(), ['openid', 'profile', 'read'])
  assert.deepEqual(answer.scopeDetails.map(({ name }) => name).sort(), ['openid', 'profile', 'read'])
  assertIn(answer.expiresAt, DAY)
  assert.equal(JSON.parse(answers.at(-1).text).active, true)
})

await check('introspection: OK for scopes, subject, ACR and age that fit', async () => {
  const authTime = Math.floor(Date.now() / 1000)
  const { accessToken } = await tokensFor({}, { acr: 'urn:acr:1', authTime })
  const more = { scopes: ['read'], subject: ALICE, acrValues: ['urn:acr:2', 'urn:acr:1'], maxAge: 600 }
  assertAction(await introspect(accessToken, more), 'OK', 'A056001')
})

await check('introspection: FORBIDDEN for a missing scope and another subject', async () => {
  const { accessToken } = await tokensFor()
  const scope = await introspect(accessToken, { scopes: ['read', 'write'] })
  const content = assertChallenge(scope, 'FORBIDDEN', 'insufficient_scope', 'A064302')
  assert.ok(content.includes("does not cover the required scope 'write'"), content)
  assert.ok(content.includes('scope="read write"'), content)
  assertHolds(scope, { existent: true, usable: true, sufficient: false, subject: ALICE, clientId: web.clientId })
  const subject = await introspect(accessToken, { subject: 'bob' })
  assertChallenge(subject, 'FORBIDDEN', 'invalid_request', 'A064380')
})

await check('introspection: UNAUTHORIZED for another ACR, an old login and an unknown time of it', async () => {
  const { accessToken } = await tokensFor({}, { acr: 'urn:acr:1', authTime: 1_700_000_000 })
  const stepUp = ['UNAUTHORIZED', 'insufficient_user_authentication', 'A065380']
  const acr = assertChallenge(await introspect(accessToken, { acrValues: ['urn:acr:2'] }), ...stepUp)
  assert.ok(acr.includes('acr_values="urn:acr:2"'), acr)
  const age = assertChallenge(await introspect(accessToken, { maxAge: 60 }), ...stepUp)
  assert.match(age, /max_age="?60"?/)
  const { accessToken: timeless } = await tokensFor()
  assertChallenge(await introspect(timeless, { maxAge: 60 }), ...stepUp)
})

await check('introspection: UNAUTHORIZED for an unknown, an expired and a revoked token', async () => {
  const unknown = await introspect('unknown')
  assertChallenge(unknown, ...DEAD)
  assertHolds(unknown, { existent: false, usable: false, refreshable: false })
  const short = { accessTokenDuration: 1 }
  const { accessToken, refreshToken } = await tokensFor({}, {}, short)
  const { accessToken: unrefreshable } = await askToken(CREDENTIALS, { ...ofWeb, ...short })
  await sleep(2100)
  for (let round = 0; round < 2; round++) {
    const expired = await introspect(accessToken)
    const content = assertChallenge(expired, 'UNAUTHORIZED', 'invalid_token', 'A065301')
    assert.ok(content.includes('can be refreshed using the corresponding refresh token'), content)
    assertHolds(expired, { existent: true, usable: false, refreshable: true, subject: ALICE, clientId: web.clientId })
  }
  const over = await introspect(unrefreshable)
  assertChallenge(over, 'UNAUTHORIZED', 'invalid_token', 'A056381')
  assertHolds(over, { existent: true, usable: false, refreshable: false })
  assertAction(await revoke({ token: refreshToken }, ofWeb), 'OK', 'A113001')
  await assertDead(accessToken)
})

await check('introspection: BAD_REQUEST without a token', async () => {
  const introspectionRequest = { token: 'x' }
  const answer = await instead({}).introspection.process({ serviceId, introspectionRequest })
  assertChallenge(answer, 'BAD_REQUEST', 'invalid_request', 'A056280')
})

await check('standard introspection: OK for access and refresh tokens, whatever the hint', async () => {
  const properties = [
    { key: 'open', value: 'o', hidden: false },
    { key: 'secret', value: 's', hidden: true },
  ]
  const issued = { properties, acr: 'urn:acr:1', authTime: 1_700_000_000 }
  const { accessToken, refreshToken } = await tokensFor({}, issued)
  for (const hint of ['access_token', 'refresh_token', 'letter']) {
    const parameters = { token_type_hint: hint }
    const { message, scope, exp, iat, ...facts } = await standard(accessToken, { parameters })
    assert.equal(
      message,
      '[A145001] Introspection was performed successfully (type=access_token, active=true).',
    )
    assert.deepEqual(scope.split(' ').sort(), ['openid', 'profile', 'read'])
    assert.equal(exp - iat, DAY)
    const { aud, ...rest } = facts
    assert.deepEqual(rest, {
      active: true,
      client_id: REQUEST.client_id,
      token_type: 'Bearer',
      sub: ALICE,
      iss: issuer,
      acr: 'urn:acr:1',
      auth_time: 1_700_000_000,
      open: 'o',
    })
    const refresh = await standard(refreshToken, { parameters })
    assertHolds(refresh, { active: true, client_id: REQUEST.client_id, sub: ALICE })
    assert.equal('token_type' in refresh, false)
    assert.ok(refresh.message.includes('type=refresh_token'), refresh.message)
  }
  const all = await standard(accessToken, { request: { withHiddenProperties: true } })
  assert.equal(all.secret, 's')
})

await check('standard introspection: iat is when the token was issued, not its ticket or code', async () => {
  const code = await codeFor()
  await sleep(2100)
  const before = Math.floor(Date.now() / 1000)
  const { accessToken, refreshToken } = await askToken(exchange(code), ofWeb)
  for (const token of [accessToken, refreshToken]) {
    const { iat } = await standard(token)
    assert.ok(iat >= before, `iat is ${before - iat} s before the exchange`)
  }
})

await check('standard introspection: inactive is exactly that', async () => {
  const { accessToken } = await tokensFor()
  await revoke({ token: accessToken }, ofWeb)
  for (const token of ['unknown', accessToken]) {
    const { responseContent } = assertAction(await introspectAsStandard({ token }), 'OK', 'A145001')
    assert.equal(responseContent, '{"active":false}')
  }
})

await check('standard introspection: BAD_REQUEST without a token', async () => {
  for (const parameters of ['', 'token=', 'token_type_hint=access_token']) {
    assertErrorBody(await introspectAsStandard(parameters), 'BAD_REQUEST', 'invalid_request', 'A145280')
  }
})

await check('JWT access tokens: both forms are introspected', async () => {
  await withService({ accessTokenSignAlg: 'ES256' }, async () => {
    const jwtAtClaims = JSON.stringify({ tenant: 't', sub: 'no' })
    const answer = await tokensFor({}, { acr: 'urn:acr:1', authTime: 1_700_000_000, jwtAtClaims })
    const { accessToken, jwtAccessToken } = answer
    assert.equal(JSON.parse(answer.responseContent).access_token, jwtAccessToken)
    assert.notEqual(accessToken, jwtAccessToken)
    const { header, scope, iat, exp, jti, ...claims } = await verified(jwtAccessToken, issuer, { typ: 'at+jwt' })
    assert.deepEqual([header.alg, header.kid], ['ES256', 'runtime-ES256'])
    assert.equal(exp - iat, DAY)
    assert.equal(typeof jti, 'string')
    assert.deepEqual(scope.split(' ').sort(), ['openid', 'profile', 'read'])
    assertHolds(claims, {
      iss: issuer,
      sub: ALICE,
      client_id: REQUEST.client_id,
      acr: 'urn:acr:1',
      auth_time: 1_700_000_000,
      tenant: 't',
    })
    for (const token of [accessToken, jwtAccessToken]) {
      assert.equal((await assertAlive(token)).subject, ALICE)
      assert.equal((await standard(token)).active, true)
      assertAction(await userinfo(token), 'OK', 'A091001')
    }
  })
})

await check('JWT access tokens: one that somebody else signed, or nobody, is unknown', async () => {
  await withService({ accessTokenSignAlg: 'ES256' }, async () => {
    const { jwtAccessToken } = await tokensFor()
    const { header, ...claims } = await verified(jwtAccessToken, issuer)
    const { privateKey } = await generateKeyPair('ES256')
    const [, payload, signature] = jwtAccessToken.split('.')
    for (const forged of [
      await new SignJWT(claims).setProtectedHeader(header).sign(privateKey),
      new UnsecuredJWT(claims).encode(),
      `${Buffer.from(JSON.stringify({ ...header, alg: 'none' })).toString('base64url')}.${payload}.${signature}`,
    ]) {
      await assertDead(forged)
      assert.equal((await standard(forged)).active, false)
      assertChallenge(await userinfo(forged), 'UNAUTHORIZED', 'invalid_token', 'A088302')
    }
    await assertAlive(jwtAccessToken)
  })
})

/** What ends a token of that subject. */
const ENDS = {
  'a refresh': ({ refreshToken }) => refresh(refreshToken),
  'a revocation of itself': ({ jwtAccessToken }) => revoke({ token: jwtAccessToken }, ofWeb),
  'a revocation of its opaque form': ({ accessToken }) => revoke({ token: accessToken }, ofWeb),
  'a revocation of its refresh token': ({ refreshToken }) => revoke({ token: refreshToken }, ofWeb),
  'a deletion of itself': ({ jwtAccessToken }) => deleteToken(jwtAccessToken),
  'a new value': ({ accessToken }) => updateToken(accessToken, { accessTokenValueUpdated: true }),
  'a revocation of its subject': ({ subject }) => revokeTokens({ subject }),
  'a deletion of the authorization': ({ subject }) => deleteAuthorizations(web.clientId, subject),
  'the reuse of its code': ({ code }) => askToken(exchange(code), ofWeb),
}

for (const [what, end] of Object.entries(ENDS)) {
  await check(`JWT access tokens: ${what} ends one in both forms`, async () => {
    await withService({ accessTokenSignAlg: 'ES256' }, async () => {
      const subject = `s ${randomUUID()}`
      const code = await codeFor({}, { subject })
      const tokens = await askToken(exchange(code), ofWeb)
      for (const token of [tokens.accessToken, tokens.jwtAccessToken]) await assertAlive(token)
      await end({ ...tokens, subject, code })
      for (const token of [tokens.accessToken, tokens.jwtAccessToken]) {
        await assertDead(token)
        assert.equal((await standard(token)).active, false)
        for (const ask of [userinfo, issueUserinfo]) {
          assertChallenge(await ask(token), 'UNAUTHORIZED', 'invalid_token', 'A088302')
        }
      }
    })
  })
}

// Revocation

await check('revocation: OK for access, refresh and unknown tokens; the pair goes together', async () => {
  for (const name of ['accessToken', 'refreshToken']) {
    const tokens = await tokensFor()
    const answer = assertAction(await revoke({ token: tokens[name] }, ofWeb), 'OK', 'A113001')
    assert.equal(answer.resultMessage, '[A113001] The token has been revoked successfully.')
    assert.equal('responseContent' in answer, false)
    await assertDead(tokens.accessToken)
    assertErrorBody(await refresh(tokens.refreshToken), 'BAD_REQUEST', 'invalid_grant', 'A053305')
  }
  assertAction(await revoke({ token: 'unknown' }, ofWeb), 'OK', 'A113080')
  const { responseContent } = await revoke({ token: 'unknown', callback: 'a.b' }, ofWeb)
  assert.equal(responseContent, 'a.b();')
})

await check("revocation: INVALID_CLIENT and BAD_REQUEST, and another client's token stays", async () => {
  const { accessToken } = await tokensFor()
  const wrong = await revoke({ token: accessToken }, { ...ofWeb, clientSecret: 'wrong' })
  assertErrorBody(wrong, 'INVALID_CLIENT', 'invalid_client', 'A157380')
  const nobody = await revoke({ token: accessToken })
  assertErrorBody(nobody, 'INVALID_CLIENT', 'invalid_client', 'A116302')
  assertErrorBody(await revoke({ token_type_hint: 'x' }, ofWeb), 'BAD_REQUEST', 'invalid_request', 'A113380')
  const other = await revoke({ token: accessToken, client_id: OF_NATIVE.client_id })
  assertErrorBody(other, 'BAD_REQUEST', 'invalid_request', 'A113381')
  await assertAlive(accessToken)
})

await check("revocation: a public client's token without a client", async () => {
  const { accessToken } = await createToken({
    grantType: 'AUTHORIZATION_CODE',
    clientId: native.clientId,
    subject: ALICE,
  })
  assertAction(await revoke({ token: accessToken }), 'OK', 'A113001')
  await assertDead(accessToken)
})

// Userinfo

await check('userinfo: OK, then issue is JSON', async () => {
  const claims = JSON.stringify({ userinfo: { locale: null } })
  const issued = { sub: 'a sub', consentedClaims: ['name'], properties: [{ key: 'a', value: 'b', hidden: true }] }
  const { accessToken } = await tokensFor({ claims }, issued)
  const answer = assertAction(await userinfo(accessToken), 'OK', 'A091001')
  assertHolds(answer, {
    clientId: web.clientId,
    subject: ALICE,
    token: accessToken,
    clientIdAlias: 'web',
    consentedClaims: ['name'],
    properties: issued.properties,
    userInfoClaims: '{"locale":null}',
    serviceAttributes: [attribute],
    clientAttributes: [attribute],
  })
  assert.deepEqual(answer.scopes.toSorted(), ['openid', 'profile', 'read'])
  for (const name of ['name', 'locale']) assert.ok(answer.claims.includes(name), `claims are ${answer.claims}`)
  const content = JSON.stringify({ name: 'Alice "the user"', nickname: null, sub: 'no' })
  const json = assertAction(await issueUserinfo(accessToken, { claims: content }), 'JSON', 'A096001')
  assert.deepEqual(JSON.parse(json.responseContent), { sub: 'a sub', name: 'Alice "the user"' })
  const other = await issueUserinfo(accessToken, { sub: 'another sub' })
  assert.deepEqual(JSON.parse(other.responseContent), { sub: 'another sub' })
})

await check('userinfo: issue is JWT for a client with userInfoSignAlg', async () => {
  const { accessToken } = await tokensFor()
  await withClient(web, { userInfoSignAlg: 'ES256' }, async () => {
    const answer = assertAction(await issueUserinfo(accessToken, { claims: '{"name":"Alice"}' }), 'JWT', 'A096001')
    const { sub, name } = await verified(answer.responseContent, REQUEST.client_id)
    assert.deepEqual([sub, name], [ALICE, 'Alice'])
  })
})

await check('userinfo: BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, and INTERNAL_SERVER_ERROR', async () => {
  const userinfoRequest = { token: 'x' }
  const none = await instead({}).userinfo.process({ serviceId, userinfoRequest })
  assertChallenge(none, 'BAD_REQUEST', 'invalid_request', 'A088280')
  const { accessToken } = await tokensFor({ scope: 'read' })
  const { accessToken: expired } = await tokensFor({}, {}, { accessTokenDuration: 1 })
  await sleep(2100)
  for (const ask of [userinfo, issueUserinfo]) {
    assertChallenge(await ask('unknown'), 'UNAUTHORIZED', 'invalid_token', 'A088302')
    assertChallenge(await ask(expired), 'UNAUTHORIZED', 'invalid_token', 'A088302')
    const content = assertChallenge(await ask(accessToken), 'FORBIDDEN', 'insufficient_scope', 'A089304')
    assert.ok(content.includes('scope="openid"'), content)
  }
  const { accessToken: usable } = await tokensFor()
  const faulty = await issueUserinfo(usable, { claims: '[]' })
  assertChallenge(faulty, 'INTERNAL_SERVER_ERROR', 'server_error', 'A096280')
})
