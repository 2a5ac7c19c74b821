// What an operator does to tokens and grants, and what becomes of them with a client.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { check } from '../checks.mjs'
import { answers } from '../runtime-service.mjs'
import {
  ALICE, DAY, authlete, service, serviceId, instead, raw, withService, authorize, issue, push, askToken, userinfo,
  createToken, updateToken, deleteToken, revokeTokens, listTokens, grants, authorizedClients, updateAuthorizations,
  deleteAuthorizations, grantedScopes, deleteGrantedScopes, assertHolds, assertAction, assertErrorBody,
  assertChallenge, sentTo, assertFails, assertIn, createClient, lock, web, native, ofWeb, REQUEST, ticketFor, codeFor,
  exchange, tokensFor, refresh, assertDead, assertAlive, standard,
} from './service.mjs'

// What an operator does to tokens

await check('create: OK, with a refresh token where the grant has one', async () => {
  const answer = assertAction(
    await createToken({
      grantType: 'AUTHORIZATION_CODE',
      clientId: web.clientId,
      subject: ALICE,
      scopes: ['openid', 'read'],
      accessTokenDuration: 100,
      refreshTokenDuration: 1000,
      properties: [{ key: 'a', value: 'b', hidden: true }],
      acr: 'urn:acr:1',
      authTime: 1_700_000_000,
    }),
    'OK',
    'A109001',
  )
  assert.equal(
    answer.resultMessage,
    `[A109001] An access token was created successfully: authorization_code, client = ${web.clientId}`,
  )
  assertHolds(answer, {
    clientId: web.clientId,
    subject: ALICE,
    grantType: 'AUTHORIZATION_CODE',
    scopes: ['openid', 'read'],
    tokenType: 'Bearer',
    expiresIn: 100,
    properties: [{ key: 'a', value: 'b', hidden: true }],
  })
  assertIn(answer.expiresAt, 100)
  assertHolds(await assertAlive(answer.accessToken), { acr: 'urn:acr:1', authTime: 1_700_000_000 })
  assertAction(await refresh(answer.refreshToken), 'OK', 'A053080')
  for (const grantType of ['IMPLICIT', 'CLIENT_CREDENTIALS']) {
    const { refreshToken, subject } = await createToken({ grantType, clientId: web.clientId, subject: ALICE })
    assert.equal(refreshToken, undefined)
    assert.equal(subject, grantType === 'IMPLICIT' ? ALICE : undefined)
  }
})

await check('create: every grant type but REFRESH_TOKEN, which is BAD_REQUEST', async () => {
  const of = (grantType) => createToken({ grantType, clientId: web.clientId, subject: 'bob' })
  for (const grantType of [
    'AUTHORIZATION_CODE', 'IMPLICIT', 'PASSWORD', 'CLIENT_CREDENTIALS', 'CIBA', 'DEVICE_CODE', 'TOKEN_EXCHANGE',
    'JWT_BEARER', 'PRE_AUTHORIZED_CODE',
  ]) {
    const answer = assertAction(await of(grantType), 'OK', 'A109001')
    assert.equal(answer.grantType, grantType)
    assert.equal((await assertAlive(answer.accessToken)).grantType, grantType)
  }
  assertAction(await of('REFRESH_TOKEN'), 'BAD_REQUEST', 'A109280')
})

await check('create: BAD_REQUEST for an unknown client or scope, and without a subject', async () => {
  const right = { grantType: 'AUTHORIZATION_CODE', clientId: web.clientId, subject: ALICE }
  assertAction(await createToken({ ...right, clientId: 1 }), 'BAD_REQUEST', 'A109281')
  assertAction(await createToken({ ...right, scopes: ['unknown'] }), 'BAD_REQUEST', 'A109280')
  assertAction(await createToken({ ...right, subject: undefined }), 'BAD_REQUEST', 'A109280')
})

