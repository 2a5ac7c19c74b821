// Authorization requests: what is asked, and what is wrong with it.

import assert from 'node:assert/strict'
import { check } from '../checks.mjs'
import { answers } from '../runtime-service.mjs'
import {
  CALLBACK, ALICE, authlete, service, serviceId, instead, withService, query, changed, authorize, issue, fail,
  askToken, assertHolds, assertAction, assertErrorBody, sentTo, assertErrorAt, issuer, attribute, verified,
  createClient, withClient, web, native, ofWeb, REQUEST, CHALLENGE, OF_NATIVE, ticketFor, codeFor, exchange,
  tokensFor,
} from './service.mjs'

await check('quick start: a fresh service takes an authorization request that is not encoded', async () => {
  const fresh = String((await authlete.service.create({ serviceName: 'Quick start' })).apiKey)
  const client = { clientName: 'My Test Client', redirectUris: [CALLBACK] }
  const { clientId } = await authlete.client.create({ serviceId: fresh, client })
  const parameters = `response_type=code&client_id=${clientId}&redirect_uri=${CALLBACK}&scope=openid profile&state=xyz`
  const answer = await authlete.authorization.processRequest({ serviceId: fresh, authorizationRequest: { parameters } })
  assertAction(answer, 'INTERACTION', 'A004001')
  assert.equal(
    answer.resultMessage,
    `[A004001] Authlete has successfully issued a ticket to the service (API Key = ${fresh}) for the ` +
      `authorization request from the client (ID = ${clientId}). [response_type=code, openid=true]`,
  )
  assert.match(answer.ticket, /^[A-Za-z0-9_-]+$/)
  assert.deepEqual(answer.scopes.map(({ name }) => name).sort(), ['openid', 'profile'])
  await authlete.service.delete({ serviceId: fresh })
})

await check('authorization: INTERACTION has the request, and the client without its secret', async () => {
  const sent = answers.length
  const answer = assertAction(await authorize(REQUEST), 'INTERACTION', 'A004001')
  assert.equal('responseContent' in answer, false)
  const { text } = answers[sent]
  assert.equal(text.includes(web.clientSecret), false, 'it has the secret')
  const { client, service } = JSON.parse(text)
  assertHolds(client, {
    clientId: web.clientId,
    clientName: 'Web',
    description: 'A confidential client',
    clientIdAlias: 'web',
    clientIdAliasEnabled: true,
    clientType: 'CONFIDENTIAL',
    applicationType: 'WEB',
    logoUri: 'https://client.example/logo',
    attributes: [attribute],
  })
  assertHolds(service, { apiKey: Number(serviceId), serviceName: 'Runtime', issuer, clientIdAliasEnabled: true })
  assertHolds(answer, { display: 'PAGE', lowestPrompt: 'CONSENT', acrEssential: false, clientIdAliasUsed: false })
  assert.equal(answer.maxAge ?? 0, 0)
  assert.deepEqual(answer.scopes.map(({ name }) => name).sort(), ['openid', 'profile', 'read'])
  assert.ok(answer.claims.includes('name') && !answer.claims.includes('email'), `claims are ${answer.claims}`)
  for (const name of ['prompts', 'subject', 'loginHint', 'acrs', 'uiLocales', 'resources']) {
    assert.equal(name in answer, false, `${name} is ${answer[name]}`)
  }
})

await check('authorization: NO_INTERACTION for prompt=none', async () => {
  const answer = assertAction(await authorize({ ...REQUEST, prompt: 'none' }), 'NO_INTERACTION', 'A004001')
  assertHolds(answer, { prompts: ['NONE'], lowestPrompt: 'NONE' })
  assert.equal('responseContent' in answer, false)
  sentTo(await issue(answer.ticket))
})

