// Requests as such: tokens, types, nulls and forms, in every operation.

import assert from 'node:assert/strict'
import { check, demo } from '../checks.mjs'
import { answers, nullsOfAnswers } from '../runtime-service.mjs'
import { ALICE, raw, query, askToken, assertAction, web, ofWeb, REQUEST, CREDENTIALS, exchange } from './service.mjs'

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