await check('create: chosen values are used, once', async () => {
  const values = { accessToken: `a-${randomUUID()}/+=`, refreshToken: `r-${randomUUID()}` }
  const right = { grantType: 'AUTHORIZATION_CODE', clientId: web.clientId, subject: ALICE }
  assertHolds(assertAction(await createToken({ ...right, ...values }), 'OK', 'A109001'), values)
  assertHolds(await assertAlive(values.accessToken), { subject: ALICE })
  assertAction(await createToken({ ...right, accessToken: values.accessToken }), 'BAD_REQUEST', 'A109282')
  assertAction(await createToken({ ...right, refreshToken: values.refreshToken }), 'BAD_REQUEST', 'A109282')
  const refreshed = assertAction(await refresh(values.refreshToken), 'OK', 'A053080')
  assert.notEqual(refreshed.refreshToken, values.refreshToken)
  await assertDead(values.accessToken)
})

await check('create: a persistent token has no end', async () => {
  const { accessToken, expiresAt = 0, expiresIn = 0 } = await createToken({
    grantType: 'CLIENT_CREDENTIALS',
    clientId: web.clientId,
    accessTokenPersistent: true,
  })
  assert.deepEqual([expiresAt, expiresIn], [0, 0])
  assert.equal('expiresAt' in (await assertAlive(accessToken)), false)
  assert.equal('exp' in (await standard(accessToken)), false)
})

await check('update: OK for ends, scopes, properties and the value', async () => {
  const { accessToken, refreshToken } = await tokensFor()
  const accessTokenExpiresAt = Date.now() + 100_000
  const refreshTokenExpiresAt = Date.now() + 200_000
  const answer = assertAction(
    await updateToken(accessToken, {
      accessTokenExpiresAt,
      refreshTokenExpiresAt,
      scopes: ['openid', 'write', 'unknown'],
      properties: [{ key: 'a', value: 'b', hidden: false }],
    }),
    'OK',
    'A135001',
  )
  assert.equal(answer.resultMessage, '[A135001] Updated the access token successfully.')
  assertHolds(answer, { accessToken, tokenType: 'Bearer', properties: [{ key: 'a', value: 'b', hidden: false }] })
  assertIn(answer.accessTokenExpiresAt, 100)
  assertIn(answer.refreshTokenExpiresAt, 200)
  assert.deepEqual(answer.scopes.toSorted(), ['openid', 'write'])
  assertIn((await assertAlive(accessToken)).expiresAt, 100)
  const unchanged = await updateToken(accessToken, {
    accessTokenExpiresAt: 0,
    accessTokenPersistent: false,
    forExternalAttachment: false,
  })
  assert.deepEqual(unchanged.scopes.toSorted(), ['openid', 'write'])
  assertIn(unchanged.accessTokenExpiresAt, 100)
  const renewed = assertAction(await updateToken(accessToken, { accessTokenValueUpdated: true }), 'OK', 'A135001')
  assert.notEqual(renewed.accessToken, accessToken)
  await assertDead(accessToken)
  assert.deepEqual((await assertAlive(renewed.accessToken)).scopes.toSorted(), ['openid', 'write'])
  const restarted = await updateToken(renewed.accessToken, {
    scopes: ['openid'],
    accessTokenExpiresAtUpdatedOnScopeUpdate: true,
    refreshTokenExpiresAtUpdatedOnScopeUpdate: true,
  })
  assertIn(restarted.accessTokenExpiresAt, DAY)
  assertIn(restarted.refreshTokenExpiresAt, 10 * DAY)
  assertAction(await refresh(refreshToken), 'OK', 'A053080')
})

await check('update: NOT_FOUND for an unknown token, BAD_REQUEST without one', async () => {
  assertAction(await updateToken('unknown', {}), 'NOT_FOUND', 'A135380')
  const tokenUpdateRequest = { accessToken: 'x' }
  const answer = await instead({}).token.management.update({ serviceId, tokenUpdateRequest })
  assertAction(answer, 'BAD_REQUEST', 'A135280')
})

/** The list of tokens, once it follows the table. */
async function listed(more, count) {
  for (let round = 0; ; round++) {
    const list = await listTokens(more)
    if (list.totalCount === count || round === 50) return list
    await sleep(100)
  }
}