await check('authorization: max_age=0 asks for a login, max_age=60 is maxAge', async () => {
  const now = await authorize({ ...REQUEST, max_age: '0' })
  assert.ok(now.prompts.includes('LOGIN'), `prompts are ${now.prompts}`)
  assert.equal((await authorize({ ...REQUEST, max_age: '60' })).maxAge, 60)
  await withClient(web, { defaultMaxAge: 120 }, async () => assert.equal((await authorize(REQUEST)).maxAge, 120))
})

await check('authorization: prompt, display, login_hint, ui_locales and claims_locales', async () => {
  const answer = await authorize({
    ...REQUEST,
    prompt: 'select_account consent login',
    display: 'popup',
    login_hint: 'alice@client.example',
    ui_locales: 'ja fr en',
    claims_locales: 'ja',
  })
  assert.deepEqual(answer.prompts.toSorted(), ['CONSENT', 'LOGIN', 'SELECT_ACCOUNT'])
  assertHolds(answer, {
    lowestPrompt: 'LOGIN',
    display: 'POPUP',
    loginHint: 'alice@client.example',
    uiLocales: ['ja', 'en'],
    claimsLocales: ['ja'],
  })
  assert.equal((await authorize({ ...REQUEST, display: 'touch' })).display, 'PAGE')
})

await check('authorization: ACRs of acr_values, of the claims parameter and of the client', async () => {
  const asked = await authorize({ ...REQUEST, acr_values: 'urn:acr:2 urn:acr:other urn:acr:1' })
  assertHolds(asked, { acrs: ['urn:acr:2', 'urn:acr:1'], acrEssential: false })
  const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:acr:1'] } } })
  const essential = await authorize({ ...REQUEST, claims, acr_values: 'urn:acr:2' })
  assert.equal(essential.acrEssential, true)
  assert.equal(essential.acrs[0], 'urn:acr:1')
  const defaultAcrs = ['urn:acr:2']
  await withClient(web, { defaultAcrs }, async () => assert.deepEqual((await authorize(REQUEST)).acrs, defaultAcrs))
})

await check('authorization: the claims parameter', async () => {
  const claims = {
    id_token: { sub: { value: ALICE }, nickname: null, email: { essential: true } },
    userinfo: { locale: null, phone_number: { essential: true } },
  }
  const answer = await authorize({ ...REQUEST, scope: 'openid', claims: JSON.stringify(claims) })
  assert.equal(answer.subject, ALICE)
  assert.deepEqual(JSON.parse(answer.idTokenClaims), claims.id_token)
  assert.deepEqual(JSON.parse(answer.userInfoClaims), claims.userinfo)
  for (const name of ['nickname', 'email']) assert.ok(answer.claims.includes(name), `claims are ${answer.claims}`)
  for (const name of ['locale', 'phone_number']) {
    assert.ok(answer.claimsAtUserInfo.includes(name), `claimsAtUserInfo is ${answer.claimsAtUserInfo}`)
  }
})

await check('authorization: id_token_hint names the subject', async () => {
  const { idToken } = await tokensFor()
  assert.equal((await authorize({ ...REQUEST, id_token_hint: idToken })).subject, ALICE)
  const claims = JSON.stringify({ id_token: { sub: { value: 'bob' } } })
  const contradicts = await authorize({ ...REQUEST, id_token_hint: idToken, claims })
  assertErrorAt(contradicts, 'invalid_request', 'A004394')
})

await check("authorization: the client's alias", async () => {
  const answer = assertAction(await authorize({ ...REQUEST, client_id: 'web' }), 'INTERACTION', 'A004001')
  assertHolds(answer, { clientIdAliasUsed: true, clientEntityIdUsed: false })
  const { idToken } = assertAction(
    await askToken(exchange((await issue(answer.ticket)).authorizationCode), { ...ofWeb, clientId: 'web' }),
    'OK',
    'A050001',
  )
  assert.deepEqual((await verified(idToken, 'web')).aud, ['web'])
})

