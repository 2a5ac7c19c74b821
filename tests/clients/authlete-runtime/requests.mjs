// Requests as such: tokens, types, nulls and forms, in every operation.

import assert from 'node:assert/strict'
import { check, demo } from '../checks.mjs'
import { answers, nullsOfAnswers } from '../runtime-service.mjs'
import {
  CALLBACK, ALICE, authlete, raw, query, authorize, issue, fail, ticketInfo, askToken, revoke, userinfo, updateToken,
  deleteToken, assertAction, assertErrorBody, assertChallenge, web, ofWeb, REQUEST, CREDENTIALS, ticketFor, codeFor,
  exchange, tokensFor, refresh, assertDead, assertAlive, standard, passwordTicket,
} from './service.mjs'

const OPERATIONS = [
  ['POST', '/auth/authorization', { parameters: query(REQUEST) }],
  ['POST', '/auth/authorization/fail', { ticket: 'x', reason: 'DENIED' }],
  ['POST', '/auth/authorization/issue', { ticket: 'x', subject: 'x' }],
  ['POST', '/auth/authorization/ticket/info', { ticket: 'x' }],
  ['POST', '/auth/authorization/ticket/update', { ticket: 'x', info: 'x' }],
  ['POST', '/pushed_auth_req', { parameters: query(REQUEST) }],
  ['POST', '/auth/token', { parameters: query(CREDENTIALS) }],
  ['POST', '/auth/token/issue', { ticket: 'x', subject: 'x' }],
  ['POST', '/auth/token/fail', { ticket: 'x', reason: 'UNKNOWN' }],
  ['POST', '/auth/introspection', { token: 'x' }],
  ['POST', '/auth/introspection/standard', { parameters: 'token=x' }],
  ['POST', '/auth/revocation', { parameters: 'token=x' }],
  ['POST', '/auth/userinfo', { token: 'x' }],
  ['POST', '/auth/userinfo/issue', { token: 'x' }],
  ['POST', '/auth/token/create', { grantType: 'IMPLICIT', clientId: web.clientId, subject: 'x' }],
  ['POST', '/auth/token/update', { accessToken: 'x' }],
  ['POST', '/auth/token/revoke', { subject: 'x' }],
  ['DELETE', '/auth/token/delete/x'],
  ['GET', '/auth/token/get/list?subject=x'],
  ['GET', '/client/authorization/get/list/x'],
  ['POST', '/client/authorization/get/list', { subject: 'x' }],
  ['POST', '/client/authorization/update/web', { subject: 'x' }],
  ['DELETE', '/client/authorization/delete/web/x'],
  ['GET', '/client/granted_scopes/get/web/x'],
  ['DELETE', '/client/granted_scopes/delete/web/x'],
]

await check("every operation wants a token, and refuses another service's", async () => {
  for (const [method, path, body] of OPERATIONS) {
    for (const [token, status, resultCode] of [
      [null, 401, 'A001202'],
      ['wrong', 401, 'A001203'],
      [demo.service_token, 403, 'A001293'],
    ]) {
      const { text, ...answer } = await raw(method, path, { token, body })
      assert.deepEqual([answer.status, JSON.parse(text).resultCode], [status, resultCode], `${path} ${text}`)
    }
  }
})

await check('what another service has issued is unknown', async () => {
  const elsewhere = String((await authlete.service.create({ serviceName: 'Elsewhere' })).apiKey)
  const client = { redirectUris: [CALLBACK], grantTypes: ['AUTHORIZATION_CODE', 'REFRESH_TOKEN'] }
  const { clientId, clientSecret } = await authlete.client.create({ serviceId: elsewhere, client })
  const there = { serviceId: elsewhere }
  const request = query({ ...REQUEST, client_id: String(clientId), scope: 'openid' })
  const ofClient = { clientId: String(clientId), clientSecret }
  const ask = async () =>
    (await authlete.authorization.processRequest({ ...there, authorizationRequest: { parameters: request } })).ticket
  const created = await authlete.token.management.create({
    ...there,
    tokenCreateRequest: { grantType: 'AUTHORIZATION_CODE', clientId, subject: ALICE },
  })
  const authorizationIssueRequest = { ticket: await ask(), subject: ALICE }
  const { authorizationCode } = await authlete.authorization.issue({ ...there, authorizationIssueRequest })
  const pushed = await authlete.pushedAuthorization.create({
    ...there,
    pushedAuthorizationRequest: { parameters: request, ...ofClient },
  })

  const ticket = await ask()
  assertErrorBody(await issue(ticket), 'BAD_REQUEST', 'invalid_request', 'A041202')
  assertErrorBody(await fail(ticket, 'DENIED'), 'BAD_REQUEST', 'invalid_request', 'A041202')
  assertAction(await ticketInfo(ticket), 'NOT_FOUND', 'A041202')
  assertErrorBody(await askToken(exchange(authorizationCode), ofWeb), 'BAD_REQUEST', 'invalid_grant', 'A050305')
  assertErrorBody(await refresh(created.refreshToken), 'BAD_REQUEST', 'invalid_grant', 'A053305')
  const asked = await authorize({ client_id: REQUEST.client_id, request_uri: pushed.requestUri })
  assertErrorBody(asked, 'BAD_REQUEST', 'invalid_request_uri', 'A008303')
  await assertDead(created.accessToken)
  assertAction(await updateToken(created.accessToken, {}), 'NOT_FOUND', 'A135380')
  await deleteToken(created.accessToken)
  await revoke({ token: created.accessToken }, ofWeb)
  const introspectionRequest = { token: created.accessToken }
  const alive = await authlete.introspection.process({ ...there, introspectionRequest })
  assertAction(alive, 'OK', 'A056001')
  await authlete.service.delete(there)
})