await check('list: by client and subject, newest first, in pages, without values', async () => {
  const subject = `s ${randomUUID()}`
  const right = { grantType: 'AUTHORIZATION_CODE', clientId: web.clientId, subject, scopes: ['read'] }
  const tokens = []
  for (let n = 0; n < 3; n++) {
    tokens.push(await createToken({ ...right, properties: [{ key: 'n', value: `${n}`, hidden: true }] }))
    await sleep(5)
  }
  const sent = answers.length
  const list = await listed({ clientIdentifier: 'web', subject }, 3)
  assertHolds(list, { start: 0, end: 5, totalCount: 3, subject })
  assert.equal(list.client.clientId, web.clientId)
  assert.deepEqual(list.accessTokens.map(({ properties }) => properties[0].value), ['2', '1', '0'])
  const [newest] = list.accessTokens
  assert.match(newest.accessTokenHash, /^[A-Za-z0-9_-]{43}$/)
  assert.match(newest.refreshTokenHash, /^[A-Za-z0-9_-]{43}$/)
  assertHolds(newest, {
    clientId: web.clientId,
    subject,
    grantType: 'AUTHORIZATION_CODE',
    scopes: ['read'],
    lastRefreshedAt: 0,
  })
  assertIn(newest.accessTokenExpiresAt, DAY)
  assertIn(newest.createdAt, 0)
  const texts = answers.slice(sent).map(({ text }) => text)
  const secrets = [web.clientSecret, ...tokens.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken])]
  for (const secret of secrets) assert.equal(texts.some((text) => text.includes(secret)), false, 'it has a secret')
  for (const filter of [{ subject }, { clientIdentifier: String(web.clientId), subject }]) {
    assert.equal((await listed(filter, 3)).totalCount, 3)
  }
  const page = await listTokens({ subject, clientIdentifier: 'web', start: 1, end: 2 })
  assert.deepEqual(page.accessTokens.map(({ properties }) => properties[0].value), ['1'])
  assertAction(await refresh(tokens[2].refreshToken), 'OK', 'A053080')
  const again = await listed({ subject, clientIdentifier: 'web' }, 3)
  const refreshed = again.accessTokens.find(({ properties }) => properties[0].value === '2')
  assertIn(refreshed.lastRefreshedAt, 0)
  assert.equal(refreshed.grantType, 'AUTHORIZATION_CODE')
  await assertDead(newest.accessTokenHash)
})

await check('delete: by value and by hash, 204, and for an unknown one too', async () => {
  const subject = `s ${randomUUID()}`
  const byValue = await tokensFor({}, { subject })
  assert.equal(await deleteToken(byValue.accessToken), undefined)
  await assertDead(byValue.accessToken)
  assertErrorBody(await refresh(byValue.refreshToken), 'BAD_REQUEST', 'invalid_grant', 'A053305')
  const byHash = await tokensFor({}, { subject })
  const { accessTokens } = await listed({ clientIdentifier: 'web', subject }, 1)
  assert.equal(await deleteToken(accessTokens[0].accessTokenHash), undefined)
  await assertDead(byHash.accessToken)
  assert.equal(await deleteToken('unknown'), undefined)
  const accessToken = `a/b+c= ${randomUUID()}`
  await createToken({ grantType: 'CLIENT_CREDENTIALS', clientId: web.clientId, accessToken })
  assert.equal(await deleteToken(accessToken), undefined)
  await assertDead(accessToken)
})

await check('update and revoke: by hash', async () => {
  const subject = `s ${randomUUID()}`
  const { accessToken } = await tokensFor({}, { subject })
  const [{ accessTokenHash }] = (await listed({ clientIdentifier: 'web', subject }, 1)).accessTokens
  const byHash = instead({ accessTokenHash, scopes: ['read'] })
  const answer = assertAction(
    await byHash.token.management.update({ serviceId, tokenUpdateRequest: { accessToken: 'x' } }),
    'OK',
    'A135001',
  )
  assert.equal('accessToken' in answer, false)
  assert.deepEqual((await assertAlive(accessToken)).scopes, ['read'])
  assert.equal((await revokeTokens({ accessTokenIdentifier: accessTokenHash })).count, 1)
  await assertDead(accessToken)
})

