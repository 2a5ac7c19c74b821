// Pushed requests.

import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { check } from '../checks.mjs'
import {
  CALLBACK, serviceId, instead, withService, changed, authorize, issue, push, assertAction, assertErrorBody, sentTo,
  web, ofWeb, REQUEST, OF_NATIVE,
} from './service.mjs'

const asQuery = (requestUri, clientId = REQUEST.client_id) => ({ client_id: clientId, request_uri: requestUri })

await check('pushed: CREATED, with the method constant and the answer for the client', async () => {
  const answer = assertAction(await push(REQUEST, ofWeb), 'CREATED', 'A245001')
  const { requestUri } = answer
  assert.match(requestUri, /^urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{43,}$/)
  assert.equal(
    answer.resultMessage,
    `[A245001] Successfully registered a request object for client (${web.clientId}), URI is ${requestUri}.`,
  )
  assert.equal(answer.clientAuthMethod, 'CLIENT_SECRET_BASIC')
  assert.deepEqual(JSON.parse(answer.responseContent), { expires_in: 600, request_uri: requestUri })
  const asked = assertAction(await authorize(asQuery(requestUri)), 'INTERACTION', 'A004001')
  assert.deepEqual(asked.scopes.map(({ name }) => name).sort(), ['openid', 'profile', 'read'])
  assert.deepEqual(sentTo(await issue(asked.ticket)).state, REQUEST.state)
  const again = await authorize(asQuery(requestUri))
  assertErrorBody(again, 'BAD_REQUEST', 'invalid_request_uri', 'A008303')
})

await check('pushed: of a public client the method is NONE; pushedAuthReqDuration counts', async () => {
  await withService({ pushedAuthReqDuration: 1 }, async () => {
    const { clientAuthMethod, requestUri, responseContent } = await push(OF_NATIVE)
    assert.equal(clientAuthMethod, 'NONE')
    assert.equal(JSON.parse(responseContent).expires_in, 1)
    await sleep(2100)
    const late = await authorize(asQuery(requestUri, OF_NATIVE.client_id))
    assertErrorBody(late, 'BAD_REQUEST', 'invalid_request_uri', 'A008303')
  })
})

await check('pushed: BAD_REQUEST for every fault of the request', async () => {
  const faults = [
    [{ request_uri: 'urn:ietf:params:oauth:request_uri:x' }, 'invalid_request', 'A245380'],
    [{ client_id: OF_NATIVE.client_id }, 'invalid_request', 'A157384'],
    [{ response_type: undefined }, 'invalid_request', 'A009301'],
    [{ redirect_uri: `${CALLBACK}/` }, 'invalid_request', 'A011304'],
    [{ response_type: 'token' }, 'unsupported_response_type', 'A004386'],
    [{ scope: 'a"b' }, 'invalid_scope', 'A004388'],
    [{ prompt: 'letter' }, 'invalid_request', 'A004391'],
  ]
  for (const [changes, error, resultCode] of faults) {
    const answer = await push(changed(REQUEST, changes), ofWeb)
    assertErrorBody(answer, 'BAD_REQUEST', error, resultCode)
    assert.equal('requestUri' in answer, false)
  }
})

await check('pushed: UNAUTHORIZED, the same bytes for a wrong secret and an unknown client', async () => {
  const wrong = await push(REQUEST, { ...ofWeb, clientSecret: 'wrong' })
  assertErrorBody(wrong, 'UNAUTHORIZED', 'invalid_client', 'A157380')
  const unknown = await push(changed(REQUEST, { client_id: '1' }), { ...ofWeb, clientId: '1' })
  assert.equal(unknown.responseContent, wrong.responseContent)
  assert.equal(unknown.action, 'UNAUTHORIZED')
})

await check('pushed: PAYLOAD_TOO_LARGE beyond 32 KiB', async () => {
  for (const kibibytes of [33, 63, 80]) {
    const answer = await push({ ...REQUEST, login_hint: 'a'.repeat(kibibytes * 1024) }, ofWeb)
    assertErrorBody(answer, 'PAYLOAD_TOO_LARGE', 'invalid_request', 'A245381')
  }
})

await check('pushed: no `parameters` is another fault than empty ones', async () => {
  const pushedAuthorizationRequest = { parameters: 'x' }
  const none = await instead({}).pushedAuthorization.create({ serviceId, pushedAuthorizationRequest })
  const empty = await push('')
  assertErrorBody(empty, 'BAD_REQUEST', 'invalid_request', 'A244305')
  assert.notEqual(none.action, 'CREATED')
  assert.notEqual(none.resultCode, empty.resultCode)
})