await check('authorization: what is not offered is dropped', async () => {
  const answer = await authorize({ ...REQUEST, scope: 'read unknown offline_access', 'no-such': 'parameter' })
  assert.deepEqual(answer.scopes.map(({ name }) => name), ['read'])
  const consented = await authorize({ ...REQUEST, scope: 'read offline_access', prompt: 'consent' })
  assert.deepEqual(consented.scopes.map(({ name }) => name).sort(), ['offline_access', 'read'])
})

await check('authorization: default scopes, and those that a client may request', async () => {
  const names = async (changes) => (await authorize(changed(REQUEST, changes))).scopes.map(({ name }) => name).sort()
  const defaultEntry = true
  const supportedScopes = [{ name: 'openid', defaultEntry }, { name: 'read', defaultEntry }, { name: 'write' }]
  await withService({ supportedScopes }, async () => {
    assert.deepEqual(await names({ scope: undefined }), ['openid', 'read'])
    assert.deepEqual(await names({ scope: 'write' }), ['write'])
  })
  const extension = { requestableScopesEnabled: true, requestableScopes: ['read'] }
  await withClient(web, { extension }, async () => assert.deepEqual(await names({}), ['read']))
})

await check('authorization: loopbackRedirectionUriVariable lets the port vary', async () => {
  const { clientId } = await createClient({
    clientType: 'PUBLIC',
    tokenAuthMethod: 'NONE',
    applicationType: 'NATIVE',
    redirectUris: ['http://127.0.0.1/callback'],
  })
  const request = { ...REQUEST, client_id: String(clientId), redirect_uri: 'http://127.0.0.1:5000/callback' }
  assertErrorBody(await authorize(request), 'BAD_REQUEST', 'invalid_request', 'A011304')
  await withService({ loopbackRedirectionUriVariable: true }, async () => {
    const { ticket } = assertAction(await authorize(request), 'INTERACTION', 'A004001')
    assert.ok((await issue(ticket)).responseContent.startsWith(`${request.redirect_uri}?code=`))
    const elsewhere = await authorize({ ...request, redirect_uri: 'http://127.0.0.1:5000/other' })
    assertErrorBody(elsewhere, 'BAD_REQUEST', 'invalid_request', 'A011304')
  })
})

await check('authorization: parameters as clients send them', async () => {
  const encoded = query(REQUEST)
  const { client_id, response_type } = REQUEST
  const decoded = `response_type=${response_type}&client_id=${client_id}&redirect_uri=${CALLBACK}&scope=openid read`
  for (const parameters of [
    `?${encoded}`,
    decoded,
    `${decoded}&state=ä ö {"a":[1,2]}`,
    `${encoded}&login_hint=100%&nonce=%zz`,
    `${encoded}&prompt=&max_age=&request=&resource=`,
  ]) {
    assertAction(await authorize(parameters), 'INTERACTION', 'A004001')
  }
  assert.equal((await authorize(`${encoded}&login_hint=100%zz`)).loginHint, '100%zz')
  assert.equal((await authorize(`${encoded}&login_hint=a+b%20c%2Bd`)).loginHint, 'a b c+d')
})

const PAGES = {
  'no parameters at all': ['', 'invalid_request', 'A004381'],
  'no client_id': [{ client_id: undefined }, 'invalid_request', 'A004381'],
  'an unknown client': [{ client_id: '1' }, 'invalid_client', 'A004382'],
  'request with request_uri': [{ request: 'a.b.c', request_uri: 'https://a.example' }, 'invalid_request', 'A004383'],
  'an unknown pushed request': [
    { request_uri: 'urn:ietf:params:oauth:request_uri:none' },
    'invalid_request_uri',
    'A008303',
  ],
  'no response_type': [{ response_type: undefined }, 'invalid_request', 'A009301'],
  'another redirect_uri': [{ redirect_uri: `${CALLBACK}/` }, 'invalid_request', 'A011304'],
  'no redirect_uri with openid': [{ redirect_uri: undefined }, 'invalid_request', 'A004384'],
}

