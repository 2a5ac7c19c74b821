// npm `@authlete/typescript-sdk`: dynamic registration, clients and services of the Authlete API, on a service that
// this script creates with the organization's token and deletes at the end.
//
// The SDK has nothing for /api/info, /api/misc/echo and /api/lifecycle/healthcheck; its service.getConfiguration
// drops every member of the answer; its jwkSetEndpoint.serviceJwksGetApi takes the 204 of a service without keys
// for an error. Those, and requests that the SDK would not send, are plain fetch. The SDK with a serviceId of its own
// (`@authlete/typescript-sdk/authlete`) fails in Node before it sends anything: its proxy wraps the URL.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Authlete, HTTPClient } from '@authlete/typescript-sdk'
import { AuthleteDefaultError, ResultError } from '@authlete/typescript-sdk/models/errors'
import { check, demo } from './checks.mjs'

/** An SDK with a token; it waits when little is left of the token's rate. */
function sdk(bearer) {
  const httpClient = new HTTPClient().addHook('response', ({ headers }) => {
    const { 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': reset } = Object.fromEntries(headers)
    return remaining && remaining < 20 ? sleep(reset * 1000 - Date.now() + 100) : undefined
  })
  return new Authlete({ serverURL: demo.base_url, bearer, httpClient })
}

const authlete = sdk(demo.organization_token)
const service = await authlete.service.create({ serviceName: 'TypeScript' })
const serviceId = String(service.apiKey)
const { management } = authlete.client

/** A request without the SDK. */
async function raw(method, path, { token = demo.organization_token, type, body } = {}) {
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(type && { 'content-type': type }) }
  const response = await fetch(demo.base_url + path, { method, headers, body })
  return { response, status: response.status, text: await response.text() }
}

const json = 'application/json'
const none = { token: null }

/** The oauth door of the service. */
const oauth = {
  register: (metadata) =>
    raw('POST', `/${serviceId}/register`, { ...none, type: json, body: JSON.stringify(metadata) }),
  read: (registered) => raw('GET', new URL(registered.registration_client_uri).pathname, {
    token: registered.registration_access_token,
  }),
}

/** Every member of `expected` is in `actual` with the same value; of JSON in a string, the value counts. */
function assertHolds(actual, expected) {
  const value = (client, name) => (/^(.*jwks|customMetadata)$/i.test(name) ? JSON.parse(client[name]) : client[name])
  const differ = Object.keys(expected).filter((name) => !isDeepStrictEqual(value(actual, name), value(expected, name)))
  const shown = (name) => `${name} is ${JSON.stringify(actual[name])}, not ${JSON.stringify(expected[name])}`
  assert.equal(differ.map(shown).join(', '), '')
}

/** The SDK throws that HTTP error, with that result code in JSON. */
async function assertFails(promise, status, resultCode, type = ResultError) {
  const error = await promise.then(
    () => assert.fail('no error'),
    (error) => error,
  )
  assert.ok(error instanceof type, `${error.name}: ${error.message}`)
  assert.equal(error.statusCode, status, error.message)
  assert.equal(error.contentType, json)
  const body = JSON.parse(error.body)
  assert.equal(body.resultCode, resultCode, body.resultMessage)
  assert.ok(body.resultMessage.startsWith(`[${resultCode}] `), body.resultMessage)
  return body
}

/** A 404, for which the SDK has no class. */
const assertNotFound = (promise, resultCode) => assertFails(promise, 404, resultCode, AuthleteDefaultError)

/** An answer of dynamic registration with that action; its parsed `responseContent`. */
function content(answer, action, resultCode) {
  assert.equal(answer.action, action, answer.resultMessage)
  assert.equal(answer.resultCode, resultCode, answer.resultMessage)
  assert.ok(answer.resultMessage.startsWith(`[${resultCode}] `), answer.resultMessage)
  return answer.responseContent && JSON.parse(answer.responseContent)
}

/** Dynamic registration; `metadata` is an object, or a text that is sent as it is. */
const text = (metadata) => (typeof metadata === 'string' ? metadata : JSON.stringify(metadata))
const registration = {
  register: (metadata, more) =>
    authlete.dynamicClientRegistration.register({ serviceId, requestBody: { json: text(metadata), ...more } }),
  get: (clientId, token) => authlete.dynamicClientRegistration.get({ serviceId, requestBody: { clientId, token } }),
  update: (clientId, token, metadata) =>
    authlete.dynamicClientRegistration.update({ serviceId, requestBody: { clientId, token, json: text(metadata) } }),
  delete: (clientId, token) =>
    authlete.dynamicClientRegistration.delete({ serviceId, requestBody: { clientId, token } }),
}

async function register(metadata) {
  return content(await registration.register(metadata), 'CREATED', 'A202001')
}

const create = (client) => authlete.client.create({ serviceId, client })
const get = (clientId) => authlete.client.get({ serviceId, clientId: String(clientId) })
const update = (clientId, client) => authlete.client.update({ serviceId, clientId: String(clientId), client })
const remove = (clientId) => authlete.client.delete({ serviceId, clientId: String(clientId) })
const lock = (clientId, clientLocked) => {
  const clientFlagUpdateRequest = { clientLocked }
  return management.updateLockFlag({ serviceId, clientIdentifier: String(clientId), clientFlagUpdateRequest })
}

/** Reads the service and writes it back with changes. */
async function changeService(changes) {
  return authlete.service.update({ serviceId, service: { ...(await authlete.service.get({ serviceId })), ...changes } })
}

// Services

