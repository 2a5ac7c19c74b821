// The service of the checks of the runtime: its SDK, its requests, its clients, and what is checked of every answer.

import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { ResultError } from '@authlete/typescript-sdk/models/errors'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { demo } from '../checks.mjs'
import { note, privateKeys, scopes, sdk } from '../runtime-service.mjs'

export const CALLBACK = 'https://client.example/callback'
export const ALICE = 'alice'
export const DAY = 86_400

export const authlete = sdk()
export const service = await authlete.service.create({ serviceName: 'Runtime' })
export const serviceId = String(service.apiKey)

/** An SDK that sends that body, whatever it is asked to send. */
export const instead = (body) => sdk(demo.organization_token, body)

/** A request without the SDK. */
export async function raw(method, path, { token = demo.organization_token, type = 'application/json', body } = {}) {
  const url = `${demo.base_url}/api/${serviceId}${path}`
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': type }) }
  const response = await fetch(url, { method, headers, body: typeof body === 'object' ? JSON.stringify(body) : body })
  await note(response, { method, url })
  return { status: response.status, text: await response.text() }
}

/** The service with all its members: the SDK cannot set `supportedAcrs`, and would lose it. */
async function readService() {
  return JSON.parse((await raw('GET', '/service/get')).text)
}

async function writeService(body) {
  const { status, text } = await raw('POST', '/service/update', { body })
  assert.equal(status, 200, text)
}

export async function changeService(changes) {
  await writeService({ ...(await readService()), ...changes })
}

/** Runs something on a service with changes. */
export async function withService(changes, body) {
  const { modifiedAt, ...before } = await readService()
  await writeService({ ...before, ...changes })
  try {
    return await body()
  } finally {
    await writeService(before)
  }
}

// The requests

export const query = (parameters) =>
  typeof parameters === 'string' ? parameters : new URLSearchParams(parameters).toString()

/** Parameters with changes; what is changed to undefined is left out. */
export const changed = (parameters, changes) =>
  Object.fromEntries(Object.entries({ ...parameters, ...changes }).filter(([, value]) => value !== undefined))

export const authorize = (parameters, more) =>
  authlete.authorization.processRequest({
    serviceId,
    authorizationRequest: { parameters: query(parameters), ...more },
  })
export const issue = (ticket, more) =>
  authlete.authorization.issue({ serviceId, authorizationIssueRequest: { ticket, subject: ALICE, ...more } })
export const fail = (ticket, reason, description) =>
  authlete.authorization.fail({ serviceId, authorizationFailRequest: { ticket, reason, description } })
export const ticketInfo = (ticket, by = authlete) =>
  by.authorization.management.getTicketInfo({ serviceId, authorizationTicketInfoRequest: { ticket } })
export const updateTicket = (ticket, info, by = authlete) =>
  by.authorization.management.updateTicket({ serviceId, authorizationTicketUpdateRequest: { ticket, info } })
export const push = (parameters, more) =>
  authlete.pushedAuthorization.create({
    serviceId,
    pushedAuthorizationRequest: { parameters: query(parameters), ...more },
  })
export const askToken = (parameters, more) =>
  authlete.token.process({ serviceId, tokenRequest: { parameters: query(parameters), ...more } })
export const introspect = (token, more) =>
  authlete.introspection.process({ serviceId, introspectionRequest: { token, ...more } })
export const introspectAsStandard = (parameters, more) =>
  authlete.introspection.standardProcess({
    serviceId,
    standardIntrospectionRequest: { parameters: query(parameters), ...more },
  })
export const revoke = (parameters, more) =>
  authlete.revocation.process({ serviceId, revocationRequest: { parameters: query(parameters), ...more } })
export const userinfo = (token) => authlete.userinfo.process({ serviceId, userinfoRequest: { token } })
export const issueUserinfo = (token, more) =>
  authlete.userinfo.issue({ serviceId, userinfoIssueRequest: { token, ...more } })

export const { management } = authlete.token
export const createToken = (more) => management.create({ serviceId, tokenCreateRequest: more })
export const updateToken = (accessToken, more) =>
  management.update({ serviceId, tokenUpdateRequest: { accessToken, ...more } })
export const deleteToken = (accessTokenIdentifier) => management.delete({ serviceId, accessTokenIdentifier })
export const revokeTokens = (tokenRevokeRequest) => management.revoke({ serviceId, tokenRevokeRequest })
export const listTokens = (more) => management.list({ serviceId, ...more })

export const grants = authlete.client.management
export const subjectOf = (subject) => ({ subjectPathParameter: subject, subjectQueryParameter: subject })
export const authorizedClients = (subject, more) =>
  grants.listAuthorizations({ serviceId, ...subjectOf(subject), ...more })