await check('revoke: by token, by subject and client, and 400 without a clue', async () => {
  const subject = `s ${randomUUID()}`
  const tokens = [await tokensFor({}, { subject }), await tokensFor({}, { subject }), await tokensFor({}, { subject })]
  const one = await revokeTokens({ refreshTokenIdentifier: tokens[0].refreshToken })
  assertHolds(one, { resultCode: 'A312001', resultMessage: '[A312001] Revoked 1 access token(s).', count: 1 })
  await assertDead(tokens[0].accessToken)
  await assertAlive(tokens[1].accessToken)
  const both = await revokeTokens({ clientIdentifier: 'web', subject })
  assertHolds(both, { resultMessage: '[A312001] Revoked 2 access token(s).', count: 2 })
  for (const { accessToken } of tokens) await assertDead(accessToken)
  await assertFails(revokeTokens({}), 400, 'A312280')
})

await check('revoke: by client, and what comes later lives', async () => {
  const client = await createClient({ tokenAuthMethod: 'NONE', clientType: 'PUBLIC' })
  const of = (subject) => createToken({ grantType: 'AUTHORIZATION_CODE', clientId: client.clientId, subject })
  const [first, second] = [await of(ALICE), await of('bob')]
  await sleep(20)
  await revokeTokens({ clientIdentifier: String(client.clientId) })
  await assertDead(first.accessToken)
  await assertDead(second.accessToken)
  await sleep(20)
  await assertAlive((await of(ALICE)).accessToken)
})

// Grants. The subject has a space and a slash.

await check('authorized clients: those with a live token, without secrets', async () => {
  const subject = `su b/1 ${randomUUID()}`
  assertHolds(await authorizedClients(subject), { totalCount: 0, subject, clients: [] })
  await tokensFor({}, { subject })
  const ofNative = await createToken({ grantType: 'AUTHORIZATION_CODE', clientId: native.clientId, subject })
  const sent = answers.length
  const list = await authorizedClients(subject)
  assertHolds(list, { start: 0, end: 5, totalCount: 2, subject })
  assert.deepEqual(
    list.clients.map(({ clientId }) => clientId).sort(),
    [web.clientId, native.clientId].sort(),
  )
  assert.equal(answers[sent].text.includes(web.clientSecret), false, 'it has a secret')
  assert.equal((await authorizedClients(subject, { start: 1, end: 2 })).clients.length, 1)
  await deleteToken(ofNative.accessToken)
  assert.deepEqual((await authorizedClients(subject)).clients.map(({ clientId }) => clientId), [web.clientId])
})

await check('authorizations: update changes the scopes of all live tokens', async () => {
  const subject = `su b/1 ${randomUUID()}`
  const tokens = [await tokensFor({}, { subject }), await tokensFor({}, { subject })]
  const answer = await updateAuthorizations(web.clientId, { subject, scopes: ['read'] })
  assertHolds(answer, {
    resultCode: 'A138001',
    resultMessage:
      `[A138001] Updated 2 access token(s) issued to the client (ID = ${web.clientId}) of the service ` +
      `(API Key = ${serviceId}).`,
  })
  for (const { accessToken } of tokens) assert.deepEqual((await assertAlive(accessToken)).scopes, ['read'])
  await updateAuthorizations('web', { subject })
  for (const { accessToken } of tokens) assert.deepEqual((await assertAlive(accessToken)).scopes, ['read'])
})

