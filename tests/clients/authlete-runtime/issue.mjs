// Fail, issue and tickets.

import assert from 'node:assert/strict'
import { check } from '../checks.mjs'
import { sdk } from '../runtime-service.mjs'
import {
  CALLBACK, ALICE, DAY, serviceId, instead, authorize, issue, fail, ticketInfo, updateTicket, askToken, introspect,
  grantedScopes, assertHolds, assertAction, assertErrorBody, sentTo, assertErrorAt, issuer, verified, createClient,
  web, ofWeb, REQUEST, ticketFor, exchange, tokensFor,
} from './service.mjs'

// Fail

const REASONS = [
  ['UNKNOWN', 'server_error'],
  ['SERVER_ERROR', 'server_error'],
  ['NOT_LOGGED_IN', 'login_required'],
  ['NOT_AUTHENTICATED', 'login_required'],
  ['MAX_AGE_NOT_SUPPORTED', 'login_required'],
  ['EXCEEDS_MAX_AGE', 'login_required'],
  ['DIFFERENT_SUBJECT', 'login_required'],
  ['ACR_NOT_SATISFIED', 'unmet_authentication_requirements'],
  ['DENIED', 'access_denied'],
  ['ACCOUNT_SELECTION_REQUIRED', 'account_selection_required'],
  ['CONSENT_REQUIRED', 'consent_required'],
  ['INTERACTION_REQUIRED', 'interaction_required'],
  ['INVALID_TARGET', 'invalid_target'],
]
const REASONS_OF_OTHERS = [
  ['INVALID_SCOPE', 'invalid_scope'],
  ['UNAUTHORIZED_CLIENT', 'unauthorized_client'],
  ['TEMPORARILY_UNAVAILABLE', 'temporarily_unavailable'],
]
const failInstead = (body) =>
  instead(body).authorization.fail({ serviceId, authorizationFailRequest: { ticket: 'x', reason: 'UNKNOWN' } })

await check('fail: every reason of the SDK has its error, and of other SDKs', async () => {
  for (const [number, [reason, error]] of REASONS.entries()) {
    assertErrorAt(await fail(await ticketFor(), reason), error, `A041${380 + number}`)
  }
  for (const [number, [reason, error]] of REASONS_OF_OTHERS.entries()) {
    const answer = await failInstead({ ticket: await ticketFor(), reason })
    assertErrorAt(answer, error, `A041${380 + REASONS.length + number}`)
  }
})

await check('fail: without a reason, or with an unknown one, it is UNKNOWN', async () => {
  for (const reason of [undefined, null, 'NO_SUCH_REASON']) {
    assertErrorAt(await failInstead({ ticket: await ticketFor(), reason }), 'server_error', 'A041380')
  }
})