export const updateAuthorizations = (clientId, clientAuthorizationUpdateRequest) =>
  grants.updateAuthorizations({ serviceId, clientId: String(clientId), clientAuthorizationUpdateRequest })
export const deleteAuthorizations = (clientId, subject) =>
  grants.deleteAuthorizations({ serviceId, clientId: String(clientId), ...subjectOf(subject) })
export const grantedScopes = (clientId, subject) =>
  grants.getGrantedScopes({ serviceId, clientId: String(clientId), ...subjectOf(subject) })
export const deleteGrantedScopes = (clientId, subject) =>
  grants.deleteGrantedScopes({ serviceId, clientId: String(clientId), ...subjectOf(subject) })

// What is checked of every answer

/** Every member of `expected` is in `actual` with the same value. */
export function assertHolds(actual, expected) {
  const differ = Object.keys(expected).filter((name) => !isDeepStrictEqual(actual[name], expected[name]))
  const shown = (name) => `${name} is ${JSON.stringify(actual[name])}, not ${JSON.stringify(expected[name])}`
  assert.equal(differ.map(shown).join(', '), '')
}

/** The action, the code and a message that begins with it. */
export function assertAction(answer, action, resultCode) {
  assert.equal(answer.action, action, answer.resultMessage)
  assert.equal(answer.resultCode, resultCode, answer.resultMessage)
  assert.ok(answer.resultMessage.startsWith(`[${resultCode}] `), answer.resultMessage)
  return answer
}