await check('authorizations: delete ends tokens, codes and remembered scopes, and may find nothing', async () => {
  const subject = `su b/1 ${randomUUID()}`
  const { accessToken, refreshToken } = await tokensFor({}, { subject })
  const code = await codeFor({}, { subject })
  const answer = await deleteAuthorizations(web.clientId, subject)
  assert.equal(answer.resultCode, 'A137001', answer.resultMessage)
  assert.match(answer.resultMessage, /^\[A137001\] Deleted [12] access token\(s\)/)
  await assertDead(accessToken)
  assertErrorBody(await refresh(refreshToken), 'BAD_REQUEST', 'invalid_grant', 'A053305')
  assertErrorBody(await askToken(exchange(code), ofWeb), 'BAD_REQUEST', 'invalid_grant', 'A050305')
  assert.equal('mergedGrantedScopes' in (await grantedScopes(web.clientId, subject)), false)
  assert.match((await deleteAuthorizations('web', subject)).resultMessage, /^\[A137001\] Deleted 0 access token\(s\)/)
})

await check('granted scopes: before, after, merged, none and deleted', async () => {
  const subject = `su b/1 ${randomUUID()}`
  const facts = { serviceApiKey: Number(serviceId), clientId: web.clientId, subject, resultCode: 'A187080' }
  const none = await grantedScopes(web.clientId, subject)
  assertHolds(none, facts)
  const members = ['latestGrantedScopes', 'mergedGrantedScopes', 'modifiedAt']
  for (const name of members) assert.equal(name in none, false, `${name} is ${none[name]}`)
  await codeFor({ scope: 'openid read' }, { subject })
  const first = await grantedScopes('web', subject)
  assertHolds(first, facts)
  assert.deepEqual(first.latestGrantedScopes.toSorted(), ['openid', 'read'])
  assertIn(first.modifiedAt, 0)
  const { accessToken } = await tokensFor({ scope: 'write' }, { subject })
  const second = await grantedScopes(web.clientId, subject)
  assert.deepEqual(second.latestGrantedScopes, ['write'])
  assert.deepEqual(second.mergedGrantedScopes.toSorted(), ['openid', 'read', 'write'])
  await codeFor({ scope: undefined }, { subject })
  assert.deepEqual((await grantedScopes(web.clientId, subject)).latestGrantedScopes, [])
  const deleted = await deleteGrantedScopes(web.clientId, subject)
  assert.equal(deleted.resultCode, 'A187081', deleted.resultMessage)
  const after = await grantedScopes(web.clientId, subject)
  for (const name of members) assert.equal(name in after, false, `${name} is ${after[name]}`)
  await assertAlive(accessToken)
})

await check('grants: subjects with what a path must escape', async () => {
  const subjects = ['a+b', '100%', 'a%2Fb', 'a%20b', '#a', 'a;b&c=d', `'a' "b"`, 'a/../b/', 'https://as.example/a']
  for (const subject of subjects) {
    await tokensFor({}, { subject })
    assertHolds(await authorizedClients(subject), { totalCount: 1, subject })
    assertHolds(await grantedScopes('web', subject), { clientId: web.clientId, subject })
    await deleteGrantedScopes('web', subject)
    const { resultMessage } = await deleteAuthorizations('web', subject)
    assert.match(resultMessage, /^\[A137001\] Deleted 1 access token\(s\)/)
  }
})

await check('grants: two subjects that differ, none, and an unknown client are 400', async () => {
  const differ = { serviceId, clientId: 'web', subjectPathParameter: 'a', subjectQueryParameter: 'b' }
  await assertFails(grants.deleteAuthorizations(differ), 400)
  await assertFails(grants.getGrantedScopes(differ), 400)
  await assertFails(grants.deleteGrantedScopes(differ), 400)
  await assertFails(grants.listAuthorizations(differ), 400)
  await assertFails(grantedScopes('nobody', ALICE), 400)
  await assertFails(deleteGrantedScopes('nobody', ALICE), 400)
  await assertFails(updateAuthorizations('nobody', { subject: ALICE }), 400)
  await assertFails(deleteAuthorizations('nobody', ALICE), 400)
  const codes = {
    '/client/authorization/delete/web': 'A137280',
    '/client/authorization/update/web': 'A138280',
    '/client/granted_scopes/get/web': 'A187280',
    '/client/granted_scopes/delete/web': 'A187280',
  }
  for (const [path, resultCode] of Object.entries(codes)) {
    const { status, text } = await raw('POST', path, { body: {} })
    assert.deepEqual([status, JSON.parse(text).resultCode], [400, resultCode], text)
  }
})