for (const [what, [changes, error, resultCode]] of Object.entries(PAGES)) {
  await check(`authorization: ${what} is BAD_REQUEST ${error}`, async () => {
    const parameters = typeof changes === 'string' ? changes : changed(REQUEST, changes)
    assertErrorBody(await authorize(parameters), 'BAD_REQUEST', error, resultCode)
  })
}

await check('authorization: no `parameters` is the fault of the caller', async () => {
  for (const body of [{}, { parameters: null, context: null }]) {
    const authorizationRequest = { parameters: 'x' }
    const answer = await instead(body).authorization.processRequest({ serviceId, authorizationRequest })
    const { error_description } = assertErrorBody(answer, 'BAD_REQUEST', 'invalid_request', 'A004201')
    assert.ok(error_description.includes("does not contain 'parameters' parameter"), error_description)
  }
})

await check('authorization: a parameter twice is invalid_request', async () => {
  const answer = await authorize(`${query(REQUEST)}&scope=openid`)
  assertErrorBody(answer, 'BAD_REQUEST', 'invalid_request', 'A004380')
})

await check('authorization: without redirect_uri the only one counts, if there is no openid', async () => {
  const code = await codeFor({ redirect_uri: undefined, scope: 'read' })
  const answer = await askToken({ grant_type: 'authorization_code', code }, ofWeb)
  assertAction(answer, 'OK', 'A050001')
})

const REDIRECTS = {
  'an unknown response_mode': [{ response_mode: 'letter' }, 'invalid_request', 'A004385'],
  'an unknown response_type': [{ response_type: 'letter' }, 'unsupported_response_type', 'A004386'],
  'a response_type that is not offered': [{ response_type: 'token' }, 'unsupported_response_type', 'A004386'],
  "a response_type that is not the client's": [
    { ...OF_NATIVE, response_type: 'none' },
    'unauthorized_client',
    'A004387',
  ],
  'no scope': [{ scope: 'a"b' }, 'invalid_scope', 'A004388'],
  'an unknown code_challenge_method': [
    { code_challenge: CHALLENGE, code_challenge_method: 'S512' },
    'invalid_request',
    'A004390',
  ],
  'a short code_challenge': [
    { code_challenge: 'short', code_challenge_method: 'S256' },
    'invalid_request',
    'A004390',
  ],
  'an unknown prompt': [{ prompt: 'letter' }, 'invalid_request', 'A004391'],
  'prompt=none with another': [{ prompt: 'none login' }, 'invalid_request', 'A004391'],
  'a prompt that is not offered': [{ prompt: 'create' }, 'invalid_request', 'A004391'],
  'a max_age below 0': [{ max_age: '-1' }, 'invalid_request', 'A004392'],
  'a max_age that is no number': [{ max_age: 'x' }, 'invalid_request', 'A004392'],
  'claims that are no object': [{ claims: '[]' }, 'invalid_request', 'A004393'],
  'claims that are no JSON': [{ claims: '{' }, 'invalid_request', 'A004393'],
  'an id_token_hint of somebody else': [{ id_token_hint: 'a.b.c' }, 'invalid_request', 'A004394'],
  'prompt=none with max_age=0': [{ prompt: 'none', max_age: '0' }, 'login_required', 'A004395'],
}

for (const [what, [changes, error, resultCode]] of Object.entries(REDIRECTS)) {
  await check(`authorization: ${what} is LOCATION ${error}`, async () => {
    assertErrorAt(await authorize(changed(REQUEST, changes)), error, resultCode)
  })
}

await check('authorization: an error of a front-channel response type is in the fragment', async () => {
  const { responseContent } = await authorize({ ...REQUEST, response_type: 'id_token', nonce: 'n' })
  assert.ok(responseContent.startsWith(`${CALLBACK}#error=`), responseContent)
})