/** The members of an error, wherever it is sent. */
export function assertErrorMembers(sent, error, resultCode) {
  assert.equal(sent.error, error, JSON.stringify(sent))
  assert.ok(sent.error_description.startsWith(`[${resultCode}] `), sent.error_description)
  assert.match(sent.error_description, /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
  assert.ok(sent.error_uri.endsWith(`#${resultCode}`), sent.error_uri)
}

/** An error that is sent as JSON. */
export function assertErrorBody(answer, action, error, resultCode) {
  assertAction(answer, action, resultCode)
  const content = JSON.parse(answer.responseContent)
  assert.deepEqual(Object.keys(content).sort(), ['error', 'error_description', 'error_uri'])
  assertErrorMembers(content, error, resultCode)
  return content
}

/** An error that is sent in `WWW-Authenticate`. */
export function assertChallenge(answer, action, error, resultCode) {
  assertAction(answer, action, resultCode)
  const { responseContent } = answer
  assert.ok(responseContent.startsWith(`Bearer error="${error}",error_description="[${resultCode}] `), responseContent)
  assert.match(responseContent, new RegExp(`,error_uri="[^"]+#${resultCode}"`))
  return responseContent
}

/** The parameters of a redirect to the callback, in its query or its fragment. */
export function sentTo(answer) {
  assert.equal(answer.action, 'LOCATION', answer.resultMessage)
  const [, separator, parameters] = /^([^?#]*[?#])(.*)$/.exec(answer.responseContent)
  assert.ok([`${CALLBACK}?`, `${CALLBACK}#`].includes(separator), answer.responseContent)
  return Object.fromEntries(new URLSearchParams(parameters))
}

/** An error that is sent to the callback, with state and issuer. */
export function assertErrorAt(answer, error, resultCode) {
  assertAction(answer, 'LOCATION', resultCode)
  const { error: _, error_description, error_uri, ...rest } = sentTo(answer)
  assertErrorMembers({ error: _, error_description, error_uri }, error, resultCode)
  assert.deepEqual(rest, { state: REQUEST.state, iss: issuer })
}

/** The SDK throws that HTTP error, with that result code in JSON. */
export async function assertFails(promise, status, resultCode) {
  const error = await promise.then(
    () => assert.fail('no error'),
    (error) => error,
  )
  assert.ok(error instanceof ResultError, `${error.name}: ${error.message}`)
  assert.equal(error.statusCode, status, error.message)
  const body = JSON.parse(error.body)
  if (resultCode) assert.equal(body.resultCode, resultCode, body.resultMessage)
  assert.ok(body.resultMessage.startsWith(`[${body.resultCode}] `), body.resultMessage)
  return body
}

/** A time in milliseconds is that many seconds from now. */
export function assertIn(time, seconds) {
  const left = (time - Date.now()) / 1000
  assert.ok(Math.abs(left - seconds) < 30, `${time} is in ${left} s, not in ${seconds} s`)
}

// The service offers everything.

export const { issuer } = service
export const attribute = { key: 'a', value: 'b' }

await changeService({
  jwks: await privateKeys(),
  supportedGrantTypes: ['AUTHORIZATION_CODE', 'REFRESH_TOKEN', 'CLIENT_CREDENTIALS', 'PASSWORD'],
  supportedResponseTypes: ['CODE', 'NONE'],
  supportedScopes: scopes('openid profile email address phone offline_access read write'),
  supportedAcrs: ['urn:acr:1', 'urn:acr:2'],
  supportedDisplays: ['PAGE', 'POPUP'],
  supportedUiLocales: ['ja', 'en'],
  supportedPromptValues: ['NONE', 'LOGIN', 'CONSENT', 'SELECT_ACCOUNT'],
  attributes: [attribute],
})

export const keys = createLocalJWKSet(await authlete.jwkSetEndpoint.serviceJwksGetApi({ serviceId }))

/** The payload of a JWT of the service, and its header. */
export async function verified(jwt, audience, options) {
  const { payload, protectedHeader } = await jwtVerify(jwt, keys, { issuer, audience, ...options })
  return { ...payload, header: protectedHeader }
}

export const createClient = (client) =>
  authlete.client.create({ serviceId, client: { redirectUris: [CALLBACK], ...client } })

/** Runs something while a client has other members. */
export async function withClient({ clientId }, changes, body) {
  const request = { serviceId, clientId: String(clientId) }
  const before = await authlete.client.get(request)
  await authlete.client.update({ ...request, client: { ...before, ...changes } })
  try {
    return await body()
  } finally {
    await authlete.client.update({ ...request, client: before })
  }
}

export const lock = ({ clientId }, clientLocked) =>
  grants.updateLockFlag({
    serviceId,
    clientIdentifier: String(clientId),
    clientFlagUpdateRequest: { clientLocked },
  })

export const grantTypes = ['AUTHORIZATION_CODE', 'REFRESH_TOKEN', 'CLIENT_CREDENTIALS', 'PASSWORD']
export const web = await createClient({
  clientName: 'Web',
  description: 'A confidential client',
  clientIdAlias: 'web',
  clientIdAliasEnabled: true,
  logoUri: 'https://client.example/logo',
  grantTypes,
  responseTypes: ['CODE', 'NONE'],
  attributes: [attribute],
})
export const native = await createClient({
  clientName: 'Native',
  clientType: 'PUBLIC',
  tokenAuthMethod: 'NONE',
  grantTypes: ['AUTHORIZATION_CODE', 'REFRESH_TOKEN'],
})
export const ofWeb = { clientId: String(web.clientId), clientSecret: web.clientSecret }

export const REQUEST = {
  response_type: 'code',
  client_id: String(web.clientId),
  redirect_uri: CALLBACK,
  scope: 'openid profile read',
  state: 'a state, "quoted" & <b>',
}
/** The example of RFC 7636. */
export const CHALLENGE = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
export const VERIFIER = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

export const OF_NATIVE = { ...REQUEST, client_id: String(native.clientId) }
export const CREDENTIALS = { grant_type: 'client_credentials', scope: 'read' }

export async function ticketFor(changes, more) {
  const { action, ticket, resultMessage } = await authorize(changed(REQUEST, changes), more)
  assert.ok(ticket, `${action}: ${resultMessage}`)
  return ticket
}

/** An authorization code of the web client. */
export async function codeFor(changes, issued) {
  const answer = await issue(await ticketFor(changes), issued)
  assert.equal(answer.action, 'LOCATION', answer.resultMessage)
  return answer.authorizationCode
}

export const exchange = (code, more) => ({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...more })

/** The answer to an exchange of the web client. */
export async function tokensFor(changes, issued, asked) {
  return assertAction(await askToken(exchange(await codeFor(changes, issued)), { ...ofWeb, ...asked }), 'OK', 'A050001')
}

export const refresh = (refresh_token, more, asked = ofWeb) =>
  askToken({ grant_type: 'refresh_token', refresh_token, ...more }, asked)

export const DEAD = ['UNAUTHORIZED', 'invalid_token', 'A056380']
export const assertDead = async (token) => assertChallenge(await introspect(token), ...DEAD)
export const assertAlive = async (token) => assertAction(await introspect(token), 'OK', 'A056001')

/** The standard's answer, which is always OK. */
export async function standard(token, { parameters, request } = {}) {
  const answer = assertAction(await introspectAsStandard({ token, ...parameters }, request), 'OK', 'A145001')
  return { ...JSON.parse(answer.responseContent), message: answer.resultMessage }
}

export const PASSWORD = { grant_type: 'password', username: 'alice <a>', password: 'p&w+d', scope: 'openid read' }

/** The ticket of a password grant. */
export async function passwordTicket() {
  return assertAction(await askToken(PASSWORD, ofWeb), 'PASSWORD', 'A054080').ticket
}