await check('no value works as another kind', async () => {
  const ticket = await ticketFor()
  const code = await codeFor()
  const { accessToken, refreshToken } = await tokensFor()
  for (const value of [ticket, code, refreshToken]) {
    await assertDead(value)
    assertChallenge(await userinfo(value), 'UNAUTHORIZED', 'invalid_token', 'A088302')
  }
  for (const value of [ticket, code, accessToken]) {
    assertErrorBody(await refresh(value), 'BAD_REQUEST', 'invalid_grant', 'A053305')
  }
  for (const value of [ticket, refreshToken, accessToken]) {
    assertErrorBody(await askToken(exchange(value), ofWeb), 'BAD_REQUEST', 'invalid_grant', 'A050305')
  }
  for (const value of [code, refreshToken, accessToken, await passwordTicket()]) {
    assertErrorBody(await issue(value), 'BAD_REQUEST', 'invalid_request', 'A041202')
  }
  for (const value of [ticket, code]) assert.equal((await standard(value)).active, false)
  await assertAlive(accessToken)
  assertAction(await askToken(exchange(code), ofWeb), 'OK', 'A050001')
})

await check('every operation wants members of the right type', async () => {
  for (const [, path, body] of OPERATIONS.filter(([method]) => method === 'POST')) {
    const [name] = Object.keys(body)
    const { status, text } = await raw('POST', path, { body: { ...body, [name]: { a: 'wrong' } } })
    assert.equal(status, 400, `${path} ${text}`)
  }
})

await check('every operation takes null for absent, and members that it does not know', async () => {
  for (const [, path, body] of OPERATIONS.filter(([method]) => method === 'POST')) {
    const more = { scopes: null, properties: null, dpop: null, accessTokenDuration: 0, acr: null, 'no such': [7] }
    const { status, text } = await raw('POST', path, { body: { ...more, ...body } })
    assert.equal(status, 200, `${path} ${text}`)
  }
})

await check('/auth and /pushed_auth_req take a form', async () => {
  const form = (path, members) =>
    raw('POST', path, { type: 'application/x-www-form-urlencoded', body: new URLSearchParams(members).toString() })
  const asked = JSON.parse((await form('/auth/authorization', { parameters: query(REQUEST) })).text)
  assertAction(asked, 'INTERACTION', 'A004001')
  const issued = { ticket: asked.ticket, subject: ALICE, scopes: 'openid read', authTime: '1700000000' }
  const { authorizationCode } = JSON.parse((await form('/auth/authorization/issue', issued)).text)
  const { accessToken, scopes } = await askToken(exchange(authorizationCode), ofWeb)
  assert.deepEqual(scopes.toSorted(), ['openid', 'read'])
  const missing = JSON.parse((await form('/auth/introspection', { token: accessToken, scopes: 'read write' })).text)
  assertAction(missing, 'FORBIDDEN', 'A064302')
  const pushed = await form('/pushed_auth_req', { parameters: query(REQUEST), ...ofWeb })
  assertAction(JSON.parse(pushed.text), 'CREATED', 'A245001')
})

await check('no answer has a null', () => {
  const operations = new Set(answers.map(({ operation }) => operation.replace(/\/api\/\d+/, '')))
  for (const [method, path] of OPERATIONS) {
    const [name] = path.split('?')
    assert.ok(operations.has(`${method} ${name}`) || /\/x$/.test(name), `${name} was not asked`)
  }
  assert.deepEqual([...new Set(nullsOfAnswers())], [])
})