await check('authorization: what is not built is refused, never ignored', async () => {
  const refused = {
    resource: ['not a URI', ['invalid_target']],
    authorization_details: ['[{}]', ['invalid_authorization_details']],
    dpop_jkt: ['short', ['invalid_request']],
    request: ['a.b.c', ['request_not_supported', 'invalid_request_object']],
    request_uri: ['https://client.example/other', ['request_uri_not_supported', 'invalid_request_uri']],
  }
  for (const [name, [value, errors]] of Object.entries(refused)) {
    const { action, responseContent } = await authorize({ ...REQUEST, [name]: value })
    assert.ok(['LOCATION', 'BAD_REQUEST'].includes(action), `${name}: ${action}`)
    const error =
      action === 'LOCATION' ? new URL(responseContent).searchParams.get('error') : JSON.parse(responseContent).error
    assert.ok(errors.includes(error), `${name}: ${error}`)
  }
})

await check('authorization: what the service and the client require', async () => {
  const faults = [
    [{ pkceRequired: true }, {}, 'invalid_request', 'A124301'],
    [
      { pkceRequired: true, pkceS256Required: true },
      { code_challenge: CHALLENGE, code_challenge_method: 'plain' },
      'invalid_request',
      'A124308',
    ],
    [{ pkceS256Required: true }, { code_challenge: CHALLENGE }, 'invalid_request', 'A124308'],
    [{ parRequired: true }, {}, 'invalid_request', 'A294308'],
    [{ requestObjectRequired: true }, {}, 'invalid_request', 'A004397'],
    [{ scopeRequired: true }, { scope: 'unknown' }, 'invalid_scope', 'A004388'],
    [{ supportedAcrs: undefined }, { acr_values: 'urn:acr:1' }, 'invalid_request', 'A021303'],
  ]
  for (const [flags, changes, error, resultCode] of faults) {
    await withService(flags, async () => assertErrorAt(await authorize({ ...REQUEST, ...changes }), error, resultCode))
  }
  await withClient(native, { pkceRequired: true }, async () => {
    assertErrorAt(await authorize(OF_NATIVE), 'invalid_request', 'A124301')
  })
})

await check('authorization: errorDescriptionOmitted, errorUriOmitted and issSuppressed', async () => {
  const flags = { errorDescriptionOmitted: true, errorUriOmitted: true, issSuppressed: true }
  await withService(flags, async () => {
    const { responseContent } = await authorize({ ...REQUEST, client_id: '1' })
    assert.deepEqual(JSON.parse(responseContent), { error: 'invalid_client' })
    const sent = sentTo(await authorize({ ...REQUEST, prompt: 'letter' }))
    assert.deepEqual(sent, { error: 'invalid_request', state: REQUEST.state })
    assert.deepEqual(Object.keys(sentTo(await issue(await ticketFor()))), ['code', 'state'])
  })
})

/** The hidden fields of a page that posts itself to the callback, still escaped. */
function fieldsOf(page) {
  assert.ok(page.includes(`action="${CALLBACK}"`), page)
  const tags = page.match(/<input\b[^>]*type="hidden"[^>]*>/g) ?? []
  const attribute = (tag, name) => new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
  return Object.fromEntries(tags.map((tag) => [attribute(tag, 'name'), attribute(tag, 'value')]))
}

await check('authorization, issue and fail: FORM for response_mode=form_post', async () => {
  const formPost = { response_mode: 'form_post' }
  const faulty = assertAction(await authorize({ ...REQUEST, ...formPost, prompt: 'letter' }), 'FORM', 'A004391')
  assert.equal(fieldsOf(faulty.responseContent).error, 'invalid_request')
  const issued = assertAction(await issue(await ticketFor(formPost)), 'FORM', 'A040001')
  assert.equal(fieldsOf(issued.responseContent).code, issued.authorizationCode)
  assert.equal(issued.responseContent.includes('<b>'), false, 'the state is not escaped')
  const failed = assertAction(await fail(await ticketFor(formPost), 'DENIED'), 'FORM', 'A041388')
  assert.equal(fieldsOf(failed.responseContent).error, 'access_denied')
})