await check('grants: the forms of other SDKs', async () => {
  const subject = `su b/1 ${randomUUID()}`
  await tokensFor({}, { subject })
  const asked = new URLSearchParams({ subject })
  for (const [method, path, body] of [
    ['GET', `/client/authorization/get/list?${asked}`],
    ['POST', '/client/authorization/get/list', { subject, developer: null, start: 0, end: 0 }],
  ]) {
    const { status, text } = await raw(method, path, { body })
    assert.equal(status, 200, text)
    assertHolds(JSON.parse(text), { start: 0, end: 5, totalCount: 1, subject })
  }
  for (const [method, path, body] of [
    ['GET', `/client/granted_scopes/get/web?${asked}`],
    ['POST', '/client/granted_scopes/get/web', { subject }],
    ['DELETE', `/client/granted_scopes/delete/web?${asked}`],
    ['POST', '/client/granted_scopes/delete/web', { subject }],
    ['DELETE', `/client/authorization/delete/web?${asked}`],
    ['POST', '/client/authorization/delete/web', { subject }],
  ]) {
    const { status, text } = await raw(method, path, { body })
    assert.equal(status, 200, `${method} ${path}: ${text}`)
    assert.match(JSON.parse(text).resultCode, /^A(187|137)0[0-9]{2}$/)
  }
})

// Locked and deleted clients

await check('a locked client is 403 in authorization, pushed request and token, and its tokens are dead', async () => {
  const { accessToken, refreshToken } = await tokensFor()
  const code = await codeFor()
  const ticket = await ticketFor()
  await lock(web, true)
  try {
    const refused = {
      '/auth/authorization': () => authorize(REQUEST),
      '/pushed_auth_req': () => push(REQUEST, ofWeb),
      '/auth/token': () => askToken(exchange(code), ofWeb),
    }
    for (const [path, ask] of Object.entries(refused)) {
      const { resultMessage } = await assertFails(ask(), 403, 'A001215')
      assert.equal(resultMessage, `[A001215] ${path}, The client (ID = ${web.clientId}) is locked.`)
    }
    await assertDead(accessToken)
    assert.equal((await standard(accessToken)).active, false)
    assertChallenge(await userinfo(accessToken), 'UNAUTHORIZED', 'invalid_token', 'A088302')
  } finally {
    await lock(web, false)
  }
  await assertAlive(accessToken)
  assertAction(await refresh(refreshToken), 'OK', 'A053080')
  sentTo(await issue(ticket))
})

await check('the tokens of a deleted client are dead at once', async () => {
  const { clientId } = await createClient({ clientType: 'PUBLIC', tokenAuthMethod: 'NONE' })
  const { accessToken } = await createToken({ grantType: 'AUTHORIZATION_CODE', clientId, subject: ALICE })
  await assertAlive(accessToken)
  await authlete.client.delete({ serviceId, clientId: String(clientId) })
  await assertDead(accessToken)
  assert.equal((await standard(accessToken)).active, false)
  const late = await authorize({ ...REQUEST, client_id: String(clientId) })
  assertErrorBody(late, 'BAD_REQUEST', 'invalid_client', 'A004382')
})

await check('singleAccessTokenPerSubject: a new token ends the one before', async () => {
  const subject = `s ${randomUUID()}`
  await withService({ singleAccessTokenPerSubject: true }, async () => {
    const first = await tokensFor({}, { subject })
    const second = await tokensFor({}, { subject })
    await assertDead(first.accessToken)
    assertErrorBody(await refresh(first.refreshToken), 'BAD_REQUEST', 'invalid_grant', 'A053305')
    await assertAlive(second.accessToken)
  })
})