/** Members with those names, each with the value that `value` makes. */
const members = (names, value) => Object.fromEntries(names.trim().split(/\s+/).map((name, n) => [name, value(name, n)]))
const flags = (names) => members(names, () => true)
const numbers = (names) => members(names, (name, number) => 600 + number)
const texts = (names) => members(names, (name) => `a ${name}`)
const lists = (names) => members(names, (name) => [`${name}-b`, `${name}-a`])
const urls = (names) => members(names, (name) => `https://as.example/${name}?a=b`)
const key = (kid) => ({
  kty: 'EC',
  crv: 'P-256',
  kid,
  use: 'sig',
  alg: 'ES256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
})
const publicKeys = (kid) => JSON.stringify({ keys: [key(kid)] })
const privateKeys = (kid) =>
  JSON.stringify({ keys: [{ ...key(kid), d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X8fCE9-E9LI' }] })

/** A service with a value in every member that can be written. */
const everyServiceMember = {
  serviceName: 'TypeScript, changed',
  issuer: 'https://as.example',
  clientsPerDeveloper: 100,
  accessTokenType: 'Bearer',
  accessTokenSignAlg: 'ES256',
  userCodeCharset: 'BASE20',
  verifiedClaimsValidationSchemaSet: 'standard+id_document',
  supportedGrantTypes: [
    'AUTHORIZATION_CODE', 'PASSWORD', 'CLIENT_CREDENTIALS', 'REFRESH_TOKEN', 'CIBA', 'DEVICE_CODE',
    'TOKEN_EXCHANGE', 'JWT_BEARER', 'PRE_AUTHORIZED_CODE', 'IMPLICIT',
  ],
  supportedResponseTypes: [
    'NONE', 'CODE', 'TOKEN', 'ID_TOKEN', 'CODE_TOKEN', 'CODE_ID_TOKEN', 'ID_TOKEN_TOKEN', 'CODE_ID_TOKEN_TOKEN',
  ],
  supportedTokenAuthMethods: [
    'NONE', 'CLIENT_SECRET_BASIC', 'CLIENT_SECRET_POST', 'CLIENT_SECRET_JWT', 'PRIVATE_KEY_JWT',
    'TLS_CLIENT_AUTH', 'SELF_SIGNED_TLS_CLIENT_AUTH',
  ],
  supportedRevocationAuthMethods: ['CLIENT_SECRET_BASIC', 'ATTEST_JWT_CLIENT_AUTH'],
  supportedIntrospectionAuthMethods: ['PRIVATE_KEY_JWT'],
  supportedSnses: ['FACEBOOK'],
  supportedServiceProfiles: ['FAPI', 'OPEN_BANKING'],
  supportedDisplays: ['PAGE', 'POPUP', 'TOUCH', 'WAP'],
  supportedClaimTypes: ['NORMAL', 'AGGREGATED', 'DISTRIBUTED'],
  supportedBackchannelTokenDeliveryModes: ['PING', 'POLL', 'PUSH'],
  supportedAttachments: ['EMBEDDED', 'EXTERNAL'],
  supportedClientRegistrationTypes: ['AUTOMATIC', 'EXPLICIT'],
  supportedPromptValues: ['NONE', 'LOGIN', 'CONSENT', 'SELECT_ACCOUNT', 'CREATE'],
  fapiModes: ['FAPI2_SECURITY', 'FAPI1_BASELINE'],
  supportedCustomClientMetadata: ['is_mcp_client', 'partner'],
  supportedScopes: [
    {
      name: 'openid',
      defaultEntry: true,
      description: 'Sign in',
      descriptions: [{ tag: 'ja', value: 'サインイン' }],
      attributes: [{ key: 'fapi', value: 'r' }],
    },
    { name: 'read', defaultEntry: false, description: 'Read' },
    { name: 'write', defaultEntry: false, description: 'Write' },
  ],
  attributes: [{ key: 'a', value: '1' }],
  mtlsEndpointAliases: [{ name: 'token_endpoint', uri: 'https://mtls.as.example/token' }],
  authorityHints: ['https://b.example', 'https://a.example'],
  trustAnchors: [{ entityId: 'https://anchor.example', jwks: publicKeys('anchor') }],
  snsCredentials: [{ sns: 'FACEBOOK', apiKey: 'an apiKey', apiSecret: 'an apiSecret' }],
  jwks: publicKeys('service'),
  federationJwks: publicKeys('federation'),
  credentialJwks: publicKeys('credential'),
  credentialIssuerMetadata: {
    authorizationServers: ['https://as.example'],
    credentialIssuer: 'https://issuer.example',
    credentialEndpoint: 'https://issuer.example/credential',
    batchCredentialEndpoint: 'https://issuer.example/batch',
    deferredCredentialEndpoint: 'https://issuer.example/deferred',
    credentialsSupported: '{"a":{"format":"jwt_vc_json"}}',
    credentialResponseEncryptionAlgValuesSupported: ['RSA_OAEP_256'],
    credentialResponseEncryptionEncValuesSupported: ['A256GCM'],
    requireCredentialResponseEncryption: true,
  },
  ...urls(`
    authenticationCallbackEndpoint authorizationEndpoint backchannelAuthenticationEndpoint credentialJwksUri
    developerAuthenticationCallbackEndpoint deviceAuthorizationEndpoint deviceVerificationUri
    deviceVerificationUriComplete endSessionEndpoint federationRegistrationEndpoint grantManagementEndpoint
    introspectionEndpoint jwksUri policyUri pushedAuthReqEndpoint registrationEndpoint
    registrationManagementEndpoint revocationEndpoint serviceDocumentation signedJwksUri
    tokenBatchNotificationEndpoint tokenEndpoint tosUri userInfoEndpoint
  `),
  ...texts(`
    accessTokenSignatureKeyId authenticationCallbackApiKey authenticationCallbackApiSecret
    authorizationSignatureKeyId description developerAuthenticationCallbackApiKey
    developerAuthenticationCallbackApiSecret federationSignatureKeyId idTokenAudType idTokenSignatureKeyId
    introspectionSignatureKeyId oid4vciVersion organizationName predefinedTransformedClaims
    resourceSignatureKeyId userInfoSignatureKeyId
  `),
  ...lists(`
    supportedAuthorizationDetailsTypes supportedClaimLocales supportedClaims supportedDigestAlgorithms
    supportedDocuments supportedDocumentsCheckMethods supportedDocumentsMethods
    supportedDocumentsValidationMethods supportedDocumentsVerificationMethods supportedElectronicRecords
    supportedEvidence supportedIdentityDocuments supportedTrustFrameworks supportedUiLocales
    supportedVerificationMethods supportedVerifiedClaims trustedRootCertificates
  `),
  ...numbers(`
    accessTokenDuration allowableClockSkew authorizationResponseDuration backchannelAuthReqIdDuration
    backchannelPollingInterval cnonceDuration credentialDuration credentialOfferDuration
    credentialTransactionDuration deviceFlowCodeDuration deviceFlowPollingInterval dpopNonceDuration
    federationConfigurationDuration idTokenDuration pushedAuthReqDuration refreshTokenDuration userCodeLength
    userPinLength
  `),
  ...flags(`
    accessTokenForExternalAttachmentEmbedded backchannelBindingMessageRequiredInFapi
    backchannelUserCodeParameterSupported claimShortcutRestrictive clientAssertionAudRestrictedToIssuer
    clientIdAliasEnabled dcrDuplicateSoftwareIdBlocked dcrScopeUsedAsRequestable
    directAuthorizationEndpointEnabled directIntrospectionEndpointEnabled directJwksEndpointEnabled
    directRevocationEndpointEnabled directTokenEndpointEnabled directUserInfoEndpointEnabled dpopNonceRequired
    dynamicRegistrationSupported errorDescriptionOmitted errorUriOmitted federationEnabled
    frontChannelRequestObjectEncryptionRequired grantManagementActionRequired hsmEnabled idTokenReissuable
    issSuppressed jwtGrantByIdentifiableClientsOnly jwtGrantEncryptedJwtRejected jwtGrantUnsignedJwtRejected
    loopbackRedirectionUriVariable missingClientIdAllowed mutualTlsValidatePkiCertChain nativeSsoSupported
    nbfOptional openidDroppedOnRefreshWithoutOfflineAccess parRequired pkceRequired pkceS256Required
    preAuthorizedGrantAnonymousAccessSupported refreshTokenDurationKept refreshTokenDurationReset
    refreshTokenIdempotent refreshTokenKept requestObjectAudienceChecked requestObjectEncryptionAlgMatchRequired
    requestObjectEncryptionEncMatchRequired requestObjectRequired rsResponseSigned scopeRequired
    singleAccessTokenPerSubject tlsClientCertificateBoundAccessTokens tokenExchangeByConfidentialClientsOnly
    tokenExchangeByIdentifiableClientsOnly tokenExchangeByPermittedClientsOnly tokenExchangeEncryptedJwtRejected
    tokenExchangeUnsignedJwtRejected tokenExpirationLinked traditionalRequestObjectProcessingApplied
    unauthorizedOnClientConfigSupported verifiableCredentialsEnabled
  `),
}

await check('service: create answers the service', async () => {
  assert.equal(service.serviceName, 'TypeScript')
  assert.ok(Number.isSafeInteger(service.apiKey) && service.apiKey !== demo.service_id)
  assert.equal(service.issuer, `${demo.base_url}/${serviceId}`)
  assert.ok(Date.now() - service.createdAt < 60_000)
  assert.deepEqual(service.metadata, [{ key: 'clientCount', value: '0' }])
})

await check('service: get answers what create did', async () => {
  assert.deepEqual(await authlete.service.get({ serviceId }), service)
})

await check("service: list has an organization's services, oldest first, in pages", async () => {
  const all = await authlete.service.list({ start: 0, end: 50 })
  const ids = all.services.map((one) => one.apiKey)
  const times = all.services.map((one) => one.createdAt)
  assert.equal(all.totalCount, ids.length)
  assert.ok(ids.includes(demo.service_id) && ids.includes(service.apiKey), `only ${ids}`)
  assert.deepEqual(times, times.toSorted((a, b) => a - b))
  const page = await authlete.service.list({ start: 1, end: 2 })
  assertHolds(page, { start: 1, end: 2, totalCount: ids.length })
  assert.deepEqual(page.services.map((one) => one.apiKey), [ids[1]])
})

await check("service: a service's token lists its own", async () => {
  const { totalCount, services } = await sdk(demo.service_token).service.list({})
  assert.equal(totalCount, 1)
  assert.deepEqual(services.map((one) => one.apiKey), [demo.service_id])
})

await check('service: what is read can be written back and changes nothing', async () => {
  const { modifiedAt, ...before } = await authlete.service.get({ serviceId })
  const { modifiedAt: later, ...after } = await authlete.service.update({ serviceId, service: before })
  assert.deepEqual(after, before)
  assert.ok(later >= modifiedAt)
})

await check('service: every member that is written is read', async () => {
  assertHolds(await changeService(everyServiceMember), everyServiceMember)
  assertHolds(await authlete.service.get({ serviceId }), everyServiceMember)
})

await check('service: a full service can be written back and changes nothing', async () => {
  const { modifiedAt, ...before } = await authlete.service.get({ serviceId })
  const { modifiedAt: later, ...after } = await authlete.service.update({ serviceId, service: before })
  assert.deepEqual(after, before)
})

await check('service: getConfiguration has what was written', async () => {
  assert.deepEqual(await authlete.service.getConfiguration({ serviceId, pretty: true }), {})
  const { status, text } = await raw('GET', `/api/${serviceId}/service/configuration?pretty=true`)
  assert.equal(status, 200)
  assert.ok(text.includes('\n'), 'it is not pretty')
  assertHolds(JSON.parse(text), {
    issuer: everyServiceMember.issuer,
    authorization_endpoint: everyServiceMember.authorizationEndpoint,
    token_endpoint: everyServiceMember.tokenEndpoint,
    registration_endpoint: everyServiceMember.registrationEndpoint,
    jwks_uri: everyServiceMember.jwksUri,
    scopes_supported: ['openid', 'read', 'write'],
    claims_supported: everyServiceMember.supportedClaims,
    require_pushed_authorization_requests: true,
    display_values_supported: ['page', 'popup', 'touch', 'wap'],
    backchannel_token_delivery_modes_supported: ['ping', 'poll', 'push'],
    introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
  })
})

await check('service: jwks has the public keys, and the private ones if asked', async () => {
  const jwks = (more) => authlete.jwkSetEndpoint.serviceJwksGetApi({ serviceId, ...more })
  await changeService({ jwks: privateKeys('service') })
  assert.deepEqual(await jwks(), JSON.parse(publicKeys('service')))
  assert.deepEqual(await jwks({ includePrivateKeys: true, pretty: true }), JSON.parse(privateKeys('service')))
  assertHolds(await authlete.service.get({ serviceId }), { jwks: publicKeys('service') })
})

await check('service: a private key stays when the service is read and written back', async () => {
  await changeService({})
  const jwks = await authlete.jwkSetEndpoint.serviceJwksGetApi({ serviceId, includePrivateKeys: true })
  assert.deepEqual(jwks, JSON.parse(privateKeys('service')))
})

await check('service: what an update does not carry is gone', async () => {
  const plain = await authlete.service.update({ serviceId, service: { serviceName: 'TypeScript' } })
  const gone = ['description', 'tokenEndpoint', 'supportedScopes', 'trustAnchors', 'jwks', 'userCodeCharset']
  assert.deepEqual(gone.filter((member) => member in plain), [])
  assert.equal(plain.issuer, service.issuer)
  assertHolds(plain, { pkceRequired: false, idTokenDuration: 0, dynamicRegistrationSupported: false })
  assert.equal((await raw('GET', `/api/${serviceId}/service/jwks/get`)).status, 204)
})

await check('service: a wrong type is 400 and changes nothing', async () => {
  const before = await authlete.service.get({ serviceId })
  const body = JSON.stringify({ serviceName: 7 })
  const { status, text } = await raw('POST', `/api/${serviceId}/service/update`, { type: json, body })
  assert.equal(status, 400, text)
  assert.match(JSON.parse(text).resultMessage, /serviceName/)
  assert.deepEqual(await authlete.service.get({ serviceId }), before)
})

// From here on the service offers everything.
const { supportedGrantTypes, supportedResponseTypes, supportedTokenAuthMethods, supportedScopes } = everyServiceMember
await changeService({
  dynamicRegistrationSupported: true,
  supportedGrantTypes,
  supportedResponseTypes,
  supportedTokenAuthMethods,
  supportedScopes,
  supportedCustomClientMetadata: ['is_mcp_client', 'partner'],
})

// Dynamic registration

const web = {
  client_name: 'Web client',
  'client_name#ja': 'ウェブ',
  application_type: 'web',
  redirect_uris: ['https://client.example/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_basic',
  contacts: ['admin@client.example'],
}
const native = {
  client_name: 'Native client',
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1:8123/callback'],
  token_endpoint_auth_method: 'none',
}

let registered

await check('registration: register answers CREATED, the client and its registration', async () => {
  const answer = await registration.register(web)
  registered = content(answer, 'CREATED', 'A202001')
  assertHolds(registered, web)
  assert.equal(registered.client_secret_expires_at, 0)
  assert.match(registered.client_id, /^[1-9][0-9]*$/)
  assert.match(registered.client_secret, /^[A-Za-z0-9_-]{43,86}$/)
  assert.equal(typeof registered.registration_access_token, 'string')
  assert.equal(registered.registration_client_uri, `${demo.base_url}/${serviceId}/register/${registered.client_id}`)
  assertHolds(answer.client, {
    clientId: Number(registered.client_id),
    clientSecret: registered.client_secret,
    clientName: 'Web client',
    clientNames: [{ tag: 'ja', value: 'ウェブ' }],
    clientType: 'CONFIDENTIAL',
    applicationType: 'WEB',
    redirectUris: web.redirect_uris,
    grantTypes: ['AUTHORIZATION_CODE', 'REFRESH_TOKEN'],
    responseTypes: ['CODE'],
    tokenAuthMethod: 'CLIENT_SECRET_BASIC',
    contacts: web.contacts,
    developer: `authlete_${serviceId}`,
    dynamicallyRegistered: true,
    locked: false,
    defaultMaxAge: 0,
    idTokenSignAlg: 'RS256',
    subjectType: 'PUBLIC',
  })
  assert.equal(Math.floor(answer.client.createdAt / 1000), registered.client_id_issued_at)
})

await check('registration: register takes a name alone, as the documentation does', async () => {
  const small = await register({ client_name: 'My Dynamic Client' })
  assertHolds(small, { client_name: 'My Dynamic Client', token_endpoint_auth_method: 'client_secret_basic' })
  await remove(small.client_id)
})

await check('registration: register ignores clientId, and token where none is required', async () => {
  const answer = await registration.register(web, { token: 'any', clientId: registered.client_id })
  const other = content(answer, 'CREATED', 'A202001')
  assert.notEqual(other.client_id, registered.client_id)
  await remove(other.client_id)
})

await check('registration: a public client is PUBLIC', async () => {
  const answer = await registration.register(native)
  const { client_id } = content(answer, 'CREATED', 'A202001')
  assertHolds(answer.client, { clientType: 'PUBLIC', applicationType: 'NATIVE', tokenAuthMethod: 'NONE' })
  await remove(client_id)
})

await check('registration: get answers OK and what register did', async () => {
  const answer = await registration.get(registered.client_id, registered.registration_access_token)
  assert.deepEqual(content(answer, 'OK', 'A217001'), registered)
  assert.deepEqual(answer.client, await get(registered.client_id))
})

await check('registration: it is read at its registration_client_uri, too', async () => {
  const { status, text } = await oauth.read(registered)
  assert.equal(status, 200)
  assert.deepEqual(JSON.parse(text), registered)
})

await check('registration: update answers UPDATED and the same token', async () => {
  const { registration_access_token: token, client_id } = registered
  const { contacts, ...changed } = { ...registered, client_name: 'Web client, renamed' }
  const answer = await registration.update(client_id, token, changed)
  assert.deepEqual(content(answer, 'UPDATED', 'A213001'), changed)
  assert.equal(answer.client.clientName, 'Web client, renamed')
  assert.equal('contacts' in answer.client, false)
  assert.deepEqual(content(await registration.get(client_id, token), 'OK', 'A217001'), changed)
  registered = changed
})

await check('registration: what an update does not carry is gone', async () => {
  const { registration_access_token: token, client_id, client_secret } = registered
  const answer = await registration.update(client_id, token, { client_id, client_secret, ...native })
  registered = content(answer, 'UPDATED', 'A213001')
  assertHolds(registered, native)
  assert.equal('client_name#ja' in registered, false)
  assert.equal('clientNames' in (await get(client_id)), false)
})

await check('registration: a client of the oauth door is found by its number and its identifier', async () => {
  const { status, text } = await oauth.register(web)
  assert.equal(status, 201, text)
  const { client_id, registration_access_token, client_secret } = JSON.parse(text)
  assert.match(client_id, /^[0-9a-f-]{36}$/)
  const found = await get(client_id)
  assertHolds(found, { clientIdAlias: client_id, clientName: 'Web client', clientSecret: client_secret })
  assertHolds(found, { dynamicallyRegistered: true })
  assert.deepEqual(await get(found.clientId), found)
  const answer = await registration.get(client_id, registration_access_token)
  assert.deepEqual(content(answer, 'OK', 'A217001'), JSON.parse(text))
  await remove(found.clientId)
  assert.equal((await oauth.read(JSON.parse(text))).status, 401)
})

await check('registration: faults are BAD_REQUEST with the body of the oauth door', async () => {
  const faults = [
    ['{', 'invalid_client_metadata'],
    ['[]', 'invalid_client_metadata'],
    ['', 'invalid_client_metadata'],
    [{ ...web, client_name: 7 }, 'invalid_client_metadata'],
    [{ ...web, jwks: { keys: [{}] } }, 'invalid_client_metadata'],
    [{ ...web, redirect_uris: ['https://client.example/%zz'] }, 'invalid_redirect_uri'],
    [{ ...web, redirect_uris: ['https://client.example/#fragment'] }, 'invalid_redirect_uri'],
    [{ ...web, software_statement: 7 }, 'invalid_client_metadata'],
  ]
  for (const [metadata, error] of faults) {
    const answer = await registration.register(metadata)
    assert.equal(answer.action, 'BAD_REQUEST', answer.resultMessage)
    assert.match(answer.resultCode, /^A2023[0-9]{2}$/)
    assert.equal(JSON.parse(answer.responseContent).error, error, `${text(metadata)}: ${answer.responseContent}`)
    assert.equal('client' in answer, false)
    const other = await raw('POST', `/${serviceId}/register`, { ...none, type: json, body: text(metadata) })
    assert.equal(other.status, 400)
    assert.equal(answer.responseContent, other.text)
  }
})

await check('registration: faults of an update are BAD_REQUEST', async () => {
  const { registration_access_token: token, client_id } = registered
  for (const metadata of ['{', { ...native, client_id: '1' }, { ...native, client_secret: 'another' }]) {
    const answer = await registration.update(client_id, token, metadata)
    assert.equal(content(answer, 'BAD_REQUEST', 'A213391').error, 'invalid_client_metadata')
  }
  assertHolds(content(await registration.get(client_id, token), 'OK', 'A217001'), native)
})

/** Each operation with a wrong token or client: the same action, error and bytes for all. */
async function assertRefusesStrangers(action) {
  const other = await register(native)
  const strangers = [
    [registered.client_id, 'wrong'],
    [registered.client_id, ''],
    [registered.client_id, other.registration_access_token],
    ['1', other.registration_access_token],
    ['', other.registration_access_token],
    ['no such client', ''],
  ]
  const operations = [
    [registration.get, 'A217394'],
    [registration.update, 'A213394'],
    [registration.delete, 'A216394'],
  ]
  const contents = new Set()
  for (const [operation, resultCode] of operations) {
    for (const [client_id, token] of strangers) {
      const answer = await operation(client_id, token, native)
      assert.equal(content(answer, action, resultCode).error, 'invalid_token')
      contents.add(answer.responseContent)
    }
  }
  assert.equal(contents.size, 1, [...contents].join(' '))
  await remove(other.client_id)
}

await check('registration: wrong tokens and clients are BAD_REQUEST', () => assertRefusesStrangers('BAD_REQUEST'))

await check('registration: with unauthorizedOnClientConfigSupported they are UNAUTHORIZED', async () => {
  await changeService({ unauthorizedOnClientConfigSupported: true })
  await assertRefusesStrangers('UNAUTHORIZED')
  await changeService({ unauthorizedOnClientConfigSupported: false })
})

await check('registration: without dynamicRegistrationSupported it is INTERNAL_SERVER_ERROR', async () => {
  await changeService({ dynamicRegistrationSupported: false })
  const answer = await registration.register(web)
  assert.equal(typeof content(answer, 'INTERNAL_SERVER_ERROR', 'A202290').error, 'string')
  await changeService({ dynamicRegistrationSupported: true })
  await remove((await register(web)).client_id)
})

await check('registration: errorDescriptionOmitted and errorUriOmitted leave the error alone', async () => {
  const fault = async () => JSON.parse((await registration.register('{')).responseContent)
  await changeService({ errorDescriptionOmitted: false, errorUriOmitted: false })
  assert.deepEqual(Object.keys(await fault()).sort(), ['error', 'error_description', 'error_uri'])
  await changeService({ errorDescriptionOmitted: true, errorUriOmitted: true })
  assert.deepEqual(await fault(), { error: 'invalid_client_metadata' })
  await changeService({ errorDescriptionOmitted: false })
})

await check('registration: registrationManagementEndpoint is in registration_client_uri', async () => {
  await changeService({ registrationEndpoint: 'https://as.example/register' })
  const first = await register(native)
  assert.equal(first.registration_client_uri, `https://as.example/register/${first.client_id}`)
  await changeService({ registrationManagementEndpoint: 'https://as.example/manage' })
  const answer = await registration.get(first.client_id, first.registration_access_token)
  const uri = `https://as.example/manage/${first.client_id}`
  assert.equal(content(answer, 'OK', 'A217001').registration_client_uri, uri)
  await changeService({ registrationEndpoint: undefined, registrationManagementEndpoint: undefined })
  await remove(first.client_id)
})

await check('registration: dcrDuplicateSoftwareIdBlocked blocks the second of one software_id', async () => {
  await changeService({ dcrDuplicateSoftwareIdBlocked: true })
  const first = await register({ ...native, software_id: 'the software' })
  const second = await registration.register({ ...native, software_id: 'the software' })
  content(second, 'BAD_REQUEST', 'A202395')
  await remove(first.client_id)
  await changeService({ dcrDuplicateSoftwareIdBlocked: false })
})

await check('registration: dcrScopeUsedAsRequestable makes scope the requestable scopes', async () => {
  const before = await register({ ...native, scope: 'read' })
  assert.equal((await get(before.client_id)).extension.requestableScopesEnabled, false)
  await changeService({ dcrScopeUsedAsRequestable: true })
  const after = await register({ ...native, scope: 'read openid' })
  const { requestableScopesEnabled, requestableScopes } = (await get(after.client_id)).extension
  assert.equal(requestableScopesEnabled, true)
  assert.deepEqual(requestableScopes.toSorted(), ['openid', 'read'])
  await changeService({ dcrScopeUsedAsRequestable: false })
  await remove(before.client_id)
  await remove(after.client_id)
})

await check('registration: supportedCustomClientMetadata is kept, other members are dropped', async () => {
  const answer = await registration.register({ ...native, is_mcp_client: true, partner: { a: [1] }, other: 'x' })
  const custom = content(answer, 'CREATED', 'A202001')
  assertHolds(custom, { is_mcp_client: true, partner: { a: [1] } })
  assert.equal('other' in custom, false)
  assert.deepEqual(JSON.parse(answer.client.customMetadata), { is_mcp_client: true, partner: { a: [1] } })
  await remove(custom.client_id)
})

await check('registration: a locked client is ResultError 403 A001215', async () => {
  const { registration_access_token: token, client_id } = registered
  const { resultMessage } = await lock(client_id, true)
  assert.equal(typeof resultMessage, 'string')
  assert.equal((await get(client_id)).locked, true)
  const operations = {
    '/client/registration/get': registration.get,
    '/client/registration/update': registration.update,
    '/client/registration/delete': registration.delete,
  }
  for (const [path, operation] of Object.entries(operations)) {
    const body = await assertFails(operation(client_id, token, native), 403, 'A001215')
    assert.equal(body.resultMessage, `[A001215] ${path}, The client (ID = ${client_id}) is locked.`)
  }
  assert.equal((await oauth.read(registered)).status, 403)
})

await check('registration: an unlocked client is read again', async () => {
  const { registration_access_token: token, client_id } = registered
  await lock(client_id, false)
  assert.equal((await get(client_id)).locked, false)
  content(await registration.get(client_id, token), 'OK', 'A217001')
})

await check('registration: delete answers DELETED, and then it is gone', async () => {
  const { registration_access_token: token, client_id } = registered
  const answer = await registration.delete(client_id, token)
  assert.equal(content(answer, 'DELETED', 'A216001'), undefined)
  assert.equal('client' in answer, false)
  for (const operation of [registration.get, registration.update, registration.delete]) {
    const again = await operation(client_id, token, native)
    assert.equal(again.action, 'BAD_REQUEST', again.resultMessage)
  }
  await assertNotFound(get(client_id), 'A001295')
  assert.equal((await oauth.read(registered)).status, 401)
})

// Clients

/** A client with a value in every member that can be written and that fits together. */
const everyClientMember = {
  clientName: 'Every member',
  clientNames: [
    { tag: 'de', value: 'Jedes Mitglied' },
    { tag: 'ja', value: '全部' },
  ],
  description: 'A client with everything',
  descriptions: [{ tag: 'ja', value: '説明' }],
  clientIdAlias: 'every-member',
  clientIdAliasEnabled: true,
  clientType: 'CONFIDENTIAL',
  applicationType: 'WEB',
  logoUri: 'https://client.example/logo',
  logoUris: [{ tag: 'ja', value: 'https://client.example/ja/logo' }],
  contacts: ['b@client.example', 'a@client.example'],
  softwareId: 'software',
  softwareVersion: '1.2',
  developer: 'developer of it',
  grantTypes: [
    'AUTHORIZATION_CODE', 'IMPLICIT', 'PASSWORD', 'CLIENT_CREDENTIALS', 'REFRESH_TOKEN', 'CIBA', 'DEVICE_CODE',
    'TOKEN_EXCHANGE', 'JWT_BEARER', 'PRE_AUTHORIZED_CODE',
  ],
  responseTypes: [
    'CODE', 'NONE', 'TOKEN', 'ID_TOKEN', 'CODE_TOKEN', 'CODE_ID_TOKEN', 'ID_TOKEN_TOKEN', 'CODE_ID_TOKEN_TOKEN',
  ],
  responseModes: ['QUERY', 'FRAGMENT', 'FORM_POST', 'JWT', 'QUERY_JWT', 'FRAGMENT_JWT', 'FORM_POST_JWT'],
  redirectUris: ['https://client.example/b', 'https://client.example/a?b=c'],
  authorizationSignAlg: 'ES256',
  authorizationEncryptionAlg: 'ECDH_ES_A128KW',
  authorizationEncryptionEnc: 'A128CBC_HS256',
  tokenAuthMethod: 'PRIVATE_KEY_JWT',
  tokenAuthSignAlg: 'EdDSA',
  selfSignedCertificateKeyId: 'certificate',
  requestSignAlg: 'PS256',
  requestEncryptionAlg: 'RSA_OAEP_256',
  requestEncryptionEnc: 'A256GCM',
  requestUris: ['https://client.example/request'],
  defaultMaxAge: 300,
  defaultAcrs: ['urn:acr:b', 'urn:acr:a'],
  idTokenSignAlg: 'ES256K',
  idTokenEncryptionAlg: 'RSA1_5',
  idTokenEncryptionEnc: 'A192CBC_HS384',
  userInfoSignAlg: 'PS512',
  userInfoEncryptionAlg: 'PBES2_HS256_A128KW',
  userInfoEncryptionEnc: 'A192GCM',
  subjectType: 'PAIRWISE',
  jwks: publicKeys('client'),
  loginUri: 'https://client.example/login',
  tosUri: 'https://client.example/tos',
  tosUris: [{ tag: 'ja', value: 'https://client.example/ja/tos' }],
  policyUri: 'https://client.example/policy',
  policyUris: [{ tag: 'ja', value: 'https://client.example/ja/policy' }],
  clientUri: 'https://client.example',
  clientUris: [{ tag: 'ja', value: 'https://client.example/ja' }],
  bcDeliveryMode: 'PING',
  bcNotificationEndpoint: 'https://client.example/ciba',
  bcRequestSignAlg: 'ES256',
  attributes: [
    { key: 'b', value: '1' },
    { key: 'a', value: '2' },
  ],
  extension: {
    requestableScopesEnabled: true,
    requestableScopes: ['read', 'openid'],
    accessTokenDuration: 60,
    refreshTokenDuration: 61,
    idTokenDuration: 62,
    tokenExchangePermitted: true,
  },
  authorizationDetailsTypes: ['payment'],
  customMetadata: '{"partner":"p"}',
  digestAlgorithm: 'sha-512',
  rsSignedRequestKeyId: 'resource',
  clientRegistrationTypes: ['EXPLICIT', 'AUTOMATIC'],
  organizationName: 'Organization',
  signedJwksUri: 'https://client.example/jwks.jwt',
  entityId: 'https://entity.example',
  trustAnchorId: 'https://anchor.example',
  trustChain: ['a.b.c', 'd.e.f'],
  trustChainExpiresAt: 1800000000000,
  trustChainUpdatedAt: 1700000000000,
  credentialOfferEndpoint: 'https://client.example/offer',
  fapiModes: ['FAPI2_SECURITY', 'FAPI1_ADVANCED'],
  ...flags(`
    authTimeRequired bcUserCodeRequired credentialResponseEncryptionRequired dpopRequired
    frontChannelRequestObjectEncryptionRequired inScopeForTokenMigration mtlsEndpointAliasesUsed parRequired
    pkceRequired pkceS256Required requestObjectEncryptionAlgMatchRequired
    requestObjectEncryptionEncMatchRequired requestObjectRequired rsRequestSigned singleAccessTokenPerSubject
    tlsClientCertificateBoundAccessTokens
  `),
}

let every

await check('client: every member that is created is answered and read', async () => {
  every = await create(everyClientMember)
  assertHolds(every, everyClientMember)
  assertHolds(every, { derivedSectorIdentifier: 'client.example', locked: false })
  assertHolds(every, { dynamicallyRegistered: false, automaticallyRegistered: false, explicitlyRegistered: false })
  assert.ok(Number.isSafeInteger(every.clientId) && every.clientId > 0)
  assert.ok(Date.now() - every.createdAt < 60_000)
  assert.deepEqual(await get(every.clientId), every)
})

await check('client: get takes the alias', async () => {
  assert.deepEqual(await get('every-member'), every)
})

await check('client: update takes what get answered and changes nothing', async () => {
  const { modifiedAt, ...before } = every
  const { modifiedAt: later, ...after } = await update(every.clientId, before)
  assert.deepEqual(after, before)
  assert.ok(later >= modifiedAt)
})

await check('client: update changes every member', async () => {
  const changed = {
    ...everyClientMember,
    clientName: 'Changed',
    clientIdAlias: 'changed',
    developer: 'another developer',
    clientNames: [{ tag: 'fr', value: 'Changé' }],
    redirectUris: ['com.example.app:/callback'],
    applicationType: 'NATIVE',
    jwksUri: 'https://client.example/jwks',
    sectorIdentifierUri: undefined,
    pkceRequired: false,
    extension: { requestableScopesEnabled: true, requestableScopes: [], accessTokenDuration: 5 },
  }
  delete changed.jwks
  const answer = await update(every.clientId, changed)
  const { extension, ...rest } = changed
  delete rest.sectorIdentifierUri
  assertHolds(answer, rest)
  assertHolds(answer.extension, extension)
  assertHolds(answer, { clientId: every.clientId, createdAt: every.createdAt })
  assert.equal('jwks' in answer, false)
  assert.deepEqual(await get('changed'), answer)
  await assertNotFound(get('every-member'), 'A001295')
})

await check('client: nulls in an update are as good as absent, as Java sends them', async () => {
  const { clientId, createdAt, clientSecret } = every
  const nulls = Object.fromEntries(Object.keys(everyClientMember).map((name) => [name, null]))
  const body = JSON.stringify({ ...nulls, clientId: 0, createdAt: 0, clientName: 'Nulls' })
  const { status, text } = await raw('POST', `/api/${serviceId}/client/update/${clientId}`, { type: json, body })
  assert.equal(status, 200, text)
  assert.equal(text.includes('null'), false, text)
  assertHolds(JSON.parse(text), { clientId, createdAt, clientName: 'Nulls', pkceRequired: false, defaultMaxAge: 0 })
  const missing = ['description', 'redirectUris', 'clientNames', 'jwksUri', 'entityId', 'fapiModes', 'trustChain']
  assert.deepEqual(missing.filter((name) => name in JSON.parse(text)), [])
  assert.equal(JSON.parse(text).clientSecret === clientSecret, clientSecret !== undefined)
})

await check('client: delete, by alias as well', async () => {
  await update(every.clientId, { clientName: 'x', clientIdAlias: 'to-delete' })
  assert.equal(await remove('to-delete'), undefined)
  await assertNotFound(get(every.clientId), 'A001295')
  await assertNotFound(get('to-delete'), 'A001295')
})

await check('client: create needs no member', async () => {
  const empty = await create({})
  assertHolds(empty, { clientType: 'CONFIDENTIAL', defaultMaxAge: 0, subjectType: 'PUBLIC' })
  assert.equal(empty.clientIdAlias, String(empty.clientId))
  assert.equal(typeof empty.clientSecret, 'string')
  await remove(empty.clientId)
})

await check('client: each member that names a certificate for tls_client_auth', async () => {
  const names = {
    tlsClientAuthSubjectDn: 'CN=client.example,O=Client,C=DE',
    tlsClientAuthSanDns: 'client.example',
    tlsClientAuthSanUri: 'https://client.example/certificate',
    tlsClientAuthSanIp: '192.0.2.1',
    tlsClientAuthSanEmail: 'client@client.example',
  }
  for (const [name, value] of Object.entries(names)) {
    const sent = { tokenAuthMethod: 'TLS_CLIENT_AUTH', [name]: value }
    const { clientId } = await create(sent)
    assertHolds(await get(clientId), sent)
    await remove(clientId)
  }
})

await check('client: jwksUri and sectorIdentifierUri', async () => {
  const sent = {
    tokenAuthMethod: 'SELF_SIGNED_TLS_CLIENT_AUTH',
    jwksUri: 'https://client.example/jwks',
    subjectType: 'PAIRWISE',
    sectorIdentifierUri: 'https://sector.example/redirects',
    redirectUris: ['https://a.client.example/', 'https://b.client.example/'],
  }
  const { clientId } = await create(sent)
  assertHolds(await get(clientId), { ...sent, derivedSectorIdentifier: 'sector.example' })
  await remove(clientId)
})

await check('client: what only the server sets is not taken', async () => {
  const sent = { ...flags('locked automaticallyRegistered explicitlyRegistered'), registrationAccessTokenHash: 'x' }
  const { clientId, ...client } = await create(sent)
  assertHolds(client, { locked: false, automaticallyRegistered: false, explicitlyRegistered: false })
  assert.equal('registrationAccessTokenHash' in client, false)
  await remove(clientId)
})

await check('client: a taken alias is 400, another one is not', async () => {
  const first = await create({ clientIdAlias: 'taken' })
  await assertFails(create({ clientIdAlias: 'taken' }), 400, 'A001296')
  const second = await create({ clientIdAlias: 'free' })
  await assertFails(update(second.clientId, { clientIdAlias: 'taken' }), 400, 'A001296')
  assert.equal((await get('taken')).clientId, first.clientId)
  assert.equal((await get('free')).clientId, second.clientId)
  await remove(first.clientId)
  await update(second.clientId, { clientIdAlias: 'taken' })
  await remove('taken')
})

await check('client: a fault names the member', async () => {
  for (const [client, member] of [
    [{ redirectUris: ['no URL'] }, 'redirectUris'],
    [{ jwks: 'no JSON' }, 'jwks'],
    [{ logoUri: 'javascript:alert(1)' }, 'logoUri'],
    [{ clientIdAlias: '12345' }, 'clientIdAlias'],
  ]) {
    const body = await assertFails(create(client), 400, 'A001296')
    assert.ok(body.resultMessage.includes(member), body.resultMessage)
  }
})

await check('client: an unknown one is 404 in every operation', async () => {
  for (const clientId of ['1', 'nobody', '6a2f41a3-c54c-4f21-8f4d-000000000000', 'https://rp.example/x']) {
    await assertNotFound(get(clientId), 'A001295')
    await assertNotFound(update(clientId, {}), 'A001295')
    await assertNotFound(remove(clientId), 'A001295')
    await assertNotFound(lock(clientId, true), 'A001295')
    await assertNotFound(management.refreshSecret({ serviceId, clientIdentifier: clientId }), 'A001295')
    await assertNotFound(management.getRequestableScopes({ serviceId, clientId }), 'A001295')
    await assertNotFound(management.deleteRequestableScopes({ serviceId, clientId }), 'A001295')
  }
})

// Lists

const listed = []
const list = (more) => authlete.client.list({ serviceId, ...more })
const numbersOf = ({ clients }) => clients.map((one) => one.clientId)

/** Counts follow the table with a short delay. */
async function assertCount(expected, more) {
  let counted
  for (let times = 0; times < 50 && counted !== expected; times += 1) {
    if (times > 0) await sleep(100)
    counted = (await list({ ...more, start: 0, end: 0 })).totalCount
  }
  assert.equal(counted, expected)
}

await check('list: an empty list', async () => {
  await assertCount(0)
  const { start, end, totalCount, clients } = await list({})
  assert.deepEqual({ start, end, totalCount, clients }, { start: 0, end: 5, totalCount: 0, clients: [] })
})

await check('list: clients of both kinds, oldest first, and counted', async () => {
  for (let number = 0; number < 4; number += 1) {
    listed.push((await create({ clientName: `${number}`, developer: number % 2 ? 'odd' : 'even one' })).clientId)
    listed.push(Number((await register({ ...native, client_name: `${number} registered` })).client_id))
  }
  await assertCount(8)
  const all = await list({ start: 0, end: 100 })
  assertHolds(all, { start: 0, end: 100, totalCount: 8 })
  assert.deepEqual(numbersOf(all), listed)
  assert.deepEqual((await authlete.service.get({ serviceId })).metadata, [{ key: 'clientCount', value: '8' }])
})

await check('list: the first five without start and end', async () => {
  const page = await list({})
  assertHolds(page, { start: 0, end: 5, totalCount: 8 })
  assert.deepEqual(numbersOf(page), listed.slice(0, 5))
})

await check('list: pages are stable and make the whole', async () => {
  for (const size of [1, 3, 8]) {
    const whole = []
    for (let start = 0; start < 8; start += size) {
      const page = await list({ start, end: start + size })
      assertHolds(page, { start, end: start + size, totalCount: 8 })
      whole.push(...numbersOf(page))
    }
    assert.deepEqual(whole, listed)
  }
  assert.deepEqual(numbersOf(await list({ start: 8, end: 20 })), [])
  assert.deepEqual(numbersOf(await list({ start: 3, end: 3 })), [])
})

await check('list: a changed client keeps its place', async () => {
  await update(listed[0], { clientName: 'changed', developer: 'even one' })
  assert.deepEqual(numbersOf(await list({ end: 100 })), listed)
})

await check("list: a developer's clients", async () => {
  await assertCount(2, { developer: 'even one' })
  const even = await list({ developer: 'even one', start: 0, end: 10 })
  assert.equal(even.totalCount, 2)
  assert.deepEqual(numbersOf(even), [listed[0], listed[4]])
  assert.deepEqual(even.clients.map((one) => one.developer), ['even one', 'even one'])
  const dynamic = await list({ developer: `authlete_${serviceId}`, start: 1, end: 3 })
  assert.equal(dynamic.totalCount, 4)
  assert.deepEqual(numbersOf(dynamic), [listed[3], listed[5]])
  assert.equal((await list({ developer: 'nobody' })).totalCount, 0)
})

await check('list: end before start is 400', () => assertFails(list({ start: 5, end: 2 }), 400, 'A001290'))

await check('list: clientsPerDeveloper is the most that one developer has', async () => {
  await changeService({ clientsPerDeveloper: 2 })
  await assertFails(create({ developer: 'odd' }), 400, 'A001296')
  content(await registration.register(native), 'BAD_REQUEST', 'A202396')
  await changeService({ clientsPerDeveloper: 0 })
})

await check('list: deleted clients are not counted', async () => {
  for (const clientId of listed.splice(2, 6)) await remove(clientId)
  await assertCount(2)
  const rest = await list({})
  assert.equal(rest.totalCount, 2)
  assert.deepEqual(numbersOf(rest), listed)
})

// Locks, secrets, requestable scopes

const basic = await create({ clientIdAlias: 'basic', tokenAuthMethod: 'CLIENT_SECRET_BASIC' })

await check('lock: by number and alias; it survives an update', async () => {
  for (const identifier of [basic.clientId, 'basic']) {
    const { resultCode, resultMessage } = await lock(identifier, true)
    assert.ok(resultMessage.startsWith(`[${resultCode}] `), resultMessage)
    assert.equal((await get('basic')).locked, true)
    await update('basic', { ...basic, description: 'changed', locked: false })
    assertHolds(await get('basic'), { locked: true, description: 'changed' })
    await lock(identifier, false)
    assert.equal((await get('basic')).locked, false)
  }
})

await check('secret: refresh by number and alias gives a new one', async () => {
  for (const clientIdentifier of [String(basic.clientId), 'basic']) {
    const before = (await get('basic')).clientSecret
    const { resultCode, resultMessage, newClientSecret, oldClientSecret } = await management.refreshSecret({
      serviceId,
      clientIdentifier,
    })
    assert.equal(resultCode, 'A148001')
    const said = `Successfully refreshed the client secret of the client (ID = ${basic.clientId}).`
    assert.equal(resultMessage, `[A148001] ${said}`)
    assert.equal(oldClientSecret, before)
    assert.match(newClientSecret, /^[A-Za-z0-9_-]{43,86}$/)
    assert.notEqual(newClientSecret, before)
    assert.equal((await get('basic')).clientSecret, newClientSecret)
  }
})

const setSecret = (clientIdentifier, clientSecret) =>
  management.updateSecret({ serviceId, clientIdentifier, clientSecretUpdateRequest: { clientSecret } })

await check('secret: update sets the one that is sent', async () => {
  for (const [identifier, secret] of [[String(basic.clientId), 'a'.repeat(86)], ['basic', 'My-own_Secret-1']]) {
    const before = (await get('basic')).clientSecret
    const answer = await setSecret(identifier, secret)
    assertHolds(answer, { resultCode: 'A149001', newClientSecret: secret, oldClientSecret: before })
    assert.equal((await get('basic')).clientSecret, secret)
  }
})

await check('secret: update refuses what is not 1 to 86 of A-Z a-z 0-9 - _', async () => {
  for (const secret of ['', 'a b', 'ü', 'a'.repeat(87)]) await assertFails(setSecret('basic', secret), 400, 'A001290')
  assert.equal((await get('basic')).clientSecret, 'My-own_Secret-1')
})

await check('secret: a client without one is 400', async () => {
  const { clientId, clientSecret } = await create({ tokenAuthMethod: 'NONE', clientType: 'PUBLIC' })
  assert.equal(clientSecret, undefined)
  await assertFails(management.refreshSecret({ serviceId, clientIdentifier: String(clientId) }), 400, 'A001296')
  await assertFails(setSecret(String(clientId), 'secret'), 400, 'A001296')
  await remove(clientId)
})

await check('secret: the registration shows the new one', async () => {
  const { client_id, registration_access_token } = await register(web)
  const { newClientSecret } = await management.refreshSecret({ serviceId, clientIdentifier: client_id })
  const answer = await registration.get(client_id, registration_access_token)
  assert.equal(content(answer, 'OK', 'A217001').client_secret, newClientSecret)
  await remove(client_id)
})

const setScopes = (clientId, requestableScopes) =>
  management.updateRequestableScopes({
    serviceId,
    clientId,
    clientExtensionRequestableScopesUpdateRequest: { requestableScopes },
  })
const getScopes = (clientId) => management.getRequestableScopes({ serviceId, clientId })

await check('scopes: without a restriction there are none', async () => {
  assert.deepEqual(await getScopes('basic'), {})
  assert.equal((await get('basic')).extension.requestableScopesEnabled, false)
})

await check('scopes: update by number and alias; those of no scope are dropped', async () => {
  const changes = [
    [String(basic.clientId), ['write']],
    ['basic', ['read', 'openid']],
    ['basic', []],
  ]
  for (const [identifier, scopes] of changes) {
    assert.deepEqual(await setScopes(identifier, [...scopes, 'no-such-scope']), { requestableScopes: scopes })
    assert.deepEqual(await getScopes(identifier), { requestableScopes: scopes })
    assertHolds((await get('basic')).extension, { requestableScopesEnabled: true, requestableScopes: scopes })
  }
})

await check('scopes: update without a list removes the restriction, as delete does', async () => {
  assert.deepEqual(await setScopes('basic', undefined), {})
  assert.deepEqual(await getScopes('basic'), {})
  await setScopes('basic', ['read'])
  assert.equal(await management.deleteRequestableScopes({ serviceId, clientId: 'basic' }), undefined)
  assert.deepEqual(await getScopes('basic'), {})
  assert.equal((await get('basic')).extension.requestableScopesEnabled, false)
})

// Errors of the caller

const registerPath = `/api/${serviceId}/client/registration`

/** The status, code and JSON of an error; the message begins with the code and names the operation. */
function assertError({ response, status, text }, expected, resultCode, operation) {
  assert.equal(status, expected, text)
  assert.equal(response.headers.get('content-type'), json)
  const body = JSON.parse(text)
  assert.deepEqual(Object.keys(body).sort(), ['action', 'resultCode', 'resultMessage'])
  assert.equal(body.action, 'INTERNAL_SERVER_ERROR')
  assert.equal(body.resultCode, resultCode)
  assert.ok(body.resultMessage.startsWith(`[${resultCode}] ${operation}`), body.resultMessage)
}

await check('errors: no token is 401 A001202', async () => {
  const answer = await raw('GET', `/api/${serviceId}/client/get/list`, none)
  assertError(answer, 401, 'A001202', '/client/get/list, Authorization header is missing.')
  assert.equal(answer.response.headers.has('x-ratelimit-limit'), false)
})

await check('errors: an unknown token is ResultError 401 A001203', async () => {
  for (const token of ['wrong', demo.service_token.replace(/.$/, '_'), demo.initial_access_token]) {
    const other = sdk(token)
    await assertFails(other.client.list({ serviceId }), 401, 'A001203')
    await assertFails(other.service.get({ serviceId }), 401, 'A001203')
    const answer = other.dynamicClientRegistration.register({ serviceId, requestBody: { json: '{}' } })
    await assertFails(answer, 401, 'A001203')
  }
})

await check("errors: another service's token, and an unknown service, are the same 403", async () => {
  const other = sdk(demo.service_token)
  const bodies = new Set()
  for (const serviceId of [String(service.apiKey), '9007199254740991']) {
    bodies.add(JSON.stringify(await assertFails(other.client.get({ serviceId, clientId: 'basic' }), 403, 'A001293')))
    await assertFails(other.client.create({ serviceId, client: {} }), 403, 'A001293')
    await assertFails(other.service.update({ serviceId, service: {} }), 403, 'A001293')
    const answer = other.dynamicClientRegistration.register({ serviceId, requestBody: { json: '{}' } })
    await assertFails(answer, 403, 'A001293')
  }
  assert.equal(bodies.size, 1)
})

await check("errors: a service's token creates and deletes no service", async () => {
  await assertFails(sdk(demo.service_token).service.create({ serviceName: 'no' }), 403, 'A001293')
  await assertFails(sdk(demo.service_token).service.delete({ serviceId: String(demo.service_id) }), 403, 'A001293')
})

await check('errors: no body is 400 A126203', async () => {
  const answer = await raw('POST', registerPath, { type: json })
  assertError(answer, 400, 'A126203', '/client/registration, The request body is missing or empty.')
})

await check('errors: no content type is 400 A258201', async () => {
  const body = new TextEncoder().encode('{"json":"{}"}')
  const answer = await raw('POST', registerPath, { body })
  assertError(answer, 400, 'A258201', '/client/registration, Content-Type header is not specified.')
})

await check('errors: a body that is no JSON object is 400', async () => {
  for (const body of ['{', '[]', '{"json":7}', '{"json":"{}","json":"{}"}']) {
    assertError(await raw('POST', registerPath, { type: json, body }), 400, 'A001290', '/client/registration, ')
  }
  assertError(await raw('POST', registerPath, { type: 'text/plain', body: '{}' }), 400, 'A001290', '')
})

await check('errors: null in a registration is as good as absent', async () => {
  const body = JSON.stringify({ json: JSON.stringify(native), token: null, clientId: null })
  const { status, text } = await raw('POST', registerPath, { type: `${json}; charset=utf-8`, body })
  assert.equal(status, 200)
  const { client } = JSON.parse(text)
  assert.equal(client.clientName, 'Native client')
  await remove(client.clientId)
})

await check('errors: another method is 405 and says which', async () => {
  const answer = await raw('GET', registerPath)
  assertError(answer, 405, 'A001294', '')
  assert.equal(answer.response.headers.get('allow'), 'POST')
})

await check('errors: operations that do not exist here are 404 JSON', async () => {
  const backchannelAuthenticationRequest = { parameters: 'scope=openid' }
  const deviceAuthorizationRequest = { parameters: 'scope=openid' }
  const ciba = authlete.ciba.processAuthentication({ serviceId, backchannelAuthenticationRequest })
  await assertNotFound(ciba, 'A001292')
  await assertNotFound(authlete.deviceFlow.authorization({ serviceId, deviceAuthorizationRequest }), 'A001292')
  const grant = authlete.grantManagement.processRequest({ serviceId, gMRequest: { accessToken: 't' } })
  await assertNotFound(grant, 'A001292')
  for (const path of ['backchannel/authentication', 'device/authorization', 'gm', 'jose/verify', 'no/such/path']) {
    assertError(await raw('POST', `/api/${serviceId}/${path}`, { type: json, body: '{}' }), 404, 'A001292', '')
  }
})

await check('info, echo and healthcheck', async () => {
  const info = await raw('GET', '/api/info')
  assert.equal(info.status, 200)
  assert.ok(JSON.parse(info.text).features.includes('dcr'))
  assert.deepEqual(JSON.parse((await raw('GET', '/api/misc/echo?a=b&c=d')).text), { a: 'b', c: 'd' })
  const health = await raw('GET', '/api/lifecycle/healthcheck', none)
  assert.deepEqual([health.status, health.text], [200, 'OK'])
})

// The end of the service

await check('service: delete ends it with its clients', async () => {
  const { status, text } = await oauth.register(web)
  assert.equal(status, 201, text)
  assert.equal(await authlete.service.delete({ serviceId }), undefined)
  await assertFails(authlete.service.get({ serviceId }), 403, 'A001293')
  await assertFails(get('basic'), 403, 'A001293')
  assert.equal((await oauth.register(web)).status, 404)
  const { services } = await authlete.service.list({ end: 50 })
  assert.equal(services.some((one) => one.apiKey === service.apiKey), false)
})

// Rates: at a server whose tokens are soon at their limit. It is the second argument.

const limited = JSON.parse(readFileSync(process.argv[3], 'utf8'))
const path = `/api/${limited.service_id}/service/configuration`
const ask = async () => {
  const headers = { authorization: `Bearer ${limited.service_token}` }
  const response = await fetch(limited.base_url + path, { headers })
  return { status: response.status, response, text: await response.text() }
}
const header = ({ response }, name) => Number(response.headers.get(name))

await check('rate: every answer says what is left', async () => {
  const [first, second] = [await ask(), await ask()]
  assert.deepEqual([header(first, 'x-ratelimit-limit'), header(second, 'x-ratelimit-limit')], [20, 20])
  assert.ok(header(first, 'x-ratelimit-remaining') < 20)
  const seconds = header(second, 'x-ratelimit-reset') - Date.now() / 1000
  assert.ok(seconds > -1 && seconds < 5, `X-RateLimit-Reset is in ${seconds} s`)
})

await check('rate: too many requests are 429 with Retry-After, and the SDK retries', async () => {
  const refused = []
  let admitted = 0
  const asker = async () => {
    while (refused.length < 20 && admitted < 1000) {
      const answer = await ask()
      assert.ok([200, 429].includes(answer.status), answer.text)
      if (answer.status === 429) refused.push(answer)
      else admitted += 1
    }
  }
  await Promise.all([asker(), asker(), asker(), asker()])
  assert.ok(refused.length >= 20, `${admitted} admitted, ${refused.length} refused`)
  for (const answer of refused) {
    assertError(answer, 429, 'A001291', '/service/configuration, ')
    assert.deepEqual([header(answer, 'x-ratelimit-limit'), header(answer, 'x-ratelimit-remaining')], [20, 0])
    assert.match(answer.response.headers.get('retry-after'), /^[1-9]$/)
  }
  const backoff = { initialInterval: 100, maxInterval: 5000, exponent: 1.5, maxElapsedTime: 10_000 }
  const retryConfig = { strategy: 'backoff', backoff }
  const patient = new Authlete({ serverURL: limited.base_url, bearer: limited.service_token, retryConfig })
  const { apiKey } = await patient.service.get({ serviceId: String(limited.service_id) })
  assert.equal(apiKey, limited.service_id)
})