await check('fail: the description comes after the code', async () => {
  const { error_description } = sentTo(await fail(await ticketFor(), 'DENIED', 'Not "today", \\ ä'))
  assert.match(error_description, /^\[A041388\] Not .*today.*, /)
  assert.match(error_description, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
})

await check('fail: it ends the ticket; an unknown one is BAD_REQUEST, none INTERNAL_SERVER_ERROR', async () => {
  const ticket = await ticketFor()
  await fail(ticket, 'DENIED')
  for (const unusable of [ticket, 'unknown', await ticketFor().then((t) => `${t.slice(0, -1)}_`)]) {
    assertErrorBody(await fail(unusable, 'DENIED'), 'BAD_REQUEST', 'invalid_request', 'A041202')
    assertErrorBody(await issue(unusable), 'BAD_REQUEST', 'invalid_request', 'A041202')
  }
  assertErrorBody(await failInstead({ reason: 'DENIED' }), 'INTERNAL_SERVER_ERROR', 'server_error', 'A041280')
})

// Issue

await check('issue: LOCATION with code, state and issuer, in this order', async () => {
  const answer = assertAction(await issue(await ticketFor()), 'LOCATION', 'A040001')
  assert.equal(answer.resultMessage, '[A040001] The authorization request was processed successfully.')
  const sent = sentTo(answer)
  assert.deepEqual(Object.keys(sent), ['code', 'state', 'iss'])
  assert.deepEqual(sent, { code: answer.authorizationCode, state: REQUEST.state, iss: issuer })
  assertHolds(answer, { accessTokenExpiresAt: 0, accessTokenDuration: 0 })
  for (const name of ['accessToken', 'idToken', 'jwtAccessToken', 'ticketInfo']) {
    assert.equal(name in answer, false, `${name} is ${answer[name]}`)
  }
})

await check('issue: query parameters of the redirect URI are kept', async () => {
  const redirectUri = `${CALLBACK}?a=b`
  const client = await createClient({ redirectUris: [redirectUri], tokenAuthMethod: 'NONE', clientType: 'PUBLIC' })
  const ticket = await ticketFor({ client_id: String(client.clientId), redirect_uri: redirectUri })
  assert.deepEqual(Object.keys(sentTo(await issue(ticket))), ['a', 'code', 'state', 'iss'])
})

await check('issue: response_type=none has no code and no subject, and `context` comes back', async () => {
  const ticket = await ticketFor({ response_type: 'none' }, { context: 'a context' })
  const authorizationIssueRequest = { ticket, subject: 'x' }
  const answer = await instead({ ticket }).authorization.issue({ serviceId, authorizationIssueRequest })
  assert.deepEqual(sentTo(answer), { state: REQUEST.state, iss: issuer })
  assert.deepEqual(answer.ticketInfo, { context: 'a context' })
  assert.equal('authorizationCode' in answer, false)
})

await check('issue: scopes as requested, none, or replaced; openid is not added', async () => {
  const granted = async (asked, scopes) => {
    const { scopes: granted = [], idToken } = await tokensFor({ scope: asked }, { scopes })
    return [granted.toSorted().join(' '), Boolean(idToken)]
  }
  assert.deepEqual(await granted('openid read'), ['openid read', true])
  assert.deepEqual(await granted('openid read', []), ['', false])
  assert.deepEqual(await granted('openid read', ['openid', 'write', 'unknown']), ['openid write', true])
  assert.deepEqual(await granted('read', ['openid', 'write']), ['write', false])
})

await check('issue: what the ID token is made of', async () => {
  const claims = { name: 'Alice', nickname: null, sub: 'no', iss: 'no', aud: 'no', exp: 1, nonce: 'no', acr: 'no' }
  const { idToken } = await tokensFor(
    { nonce: 'a nonce' },
    {
      sub: 'a sub',
      authTime: 1_700_000_000,
      acr: 'urn:acr:1',
      claims: JSON.stringify(claims),
      idtHeaderParams: JSON.stringify({ typ: 'no', alg: 'none', 'x-a': 'b' }),
      idTokenAudType: 'string',
      sessionId: 'a session',
    },
  )
  const { iat, exp, s_hash, header, ...rest } = await verified(idToken, REQUEST.client_id)
  assert.equal(exp - iat, DAY)
  assert.equal(typeof s_hash, 'string')
  assert.deepEqual([header.alg, header.kid, header['x-a']], ['RS256', 'runtime-RS256', 'b'])
  assert.notEqual(header.typ, 'no')
  assert.deepEqual(rest, {
    iss: issuer,
    sub: 'a sub',
    aud: REQUEST.client_id,
    nonce: 'a nonce',
    auth_time: 1_700_000_000,
    acr: 'urn:acr:1',
    name: 'Alice',
    sid: 'a session',
  })
})

await check('issue: without authTime, nonce and state the ID token has none', async () => {
  const { idToken } = await tokensFor({ state: undefined })
  const { header, iat, exp, ...rest } = await verified(idToken, REQUEST.client_id)
  assert.deepEqual(rest, { iss: issuer, sub: ALICE, aud: [REQUEST.client_id] })
})

await check('issue: faults of the caller are INTERNAL_SERVER_ERROR, and the ticket stays', async () => {
  const ticket = await ticketFor()
  const faults = [
    [{ subject: 'ä' }, 'A040281'],
    [{ subject: 'a'.repeat(101) }, 'A040281'],
    [{ claims: '[]' }, 'A040282'],
    [{ claims: '{' }, 'A040282'],
    [{ idtHeaderParams: '7' }, 'A040282'],
    [{ jwtAtClaims: '"a"' }, 'A040282'],
  ]
  for (const [more, resultCode] of faults) {
    assertErrorBody(await issue(ticket, more), 'INTERNAL_SERVER_ERROR', 'server_error', resultCode)
  }
  const authorizationIssueRequest = { ticket, subject: ALICE }
  for (const [body, resultCode] of [[{ subject: ALICE }, 'A040280'], [{ ticket }, 'A040281']]) {
    const answer = await instead(body).authorization.issue({ serviceId, authorizationIssueRequest })
    assertErrorBody(answer, 'INTERNAL_SERVER_ERROR', 'server_error', resultCode)
  }
  sentTo(await issue(ticket))
})

await check('issue: it ends the ticket', async () => {
  const ticket = await ticketFor()
  sentTo(await issue(ticket))
  const { error_description } = assertErrorBody(await issue(ticket), 'BAD_REQUEST', 'invalid_request', 'A041202')
  assert.ok(error_description.includes('There is no entity having the ticket'), error_description)
  assertAction(await ticketInfo(ticket), 'NOT_FOUND', 'A041202')
})

await check('issue: of ten at once on a ticket one succeeds', async () => {
  const ticket = await ticketFor()
  const answers = await Promise.all(Array.from({ length: 10 }, () => issue(ticket)))
  assert.equal(answers.filter(({ action }) => action === 'LOCATION').length, 1)
  assert.equal(answers.filter(({ resultCode }) => resultCode === 'A041202').length, 9)
})

// Tickets

await check('ticket: info and update, OK, NOT_FOUND and CALLER_ERROR', async () => {
  const ticket = await ticketFor()
  assert.deepEqual(assertAction(await ticketInfo(ticket), 'OK', 'A041080').info, {})
  const updated = assertAction(await updateTicket(ticket, 'as a string'), 'OK', 'A041081')
  assert.equal('info' in updated, false)
  assert.deepEqual((await ticketInfo(ticket)).info, { context: 'as a string' })
  const asObject = instead({ ticket, info: { context: 'as an object' } })
  assertAction(await updateTicket(ticket, 'x', asObject), 'OK', 'A041081')
  assert.deepEqual((await ticketInfo(ticket)).info, { context: 'as an object' })
  assertAction(await ticketInfo('unknown'), 'NOT_FOUND', 'A041202')
  assertAction(await updateTicket('unknown', 'x'), 'NOT_FOUND', 'A041202')
  assertAction(await ticketInfo('x', instead({})), 'CALLER_ERROR', 'A041281')
  assertAction(await updateTicket('x', 'x', instead({ info: 'x' })), 'CALLER_ERROR', 'A041281')
})

await check("ticket: the login state of the vendor's server survives in it between the steps", async () => {
  // Each step has an SDK of its own, as another process would. The state is the whole answer, in JSON.
  const store = (ticket, state) =>
    updateTicket(ticket, 'x', instead({ ticket, info: { context: JSON.stringify(state) } }))
  const load = async (ticket) => JSON.parse((await ticketInfo(ticket, sdk())).info.context)
  const answer = await authorize({ ...REQUEST, prompt: 'login consent' })
  const { ticket } = answer
  assertAction(await store(ticket, { v: 1, auth: answer }), 'OK', 'A041081')

  const atLogin = await load(ticket)
  assert.deepEqual(atLogin.auth, JSON.parse(JSON.stringify(answer)))
  const authOutcome = { subject: ALICE, authenticatedAt: 1_700_000_000, acr: 'urn:acr:1' }
  assertAction(await store(ticket, { ...atLogin, authOutcome }), 'OK', 'A041081')

  const atConsent = await load(ticket)
  assert.deepEqual(atConsent.authOutcome, authOutcome)
  const { mergedGrantedScopes: already } = await grantedScopes(web.clientId, ALICE)
  const consentOutcome = { grantedScopes: ['read'] }
  assertAction(await store(ticket, { ...atConsent, already, consentOutcome }), 'OK', 'A041081')

  const atEnd = await load(ticket)
  assert.deepEqual(atEnd.consentOutcome, consentOutcome)
  const issued = await sdk().authorization.issue({
    serviceId,
    authorizationIssueRequest: {
      ticket,
      subject: atEnd.authOutcome.subject,
      authTime: atEnd.authOutcome.authenticatedAt,
      acr: atEnd.authOutcome.acr,
      scopes: ['openid', ...atEnd.consentOutcome.grantedScopes],
      properties: [{ key: 'consent_id', value: 'c', hidden: true }],
    },
  })
  assert.deepEqual(JSON.parse(issued.ticketInfo.context), atEnd)
  assertAction(await ticketInfo(ticket, sdk()), 'NOT_FOUND', 'A041202')
  const tokens = await askToken(exchange(sentTo(issued).code), ofWeb)
  const { properties, scopes, acr, authTime } = await introspect(tokens.accessToken)
  assert.deepEqual(properties, [{ key: 'consent_id', value: 'c', hidden: true }])
  assert.deepEqual(scopes.toSorted(), ['openid', 'read'])
  assert.deepEqual([acr, authTime], ['urn:acr:1', 1_700_000_000])
  assert.equal('consent_id' in JSON.parse(tokens.responseContent), false)
})

await check('ticket: a context of 64 KiB less a little is kept', async () => {
  const ticket = await ticketFor()
  const context = 'a'.repeat(60_000)
  assertAction(await updateTicket(ticket, context), 'OK', 'A041081')
  assert.equal((await ticketInfo(ticket)).info.context, context)
})
