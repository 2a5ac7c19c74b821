// The console as operators have it: in a browser, against a server whose clients have registered themselves.
// console.mjs DEMO.JSON LINK BROWSER FEDERATION DOCUMENTS

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { chromium } from 'playwright-core'

const [demoFile, link, browserPath, federationHost, documentsHost] = process.argv.slice(2)
const demo = JSON.parse(readFileSync(demoFile, 'utf8'))
const folder = dirname(dirname(demoFile))
const origin = new URL(link).origin
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Runs one check and prints its line. */
async function check(name, body) {
  try {
    await body()
    console.log(`ok console: ${name}`)
  } catch (error) {
    console.log(`not ok console: ${name}: ${error.message.replace(/\s+/g, ' ').slice(0, 2000)}`)
    process.exitCode = 1
    if (process.env.CONSOLE_STACKS) console.error(error)
  }
}

async function send(method, path, body, headers = {}) {
  const response = await fetch(`${origin}${path}`, {
    method, headers: { 'content-type': 'application/json', ...headers }, body: body && JSON.stringify(body),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) }
}

const authorization = { authorization: `Bearer ${demo.organization_token}` }
const operate = (method, path, body, headers) => send(method, `/operator/${path}`, body, { ...authorization, ...headers })
const register = (body) => send('POST', `/${demo.service_id}/register`, body)

async function changePolicy(change, service = 1) {
  const { body: policy, headers } = await operate('GET', `${service}/policy`)
  const changed = await operate('PUT', `${service}/policy`, { ...policy, ...change(policy) }, { 'if-match': headers.get('etag') })
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
}

const run = (text) => execFileSync('bash', ['-c', text], {
  cwd: folder, encoding: 'utf8', env: { ...process.env, TOKEN: demo.organization_token, REGISTRAR_TOKEN: demo.organization_token }, stdio: ['ignore', 'pipe', 'pipe'],
})

/** The same as an administrator with the table, and with no token. */
const administer = (command) => run(`set -a; . .registrar/env; unset REGISTRAR_TOKEN; registrar ${command}`)

// ---- The browser: what it asks, and what it complains of, is remembered.

const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox', '--disable-background-networking'] })
const asked = []
const complaints = []

async function tab(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, timezoneId: 'Europe/Paris', ...options })
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.on('request', (request) => asked.push(request.url()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    // What is refused is shown to the operator; the browser tells it here as well.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text())
  })
  // The page hears of a new address some time after it has changed.
  await page.addInitScript(() => {
    window.heard = location.hash
    addEventListener('hashchange', () => { window.heard = location.hash })
  })
  await page.addInitScript(() => addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`)))
  return page
}

async function signIn(page, token = demo.organization_token) {
  await page.goto(`${origin}/console`)
  await page.getByLabel('Token').fill(token)
  await page.keyboard.press('Enter')
  await page.getByRole('navigation').waitFor()
}

/** Asks the operators’ API until it has heard of what was done. */
async function told(path, has) {
  for (let tries = 0; ; tries += 1) {
    const { body } = await operate('GET', path)
    if (has(body)) return
    assert.ok(tries < 100, JSON.stringify(body))
    await new Promise((done) => setTimeout(done, 100))
  }
}

/** Leads to a screen, of the first service unless its path says another one, and waits until all of it is there. */
async function at(page, path) {
  await page.evaluate((hash) => { location.hash = hash }, path.startsWith('/') ? `#${path}` : `#/1/${path}`)
  await settled(page)
}

/** Waits until the screen of the address is shown, and all that it reads is there. */
async function settled(page) {
  await page.waitForFunction(() => [window.heard, ''].includes(location.hash) && !document.querySelector('[aria-busy]') && !/Loading …|read …|Looking (at|further:)/.test(document.body.textContent))
  await page.waitForLoadState('networkidle')
}

async function accessible(page) {
  await page.evaluate(axe)
  const found = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  }))
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`)
}

const main = (page) => page.locator('main').innerText()

const day = 86_400
const now = Math.floor(Date.now() / 1000)

// ---- What has happened before an operator looks.

const HOSTILE = [
  '<img src=x onerror=document.title="taken">', '"><script>document.title="taken"</script>', 'https://phish.example/login',
  'javascript:document.title="taken"', 'شركة المثال', '\u202egnp.exe', 'a\u200bb', 'w'.repeat(3000), "it's $(touch taken) `touch taken`", '{{7*7}}',
]
const redirect = { redirect_uris: ['https://rp.example/cb'], token_endpoint_auth_method: 'none' }
const registered = []

await check('clients register, with whatever names', async () => {
  await changePolicy((policy) => ({ names: { ...policy.names, hidden_characters: 'flag' } }))
  for (const client_name of HOSTILE) {
    const { status, body } = await register({ ...redirect, client_name })
    assert.equal(status, 201, JSON.stringify(body))
    registered.push(body)
  }
  for (let copy = 0; copy < 12; copy += 1) {
    const { body } = await register({ client_name: copy % 2 ? 'Assistant' : 'ASSISTANT', redirect_uris: [`http://127.0.0.1:${4000 + copy}/cb`], token_endpoint_auth_method: 'none', made_up: 1, constructor: 'x', toString: 'y' })
    registered.push(body)
  }
  const { body } = await register({ client_name: 'With a secret', redirect_uris: ['https://rp.example/cb'], grant_types: ['authorization_code', 'implicit'] })
  registered.push(body)
})

await check('the operators’ API counts what was refused', async () => {
  const refused = await register({ ...redirect, client_name: 'Institution', token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=x' })
  assert.equal(refused.status, 400)
  await told('1/refusals', ({ refusals }) => refusals.some(({ rule }) => rule === 'token_endpoint_auth_methods'))
})

/** Services of their own: of a federation, whose clients users have let do something; of clients that have documents. */
const service = (name, options) => JSON.parse(administer(`service create --organization ${demo.organization} --name ${name} --preset open --json ${options}`)).id
const federation = service('Federation', '--issuer https://op.example')
const documents = service('Documents', '--issuer https://docs.example --door oauth --door metadata_document')
const [anchor, party] = ['anchor', 'party'].map((name) => `${federationHost}/${name}`)
const shops = []

/** What an authorization server asks that is written for Authlete. */
async function authlete(path, body) {
  const { status, body: answer } = await send('POST', `/api/${federation}/${path}`, body, authorization)
  assert.ok(status < 300, JSON.stringify(answer))
  return answer
}

await check('an institution registers, a federation is trusted, users consent', async () => {
  run(`sh stet/institution.sh register ${demo.stet_base_url}`)
  administer(`service federation enable ${federation} --authority-hint ${anchor} --trust-anchor ${anchor}=federation/anchor.json --registration explicit --registration automatic`)
  for (const clientName of ['<b>Shop</b>', 'Post']) {
    const { clientId } = await authlete('client/create', { clientName, clientType: 'CONFIDENTIAL', redirectUris: ['https://rp.example/cb'], responseTypes: ['CODE'], grantTypes: ['AUTHORIZATION_CODE', 'REFRESH_TOKEN'] })
    const tokens = {}
    for (const subject of ['alice', 'bob']) {
      tokens[subject] = (await authlete('auth/token/create', { grantType: 'AUTHORIZATION_CODE', clientId, subject, scopes: ['openid'] })).accessToken
    }
    shops.push({ clientId, tokens, works: async (subject) => (await authlete('auth/introspection', { token: tokens[subject] })).action === 'OK' })
  }
  await told('2/clients?source=stet', ({ clients }) => clients.length === 1)
})

// ---- Signing in.

const page = await tab()

await check('a link signs in once, and leaves no code and no token behind', async () => {
  await page.goto(link)
  await page.getByRole('heading', { name: 'Today' }).waitFor()
  assert.ok(!page.url().includes('code'), page.url())
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, history.state, location.href]))
  assert.equal(kept, JSON.stringify([{}, {}, '', null, `${origin}/console`]))
  const again = await tab()
  await again.goto(link)
  await again.getByText('signs in once').waitFor()
  await again.context().close()
})

await check('whoever reloads signs in again; a wrong token is shown as the server refuses it', async () => {
  const other = await tab()
  await signIn(other)
  await other.reload()
  await other.getByLabel('Token').fill('svt_wrong')
  await other.keyboard.press('Enter')
  await other.getByText('401').waitFor()
  assert.equal(await other.getByRole('navigation').count(), 0)
  await other.context().close()
})

await check('a token that may only read clients is offered no change, and 403 is explained', async () => {
  const { body } = await operate('POST', '1/tokens', { kind: 'service', permissions: ['client.read'], expires_in: 600 })
  const other = await tab()
  await signIn(other, body.value)
  await at(other, `clients/${registered[0].client_id}`)
  assert.equal(await other.getByRole('button', { name: 'Lock' }).count(), 0)
  await at(other, 'policy')
  await other.getByText('403').waitFor()
  await other.getByText('It needs a token with service.read').waitFor()
  // What is fetched for it is fetched for who may use the service.
  await at(other, 'federation?entity=https%3A%2F%2Frp.example')
  await other.getByText('It needs a token with use_service').waitFor()
  const { body: { value } } = await operate('POST', '1/tokens', { kind: 'service', permissions: ['use_service'], expires_in: 600 })
  const server = await tab()
  await signIn(server, value)
  await at(server, `clients/${registered[0].client_id}`)
  await server.getByText('Changes need a token with client.write.').waitFor()
  await server.context().close()
  await other.context().close()
})

// ---- What strangers wrote.

await check('what strangers wrote is text: no image, no link, no script', async () => {
  await at(page, 'clients')
  const text = await main(page)
  for (const name of HOSTILE.filter((name) => !/[\u200b\u202e]/.test(name))) assert.ok(text.includes(name.slice(0, 60)), name)
  assert.ok(text.includes('U+202Egnp.exe') && text.includes('aU+200Bb'))
  for (const { client_id } of registered.slice(0, HOSTILE.length)) {
    await at(page, `clients/${client_id}`)
    assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('img, iframe, script:not([src^=console]), a:not([href^="#"])')].map((node) => node.outerHTML)), [])
    assert.ok(!(await page.title()).startsWith('taken'))
  }
})

await check('a client is shown as it was sent, as it became, and by which rule', async () => {
  const [made] = registered.filter(({ client_name }) => client_name === 'Assistant')
  await at(page, `clients/${made.client_id}`)
  const row = page.getByRole('row').filter({ hasText: 'made_up' })
  assert.match(await row.innerText(), /made_up\s+1\s+—\s+custom_members: dropped/)
  await page.getByRole('heading', { name: 'History' }).waitFor()
  assert.match(await main(page), /registered\s+.*anonymous/)
})

// ---- From a refusal to a registration.

await check('a newcomer finds why a registration was refused and what to change, and it then registers', async () => {
  await at(page, 'today')
  await page.getByRole('link', { name: 'is not offered by this service' }).first().click()
  await page.getByRole('heading', { name: 'Why it was refused' }).waitFor()
  await settled(page)
  const text = await main(page)
  assert.match(text, /The way in which the client wants to authenticate is not offered/)
  assert.match(text, /one that is not offered is replaced by the first of default/)
  assert.match(text, /token_endpoint_auth_method: "tls_client_auth"/)
  await page.getByRole('button', { name: 'Offer tls_client_auth' }).click()
  await page.getByRole('heading', { name: 'Policy', exact: true }).waitFor()
  await page.getByText('It would be registered.').waitFor()
  assert.equal(await page.getByLabel('What a member means').inputValue(), 'token_endpoint_auth_methods')
  // The caret is at the member, and no key deletes what nobody has selected.
  const [before, selected] = await page.evaluate(() => {
    const { value, selectionStart, selectionEnd } = document.activeElement
    return [value.slice(0, selectionStart), value.slice(selectionStart, selectionEnd)]
  })
  assert.match(before, /"token_endpoint_auth_methods":$/)
  assert.equal(selected, '')
  assert.match(await page.getByText('In the draft').locator('..').innerText(), /tls_client_auth/)
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  const dialog = page.getByRole('dialog')
  assert.match(await dialog.innerText(), /token_endpoint_auth_methods[^]*tls_client_auth/)
  await dialog.getByRole('button', { name: 'Put it into effect', exact: true }).click()
  await page.getByText('The policy is in force.').waitFor()
  const body = { ...redirect, client_name: 'Institution', token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=x' }
  const { status, body: answer } = await register(body)
  assert.equal(status, 201, JSON.stringify(answer))
})

// What ten rules and more refuse under `protected`, changed as `policy` says, and the change that the console offers.
const reverse = 'Accept private-use schemes that are no reversed domain names, and Take clients whose redirects lead to an application for native'
const REFUSED = [
  { rule: 'registration', policy: { registration: 'initial_access_token' }, told: /bearer token is required/, press: 'Let anybody register, without a token' },
  { rule: 'dynamic_registration', policy: { dynamic_registration: false }, told: /switched off/, press: 'Let clients register themselves' },
  { rule: 'limits', body: { client_name: 'w'.repeat(9000) }, told: /client_name is longer than/, press: 'Raise the limits to what was sent' },
  { rule: 'unannounced', body: { subject_type: 'pairwise' }, told: /subject_type: "pairwise"/, press: 'Drop what is not announced', costs: /subject_type public in place of pairwise/ },
  { rule: 'grant_types and response_types', body: { grant_types: ['authorization_code', 'password'] }, told: /grant_types: "password"/, press: 'Offer password', costs: /RFC 9700 §2.4 forbids/ },
  {
    rule: 'token_endpoint_auth_methods', policy: { token_endpoint_auth_methods: { offered: ['none'], default: ['none'], unoffered: 'refuse' } },
    body: { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=bank' }, told: /"tls_client_auth"/, press: 'Offer tls_client_auth',
  },
  { rule: 'scopes', policy: { scopes: { offered: 'openid', default: 'openid', unoffered: 'refuse' } }, body: { scope: 'openid email' }, told: /scope: "email"/, press: 'Offer email' },
  { rule: 'redirect_uris', body: { redirect_uris: ['cursor://anysphere.cursor-retrieval/oauth/callback'], application_type: 'web' }, told: /private-use/, press: reverse },
  { rule: 'redirect_uris.pages_share_host', body: { logo_uri: 'https://other.example/logo.png' }, told: /logo_uri must be of one site/, press: 'Flag such clients, and register them' },
  { rule: 'names', policy: { names: { reserved: ['Example Bank'], same: 'refuse', look_alike: 'flag', hidden_characters: 'refuse' } }, body: { client_name: 'Example Bank' }, told: /a name that this service reserves/, press: 'Flag names that have a reserved one in them, and register them' },
  { rule: 'called_urls', body: { backchannel_logout_uri: 'https://10.0.0.1/out' }, told: /must have a public host/, press: 'Let such URLs lead anywhere', costs: /into your own network/ },
  { rule: 'the specifications', body: { redirect_uris: ['http://wiki.corp.example/cb'] }, told: /http is allowed for/, press: 'Accept http redirects to wiki.corp.example', costs: /can be read/ },
  { rule: 'software_id_once', policy: { software_id_once: true }, body: { software_id: 'twice' }, before: true, told: /software_id is taken|has a client/, press: 'Let a software_id be registered again' },
  { rule: 'clients_per_developer', policy: { clients_per_developer: 1 }, before: true, told: /no more clients/, press: /^Let a developer have \d+ clients$/, passes: 'There is room now' },
  { rule: 'clients_per_service', policy: { clients_per_service: 1 }, before: true, told: /no more clients/, press: /^Let the service have \d+ clients$/, passes: 'There is room now' },
]

const { body: policyBefore } = await operate('GET', '1/policy')
const putPolicy = async (policy) => assert.equal((await operate('PUT', '1/policy', policy, { 'if-match': '*' })).status, 200)
const { body: { policy: protectedPolicy } } = await operate('POST', '1/policy/try', { preset: 'protected' })

for (const { rule, policy, body, before, told: text, press, costs, passes = 'It passes now, since the policy was changed' } of REFUSED) {
  await check(`what ${rule} refuses is found, repaired and sent again`, async () => {
    await putPolicy({ ...protectedPolicy, doors: policyBefore.doors, registration: 'open', ...policy })
    const sent = { ...redirect, ...body }
    if (before) await register(sent)
    const { status } = await register(sent)
    assert.ok([400, 401, 403].includes(status), `${status}`)
    await at(page, 'policy')
    await at(page, 'today')
    const row = page.getByRole('row').filter({ has: page.getByRole('cell', { name: rule, exact: true }) }).filter({ hasText: text })
    await row.first().getByRole('link').click()
    await page.getByRole('heading', { name: 'Why it was refused' }).waitFor()
    await settled(page)
    const why = page.url()
    const offer = page.locator('li').filter({ has: page.getByRole('button', { name: press, exact: true }) })
    assert.equal(await offer.count(), 1)
    if (costs) assert.match(await offer.innerText(), costs)
    await offer.getByRole('button', { name: press, exact: true }).click()
    await page.getByText(/^It would be registered/).waitFor()
    await page.getByRole('button', { name: 'Put it into effect …' }).click()
    const written = page.waitForResponse((response) => response.request().method() === 'PUT')
    await page.getByRole('dialog').getByRole('button', { name: 'Put it into effect', exact: true }).click()
    assert.equal((await written).status(), 200)
    const { status: then, body: answer } = await register(sent)
    assert.equal(then, 201, JSON.stringify(answer))
    await page.goto(why)
    await page.getByText(rule === 'registration' ? 'Nobody needs a token any more' : passes).waitFor()
    assert.equal(await page.getByText('Changes that help').count(), 0)
  })
}

await check('refusals of the same rule stay apart, and what no policy changes is told so', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'open', token_endpoint_auth_methods: { offered: ['none'], default: ['none'], unoffered: 'refuse' } })
  for (const method of ['private_key_jwt', 'magic', 'more magic']) {
    assert.equal((await register({ ...redirect, token_endpoint_auth_method: method, jwks_uri: 'https://rp.example/jwks' })).status, 400)
  }
  assert.equal((await register({ redirect_uris: 'https://rp.example/cb' })).status, 400)
  await at(page, 'today')
  const row = (text) => page.getByRole('row').filter({ hasText: text })
  assert.match(await row('"private_key_jwt"').innerText(), /\b1\b/)
  assert.match(await row('token_endpoint_auth_method: "…"').innerText(), /\b2\b/)
  await row('token_endpoint_auth_method: "…"').getByRole('link').click()
  await page.getByText('stands for a word that neither OAuth nor OpenID Connect defines, nor the policy').waitFor()
  await settled(page)
  assert.match(await main(page), /Register another method in its place/)
  assert.doesNotMatch(await main(page), /Offer x/)
  await at(page, 'today')
  await row('redirect_uris must be an array').getByRole('link').click()
  await page.getByText('No policy changes this').first().waitFor()
  await settled(page)
  assert.equal(await page.getByText('No policy changes this').count(), 1)
  assert.match(await main(page), /as sent: The body is no JSON object/)
  await putPolicy(policyBefore)
})

await check('of changes that help those are offered that change the least', async () => {
  const names = { reserved: ['Example Bank'], same: 'refuse', look_alike: 'refuse' }
  const hosts = { ...protectedPolicy.redirect_uris, hosts: ['only.example', '.below.example'], loopback: true, private_use_schemes: 'accept' }
  await putPolicy({ ...protectedPolicy, registration: 'open', names: { ...protectedPolicy.names, ...names }, redirect_uris: hosts })
  const uris = ['https://nope.example/cb', 'https://is.below.example/cb', 'http://127.0.0.1:8080/cb', 'http://[::1]/cb']
  for (const [body, told, offered, press, says, own] of [
    [{ response_types: ['code', 'id_token'], redirect_uris: ['https://only.example/cb'] }, 'response_types: "id_token"', 'response_types.unoffered', 'Drop response types that are not offered'],
    [{ grant_types: ['authorization_code', 'password'], redirect_uris: ['https://only.example/cb'] }, 'grant_types: "password"', 'grant_types.unoffered', 'Drop grant types that are not offered'],
    [{ client_name: 'The EXAMPLE-BANK login', redirect_uris: ['https://only.example/cb'] }, 'a name that this service reserves', 'names.same', /^Flag names that have/],
    [{ redirect_uris: uris, application_type: 'native' }, 'is not allowed by the policy', 'redirect_uris.hosts', 'Permit nope.example'],
    [{ redirect_uris: ['https://only.example/cb', ...Array.from({ length: 24 }, (_, number) => `https://h${number}.example/cb`)] }, 'is not allowed by the policy', 'redirect_uris.hosts', /^Permit h0/, /More was sent than is kept, 5 of redirect_uris:/],
    [{ redirect_uris: ['com.example.app:/cb'], application_type: 'native', token_endpoint_auth_method: 'client_secret_basic' }, 'private-use', 'redirect_uris.private_use_schemes', 'Accept private-use schemes of all clients', /Changes that help/, { private_use_schemes: 'public_clients', reverse_domain_schemes: true }],
  ]) {
    if (own) await putPolicy({ ...protectedPolicy, registration: 'open', redirect_uris: { ...protectedPolicy.redirect_uris, ...own } })
    assert.equal((await register({ ...redirect, ...body })).status, 400)
    await at(page, 'tokens')
    await at(page, 'today')
    await page.getByRole('row').filter({ hasText: told }).first().getByRole('link').click()
    await page.getByRole('heading', { name: 'Why it was refused' }).waitFor()
    await settled(page)
    if (says) assert.match(await main(page), says)
    assert.equal(await page.getByRole('button', { name: /^(Drop what|Flag both)/ }).count(), 0)
    await page.getByRole('button', { name: press, exact: true }).click()
    await page.getByText(/^It would be registered/).waitFor()
    const changed = await page.getByRole('table', { name: 'What becomes different' }).locator('tbody tr').allInnerTexts()
    assert.equal(changed.length, 1, changed.join())
    assert.ok(changed[0].includes(offered), changed[0])
    const meant = await page.getByLabel('What a member means').inputValue()
    assert.ok(offered.startsWith(meant) && meant, meant)
    await page.getByRole('button', { name: 'What is in force' }).click()
  }
})

await check('what the registrant can do is said of the refusal, not of its rule', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'open', software_statements: { required: false, issuers: [{ issuer: 'https://known.example', jwks_uri: 'https://known.example/jwks' }] } })
  const jwt = (claims) => [{ alg: 'ES256', kid: 'x' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  for (const [body, told, says] of [
    [{ software_statement: `${jwt({ iss: 'https://unknown.example' })}.c2ln` }, 'its issuer is not approved', /adds it to software_statements\.issuers[^]*may send none/],
    [{ software_statement: 'none' }, 'is not a signed JWT', /Send a JWT that an issuer has signed/],
    [{ sector_identifier_uri: 'https://127.0.0.1/s.json' }, 'the URL is not allowed', /port 443 and a public host[^]*Once that is so, it would be registered\./],
    [{ request_uris: ['https://rp.example/*'] }, 'request_uris[0] must not contain a wildcard', /without \*/],
  ]) {
    assert.equal((await register({ ...redirect, ...body })).status, 400)
    await at(page, 'tokens')
    await at(page, 'today')
    await page.getByRole('row').filter({ hasText: told }).first().getByRole('link').click()
    await page.getByRole('heading', { name: 'Why it was refused' }).waitFor()
    await settled(page)
    assert.match(await main(page), says)
  }
  await putPolicy({ ...protectedPolicy, registration: 'open', software_statements: { required: false, issuers: [{ issuer: 'https://unknown.example', jwks_uri: 'https://unknown.example/jwks' }] } })
  assert.match(await why('its issuer is not approved'), /unknown\.example\S* is among software_statements\.issuers now/)
  await putPolicy(protectedPolicy)
  const { body: { value } } = await operate('POST', '1/tokens', { kind: 'initial_access', uses: 1, expires_in: 600 })
  for (const status of [201, 401]) assert.equal((await send('POST', '/1/register', redirect, { authorization: `Bearer ${value}` })).status, status)
  await at(page, 'tokens')
  await at(page, 'today')
  await page.getByRole('link', { name: 'the initial access token is used up' }).click()
  await page.getByText('Send another one, which an operator makes.').waitFor()
  await putPolicy(policyBefore)
})

await check('what is not kept of a refusal is not said to pass, and what did not help is named', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'open' })
  const keys = Array.from({ length: 2 }, () => ({ kty: 'OKP', crv: 'Ed25519', kid: 'one', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }))
  for (const [body, told, says, edits] of [
    [{ jwks: { keys } }, /kid is that of another key/, /is not kept, or a trial does not look at it, so it cannot be tried here/, 0],
    [{ redirect_uris: ['https://user:pass@up.example/cb'] }, /must not have user information/, /No policy changes this\.$/m, 0],
    [{ redirect_uris: ['http://127.0.0.1/cb#part'], application_type: 'native' }, /must not have a fragment/, /changes? (was|were) tried[^]*fragment/, 1],
    [{ client_name: 'Right\u202eleft' }, /control or format character/, /Flag hidden characters, and register them/, 1],
  ]) {
    assert.equal((await register({ ...redirect, ...body })).status, 400)
    await at(page, 'policy')
    await at(page, 'today')
    await page.getByRole('row').filter({ hasText: told }).first().getByRole('link').click()
    await page.getByRole('heading', { name: 'Why it was refused' }).waitFor()
    await settled(page)
    assert.match(await main(page), says)
    assert.doesNotMatch(await main(page), /It passes/)
    assert.equal(await page.getByRole('button', { name: 'Try it in the policy editor' }).count(), edits, told)
  }
})

/** What is said of a refusal, the way from Today. */
async function why(told, service = 1) {
  await at(page, `/${service}/tokens`)
  await at(page, `/${service}/today`)
  await page.getByRole('row').filter({ hasText: told }).first().getByRole('link').click()
  await page.getByRole('heading', { name: 'Why it was refused' }).waitFor()
  await settled(page)
  return main(page)
}

/** Puts the draft that an offer has opened into effect. */
async function putDraft() {
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Put it into effect', exact: true }).click()
  await page.getByText('The policy is in force.').waitFor()
}

/** The offers of a refusal, in their order: each its label and what it costs. */
const offers = () => page.locator('li:has(> button[data-row])').evaluateAll((items) => items.map((item) => [item.querySelector('button').textContent, item.innerText]))

await check('what no policy makes pass is said so at once, and that it stands where a draft is put into effect', async () => {
  await putPolicy({
    ...protectedPolicy, registration: 'open', grant_types: { offered: ['authorization_code'], unoffered: 'refuse' }, scopes: { offered: 'openid', unoffered: 'refuse' },
    redirect_uris: { ...protectedPolicy.redirect_uris, hosts: ['only.example'], pages_share_host: 'refuse' },
  })
  const body = { ...redirect, redirect_uris: ['https://hopeless.example/cb#part'], grant_types: ['authorization_code', 'refresh_token'], scope: 'openid address', logo_uri: 'https://elsewhere.example/l.png' }
  assert.equal((await register(body)).status, 400)
  const hopeless = /No policy makes this pass: redirect_uris\[0\]: .*must not have a fragment\. The registrant: Send it without #/
  const text = await why('grant_types: "refresh_token"')
  assert.match(text, hopeless)
  assert.doesNotMatch(text, /As far as it gets|Changes that help/)
  await page.getByRole('button', { name: 'Try it in the policy editor' }).click()
  await page.getByText('This began with a refusal').waitFor()
  await page.getByText('No policy makes this pass').waitFor()
  assert.match(await main(page), hopeless)
  const policy = page.getByLabel('The policy, as JSON')
  await policy.fill(JSON.stringify({ ...JSON.parse(await policy.inputValue()), software_id_once: true }))
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  assert.match(await page.getByRole('dialog').innerText(), /would still be refused: grant_types: "refresh_token"/)
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'What is in force' }).click()
  // The same where a door, a grant type, the loopback interface and a name stand before.
  await putPolicy({ ...protectedPolicy, registration: 'open', doors: ['authlete'], names: { ...protectedPolicy.names, reserved: ['Acme'], same: 'refuse' }, redirect_uris: { ...protectedPolicy.redirect_uris, hosts: ['only.example'], loopback: false } })
  assert.equal((await register({ client_name: 'Acme', redirect_uris: ['https://p.example/cb', 'http://127.0.0.1/cb'], scope: 'email', grant_types: ['implicit'], response_types: ['id_token'] })).status, 404)
  const chain = await why('does not open the door oauth')
  assert.match(chain, /No policy makes this pass: redirect_uris\[1\]: a web client with the implicit grant must use https/)
  assert.doesNotMatch(chain, /As far as it gets: [^]*For (all samples|sample 1)\./)
  // One that offers less makes it pass, though none that permits more does: that is offered, with what it costs.
  await putPolicy({ ...protectedPolicy, registration: 'open', grant_types: { offered: ['authorization_code', 'implicit'], unoffered: 'refuse' }, response_types: { offered: ['code', 'id_token'], unoffered: 'refuse' } })
  assert.equal((await register({ ...redirect, redirect_uris: ['http://127.0.0.1/cb'], grant_types: ['authorization_code', 'implicit'], response_types: ['code', 'id_token'] })).status, 400)
  assert.doesNotMatch(await why('a web client with the implicit grant'), /No policy/)
  const [[less, costs]] = await offers()
  assert.equal(less, 'Offer no implicit, and drop it where it is asked for')
  assert.match(costs, /But without implicit of grant_types; without id_token of response_types\.\s+Nobody could register with implicit, id_token any more\./)
  await putPolicy(policyBefore)
})

await check('a change that leaves a client of no use stands last, and is told so', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'open' })
  const device = 'urn:ietf:params:oauth:grant-type:device_code'
  assert.equal((await register({ ...redirect, client_name: 'Device', grant_types: [device, 'refresh_token'], response_types: [] })).status, 400)
  await why(`grant_types: "${device}"`)
  const found = await offers()
  assert.deepEqual(found.map(([label]) => label), [`Offer ${device}`, 'Drop grant types that are not offered'])
  assert.deepEqual(found.map(([, text]) => /it could get no token: only refresh_token remains/.test(text)), [false, true])
  assert.equal((await register({ client_name: 'None' })).status, 400)
  const text = await why('at least one is required')
  assert.match(text, /Send redirect_uris, the URLs to which users are led back; or[^]*Let client_credentials be usual[^]*Less safe: who names no grant type gets tokens for itself/)
  assert.doesNotMatch(text, /grant_types of the policy|No policy changes this/)
  await page.getByRole('button', { name: 'Let client_credentials be usual' }).click()
  await putDraft()
  assert.equal((await register({ client_name: 'None' })).status, 201)
  // Who names what it needs none for has named it.
  await putPolicy({ ...protectedPolicy, registration: 'open' })
  assert.equal((await register({ client_name: 'Named', grant_types: ['authorization_code'] })).status, 400)
  await why('at least one is required')
  assert.match(await main(page), /No policy changes this\.[^]*For sample|For sample[^]*No policy changes this\./)
  await putPolicy(policyBefore)
})

await check('a lost token leads to where another one is made, and that works', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'open' })
  const { body: made } = await register({ ...redirect, client_name: 'Forgetful' })
  const { pathname } = new URL(made.registration_client_uri)
  const rename = (token) => send('PUT', pathname, { ...redirect, client_id: made.client_id, client_name: 'Reminded' }, { authorization: `Bearer ${token}` })
  assert.equal((await rename('rat_wrong')).status, 401)
  const text = await why('the token is not valid for this request')
  assert.match(text, /New registration token … on the screen of the client: Clients finds it/)
  // Whose name was guessed is not told.
  assert.ok(!text.includes(made.client_id), text)
  await page.locator('main').getByRole('link', { name: 'Clients' }).click()
  await page.getByLabel('Look in').selectOption('client_id')
  await page.getByLabel('For').fill(made.client_id)
  await page.keyboard.press('Enter')
  await settled(page)
  await page.getByRole('link', { name: 'Forgetful' }).click()
  await page.getByRole('button', { name: 'New registration token …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'New registration token', exact: true }).click()
  const secret = page.getByRole('dialog', { name: 'The new registration access token' }).locator('.secret code')
  assert.equal((await rename(await secret.innerText())).status, 200)
  await page.keyboard.press('Escape')
  await putPolicy(policyBefore)
})

await check('of a client that has ended the page says by which members, and that nothing brings it back', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'open', client_lifetime: 1 })
  const { body: made } = await register({ ...redirect, client_name: 'Brief' })
  const { pathname } = new URL(made.registration_client_uri)
  const read = () => send('GET', pathname, undefined, { authorization: `Bearer ${made.registration_access_token}` })
  for (let tries = 0; tries < 50 && (await read()).status === 200; tries += 1) await new Promise((done) => setTimeout(done, 100))
  assert.equal((await read()).status, 401)
  const text = await why('the client has ended')
  assert.match(text, /Its time was over, nobody has used it[^]*Register again: a client that has ended is not brought back[^]*client_lifetime is 1 seconds until a registration ends[^]*unused is/)
  assert.doesNotMatch(text, /New registration token|cannot be tried here/)
  await at(page, `clients/${made.client_id}`)
  assert.match(await main(page), /It was not deleted\. Either it has just ended by itself[^]*it cannot be restored\.|It has ended by itself/)
  await why('the client has ended')
  await page.getByRole('link', { name: 'client_lifetime' }).click()
  await settled(page)
  assert.equal(await page.getByLabel('What a member means').inputValue(), 'client_lifetime')
  await putPolicy(policyBefore)
})

await check('a closed door says what it told, and its request, of which nothing is kept, and opens again', async () => {
  const { body: { doors } } = await operate('GET', '2/policy')
  await changePolicy(() => ({ doors: doors.filter((door) => door !== 'stet') }), 2)
  assert.throws(() => run(`sh stet/institution.sh read ${demo.stet_base_url}`), /there is no such service/)
  assert.match(await why('does not open the door stet', 2), /Told there\s+there is no such service[^]*Nothing of it is kept, so it cannot be tried: it would be judged then\.[^]*Less safe: strangers reach more of the service: stet/)
  assert.doesNotMatch(await main(page), /Masked/)
  await page.getByRole('button', { name: 'Open the door stet', exact: true }).click()
  await page.getByText('This began with a refusal').waitFor()
  const different = page.getByRole('table', { name: 'What becomes different' }).locator('tbody tr')
  await different.first().waitFor()
  assert.equal(await different.count(), 1)
  assert.equal(await page.getByLabel('At the door').inputValue(), 'stet')
  await putDraft()
  run(`sh stet/institution.sh read ${demo.stet_base_url}`)
  await at(page, '/2/today')
  assert.match(await main(page), /Who comes to a closed door is told less/)
  await changePolicy(() => ({ doors }), 2)
})

await check('what no policy but the service’s metadata announces is told with the command that announces it', async () => {
  // What the server compares, and what the console calls it.
  const source = readFileSync(new URL('../../shared/src/service/announced.rs', import.meta.url), 'utf8')
  const lists = [...source.matchAll(/choice!\(\s*"(\w+)",\s*(\w+)/g), ...source.matchAll(/\("(\w+_supported)", "(\w+)", \|/g)].map(([, list, member]) => [member, list])
  assert.ok(lists.length > 22 && ['subject_type', 'default_acr_values', 'id_token_encrypted_response_enc'].every((name) => lists.some(([member]) => member === name)), JSON.stringify(lists))
  const named = await page.evaluate(async (members) => {
    const { announcedIn } = await import('/console/rules.js')
    return members.map((member) => [member, announcedIn(member)])
  }, lists.map(([member]) => member))
  assert.deepEqual(named, lists)

  const strict = { ...protectedPolicy, registration: 'open', grant_types: { offered: ['authorization_code', 'refresh_token'], unoffered: 'refuse' } }
  await putPolicy(strict)
  administer(`service update 1 --metadata 'grant_types_supported=["authorization_code"]'`)
  for (const [body, told, list, is] of [
    [{ subject_type: 'pairwise' }, 'subject_type: "pairwise"', 'subject_types_supported', 'public'],
    [{ id_token_signed_response_alg: 'ES512' }, '"ES512" is not offered', 'id_token_signing_alg_values_supported', 'RS256'],
    [{ grant_types: ['authorization_code', 'refresh_token'] }, 'grant_types: "refresh_token"', 'grant_types_supported', 'authorization_code'],
  ]) {
    const sent = { ...redirect, client_name: 'Announced', ...body }
    assert.equal((await register(sent)).status, 400)
    await why(told)
    const place = page.locator('.announced')
    assert.match(await place.innerText(), new RegExp(`authorization server metadata announce as ${list}, which is ${is}\\.[^]*no part of the policy[^]*needs the table`))
    await place.getByRole('button', { name: 'Copy as registrar command' }).click()
    await page.getByText('Copied.', { exact: true }).waitFor()
    const command = await page.evaluate(() => navigator.clipboard.readText())
    assert.equal(command, await place.locator('pre').innerText())
    administer(command.replace(/^registrar /, ''))
    assert.equal((await register(sent)).status, 201, command)
    administer(`service update 1 --unset ${list}`)
  }
  await putPolicy({ ...strict, grant_types: protectedPolicy.grant_types })
  // To whom it would be of no use it is not told.
  assert.equal((await register({ ...redirect, subject_type: 'pairwise', sector_identifier_uri: 'https://127.0.0.1/s.json' })).status, 400)
  assert.match(await why('subject_type: "pairwise"'), /For sample 2\.\s+What may be registered[^]*For sample 1\.\s+No policy makes this pass: sector_identifier_uri: the URL/)
  assert.equal(await page.locator('.announced').count(), 1)
  administer(`service update 1 --metadata 'subject_types_supported=["public","pairwise"]'`)
  assert.match(await why('subject_type: "pairwise"'), /It passes now, since what the service announces was changed/)
  assert.equal(await page.locator('.announced').count(), 0)
  administer('service update 1 --unset subject_types_supported')
  // Where the metadata are published elsewhere, what is announced is not known here.
  await changePolicy(() => ({ unannounced: 'refuse' }), documents)
  assert.equal((await send('POST', `/${documents}/register`, { ...redirect, subject_type: 'pairwise' })).status, 400)
  const text = await why('subject_type: "pairwise"', documents)
  assert.ok(text.includes(`--metadata 'subject_types_supported=["…","pairwise"]' ${documents}`), text)
  assert.match(text, /stands for what is announced now, which registrar service show \d+ shows/)
  await changePolicy(() => ({ unannounced: 'drop' }), documents)
  await putPolicy(policyBefore)
})

await check('a scope that is not kept is offered by hand, before any scope is, and passes then', async () => {
  const device = 'urn:ietf:params:oauth:grant-type:device_code'
  const strict = { ...protectedPolicy, registration: 'open', scopes: { offered: 'openid', unoffered: 'refuse' } }
  await putPolicy(strict)
  const sent = { ...redirect, client_name: 'By hand', scope: 'openid payments:write' }
  assert.equal((await register(sent)).status, 400)
  await why('scope: "…" is not offered')
  assert.deepEqual((await offers()).map(([label]) => label), ['Drop scopes that are not offered', 'Offer the scope by hand', 'Offer any scope'])
  await page.getByRole('button', { name: 'Offer the scope by hand', exact: true }).click()
  await settled(page)
  assert.equal(await page.getByLabel('What a member means').inputValue(), 'scopes')
  const policy = page.getByLabel('The policy, as JSON')
  // So it is offered there, too, and leads to where it is written.
  await page.getByLabel('What a member means').selectOption('doors')
  await page.getByRole('button', { name: 'Offer the scope by hand', exact: true }).click()
  assert.equal(await page.getByLabel('What a member means').inputValue(), 'scopes')
  await policy.fill((await policy.inputValue()).replace('"offered": "openid"', '"offered": "openid payments:write"'))
  await page.getByRole('table', { name: 'What becomes different' }).getByText('openid payments:write').waitFor()
  await page.getByText('It would be registered, where “…” stands for payments:write, which is offered and is as long.').waitFor()
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  assert.doesNotMatch(await page.getByRole('dialog').innerText(), /would still be refused/)
  await page.keyboard.press('Escape')
  await putDraft()
  assert.equal((await register(sent)).status, 201)
  assert.match(await why('scope: "…" is not offered'), /It passes now, where “…” stands for payments:write, which is offered and is as long: let the registrant send it again\./)
  // What is as long, and would be refused for something else, is not said to pass.
  await putPolicy({ ...strict, scopes: { offered: 'openid payments:write', unoffered: 'refuse' }, redirect_uris: { ...protectedPolicy.redirect_uris, hosts: ['only.example'] } })
  assert.doesNotMatch(await why('scope: "…" is not offered'), /It passes now/)
  // So it is beside another change, which is made.
  await putPolicy(strict)
  assert.equal((await register({ ...sent, grant_types: [device, 'refresh_token'], response_types: [], scope: 'payments:write' })).status, 400)
  await why(`grant_types: "${device}"`)
  const both = `Offer ${device}, and Offer the scope by hand`
  const found = await offers()
  assert.deepEqual(found.map(([label]) => label).filter((label) => label.includes('by hand')), [both])
  const last = found.find(([label]) => label === both)[1]
  assert.match(last, /Once it is written into scopes\.offered[^]*Less safe: any client may have the grant type/)
  assert.doesNotMatch(last, /any scope/)
  await page.getByRole('button', { name: both, exact: true }).click()
  await page.getByRole('table', { name: 'What becomes different' }).getByText(device).waitFor()
  assert.doesNotMatch(await page.getByRole('table', { name: 'What becomes different' }).innerText(), /scopes/)
  await page.getByRole('button', { name: 'What is in force' }).click()
  await putPolicy(policyBefore)
})

await check('where changes are enough but for what cannot be tried, it is said that this is still needed', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'initial_access_token', scopes: { offered: 'openid', unoffered: 'refuse' }, grant_types: { offered: ['authorization_code'], unoffered: 'refuse' } })
  const sent = { ...redirect, client_name: 'Without a token', scope: 'openid phone', grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'private_key_jwt' }
  assert.equal((await register(sent)).status, 401)
  assert.match(await why('bearer token is required'), /As far as it gets: [^]* Then it still needs [^]*token[^]*\./)
  await changePolicy(() => ({ dynamic_registration: false }))
  assert.match(await why('bearer token is required'), /make one\.\s+None may register itself now: no token helps until dynamic_registration is true\./)
  await putPolicy(policyBefore)
})

await check('the registrant is told what is about its refusal, and the members that are', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'open', redirect_uris: { ...protectedPolicy.redirect_uris, private_use_schemes: 'public_clients', reverse_domain_schemes: true, private_hosts: 'refuse', loopback: false } })
  const { body: made } = await register({ ...redirect, client_name: 'Told' })
  const { pathname } = new URL(made.registration_client_uri)
  const update = (body) => send('PUT', pathname, { ...redirect, client_id: made.client_id, ...body }, { authorization: `Bearer ${made.registration_access_token}` })
  const members = () => page.locator('section li > a > code').allInnerTexts()
  const app = { redirect_uris: ['com.told.app:/cb'], application_type: 'native' }
  for (const [request, told, says, unsaid, meant] of [
    [() => update({ client_secret: 'guess' }), "client_secret is not this client's", /Leave client_secret out, or send the one that the client has/, /Send a JSON object/, []],
    [() => update({ registration_client_uri: 'https://mine.example/' }), 'registration_client_uri is set by the server', /Leave it out: only the server sets it/, /Send a JSON object/, []],
    [() => register([]), 'the body must be a JSON object', /Send a JSON object in UTF-8/, /the member that is named/, []],
    [() => register({ ...redirect, redirect_uris: ['http://127.0.0.1/told'] }), 'loopback redirects are not allowed', /Register another one/, /None|reserved/, ['redirect_uris.loopback']],
    [() => register({ ...redirect, redirect_uris: ['https://10.1.2.3/told'] }), 'in a private network', /Register another one/, /None/, ['redirect_uris.private_hosts', 'redirect_uris.development_hosts']],
    [() => register({ ...redirect, ...app, redirect_uris: ['told:/cb'] }), 'must be a reversed domain name', /Register another one/, /None/, ['redirect_uris.reverse_domain_schemes']],
    [() => register({ ...redirect, token_endpoint_auth_methods_supported: ['private_key_jwt'] }), 'is not in token_endpoint_auth_methods_supported', /one of the client’s own list[^]*No policy changes this/, /they announce|do not announce/, []],
  ]) {
    assert.equal((await request()).status, 400, told)
    const text = await why(told)
    assert.match(text, says)
    assert.doesNotMatch(text, unsaid)
    assert.deepEqual(await members(), meant, told)
  }
  // What makes a public client is told who is none, where that is enough.
  const lacks = 'private-use schemes are not allowed for this client'
  await putPolicy({ ...protectedPolicy, registration: 'open', redirect_uris: { ...protectedPolicy.redirect_uris, private_use_schemes: 'refuse' } })
  assert.equal((await register({ ...redirect, ...app, redirect_uris: ['com.public.app:/cb'] })).status, 400)
  assert.doesNotMatch(await why(lacks), /is enough/)
  await putPolicy(policyBefore)
})

await check('what would be flagged is told where it is tried, and where it is offered', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'open', names: { reserved: ['Example Bank'], same: 'refuse', look_alike: 'refuse', hidden_characters: 'refuse' } })
  assert.equal((await register({ ...redirect, client_name: 'Examp1e Bank' })).status, 400)
  await why('looks like a name that this service reserves')
  const flagged = 'It would be flagged: Its name looks like a name that the policy reserves: Example Bank.'
  const offer = page.locator('li').filter({ has: page.getByRole('button', { name: /^Flag names that look like/ }) })
  assert.ok((await offer.innerText()).includes(flagged), await offer.innerText())
  await offer.getByRole('button').click()
  await page.getByText('It would be registered.').waitFor()
  await page.getByText(flagged).waitFor()
  await page.getByRole('button', { name: 'What is in force' }).click()
  await putPolicy(policyBefore)
})

await check('lists of changes that do not help name each thing once', async () => {
  await putPolicy({
    ...protectedPolicy, registration: 'open', scopes: { offered: 'openid', unoffered: 'refuse' }, grant_types: { offered: ['authorization_code'], unoffered: 'refuse' },
    redirect_uris: { ...protectedPolicy.redirect_uris, hosts: ['only.example'] },
  })
  assert.equal((await register({ ...redirect, redirect_uris: ['https://once.example/cb#part'], scope: 'openid phone', grant_types: ['authorization_code', 'implicit'], response_types: ['code'] })).status, 400)
  await why('grant_types: "implicit"')
  const tried = await page.locator('li').filter({ hasNot: page.locator('button, a') }).allInnerTexts()
  assert.ok(tried.length > 3, tried.join('\n'))
  for (const text of tried) assert.doesNotMatch(text, /: (\w+)s?: \1|policy: /, text)
  await putPolicy(policyBefore)
})

await check('where no token helps, none is to be made', async () => {
  await putPolicy({ ...protectedPolicy, doors: policyBefore.doors, scopes: { offered: 'openid email', unoffered: 'refuse' } })
  const { body: { value } } = await operate('POST', '1/tokens', { kind: 'initial_access', uses: 1, expires_in: 600, scope: 'openid' })
  const { status, body: made } = await send('POST', '/1/register', { ...redirect, scope: 'openid' }, { authorization: `Bearer ${value}` })
  assert.equal(status, 201, JSON.stringify(made))
  const update = { ...redirect, client_id: made.client_id, scope: 'openid email' }
  const { pathname } = new URL(made.registration_client_uri)
  assert.equal((await send('PUT', pathname, update, { authorization: `Bearer ${made.registration_access_token}` })).status, 400)
  assert.equal((await send('POST', '/client/register', { clientName: 'cli', clientType: 'public' })).status, 400)
  for (const [told, says] of [
    ['is not allowed by the initial access token', /no other helps an update\. Who needs more registers anew[^]*no token and no policy changes it/],
    ['clients of this service need a token', /this door takes neither a token nor a statement[^]*No token helps at this door\. Where registration is open[^]*Let anybody register, without a token/],
  ]) {
    const text = await why(told)
    assert.match(text, says)
    assert.doesNotMatch(text, /make one|make a token|With a good token|Send a good one|with a good initial access token/)
  }
  await putPolicy({ ...protectedPolicy, doors: policyBefore.doors, registration: 'open' })
  const text = await why('clients of this service need a token')
  assert.match(text, /That is so no more, but it would be refused for something else: grant_types[^]*Offer urn:ietf:params:oauth:grant-type:device_code it would be registered$/m)
  assert.doesNotMatch(text, /With a good token|No token helps/)
  assert.equal((await send('POST', '/client/register', { clientName: 'cli', clientType: 'confidential' })).status, 400)
  assert.match(await why('clientType:'), /registers public clients only[^]*Send "clientType": "public"/)
  await putPolicy(policyBefore)
})

const lookUp = (url, service = 1) => send('GET', `/${service}/client?client_id=${encodeURIComponent(url)}`, undefined, authorization)

await check('what refuses the look-up of a document is found, repaired and looked up again', async () => {
  const documents = { ...protectedPolicy.metadata_documents, trust: [{ pattern: 'blocked.example/x/*', trust: 'block' }] }
  for (const [members, url, told, says, labels] of [
    [{}, 'https://blocked.example/x/c.json', 'by the pattern', /metadata_documents\.trust is [^]*blocked\.example\/…, by the pattern/, ['Take clients of blocked.example/x/*, where users consent', 'Take blocked.example/x/* out of trust']],
    [{ others: 'block', trust: [] }, 'https://other.example/c.json', 'none of its patterns allows it', /metadata_documents\.others is block/, ['Take clients of other.example, where users consent', 'Take clients of any host, where users consent']],
    [{}, 'https://other.example/c.json?x=1', 'it has a query', /metadata_documents\.query_permitted is false/, ['Take URLs with a query']],
  ]) {
    await putPolicy({ ...protectedPolicy, doors: policyBefore.doors, metadata_documents: { ...documents, ...members } })
    assert.ok([400, 403].includes((await lookUp(url)).status), told)
    const text = await why(told)
    assert.match(text, says)
    assert.match(text, /the look-up of a client by its document[^]*metadata_document[^]*Who publishes the document[^]*it would be looked up, and its document judged then[^]*What was looked up/)
    assert.doesNotMatch(text, /The registrant:|What was sent|is not kept|initial access token|is not fetched again/)
    assert.deepEqual((await offers()).map(([label]) => label), labels)
    const refusal = page.url()
    await page.getByRole('button', { name: labels[0], exact: true }).click()
    await page.getByText('It would be looked up, and its document judged then.').waitFor()
    assert.equal(await page.getByLabel('At the door').inputValue(), 'metadata_document')
    await page.getByRole('button', { name: 'Put it into effect …' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Put it into effect', exact: true }).click()
    await page.getByText('The policy is in force.').waitFor()
    // Nothing is behind the URL here.
    assert.equal((await lookUp(url)).status, 503)
    await page.goto(refusal)
    await page.getByText('It passes now, since the policy was changed: look it up again, and its document is judged.').waitFor()
    assert.equal(await page.getByText('Changes that help').count(), 0)
  }
  await putPolicy(policyBefore)
})

await check('a look-up at a closed door, and a document that is not there, are told as that', async () => {
  await putPolicy({ ...protectedPolicy, doors: ['oauth'] })
  assert.equal((await lookUp('https://claims.example/c.json')).status, 404)
  const text = await why('does not open the door metadata_document')
  assert.match(text, /the look-up of a client by its document[^]*this service looks for no documents[^]*cannot be tried while it is closed[^]*Open the door metadata_document[^]*Less safe: strangers reach more of the service: metadata_document/)
  assert.doesNotMatch(text, /fetched again/)
  await putPolicy({ ...protectedPolicy, doors: ['oauth', 'metadata_document'] })
  const then = await why('does not open the door metadata_document')
  assert.match(then, /The door is open now\./)
  assert.doesNotMatch(then, /Open the door/)
  await putPolicy(policyBefore)
  await changePolicy(({ metadata_documents }) => ({ metadata_documents: { ...metadata_documents, others: 'ask' } }), documents)
  for (const [url, told, says] of [
    [`${documentsHost}/refused/gone.json`, 'the answer was 404', /Publish the document there/],
    [`${documentsHost}/refused/secret.json`, 'client_secret must not be in a public document', /Take it out of the document/],
    [`${documentsHost}/refused/page`, 'the answer is a page and no JSON', /fetched by programs/],
    [`${documentsHost}/refused/other-name.json`, 'client_id is not the URL of the document', /be the URL where it stands/],
    [`${federationHost}/anchor/.well-known/openid-federation`, 'the media type ', /Answer with 200/],
  ]) {
    const { status, body } = await lookUp(url, documents)
    assert.ok([400, 404, 503].includes(status), JSON.stringify(body))
    const text = await why(told, documents)
    assert.match(text, says)
    assert.match(text, /not fetched again for \d+ to \d+ seconds[^]*No policy changes this; who publishes the document can\.[^]*registrar client resolve --service \d+ URL/)
    assert.doesNotMatch(text, /be the policy changed|cannot be tried|by hand/)
  }
})

await check('of what refuses a document the page says that it is not fetched again at once', async () => {
  const before = (await operate('GET', `${documents}/policy`)).body.metadata_documents
  for (const [path, description, members, labels] of [
    ['goose/oauth/client-metadata.json', 'tos_uri is required in documents by this service', { required: ['tos_uri'] }, ['Require no tos_uri']],
    ['vscode/oauth/client-metadata.json', 'must have the origin of client_id, by the policy of this service', { same_origin: 'all_urls' }, ['Ask for no origin']],
    ['claude/oauth/claude-code-client-metadata', 'redirect_uris: more than this service allows', { redirect_uris: 1 }, ['Take documents with 2 redirect URIs']],
    ['example/oauth/client-metadata.json', 'client_name', { metadata_policy: { client_name: { one_of: ['Other'] } } }, []],
  ]) {
    await changePolicy(() => ({ metadata_documents: { ...before, ...members } }), documents)
    const { status, body } = await lookUp(`${documentsHost}/${path}`, documents)
    assert.ok([400, 403].includes(status), JSON.stringify(body))
    const text = await why(description, documents)
    assert.match(text, /not fetched again for \d+ to \d+ seconds[^]*503 with what it was refused for/)
    assert.deepEqual((await offers()).map(([label]) => label), labels, text)
    if (labels.length) continue
    assert.match(text, /Let metadata_policy permit the value/)
    assert.doesNotMatch(text, /No policy changes this/)
    await changePolicy(() => ({ metadata_documents: before }), documents)
    const then = await why(description, documents)
    assert.match(then, /It passes now/)
    assert.doesNotMatch(then, /Let metadata_policy permit/)
  }
})

await check('what helps is told of what was refused: of schemes, statements, private hosts and words that are not kept', async () => {
  const jwt = [{ alg: 'ES256', kid: 'x' }, { iss: 'https://stranger.example/issuer' }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const issuers = [{ issuer: 'https://known.example', jwks_uri: 'https://known.example/jwks' }]
  const uris = { ...protectedPolicy.redirect_uris, private_use_schemes: 'public_clients', private_hosts: 'refuse' }
  for (const [policy, body, told, says, unsaid] of [
    [{}, { redirect_uris: ['com.example.app:/cb'], application_type: 'native', token_endpoint_auth_method: 'client_secret_basic' }, 'private-use schemes are not allowed for this client', /"token_endpoint_auth_method": "none" is enough[^]*of all clients[^]*Less safe: [^]*RFC 8252 §8\.5/, /Accept http on/],
    [{ software_statements: { required: true, issuers } }, { software_statement: `${jwt}.c2ln` }, 'its issuer is not approved', /has to be completed[^]*Where software_statements\.required is false/, /No policy changes this|Ask for no statement|may send none: it/],
    [{}, { redirect_uris: ['https://10.9.8.7/cb'] }, 'in a private network', /Take 10\.9\.8\.7 for a host where developers try their clients/, /native/],
    [{ scopes: { offered: 'openid', unoffered: 'refuse' } }, { scope: 'profile payments:write' }, 'scope: "profile"', /stands for a word that neither OAuth[^]*by hand/, /without …/],
  ]) {
    await putPolicy({ ...protectedPolicy, registration: 'open', redirect_uris: uris, ...policy })
    assert.equal((await register({ ...redirect, ...body })).status, 400)
    const text = await why(told)
    assert.match(text, says)
    assert.doesNotMatch(text, unsaid)
  }
  await putPolicy(policyBefore)
})

await check('where more than three changes are needed, as many are made as get it further', async () => {
  await putPolicy({
    ...protectedPolicy, registration: 'open', grant_types: { offered: ['authorization_code'], unoffered: 'refuse' }, scopes: { offered: 'openid', unoffered: 'refuse' },
    redirect_uris: { ...protectedPolicy.redirect_uris, hosts: ['only.example'], pages_share_host: 'refuse' },
  })
  const body = { ...redirect, redirect_uris: ['https://four.example/cb'], grant_types: ['authorization_code', 'refresh_token'], scope: 'openid address', logo_uri: 'https://elsewhere.example/l.png' }
  assert.equal((await register(body)).status, 400)
  assert.match(await why('grant_types: "refresh_token"'), /As far as it gets: [^]*Then it is refused for something else: redirect_uris\.pages_share_host/)
  await page.locator('p').filter({ hasText: 'As far as it gets' }).getByRole('button').click()
  await page.getByText('It would be refused by the rule redirect_uris.pages_share_host').waitFor()
  await page.getByRole('button', { name: 'Flag such clients, and register them' }).click()
  await page.getByText('It would be registered.').waitFor()
  await page.getByRole('button', { name: 'What is in force' }).click()
  await putPolicy(policyBefore)
})

await check('what the policy gave a client is told where that is refused, and can be changed', async () => {
  const keys = { offered: ['private_key_jwt'], default: ['private_key_jwt'], unoffered: 'refuse' }
  const { token_endpoint_auth_method: _, ...silent } = redirect
  for (const [policy, body, told, says, press] of [
    [{ token_endpoint_auth_methods: keys }, silent, 'private_key_jwt requires jwks', /token_endpoint_auth_method is private_key_jwt by token_endpoint_auth_methods of the policy; it was not sent\./, 'Let client_secret_basic be the usual method'],
    [{ token_endpoint_auth_methods: { ...keys, unoffered: 'drop' } }, redirect, 'private_key_jwt requires jwks', /token_endpoint_auth_methods of the policy; what was sent is none\./, 'Offer none'],
    [{ grant_types: { offered: ['authorization_code', 'client_credentials'], default: ['client_credentials'], unoffered: 'refuse' } }, redirect, 'other than none', /grant_types is client_credentials by grant_types of the policy/, 'Let authorization_code and code be usual'],
  ]) {
    await putPolicy({ ...protectedPolicy, registration: 'open', ...policy })
    assert.equal((await register(body)).status, 400)
    const text = await why(told)
    assert.match(text, says)
    assert.doesNotMatch(text, /No policy changes this/)
    await page.getByRole('button', { name: press, exact: true }).click()
    await page.getByText('It would be registered.').waitFor()
    await page.getByRole('button', { name: 'Put it into effect …' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Put it into effect', exact: true }).click()
    await page.getByText('The policy is in force.').waitFor()
    assert.equal((await register(body)).status, 201)
  }
  await putPolicy(policyBefore)
})

await check('of two changes that help the more careful one stands first, and what lets strangers do more is less safe', async () => {
  const keys = { offered: ['private_key_jwt'], default: ['private_key_jwt'], unoffered: 'refuse' }
  for (const [policy, body, told, labels, costs] of [
    [{ token_endpoint_auth_methods: keys }, { jwks_uri: 'https://rp.example/jwks' }, '"none" is not offered', ['Register another method in its place', 'Offer none'], /Less safe: a client may prove nothing/],
    [{ scopes: { offered: 'openid', unoffered: 'refuse' } }, { scope: 'openid address' }, '"address" is not offered', ['Drop scopes that are not offered', 'Offer address', 'Offer any scope'], /Less safe: clients may register for any scope/],
  ]) {
    await putPolicy({ ...protectedPolicy, registration: 'open', ...policy })
    const sent = { ...redirect, ...body }
    assert.equal((await register(sent)).status, 400)
    assert.match(await why(told), /the most careful first/)
    const found = await offers()
    assert.deepEqual(found.map(([label]) => label), labels)
    assert.match(found.at(-1)[1], costs)
  }
  await putPolicy(policyBefore)
})

await check('whatever a change offers, it says what it lets strangers do', async () => {
  const strict = {
    ...protectedPolicy, doors: ['oauth'], dynamic_registration: false, software_id_once: true, clients_per_service: 1, clients_per_developer: 1,
    software_statements: { required: true }, limits: { redirect_uris: 1, list_items: 1, text_bytes: 1 }, scopes: { offered: 'openid', unoffered: 'refuse' },
    token_endpoint_auth_methods: { offered: ['private_key_jwt'], default: ['private_key_jwt'], unoffered: 'refuse' },
    names: { reserved: ['Bank'], same: 'refuse', look_alike: 'refuse', hidden_characters: 'refuse' },
    redirect_uris: { private_use_schemes: 'refuse', reverse_domain_schemes: true, loopback: false, hosts: ['only.example'], infer_native: false, pages_share_host: 'refuse', private_hosts: 'refuse', development_hosts: [] },
    metadata_documents: { ...protectedPolicy.metadata_documents, trust: [{ pattern: 'b.example', trust: 'block' }], others: 'block', required: ['tos_uri'], same_origin: 'all_urls', redirect_uris: 1, query_permitted: false },
  }
  const sent = {
    client_id: 'https://a.example/c', token_endpoint_auth_methods_supported: ['client_secret_basic'],
    redirect_uris: ['http://127.0.0.1/', 'http://wiki/', 'app:/', 'https://10.0.0.1/'], client_name: 'B\u200bank', scope: 'email', grant_types: ['implicit', 'password', 'client_credentials', 'refresh_token'],
    response_types: ['token', 'id_token'], token_endpoint_auth_method: 'none',
  }
  // What some rules offer follows from what they tell.
  const descriptions = ['', 'token_endpoint_auth_method private_key_jwt requires jwks', 'client_id: this service does not take clients of this URL, by the pattern b.example',
    'client_id: this service does not take clients of this URL; none of its patterns allows it', 'client_id: it has a query', 'tos_uri is required in documents', 'x must have the origin', 'redirect_uris: more than']
  const told = await page.evaluate(async ([policy, sent, descriptions]) => {
    const [{ RULES, changes }, { risks }] = await Promise.all(['rules', 'risks'].map((name) => import(`/console/${name}.js`)))
    const kinds = Object.keys(RULES).flatMap((rule) => descriptions.map((description) => [rule, description]))
    const told = kinds.flatMap(([rule, description]) => changes(rule, policy, sent, { there: 1, door: 'stet', description }).map(({ label, changed }) => [label, risks(policy, changed).map(({ text }) => text)]))
    return [...new Map(told)]
  }, [strict, sent, descriptions])
  assert.ok(told.length > 45, `${told.length}: ${told.map(([label]) => label)}`)
  const harmless = [...new Set(told.filter(([, texts]) => !texts.length).map(([label]) => label))]
  assert.deepEqual(harmless, [
    'Drop what is not announced', 'Drop grant types that are not offered', 'Drop response types that are not offered', 'Drop both that are not offered',
    'Drop scopes that are not offered', 'Take clients whose redirects lead to an application for native',
  ])
  assert.ok(told.every(([, texts]) => texts.every((text) => /^[^A-Z].*\.$/.test(text) && !text.includes('undefined'))), JSON.stringify(told))
})

await check('each member that lets strangers do more says so, and the way back does not', async () => {
  const issuer = { issuer: 'https://known.example', jwks_uri: 'https://known.example/jwks' }
  const lax = [
    ['doors', ['oauth'], ['oauth', 'stet']], ['dynamic_registration', false, true], ['registration', 'initial_access_token', 'open'], ['approval', 'required', 'none'],
    ['software_statements.required', true, false], ['software_statements.issuers', undefined, [issuer]], ['grant_types.offered', ['authorization_code'], ['authorization_code', 'client_credentials']],
    ['response_types.offered', ['code'], ['code', 'code id_token']], ['token_endpoint_auth_methods.offered', ['private_key_jwt'], ['private_key_jwt', 'client_secret_jwt']],
    ['token_endpoint_auth_methods.default', ['client_secret_basic'], ['none']], ['scopes.offered', 'openid', 'openid email'], ['scopes.offered', 'openid', undefined],
    ['names.reserved', ['Bank', 'Shop'], ['Bank']], ['names.hidden_characters', 'refuse', 'allow'], ['redirect_uris.private_use_schemes', 'refuse', 'public_clients'], ['redirect_uris.private_use_schemes', 'public_clients', 'accept'],
    ['redirect_uris.hosts', ['a.example'], undefined], ['redirect_uris.hosts', ['a.example'], ['a.example', 'b.example']], ['redirect_uris.loopback', false, true], ['redirect_uris.development_hosts', undefined, ['wiki']],
    ['redirect_uris.private_hosts', 'flag', 'allow'], ['called_urls', 'public', 'any'], ['limits.text_bytes', 1, 2], ['clients_per_service', 1, undefined], ['clients_per_developer', 1, 2], ['software_id_once', true, false],
    ['metadata_documents.others', 'block', 'allow'], ['metadata_documents.trust', [], [{ pattern: 'a.example', trust: 'ask' }]], ['metadata_documents.required', ['tos_uri'], undefined], ['metadata_documents.same_origin', 'all_urls', 'redirect_uris'],
    ['metadata_documents.query_permitted', false, true], ['metadata_documents.max_bytes', 512, 5120],
  ]
  const found = await page.evaluate(async ([policy, lax]) => {
    const [{ withMember }, { risks }] = await Promise.all(['json', 'risks'].map((name) => import(`/console/${name}.js`)))
    const told = (before, after) => risks(before, after).map(({ text }) => text)
    return lax.map(([member, strict, loose]) => {
      const [one, other] = [strict, loose ?? undefined].map((value) => withMember(policy, member.split('.'), value ?? undefined))
      return [member, told(one, other), told(other, one)]
    })
  }, [protectedPolicy, lax])
  for (const [member, more, less] of found) assert.ok(more.length === 1 && less.length === 0, `${member}: ${more} / ${less}`)
})

await check('an update is advised as one: it needs no initial access token, and its client is there', async () => {
  const guarded = { ...protectedPolicy, clients_per_developer: 1000, grant_types: { offered: ['authorization_code'], unoffered: 'refuse' }, names: { ...protectedPolicy.names, reserved: ['Example Bank'], same: 'refuse' } }
  await putPolicy(guarded)
  const { body: { value } } = await operate('POST', '1/tokens', { kind: 'initial_access', uses: 1, expires_in: 600 })
  const { status, body: made } = await send('POST', '/1/register', redirect, { authorization: `Bearer ${value}` })
  assert.equal(status, 201, JSON.stringify(made))
  const { pathname } = new URL(made.registration_client_uri)
  const manage = (method, body) => send(method, pathname, body && { ...redirect, client_id: made.client_id, ...body }, { authorization: `Bearer ${made.registration_access_token}` })
  const password = { grant_types: ['authorization_code', 'password'] }
  assert.equal((await manage('PUT', password)).status, 400)
  assert.equal((await manage('PUT', { client_name: 'Example Bank' })).status, 400)
  assert.match(await why(/a name that this service reserves.*update/), /an operator gives it that name: Change …[^]*Its name is Example Bank itself, which the policy reserves\./)
  const text = await why(/grant_types: "password".*update/)
  assert.match(text, /Offer password it would pass$/m)
  assert.doesNotMatch(text, /initial access token|registered, with|room among|without client_id/)
  const refusal = page.url()
  await page.getByRole('button', { name: 'Offer password', exact: true }).click()
  await page.getByText('It would pass.').waitFor()
  await page.getByText('It was that of an update, and is tried as one').waitFor()
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  const dialog = page.getByRole('dialog')
  assert.match(await dialog.innerText(), /Less safe: users give their passwords/)
  await dialog.getByRole('button', { name: 'Put it into effect', exact: true }).click()
  await page.getByText('The policy is in force.').waitFor()
  assert.equal((await manage('PUT', password)).status, 200)
  await page.goto(refusal)
  await page.getByText('It passes now, since the policy was changed').waitFor()
  assert.doesNotMatch(await main(page), /initial access token/)
  await putPolicy({ ...guarded, doors: ['authlete'] })
  for (const [method, body, operation] of [['PUT', password, 'update'], ['GET', undefined, 'read'], ['DELETE', undefined, 'delete']]) {
    assert.equal((await manage(method, body)).status, 404)
    const text = await why(new RegExp(`does not open the door oauth.*${operation}`))
    assert.match(text, /Wait until the door is open again/)
    assert.doesNotMatch(text, /would be registered|initial access token/)
  }
  await putPolicy(policyBefore)
})

await check('whose update was refused is told where it is kept, and its client leads to the way out', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'open' })
  const { body: made } = await register({ ...redirect, client_name: 'Locked in' })
  const { pathname } = new URL(made.registration_client_uri)
  const update = () => send('PUT', pathname, { ...redirect, client_id: made.client_id, client_name: 'Locked out' }, { authorization: `Bearer ${made.registration_access_token}` })
  await operate('POST', `1/clients/${made.client_id}/lock`, {})
  assert.equal((await update()).status, 403)
  const text = await why('is locked')
  assert.match(text, /Ask the operator to unlock it[^]*An operator unlocks it with Unlock …[^]*A trial looks at no client/)
  assert.doesNotMatch(text, /is not kept/)
  await page.locator('p').filter({ hasText: 'The client: ' }).getByRole('link').click()
  await page.getByRole('heading', { name: 'Locked in' }).waitFor()
  await page.getByRole('button', { name: 'Unlock …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Unlock', exact: true }).click()
  await page.getByText('It is unlocked.').waitFor()
  assert.equal((await update()).status, 200)
  // Of who asks for its end, or reads it, no identifier is kept: those that are locked are listed.
  await operate('POST', `1/clients/${made.client_id}/lock`, {})
  assert.equal((await send('DELETE', pathname, undefined, { authorization: `Bearer ${made.registration_access_token}` })).status, 403)
  assert.match(await why(/is locked.*delete/), /Ask the operator to unlock it[^]*No policy changes this\. An operator unlocks it with Unlock …/)
  await page.locator('main').getByRole('link', { name: 'Clients' }).click()
  await settled(page)
  await page.getByRole('link', { name: 'Locked out' }).waitFor()
  await operate('POST', `1/clients/${made.client_id}/unlock`, {})
  await putPolicy(policyBefore)
})

/** A service of its own, so that nothing of other checks is among what was refused. */
const apart = service('Apart', '--issuer https://apart.example')
const toApart = (body, type = 'application/json') => fetch(`${origin}/${apart}/register`, { method: 'POST', headers: { 'content-type': type }, body: typeof body === 'string' ? body : JSON.stringify(body) })
const putApart = async (policy) => assert.equal((await operate('PUT', `${apart}/policy`, { ...protectedPolicy, registration: 'open', ...policy }, { 'if-match': '*' })).status, 200)

/** What stands where a trial would be of what nobody has sent: on the page of a refusal, in the editor and in the dialog. */
const JUDGED_THEN = /so it cannot be tried: it would be judged then\./
const TRIED = /It would be (refused|registered)|would still be refused|No policy makes|it would be registered|Changes that help/

/** Follows the one change that is offered untried, and puts it into effect. */
async function openUntried(text, press) {
  assert.match(text, JUDGED_THEN)
  assert.doesNotMatch(text, TRIED)
  assert.equal(await page.getByRole('button', { name: 'Try it in the policy editor' }).count(), 0)
  await page.getByRole('button', { name: press, exact: true }).click()
  await page.getByText('This began with a refusal').waitFor()
  await page.locator('main').getByText(JUDGED_THEN).waitFor()
  assert.equal(await page.getByLabel('What it sends').inputValue(), '')
  assert.doesNotMatch(await main(page), TRIED)
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  const dialog = page.getByRole('dialog')
  assert.match(await dialog.innerText(), JUDGED_THEN)
  assert.doesNotMatch(await dialog.innerText(), TRIED)
  await dialog.getByRole('button', { name: 'Put it into effect', exact: true }).click()
  await page.getByText('The policy is in force.').waitFor()
}

await check('what nobody has sent is not tried: what is not kept, could not be read, or has another door’s words', async () => {
  // An institution whose door was closed, as it registers.
  const { body: closed } = await operate('GET', '2/policy')
  await changePolicy(({ doors }) => ({ doors: doors.filter((door) => door !== 'stet') }), 2)
  assert.throws(() => run(`sh stet/institution.sh register ${demo.stet_base_url}`), /there is no such service/)
  await openUntried(await why(/does not open the door stet.*register/, 2), 'Open the door stet')
  assert.doesNotThrow(() => run(`sh stet/institution.sh read ${demo.stet_base_url}`))
  await changePolicy(() => closed, 2)

  // A form at a closed door, and the same without the token that is asked for.
  const form = () => toApart('client_name=x&redirect_uris=https://p.example/cb', 'application/x-www-form-urlencoded')
  await putApart({ doors: ['authlete'] })
  assert.equal((await form()).status, 404)
  await openUntried(await why('does not open the door oauth', apart), 'Open the door oauth')
  const { error_description } = await (await form()).json()
  assert.match(error_description, /Content-Type: application\/json/)
  await putApart({ registration: 'initial_access_token' })
  assert.equal((await form()).status, 401)
  await openUntried(await why('a bearer token is required', apart), 'Let anybody register, without a token')
  assert.equal((await form()).status, 400)

  // Identity Center, in the words of AWS and of Huawei.
  await putPolicy({ ...protectedPolicy, registration: 'open', doors: ['oauth'] })
  const device = 'urn:ietf:params:oauth:grant-type:device_code'
  const aws = () => send('POST', '/client/register', { clientName: 'aws', clientType: 'public', grantTypes: ['authorization_code'], redirectUris: ['http://127.0.0.1:8000/cb'] })
  const huawei = () => send('POST', '/v1/clients', { client_name: 'hw', client_type: 'public', grant_types: [device], response_types: ['code'], token_endpoint_auth_method: 'client_secret_post', scopes: ['iic:x'] })
  assert.deepEqual([(await aws()).status, (await huawei()).status], [400, 404])
  await openUntried(await why('does not open the door identity_center'), 'Open the door identity_center')
  assert.deepEqual([(await aws()).status, (await huawei()).status], [200, 400])

  // Who writes something in its place tries that, and it is still not what was refused.
  await putPolicy({ ...protectedPolicy, registration: 'open', doors: ['oauth'] })
  await why('does not open the door identity_center')
  await page.getByRole('button', { name: 'Open the door identity_center', exact: true }).click()
  await page.getByText('This began with a refusal').waitFor()
  await page.locator('main').getByText(JUDGED_THEN).waitFor()
  await page.getByLabel('What it sends').fill('{"redirect_uris":["https://p.example/cb#part"]}')
  await page.getByText('It would be refused by the rule').waitFor()
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  assert.doesNotMatch(await page.getByRole('dialog').innerText(), TRIED)
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'What is in force' }).click()
  await putPolicy(policyBefore)
})

await check('what others have sent is not said to be refused as the one that is kept is', async () => {
  await putApart({ doors: ['authlete'] })
  const bad = (path) => ({ ...redirect, client_name: 'Bad', redirect_uris: [`https://${path}.example/cb#part`] })
  for (const body of [{ ...redirect, client_name: 'Good' }, bad('one'), bad('two'), bad('three')]) assert.equal((await toApart(body)).status, 404)
  const text = await why('does not open the door oauth', apart)
  assert.match(text, /No policy makes this pass: [^]*Of \d that were refused \d are kept: others may have sent something else\.[^]*Nothing of what others have sent is kept/)
  const alone = page.getByRole('button', { name: 'Open the door oauth', exact: true })
  await alone.click()
  await page.getByText('This began with a refusal').waitFor()
  await page.locator('main').getByText(/Nothing of what others have sent is kept, so it cannot be tried/).waitFor()
  await putDraft()
  assert.equal((await toApart({ ...redirect, client_name: 'Good' })).status, 201)
})

await check('where a method or a grant type contradicts the rest, the policy that drops it is offered, with what the client would be', async () => {
  const body = { client_name: 'Keyless', redirect_uris: ['https://keyless.example/cb'], token_endpoint_auth_method: 'private_key_jwt' }
  const basic = /^But .*with token_endpoint_auth_method client_secret_basic in place of private_key_jwt\.\s+Nobody could register with private_key_jwt any more\./m
  const methods = { offered: ['client_secret_basic', 'none', 'private_key_jwt'], unoffered: 'refuse' }
  await putApart({ token_endpoint_auth_methods: methods })
  assert.equal((await toApart(body)).status, 400)
  const text = await why('private_key_jwt requires', apart)
  assert.match(text, /Send what it requires, or ask for another method[^]*Register client_secret_basic in place of private_key_jwt it would be registered/)
  assert.doesNotMatch(text, /No policy|for something else as well/)
  assert.match((await offers())[0][1], basic)

  // One cause of several: the registrant is told of both.
  await putApart({ token_endpoint_auth_methods: methods, scopes: { offered: 'openid', unoffered: 'refuse' } })
  assert.equal((await toApart({ ...body, scope: 'openid address' })).status, 400)
  assert.match(await why('scope: "address"', apart), /Ask for scopes that are offered[^]*It would be refused for something else as well, which can be corrected: token_endpoint_auth_method private_key_jwt requires [^]*The registrant: Send what it requires/)
  const found = await offers()
  assert.ok(found.length > 1 && found.every(([label, costs]) => label.endsWith('and Register client_secret_basic in place of private_key_jwt') && basic.test(costs)), JSON.stringify(found))
  await page.getByRole('button', { name: 'Offer address, and Register client_secret_basic in place of private_key_jwt', exact: true }).click()
  await page.getByText('It would be registered.').waitFor()
  await putDraft()
  const registered = await (await toApart({ ...body, scope: 'openid address' })).json()
  assert.deepEqual([registered.scope, registered.token_endpoint_auth_method], ['openid address', 'client_secret_basic'])

  // Where nothing is led back, a grant type that leads back is what is too much.
  await putApart({ grant_types: { offered: ['authorization_code', 'client_credentials'], unoffered: 'refuse' } })
  const machine = { client_name: 'Machine', grant_types: ['authorization_code', 'client_credentials'] }
  assert.equal((await toApart(machine)).status, 400)
  const machines = await why('at least one is required by grant_types', apart)
  assert.doesNotMatch(machines, /No policy/)
  assert.match(machines, /Offer no authorization_code, and drop it where it is asked for it would be registered/)
})

await check('a name that has a reserved one in it is not said to be that', async () => {
  await putApart({ names: { reserved: ['Acme'], same: 'refuse', look_alike: 'refuse', hidden_characters: 'refuse' } })
  for (const [client_name, says] of [['My Acme tools', /Its name has in it Acme, which the policy reserves/], ['ACME', /Its name is Acme itself, which the policy reserves/]]) {
    assert.equal((await toApart({ ...redirect, client_name })).status, 400)
    assert.match(await why('reserves', apart), says)
  }
})

await check('a document that is too large is read by a change that is offered untried', async () => {
  const { body: { metadata_documents } } = await operate('GET', `${documents}/policy`)
  await changePolicy(() => ({ metadata_documents: { ...metadata_documents, others: 'allow', max_bytes: 512, pause_first: 1, pause_most: 1 } }), documents)
  const lookUp = () => send('GET', `/${documents}/client?client_id=${encodeURIComponent(`${documentsHost}/chatgpt/oauth/client.json`)}`, undefined, authorization)
  assert.notEqual((await lookUp()).status, 200)
  assert.match(await why('the document is too large', documents), /Let it be smaller: how large it may be the member max_bytes[^]*Less safe: each registration may take more room/)
  await page.getByRole('button', { name: 'Read documents of 1024 bytes', exact: true }).click()
  await page.getByText('This began with a refusal').waitFor()
  await page.locator('main').getByText(/Nothing of the document is kept, so it cannot be tried/).waitFor()
  assert.match(await main(page), /The draft changes metadata_documents\.max_bytes\./)
  await page.getByRole('button', { name: 'Down to what becomes of it' }).press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement.textContent), '2. Try it')
  await page.getByRole('button', { name: 'What is in force' }).click()
  await changePolicy(() => ({ metadata_documents }), documents)
})

await check('what is replaced whole is read whole, whatever the service announces of it', async () => {
  await putApart({})
  administer(`service update ${apart} --metadata 'grant_types_supported=["authorization_code"]'`)
  await at(page, `/${apart}/policy`)
  const policy = page.getByLabel('The policy, as JSON')
  const draft = JSON.parse(await policy.inputValue())
  assert.deepEqual(draft.grant_types.offered, protectedPolicy.grant_types.offered)
  await policy.fill(JSON.stringify({ ...draft, lookup_max_age: 61 }))
  await page.getByRole('cell', { name: 'lookup_max_age', exact: true }).waitFor()
  assert.equal(await page.getByRole('table', { name: 'What becomes different' }).locator('tbody tr').count(), 1)
  await putDraft()
  administer(`service update ${apart} --unset grant_types_supported`)
  const grant_types = ['authorization_code', 'refresh_token']
  const made = await (await toApart({ ...redirect, grant_types })).json()
  assert.deepEqual(made.grant_types, grant_types)
})

await check('what a certificate lacks is told as that', async () => {
  const other = await tab()
  const refusal = { day: '2026-01-01', count: 1, network: '', last_at: 1767225600 }
  await other.route((url) => url.pathname.endsWith('/refusals'), (route) => route.fulfill({ json: { refusals: [
    { ...refusal, operation: 'register', rule: 'stet', error: 'invalid_scope', door: 'stet', description: 'scope: the roles of the certificate do not permit cbpii', samples: [{ sent: { scope: 'cbpii' }, reproduces: false, at: 1767225600 }] },
  ] } }))
  await signIn(other)
  await other.getByRole('row').filter({ hasText: 'roles of the certificate' }).getByRole('link').click()
  await other.getByRole('heading', { name: 'Why it was refused' }).waitFor()
  await settled(other)
  assert.match(await main(other), /Ask for the scopes that belong to the roles[^]*no certificate, no signature/)
  assert.doesNotMatch(await main(other), /is not kept|not good/)
  await other.context().close()
})

await check('a token that is missing is a condition, and each sample has its advice', async () => {
  await putPolicy({ ...protectedPolicy, scopes: { offered: 'openid', unoffered: 'refuse' } })
  for (const path of ['one', 'two/../three', 'four']) assert.equal((await register({ ...redirect, redirect_uris: [`https://rp.example/${path}`] })).status, 401)
  await at(page, 'today')
  await page.getByRole('row').filter({ hasText: /bearer token is required/ }).first().getByRole('link').click()
  await settled(page)
  const text = await main(page)
  assert.match(text, /It would be registered, with a good initial access token that allows it\./)
  assert.match(text, /Sample 1[^]*Sample 2/)
  assert.match(text, /Let anybody register, without a token[^]*it would be registered[^]*For sample/)
  assert.doesNotMatch(text, /It passes/)
})

await check('a change is made in the draft that there is, and the way back to the refusal stays', async () => {
  await putPolicy({ ...protectedPolicy, registration: 'open', scopes: { offered: 'openid', unoffered: 'refuse' } })
  assert.equal((await register({ ...redirect, scope: 'openid phone' })).status, 400)
  await at(page, 'today')
  await at(page, 'policy')
  const editor = page.getByLabel('The policy, as JSON')
  await editor.fill((await editor.inputValue()).replace('"lookup_max_age": 60', '"lookup_max_age": 61'))
  await page.getByRole('cell', { name: 'lookup_max_age', exact: true }).waitFor()
  await at(page, 'today')
  await page.getByRole('row').filter({ hasText: /"phone" is not offered/ }).first().getByRole('link').click()
  await settled(page)
  const why = page.url()
  await page.getByRole('button', { name: 'Offer phone', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Make the change in the draft' }).click()
  await page.getByText('It would be registered.').waitFor()
  const { lookup_max_age, scopes } = JSON.parse(await editor.inputValue())
  assert.deepEqual([lookup_max_age, scopes.offered], [61, 'openid phone'])
  const body = page.getByLabel('What it sends')
  assert.match(await body.inputValue(), /"openid phone"/)
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Put it into effect', exact: true }).click()
  await page.getByText('The policy is in force.').waitFor()
  await settled(page)
  assert.match(await body.inputValue(), /"openid phone"/)
  await page.getByRole('link', { name: 'a refusal' }).click()
  await page.getByText('It passes now').waitFor()
  assert.equal(page.url(), why)
  await putPolicy(policyBefore)
})

await check('what another door refuses is tried there, also where oauth is closed', async () => {
  await putPolicy({ ...protectedPolicy, doors: ['authlete'], redirect_uris: { ...protectedPolicy.redirect_uris, hosts: ['only.example'] }, registration: 'open' })
  const refused = await send('POST', '/api/1/client/registration', { json: JSON.stringify(redirect) }, authorization)
  assert.equal(refused.body.action, 'BAD_REQUEST', JSON.stringify(refused))
  await at(page, 'today')
  await page.getByRole('row').filter({ hasText: /its host is not allowed.*authlete/ }).first().getByRole('link').click()
  await settled(page)
  assert.match(await main(page), /Permit rp\.example[^]*it would be registered/)
  await page.getByRole('button', { name: 'Permit rp.example', exact: true }).click()
  await page.getByText('It would be registered.').waitFor()
  const door = page.getByLabel('At the door')
  assert.equal(await door.inputValue(), 'authlete')
  await door.selectOption('oauth')
  await page.getByText('It would be refused by the rule doors').waitFor()
  await page.getByRole('button', { name: 'Open the door oauth', exact: true }).click()
  await page.getByText('It would be registered.').waitFor()
  await page.getByRole('button', { name: 'What is in force', exact: true }).click()
  await settled(page)
  await putPolicy(policyBefore)
})

await check('refusals are read page by page, and what is left out is told', async () => {
  const other = await tab()
  let lines
  await other.route((url) => url.pathname.endsWith('/refusals'), (route) => {
    const query = new URL(route.request().url()).searchParams
    const [from, limit] = [Number(query.get('cursor') ?? 0), Number(query.get('limit'))]
    const refusal = { day: '2026-01-01', count: 2, error: 'invalid_client_metadata', rule: 'limits', door: 'oauth', description: 'too long', samples: [], last_at: 1767225600 }
    const refusals = Array.from({ length: Math.min(limit, lines - from) }, (_, number) => ({ ...refusal, network: `net-${from + number}` }))
    route.fulfill({ json: from + limit < lines ? { refusals, next: String(from + limit) } : { refusals } })
  })
  await signIn(other)
  for (const [many, sum, left] of [[250, /\b500\b/, 0], [1000, /\b2.000\b/, 0], [1001, /\b2.000\b/, 1]]) {
    lines = many
    await at(other, 'tokens')
    await at(other, 'today')
    const row = other.getByRole('row').filter({ hasText: 'too long' })
    assert.match(await row.innerText(), sum)
    assert.equal(await other.getByText('There are more: the sums are those of 1,000 lines').count(), left)
    await row.getByRole('link').click()
    await other.getByRole('heading', { name: 'Why it was refused' }).waitFor()
    await settled(other)
    assert.match(await main(other), /net-0\b[^]*net-249\b/)
    assert.equal(await other.getByText('There are more').count(), left)
    await at(other, 'refused?rule=other')
    assert.equal(await other.getByText('as far as was read').count(), left)
  }
  await other.context().close()
})

await check('a list goes on over pages with nothing to be shown, says so, and can be stopped', async () => {
  const other = await tab()
  let [pages, fails, holds] = [{}, false, Infinity]
  const reads = new Set()
  const entry = (number, event) => ({ subject: 'client', numeric_id: number, client_id: `client-${number}`, events: [event], at: 1767225600, sequence: `${number}` })
  await other.route((url) => url.pathname.endsWith('/1/audit'), async (route) => {
    const page = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0)
    reads.add(page)
    // One that waits is ended by the browser.
    if (page === holds) return
    const json = { entries: pages[page] ?? [entry(1000 + page, 'registered')], ...(page < pages.last ? { next: String(page + 1) } : {}) }
    if (fails) await route.fulfill({ status: 429, json: { error: 'temporarily_unavailable' } })
    else await route.fulfill({ json })
  })
  await other.route(/client-\d+\/history/, (route) => route.fulfill({ json: { entries: [], deleted: { client_name: 'Gone', restorable_until: now + day } } }))
  await signIn(other)
  const rows = other.getByRole('table', { name: 'The last ones first' }).locator('tbody tr')
  const press = (name) => other.getByRole('button', { name, exact: true }).press('Enter')
  const says = (text) => other.getByRole('status').filter({ hasText: text }).waitFor()
  const focused = () => other.evaluate(() => document.activeElement.textContent)

  pages = { 0: [entry(1, 'deleted')], 15: [entry(2, 'deleted')], 100: [entry(3, 'deleted')], last: 101 }
  await at(other, 'clients?deleted=true')
  assert.equal(await rows.count(), 1)
  await other.getByRole('button', { name: 'Show more' }).dblclick()
  await says('1 more.')
  assert.equal(await rows.count(), 2)
  assert.equal(await focused(), 'Show more')
  holds = 40
  await press('Show more')
  await says('Looking further: nothing to be shown on 21 pages yet …')
  await press('Stop')
  await says('Stopped. Nothing to be shown on 24 pages, but the list goes on.')
  assert.deepEqual([reads.size, await rows.count(), await focused()], [41, 2, 'Look further'])
  holds = Infinity
  fails = true
  await press('Look further')
  await other.locator('.failure').getByText('429').waitFor()
  fails = false
  await press('Try again')
  await says('1 more.')
  assert.deepEqual([await rows.count(), await other.locator('.failure').count()], [3, 0])
  await press('Show more')
  await says('That is all.')
  assert.deepEqual([await rows.count(), await focused()], [3, 'That is all.'])

  // So many are read by itself, and no more.
  pages = { last: 1000 }
  await at(other, 'tokens')
  reads.clear()
  await at(other, 'clients?deleted=true')
  await says('Nothing to be shown on 10 pages, but the list goes on.')
  assert.equal(reads.size, 10)
  pages = { last: 20 }
  await press('Look further')
  await other.getByText('None was deleted in the last thirty days.').waitFor()
  await other.context().close()
})

await check('Today shows what ends though it is far behind in the list', async () => {
  const other = await tab()
  await other.route((url) => url.searchParams.has('ending'), (route) => {
    const page = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0)
    const ends = { numeric_id: 9, client_id: 'ends', client_name: 'Ends', source: 'oauth', client_type: 'public', client_id_issued_at: now - day, expires_at: now + day }
    const json = page === 12 ? { clients: [ends] } : { clients: page % 2 ? [{ ...ends, pending_until: now + day }] : [], next: String(page + 1) }
    route.fulfill({ json })
  })
  await signIn(other)
  await settled(other)
  assert.doesNotMatch(await main(other), /Nothing does\./)
  await other.getByRole('button', { name: 'Look further' }).click()
  await other.getByRole('link', { name: 'Ends', exact: true }).waitFor()
  await other.context().close()
})

await check('Today says where what is refused is not counted', async () => {
  const other = await tab()
  await putPolicy({ ...policyBefore, audit: { ...policyBefore.audit, refusals: false } })
  await signIn(other)
  await other.getByText('What is refused is not counted: audit.refusals of the policy is false. What stands here is from before.').waitFor()
  assert.match(await main(other), /Refused in 24 hours\s+not counted/)
  await other.route((url) => url.pathname.endsWith('/1/refusals'), (route) => route.fulfill({ json: { refusals: [] } }))
  await at(other, 'tokens')
  await at(other, 'today')
  assert.match(await main(other), /audit\.refusals of the policy is false\.$/m)
  assert.doesNotMatch(await main(other), /Nothing was refused/)
  await putPolicy(policyBefore)
  await at(other, 'tokens')
  await at(other, 'today')
  assert.match(await main(other), /Refused in 24 hours\s+\d[^]*Nothing was refused\./)
  await other.context().close()
})

await check('a policy is tried with what well-known hosts send, and what would refuse it is named', async () => {
  const before = asked.length
  await at(page, 'policy')
  const hosts = await page.getByLabel('A well-known host').locator('option').allInnerTexts()
  for (const host of hosts.slice(1)) {
    await page.getByLabel('A well-known host').selectOption(host)
    await page.getByText(/^It would be (registered\.|refused)/).waitFor()
  }
  await page.getByRole('button', { name: 'regulated' }).click()
  await settled(page)
  await page.getByLabel('A well-known host').selectOption('Cursor')
  await settled(page)
  await page.getByText('It would be refused').waitFor()
  await page.getByRole('button', { name: 'What is in force' }).click()
  await page.getByText('The policy above is the one that is in force.').waitFor()
  await page.getByLabel('The policy, as JSON').fill('{"registratoin": "open"}')
  await page.locator('.failure').getByText('registratoin').first().waitFor()
  await page.getByText('Not tried: the policy is wrong.').waitFor()
  await page.getByText('There is nothing to put into effect').waitFor()
  await page.getByLabel('The policy, as JSON').fill('{')
  await page.getByText('The policy is no JSON').waitFor()
  await page.getByRole('button', { name: 'What is in force' }).click()
  await page.getByLabel('A well-known host').selectOption('Claude')
  await page.getByText('It would be registered.').waitFor()
  for (const [text, told] of [['', 'What it sends is empty.'], ['{"a', 'What it sends is no JSON'], ['[]', 'What it sends is no JSON object.']]) {
    await page.getByLabel('What it sends').fill(text)
    await page.getByText(told).waitFor()
    await page.getByText('Not tried: what it sends is wrong.').waitFor()
    assert.equal(await page.getByText('It would be registered.').count(), 0)
  }
  await page.getByLabel('A well-known host').selectOption('Goose')
  await page.getByLabel('The policy, as JSON').fill('{"registration": "open"}')
  await page.getByText('what it leaves out becomes as in protected').waitFor()
  await page.getByRole('button', { name: 'Keep there what is in force' }).click()
  await page.getByText('The policy above is the one that is in force.').waitFor()
  // What is in force is read once as long as nobody changes it.
  assert.equal(asked.slice(before).filter((url) => url.endsWith('/operator/1/policy')).length, 1)
})

const editor = () => page.getByLabel('The policy, as JSON')
const draft = async (members) => editor().fill(JSON.stringify({ ...JSON.parse(await editor().inputValue()), ...members }))
const effect = async () => {
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Put it into effect', exact: true }).click()
}

await check('what others have changed of a policy meanwhile is brought into the draft, and told', async () => {
  await at(page, 'policy')
  await draft({ client_lifetime: 86_400 })
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  await page.getByRole('dialog').waitFor()
  await changePolicy(() => ({ lookup_max_age: 30 }))
  await page.getByRole('dialog').getByRole('button', { name: 'Put it into effect', exact: true }).click()
  // It is asked again, and what others have changed is told apart.
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Nothing was put into effect').waitFor()
  const [changes, others] = [dialog.getByRole('table', { name: 'What becomes different' }), dialog.getByRole('table', { name: 'What others have changed' })]
  const isApart = async () => {
    const [differs, theirs] = [await changes.innerText(), await others.innerText()]
    assert.ok(differs.includes('client_lifetime') && !differs.includes('lookup_max_age') && !theirs.includes('client_lifetime'), differs)
    assert.match(theirs, /lookup_max_age\s+60\s+30/)
  }
  await isApart()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  assert.match(await page.evaluate(() => document.activeElement.textContent), /^Put it into effect/)
  assert.match(await page.getByRole('table', { name: 'What others have changed' }).innerText(), /lookup_max_age\s+60\s+30/)
  // So it is where they were faster than the first question, and where the draft is tried in between.
  await changePolicy(() => ({ lookup_max_age: 31 }))
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  await dialog.waitFor()
  assert.equal(await dialog.getByText('Nothing was put into effect').count(), 0)
  assert.match(await others.innerText(), /lookup_max_age\s+30\s+31/)
  assert.doesNotMatch(await changes.innerText(), /lookup_max_age/)
  await page.keyboard.press('Escape')
  await changePolicy(() => ({ lookup_max_age: 30 }))
  await draft({ client_lifetime: 86_400 })
  await page.getByRole('cell', { name: '30', exact: true }).first().waitFor()
  assert.doesNotMatch(await page.getByRole('table', { name: 'What becomes different' }).innerText(), /lookup_max_age/)
  // What was changed of the service, and not of its policy, is asked again as well.
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  await dialog.waitFor()
  for (const lookup_max_age of [33, 30]) await changePolicy(() => ({ lookup_max_age }))
  await dialog.getByRole('button', { name: 'Put it into effect', exact: true }).click()
  await dialog.getByText('Nothing was put into effect').waitFor()
  await dialog.getByRole('button', { name: 'Put it into effect', exact: true }).click()
  await page.getByText('The policy is in force.').waitFor()
  const { client_lifetime, lookup_max_age } = (await operate('GET', '1/policy')).body
  assert.deepEqual([client_lifetime, lookup_max_age], [86_400, 30])
  await settled(page)
  assert.equal(await page.getByRole('heading', { name: 'Others have changed the policy' }).count(), 0)
})

await check('a policy that others change while it is only looked at is shown as it is', async () => {
  await changePolicy(() => ({ lookup_max_age: 29 }))
  await page.getByLabel('A well-known host').selectOption('Goose')
  await page.waitForFunction(() => document.querySelector('textarea').value.includes('"lookup_max_age": 29'))
  await page.getByText('The policy above is the one that is in force.').waitFor()
  assert.equal(await page.getByRole('heading', { name: 'Others have changed the policy' }).count(), 0)
  await changePolicy(() => ({ lookup_max_age: 30 }))
  await at(page, 'today')
  await at(page, 'policy')
})

await check('what two have changed of a policy is chosen, also where one comes back later', async () => {
  await draft({ client_lifetime: 1000, secret_overlap: 5 })
  await page.getByText('What becomes different').waitFor()
  await at(page, 'today')
  await changePolicy((policy) => ({ client_lifetime: 2000, errors: { ...policy.errors, uri: !policy.errors.uri } }))
  await at(page, 'policy')
  const choice = page.getByRole('row').filter({ has: page.getByRole('button', { name: 'Keep yours' }) })
  assert.match(await choice.innerText(), /client_lifetime\s+1000\s+2000/)
  assert.match(await main(page), /errors\.uri/)
  assert.equal(await page.getByRole('button', { name: 'Put it into effect …' }).count(), 0)
  await page.getByText('Choose first').waitFor()
  await choice.getByRole('button', { name: 'Take theirs' }).click()
  const differs = page.getByRole('table', { name: 'What becomes different' })
  await page.getByRole('button', { name: 'Put it into effect …' }).waitFor()
  assert.match(await differs.innerText(), /secret_overlap/)
  assert.doesNotMatch(await differs.innerText(), /client_lifetime|errors/)
  await page.getByRole('button', { name: 'What is in force' }).click()
  await putPolicy(policyBefore)
})

await check('a policy to begin with says what it is for, and a member what it means', async () => {
  await at(page, 'policy')
  assert.match(await main(page), /regulated\s+for banks/)
  const meant = page.getByLabel('What a member means')
  for (const member of (await meant.locator('option').allInnerTexts()).slice(1)) {
    await meant.selectOption(member)
    assert.doesNotMatch(await meant.locator('..').locator('..').innerText(), /docs\/|\bas grant_types/, member)
  }
  await meant.selectOption('names')
  await page.getByText('Examp1e Bank').waitFor()
})

// ---- What is done to clients and tokens.

await check('a client is locked, gets a new secret that is shown once, and is deleted', async () => {
  const { client_id, client_secret } = registered.at(-1)
  await at(page, `clients/${client_id}`)
  await page.getByRole('button', { name: 'Lock …', exact: true }).click()
  await page.getByRole('dialog', { name: 'Lock: With a secret' }).getByRole('button', { name: 'Lock', exact: true }).click()
  await page.getByRole('button', { name: 'Unlock …' }).waitFor()
  // The focus is on the heading, since its button is gone, and the history follows by itself.
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1')
  await page.getByRole('cell', { name: 'locked', exact: true }).waitFor()
  assert.equal((await operate('GET', `1/clients/${client_id}`)).body.locked, true)
  await page.getByRole('button', { name: 'Unlock …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Unlock', exact: true }).click()
  await page.getByRole('button', { name: 'Lock …', exact: true }).waitFor()
  await page.getByRole('button', { name: 'New secret' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'New secret' }).click()
  const secret = await page.locator('.secret code').innerText()
  assert.ok(secret.length > 20 && secret !== client_secret)
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  await page.getByRole('button', { name: 'Change …' }).click()
  await page.getByLabel('Members that become otherwise').fill('{"client_name": "Renamed"}')
  await page.getByRole('button', { name: 'Change it' }).click()
  await page.getByRole('heading', { name: 'Renamed' }).waitFor()
  await page.getByRole('button', { name: 'Delete …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('heading', { name: 'Renamed is deleted' }).waitFor()
  await settled(page)
  assert.equal((await operate('GET', `1/clients/${client_id}`)).status, 404)
  await page.getByText('it can be restored').waitFor()
  await told('1/audit?limit=1', ({ entries }) => entries[0].events.includes('deleted'))
  await at(page, 'today')
  await page.getByRole('row').filter({ hasText: 'Renamed' }).filter({ hasText: 'deleted' }).waitFor()
  await at(page, 'clients')
  await page.getByRole('button', { name: 'Deleted', exact: true }).click()
  await settled(page)
  await page.getByRole('row').filter({ hasText: client_id }).getByRole('link', { name: 'Renamed' }).click()
  await page.getByRole('button', { name: 'Restore …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Restore', exact: true }).click()
  await page.getByRole('heading', { name: 'Renamed', exact: true }).waitFor()
  assert.equal((await operate('GET', `1/clients/${client_id}`)).status, 200)
})

await check('a history goes on, and a client that is back is no new one', async () => {
  const { client_id } = registered.at(-1)
  for (let version = 0; version < 9; version += 1) await operate('PATCH', `1/clients/${client_id}`, { software_version: `${version}` })
  await told(`1/clients/${client_id}/history?limit=100`, ({ entries }) => entries.filter(({ members }) => members?.includes('software_version')).length === 9)
  await at(page, 'today')
  await at(page, `clients/${client_id}`)
  const rows = page.getByRole('table', { name: 'Changes, newest first' }).locator('tbody tr')
  assert.equal(await rows.count(), 10)
  await page.getByRole('button', { name: 'Show more' }).click()
  await page.getByRole('cell', { name: 'restored', exact: true }).waitFor()
  await page.getByRole('cell', { name: 'registered', exact: true }).waitFor()
  assert.ok(await rows.count() > 12)
})

await check('redirects of an application are searched by their scheme', async () => {
  const body = { client_name: 'Editor', redirect_uris: ['com.example.editor://host/cb'], application_type: 'native', token_endpoint_auth_method: 'none' }
  await changePolicy((policy) => ({ redirect_uris: { ...policy.redirect_uris, private_use_schemes: 'accept' } }))
  assert.equal((await register(body)).status, 201)
  await told('1/clients?redirect_host=com.example.editor:', ({ clients }) => clients.length === 1)
  for (const [by, text] of [['Name', 'com.example.editor://host/cb?x=1'], ['Redirect host or scheme', 'com.example.Editor:']]) {
    await at(page, 'clients')
    await page.getByLabel('Look in').selectOption({ label: by })
    await page.getByLabel('For', { exact: true }).fill(text)
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => location.hash.endsWith('redirect_host=com.example.editor%3A'))
    await settled(page)
    assert.equal(await page.locator('tbody tr').count(), 1, text)
  }
  await at(page, 'clients?redirect_host=com.example.editor')
  await page.getByRole('link', { name: 'Search the scheme com.example.editor:' }).click()
  await page.getByRole('link', { name: 'Editor', exact: true }).waitFor()
})

await check('who waits for approval is seen, approved and denied by name', async () => {
  await changePolicy(() => ({ approval: 'required' }))
  const { body } = await register({ ...redirect, client_name: 'Newcomer' })
  await told('1/clients?pending=true', ({ clients }) => clients.length === 1)
  await at(page, 'today')
  const figure = page.locator('.figures > div').filter({ hasText: 'Waiting for approval' })
  assert.match(await figure.innerText(), /\b1\b/)
  await page.getByText('1 client waits for approval, and for longer than that').waitFor()
  await figure.getByRole('link').click()
  await page.getByRole('link', { name: 'Newcomer' }).click()
  await page.getByRole('button', { name: 'Approve …' }).waitFor()
  assert.match(await main(page), /Ends\s+.*if nobody approves it until then/)
  await page.getByRole('button', { name: 'Deny …' }).click()
  await page.getByRole('dialog', { name: 'Deny: Newcomer' }).getByRole('button', { name: 'Deny' }).click()
  await page.getByRole('heading', { name: 'Clients' }).waitFor()
  await settled(page)
  assert.equal((await operate('GET', `1/clients/${body.client_id}`)).status, 404)
  await told(`1/clients/${body.client_id}/history`, ({ entries, deleted }) => deleted && entries[0].events.includes('deleted'))
  await at(page, `clients/${body.client_id}`)
  await page.getByRole('button', { name: 'Restore …' }).waitFor()
  await changePolicy(() => ({ approval: 'none' }))
})

await check('an operator registers a client, and sees its secrets once', async () => {
  await at(page, 'clients')
  await page.getByRole('button', { name: 'Register …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Its metadata, as JSON').fill('{"redirect_uris": ["junk"]}')
  await dialog.getByRole('button', { name: 'Register it' }).click()
  await dialog.getByText('400').waitFor()
  await dialog.getByLabel('Its metadata, as JSON').fill(JSON.stringify({ client_name: 'By hand', redirect_uris: ['https://hand.example/cb'] }))
  await dialog.getByRole('button', { name: 'Copy as registrar command' }).click()
  await dialog.getByText('It takes the token from the variable REGISTRAR_TOKEN.').waitFor()
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^registrar client create --service 1 .*- <<'EOF'\n[^]*By hand/)
  await dialog.getByRole('button', { name: 'Register it' }).click()
  await dialog.getByText('Registration access token').waitFor()
  assert.equal(await dialog.locator('.secret').count(), 3)
  await dialog.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('heading', { name: 'By hand' }).waitFor()
})

await check('a name that is like a reserved one says which, and is approved in one word', async () => {
  await changePolicy((policy) => ({ names: { ...policy.names, reserved: ['Example Bank'], same: 'flag', look_alike: 'flag' } }))
  const { body } = await register({ ...redirect, client_name: 'Examp1e Bank' })
  await told('1/clients?name=examp1e', ({ clients }) => clients.length === 1)
  await at(page, 'clients?name=examp1e')
  await page.getByText('like a reserved name').waitFor()
  await at(page, `clients/${body.client_id}`)
  await page.getByText('Its name looks like a name that the policy reserves: Example Bank.').waitFor()
  await page.getByRole('button', { name: 'Approve its names …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Copy as registrar command' }).click()
  await page.waitForFunction(() => navigator.clipboard.readText().then((text) => text.includes('client approve') && text.includes('--version 1')))
  await page.getByRole('dialog').getByRole('button', { name: 'Approve its names' }).click()
  await page.getByText('Its names are approved.').waitFor()
  await page.getByRole('cell', { name: 'approved', exact: true }).waitFor()
  assert.doesNotMatch(await main(page), /vouch/i)
  await changePolicy(() => ({ names: policyBefore.names }))
})

/** Whether what is told stands over a part of the screen. */
const covers = (page) => page.evaluate(() => {
  const told = document.querySelector('#said > *').getBoundingClientRect()
  return document.elementsFromPoint((told.left + told.right) / 2, (told.top + told.bottom) / 2).some((element) => element.closest('main'))
})

await check('what is told covers nothing, ends soon, and stands in the dialog that is open', async () => {
  await at(page, `clients/${registered[0].client_id}`)
  await page.getByRole('button', { name: 'Copy as curl' }).click()
  await page.getByText('It takes the token from the variable TOKEN.').waitFor()
  for (const where of [0, 60, 120, 1e6]) {
    await page.evaluate((where) => document.getElementById('page').scrollTo(0, where), where)
    assert.equal(await covers(page), false)
  }
  await page.getByRole('button', { name: 'Lock …', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Copy as curl' }).click()
  await page.getByRole('dialog').getByText('Copied.').waitFor()
  assert.equal(await page.evaluate(() => document.querySelector('dialog h2').getBoundingClientRect().top - document.querySelector('dialog').getBoundingClientRect().top < 24), true)
  await page.keyboard.press('Escape')
  assert.match(await page.evaluate(() => document.activeElement.textContent), /^Lock/)
  await page.getByRole('button', { name: 'Copy as curl' }).click()
  await page.locator('#said').getByText('Copied.').waitFor()
  await page.waitForTimeout(1100)
  await at(page, 'tokens')
  assert.equal(await page.locator('#said').innerText(), '')
})

await check('a pasted redirect is searched by its host, and where nothing is found it is told how', async () => {
  await at(page, 'clients')
  await page.getByLabel('For', { exact: true }).fill('https://rp.example/cb?a=1')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => location.hash.endsWith('redirect_host=rp.example'))
  await settled(page)
  assert.ok(await page.locator('tbody tr').count() > 0)
  await at(page, 'clients?name=nobodyiscalledso')
  await page.getByText('has a word that begins so').waitFor()
  await at(page, 'clients?client_id=gone')
  await page.getByRole('link', { name: 'Was it deleted?' }).waitFor()
})

await check('screens without anything say what to do', async () => {
  for (const [path, text] of [['stet', 'registrar sandbox stet'], ['federation', 'registrar sandbox federation'], ['grants', 'registrar grant list 1']]) {
    await at(page, path)
    await page.locator('main').getByText(text).waitFor()
  }
  assert.equal(await page.getByRole('button', { name: /^Copy as/ }).count(), 0)
})

await check('an address that leads nowhere says so', async () => {
  await at(page, 'nope')
  await page.getByRole('heading', { name: 'No such screen' }).waitFor()
  await at(page, 'clients/%E0%A4%A')
  await page.locator('.failure').getByText('400').waitFor()
  await at(page, 'grants?client=nobody')
  await page.locator('.failure').getByText('404').waitFor()
})

await check('what was not changed is told, and what is written of a change is an object that has each member once', async () => {
  const { client_id } = registered[0]
  await at(page, `clients/${client_id}`)
  const dialog = page.getByRole('dialog')
  const change = async (text) => {
    await dialog.getByLabel('Members that become otherwise').fill(text)
    await dialog.getByRole('button', { name: 'Change it' }).click()
  }
  await page.getByRole('button', { name: 'Change …' }).click()
  for (const [text, told] of [['[]', 'The change is no JSON object.'], ['', 'The change is empty.'], ['{"a": {"b": "}", "b" : 1}}', 'The change has b twice.'], ['{"a": {"b": "\\"a\\":"}, "b": {"a": 1}}', 'no specification']]) {
    await change(text)
    await dialog.locator('.failure').getByText(told).first().waitFor()
  }
  await dialog.getByLabel('Members that become otherwise').fill('{')
  await dialog.getByRole('button', { name: 'Copy as curl' }).click()
  await dialog.getByRole('status').filter({ hasText: 'The change is no JSON' }).waitFor()
  await change('{}')
  await page.getByText('Nothing was changed: it is so already.').waitFor()
  // In the meantime somebody else has: what was written stays.
  await page.getByRole('button', { name: 'Change …' }).click()
  await operate('PATCH', `1/clients/${client_id}`, { software_version: 'other' })
  await change('{"software_version": "mine"}')
  await dialog.getByText('409').waitFor()
  await dialog.getByRole('button', { name: 'Look again' }).click()
  await page.getByRole('row').filter({ hasText: 'software_version' }).getByText('other').waitFor()
  await page.getByRole('button', { name: 'Change …' }).click()
  assert.match(await dialog.getByLabel('Members that become otherwise').inputValue(), /mine/)
  await dialog.getByRole('button', { name: 'Change it' }).click()
  await page.getByText('It is changed.').waitFor()
})

await check('a screen is read again, also after it could not be, and a draft is not left without a question', async () => {
  const other = await tab()
  await signIn(other)
  await other.route('**/operator/**', (route) => route.fulfill({ status: 429, json: { error: 'temporarily_unavailable' } }))
  await at(other, 'policy')
  await other.locator('.failure').getByText('429').waitFor()
  await other.unroute('**/operator/**')
  await other.getByRole('button', { name: 'Try again' }).click()
  const editor = other.getByLabel('The policy, as JSON')
  await editor.waitFor()
  await settled(other)
  await other.getByRole('button', { name: 'Refresh' }).click()
  await settled(other)
  await editor.fill('{"limits": {"redirect_uris": 5}, "limits": {}}')
  await other.getByText('The policy has limits twice.').waitFor()
  await other.getByRole('button', { name: 'Sign out' }).click()
  await other.getByRole('dialog', { name: 'Sign out?' }).getByRole('button', { name: 'Cancel' }).click()
  let asked = ''
  other.on('dialog', (dialog) => {
    asked = dialog.type()
    return dialog.accept()
  })
  await other.reload()
  assert.equal(asked, 'beforeunload')
  await other.context().close()
})

await check('who replaces a secret is told what becomes of the old one, and who is gone says why', async () => {
  const { body } = await register({ client_name: 'To go', redirect_uris: ['https://rp.example/cb'] })
  for (const [secret_overlap, says] of [[172_800, 'The old one works on for 2 days'], [0, 'The old one ends at once, since']]) {
    await changePolicy(() => ({ secret_overlap }))
    await at(page, 'tokens')
    await at(page, `clients/${body.client_id}`)
    await page.getByRole('button', { name: 'New secret …' }).click()
    await page.getByRole('dialog').getByText(says).waitFor()
    await page.keyboard.press('Escape')
  }
  await send('DELETE', new URL(body.registration_client_uri).pathname, undefined, { authorization: `Bearer ${body.registration_access_token}` })
  await told(`1/clients/${body.client_id}/history`, ({ entries }) => entries[0].events.includes('deleted'))
  await at(page, 'tokens')
  await at(page, `clients/${body.client_id}`)
  await page.getByText('Its registrant has deleted it: it cannot be restored.').waitFor()
})

await check('an action on a client that has changed since is refused', async () => {
  const { client_id } = registered[0]
  await at(page, `clients/${client_id}`)
  await operate('PATCH', `1/clients/${client_id}`, { software_version: '2' })
  await page.getByRole('button', { name: 'Retain' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Retain' }).click()
  await page.getByRole('dialog').getByText('409').waitFor()
  await page.keyboard.press('Escape')
})

await check('look-alikes are one group, and are removed after a preview and a typed number', async () => {
  await at(page, 'groups')
  const group = page.locator('section').filter({ has: page.getByRole('heading', { name: /assistant/i }) })
  assert.match(await group.innerText(), /× 12/)
  assert.match(await main(page), /No use of any client is known/)
  await group.getByRole('button', { name: 'Preview …' }).click()
  await page.getByText('Choose which of them first.').waitFor()
  assert.equal(await page.getByRole('dialog').count(), 0)
  await group.getByLabel('Remove').selectOption('all')
  await group.getByRole('button', { name: 'Preview …' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Nothing is changed yet').waitFor()
  const remove = dialog.getByRole('button', { name: 'Delete 12 clients' })
  assert.ok(await remove.isDisabled())
  assert.equal((await operate('GET', '1/clients?name=assistant')).body.clients.length, 12)
  await dialog.getByLabel('Type their number').fill('12')
  await remove.click()
  await dialog.getByRole('heading', { name: '12 clients deleted' }).waitFor()
  await dialog.getByRole('button', { name: 'Close' }).click()
  await settled(page)
  assert.equal((await operate('GET', '1/clients?name=assistant')).body.clients.length, 0)
})

await check('some of a list are chosen, and locked together', async () => {
  await at(page, 'clients')
  for (const { client_id } of registered.slice(1, 4)) await page.getByLabel(`Choose ${client_id}`).check()
  await page.getByText('3 chosen').waitFor()
  await page.getByRole('button', { name: 'Lock …', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Lock 3 clients' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  await settled(page)
  await told('1/clients?locked=true', ({ clients }) => clients.length === 3)
  await page.getByRole('button', { name: 'Locked' }).click()
  await settled(page)
  assert.equal(await page.locator('tbody tr').count(), 3)
})

await check('of many what was done is shown, also where the rest could not be', async () => {
  const other = await tab()
  const client = (number) => ({ client_id: `client-${number}`, numeric_id: number, source: 'oauth', client_type: 'public', client_id_issued_at: now, version: 1 })
  await other.route((url) => url.pathname.endsWith('/1/clients'), (route) => route.fulfill({ json: { clients: Array.from({ length: 150 }, (_, number) => client(number)) } }))
  let acts = 0
  await other.route('**/1/bulk', (route) => {
    const { preview, clients } = route.request().postDataJSON()
    acts += preview ? 0 : 1
    if (acts > 1) return route.fulfill({ status: 429, json: { error: 'temporarily_unavailable' } })
    return route.fulfill({ json: { results: clients.map(({ client_id }) => ({ client_id, outcome: preview ? 'possible' : 'done' })) } })
  })
  await signIn(other)
  await at(other, 'clients')
  await other.getByLabel('All that are shown').check()
  await other.getByRole('button', { name: 'Lock …', exact: true }).click()
  const dialog = other.getByRole('dialog')
  await dialog.getByText('Of each of them: Until it is unlocked').waitFor()
  await dialog.getByRole('button', { name: 'Lock 150 clients' }).click()
  await dialog.getByRole('heading', { name: '100 clients locked, 50 left as they were' }).waitFor()
  await dialog.locator('.failure').getByText('429').waitFor()
  assert.equal(await dialog.locator('tbody tr').count(), 100)
  assert.equal(await other.evaluate(() => document.activeElement.closest('dialog') !== null), true)
  await other.keyboard.press('Escape')
  await other.context().close()
})

await check('a token is made, shown once, registers, and is ended', async () => {
  await at(page, 'tokens')
  const many = async () => (await operate('GET', '1/tokens?limit=100')).body.tokens.length
  const known = await many()
  await page.getByLabel('Uses').fill('1')
  await page.getByRole('button', { name: 'Make it' }).dblclick()
  const value = await page.locator('.secret code').innerText()
  assert.equal(await many(), known + 1)
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  await changePolicy(() => ({ registration: 'initial_access_token' }))
  const { status } = await send('POST', '/1/register', redirect, { authorization: `Bearer ${value}` })
  assert.equal(status, 201)
  await changePolicy(() => ({ registration: policyBefore.registration }))
  await settled(page)
  await at(page, 'today')
  await at(page, 'tokens')
  assert.match(await page.getByRole('row').filter({ hasText: 'initial access' }).first().innerText(), /used up\s[^]*nothing/)
  const before = await page.locator('tbody tr').count()
  await page.getByRole('row').filter({ hasText: 'initial access' }).first().getByRole('button', { name: 'End …' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
  await page.getByText('The token has ended.').waitFor()
  await settled(page)
  assert.equal(await page.locator('tbody tr').count(), before - 1)
})

await check('a token shows which one has made it, and which it has made itself when it is to end', async () => {
  const make = async (authorization) => (await send('POST', '/operator/1/tokens', { kind: 'service', permissions: ['service.write'], expires_in: 600 }, authorization)).body
  const maker = await make(authorization)
  const made = await make({ authorization: `Bearer ${maker.value}` })
  await at(page, 'clients')
  await at(page, 'tokens')
  const row = (token, by) => page.getByRole('row').filter({ hasText: token }).filter({ hasText: `by ${by}` })
  assert.equal(await row(made.token, maker.token).count(), 1)
  await row(maker.token, 'yours').getByRole('button', { name: 'End …' }).click()
  const dialog = page.getByRole('dialog')
  assert.match(await dialog.innerText(), new RegExp(`do not end with it:\\s+${made.token}`))
  await dialog.getByRole('button', { name: 'End it' }).click()
  await page.getByText('The token has ended.').waitFor()
  assert.equal((await operate('DELETE', `1/tokens/${made.token}`)).status, 204)
  await settled(page)
})

// ---- Institutions, federations and users, of whom the server knows.

/** The texts of the cells of a table, row by row. */
const cells = (table) => table.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText.trim())))

/** Of what may hold what is good, soon over or bad: how it is shown. */
const moods = (place) => place.evaluateAll((found) => found.map((one) => one.className))

await check('an institution is shown with its seal, and how long that lasts', async () => {
  const { 1: from, 2: to } = /notBefore=(.*)\n?notAfter=(.*)/.exec(run('openssl x509 -in stet/qseal.pem -noout -dates'))
  const [begins, ends] = [from, to].map((text) => Date.parse(text) / 1000)
  const local = (seconds) => new Date(seconds * 1000).toLocaleString('sv', { timeZone: 'Europe/Paris' }).slice(0, 16)
  const left = (seconds) => `${Math.floor(seconds / day).toLocaleString('en')} days`
  for (const [at_, mood, says] of [[Date.now() / 1000, 'good', (now) => `${left(ends - now)} left`], [ends - 9.5 * day, 'warn', () => '9 days left'], [ends + 2.5 * day, 'bad', () => 'ended 2 days ago']]) {
    const other = await tab()
    await other.clock.setFixedTime(at_ * 1000)
    await signIn(other)
    await at(other, '/2/stet')
    const table = other.getByRole('table', { name: 'The certificates that end first at the top' })
    const [[name, organization, scopes, use, subject, since, until, remains], ...rest] = await cells(table)
    assert.deepEqual([name, organization, scopes, use, rest], ['Sandbox TPP', 'PSDFR-ACPR-12345', 'aisp pisp', 'sig', []])
    assert.match(subject, /CN=tpp\.example.*PSDFR-ACPR-12345/)
    assert.deepEqual([since.slice(0, 16), until.slice(0, 16), remains], [local(begins), local(ends), says(at_)])
    assert.deepEqual(await moods(table.locator('td:last-child span')), [mood])
    await table.getByRole('link', { name: 'Sandbox TPP' }).click()
    await other.getByRole('heading', { name: 'Sandbox TPP' }).waitFor()
    assert.match(await main(other), /Source\s+stet\s[^]*Certificates\s[^]*"kid": "seal"/)
    await other.context().close()
  }
})

await check('a chain of trust is drawn from the anchor on, and each check is green, red or not reached', async () => {
  const checks = async () => {
    const found = await page.locator('ul.checks li').evaluateAll((items) => items.map((item) => [item.className, item.innerText, getComputedStyle(item).color]))
    const colors = new Map(found.map(([mood, , color]) => [mood, color]))
    assert.equal(new Set(colors.values()).size, colors.size, 'moods look alike')
    return found.map(([mood, text]) => [mood, text.replace(/\s+/g, ' ')])
  }
  const chain = async () => (await page.locator('ol.chain li').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '))
  const draw = async (entity) => {
    await at(page, `/${federation}/federation`)
    await page.getByLabel('Entity identifier').fill(entity)
    await page.getByRole('button', { name: 'Draw it' }).click()
    await page.locator('ul.checks').waitFor()
    await settled(page)
  }
  const of = (mood, mark, outcome, ...names) => names.map((name) => [mood, `${mark} ${name}: ${outcome}`])
  const isDrawn = async () => {
    const drawn = await chain()
    const statements = [`${anchor} of itself`, `${anchor} of ${party}`, `${party} of itself`]
    assert.equal(drawn.length, 3, drawn.join())
    drawn.forEach((text, index) => {
      assert.ok(text.startsWith(statements[index]), text)
      assert.match(text, /(1 day|2[23] hours) left, since \d{4}-/)
    })
  }
  await draw(party)
  assert.match(await main(page), new RegExp(`Takes part\\s+yes\\s[^]*https://op\\.example\\s[^]*${anchor}`))
  assert.deepEqual(await checks(), of('good', '✓', 'passed', 'set up', 'trust chain', 'relying party', 'policy', 'metadata policy'))
  await isDrawn()
  await page.getByText(`A chain leads from ${party} to ${anchor}.`).waitFor()
  await page.getByText('What would be registered').click()
  assert.match(await main(page), /"client_name": "Sandbox relying party"/)
  const methods = { offered: ['client_secret_basic'], default: ['client_secret_basic'], unoffered: 'refuse' }
  await changePolicy(() => ({ token_endpoint_auth_methods: methods }), federation)
  await draw(party)
  await isDrawn()
  assert.deepEqual(await checks(), [
    ...of('good', '✓', 'passed', 'set up', 'trust chain', 'relying party'),
    ['bad', '✗ policy: failed token_endpoint_auth_method: "private_key_jwt" is not offered by this service'],
    ...of('none', '–', 'not reached', 'metadata policy'),
  ])
  assert.equal(await page.getByText('What would be registered').count(), 0)
  await changePolicy(() => ({ token_endpoint_auth_methods: protectedPolicy.token_endpoint_auth_methods }), federation)
  await draw(`${federationHost}/nobody`)
  await page.getByText('No chain leads to a trust anchor of this service.').waitFor()
  assert.deepEqual(await chain(), [])
  const [good, bad, ...others] = await checks()
  assert.deepEqual([[good], others], [of('good', '✓', 'passed', 'set up'), of('none', '–', 'not reached', 'relying party', 'policy', 'metadata policy')])
  assert.match(bad.join(), /^bad,✗ trust chain: failed .*\/nobody\/\S+: the answer was 404$/)
  // Whoever is looked up by its entity identifier is registered on the way, and ends with its chain.
  assert.equal((await send('GET', `/${federation}/client?client_id=${encodeURIComponent(party)}`, undefined, authorization)).status, 200)
  await told(`${federation}/clients?source=federation_automatic`, ({ clients }) => clients.length === 1)
  await at(page, `/${federation}/clients?source=federation_automatic`)
  await page.getByRole('link', { name: 'Sandbox relying party' }).click()
  await page.getByRole('heading', { name: 'Sandbox relying party' }).waitFor()
  assert.match(await main(page), /Ends\s.*with its chain of trust[^]*Trust chain\s[^]*"trust_anchor"/)
})

await check('what users have let clients have is listed, and ended of one client and of all', async () => {
  // One has a code that it has not used (RFC 7636 appendix B).
  const parameters = new URLSearchParams({
    response_type: 'code', client_id: shops[0].clientId, scope: 'openid email', redirect_uri: 'https://rp.example/cb', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWWuGJSstw-cM', code_challenge_method: 'S256',
  })
  const { ticket } = await authlete('auth/authorization', { parameters: `${parameters}` })
  assert.equal((await authlete('auth/authorization/issue', { ticket, subject: 'alice' })).action, 'LOCATION')
  const grants = page.getByRole('table', { name: 'Grants' })
  const granted = async () => (await cells(grants)).sort().map(([client, user, scopes, authorizations]) => [client, user, scopes, authorizations.replace(/since\s+/g, 'since ').split('\n').sort().join('; ')])
  const [code, token] = [/openid email, a code that nobody has used, (9|10) minutes left, since \d{4}-/, /openid, (9|10) days left, since \d{4}-/]
  const is = (found, ...expected) => {
    assert.deepEqual(found.map(([client, user, scopes]) => [client, user, scopes]), expected.map(([row]) => row))
    expected.forEach(([, authorizations], index) => assert.match(found[index][3], authorizations))
  }
  await at(page, `/${federation}/grants`)
  await page.getByLabel('Which').fill('alice')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await grants.waitFor()
  await settled(page)
  is(await granted(), [['<b>Shop</b>', 'alice', 'email openid'], new RegExp(`^${code.source}.*; ${token.source}`)], [['Post', 'alice', ''], token])
  await page.getByLabel('Of', { exact: true }).selectOption('client')
  await page.getByLabel('Which').fill(String(shops[0].clientId))
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.waitForFunction(() => location.hash.includes('client='))
  await settled(page)
  assert.deepEqual((await granted()).map(([client, user]) => [client, user]), [['<b>Shop</b>', 'alice'], ['<b>Shop</b>', 'bob']])

  await at(page, `/${federation}/grants?subject=bob`)
  const works = async () => [...await Promise.all(shops.map(({ works }) => works('bob'))), await shops[0].works('alice')]
  assert.deepEqual(await works(), [true, true, true])
  await page.getByRole('row').filter({ hasText: 'Post' }).getByRole('button', { name: 'End …' }).click()
  const dialog = page.getByRole('dialog', { name: 'End what was granted?' })
  assert.match(await dialog.innerText(), /Tokens and codes of bob at Post end/)
  await dialog.getByRole('button', { name: 'End it' }).click()
  await page.getByText('It has ended.').waitFor()
  await settled(page)
  is(await granted(), [['<b>Shop</b>', 'bob', ''], token])
  assert.deepEqual(await works(), [true, false, true])
  await page.getByRole('button', { name: 'End all of these …' }).click()
  const all = dialog.getByRole('button', { name: 'End it' })
  assert.ok(await all.isDisabled())
  await dialog.getByLabel('Type bob').fill('bob')
  await all.click()
  await page.getByText('There is none: nobody has consented, or all has ended').waitFor()
  assert.deepEqual(await works(), [false, false, true])
  assert.deepEqual((await operate('GET', `${federation}/grants?subject=bob`)).body.grants, [])

  // An authorization server's token ends what users have let clients have, and changes no client.
  const { body: { value } } = await operate('POST', `${federation}/tokens`, { kind: 'service', permissions: ['use_service'], expires_in: 600 })
  const other = await tab()
  await signIn(other, value)
  await at(other, `/${federation}/grants?subject=alice`)
  assert.equal(await other.getByRole('button', { name: 'End …' }).count(), 2)
  await other.context().close()
})

await check('names of a document are approved by nobody: the policy is named', async () => {
  await changePolicy(({ names }) => ({ names: { ...names, reserved: ['Claude'], same: 'flag' } }), documents)
  const client_id = `${documentsHost}/claude/oauth/mcp-oauth-client-metadata`
  assert.equal((await send('GET', `/${documents}/client?client_id=${encodeURIComponent(client_id)}`, undefined, authorization)).status, 200)
  const { body: { clients: [{ numeric_id, flags }] } } = await operate('GET', `${documents}/clients?client_id=${encodeURIComponent(client_id)}`)
  assert.deepEqual(flags, ['reserved_name'])
  await at(page, `/${documents}/clients?client_id=${encodeURIComponent(client_id)}`)
  await page.getByLabel(`Choose ${client_id}`).check()
  await page.getByText('1 chosen').waitFor()
  const bar = page.locator('.bar')
  assert.deepEqual([await bar.getByRole('button', { name: 'Lock …', exact: true }).count(), await bar.getByRole('button', { name: 'Approve …' }).count()], [1, 0])
  await page.getByRole('link', { name: 'Claude', exact: true }).click()
  await page.getByRole('heading', { name: 'Claude' }).waitFor()
  await settled(page)
  assert.match(await main(page), /a name that the policy reserves: Claude\.[^]*who trusts its URL says so in metadata_documents\.trust/)
  assert.equal(await page.getByRole('button', { name: /^Approve/ }).count(), 0)
  assert.equal((await operate('POST', `${documents}/clients/${numeric_id}/approve`, {})).status, 409)
})

await check('what warns of a policy stands beside it, before and after it is put into effect', async () => {
  await at(page, `/${documents}/policy`)
  assert.doesNotMatch(await main(page), /can do nothing yet/)
  administer(`service update ${documents} --unset issuer`)
  await at(page, 'tokens')
  await at(page, `/${documents}/policy`)
  const warning = page.locator('.warn').filter({ hasText: 'clients of this service can do nothing yet: ' })
  await warning.waitFor()
  await draft({ lookup_max_age: 59 })
  await page.getByRole('button', { name: 'Put it into effect …' }).click()
  await page.getByRole('dialog').locator('.warn').filter({ hasText: 'can do nothing yet' }).waitFor()
  await page.getByRole('dialog').getByRole('button', { name: 'Put it into effect', exact: true }).click()
  await page.getByText('The policy is in force.').waitFor()
  await settled(page)
  await warning.waitFor()
  assert.equal((await operate('GET', `${documents}/policy`)).body.lookup_max_age, 59)
})

await check('a secret that a change makes is shown once', async () => {
  const { body: { client_id } } = await register({ ...redirect, client_name: 'To be confidential' })
  await at(page, `clients/${client_id}`)
  await page.getByRole('button', { name: 'Change …' }).click()
  await page.getByLabel('Members that become otherwise').fill('{"token_endpoint_auth_method": "client_secret_basic"}')
  await page.getByRole('button', { name: 'Change it' }).click()
  const dialog = page.getByRole('dialog', { name: 'Its new secret' })
  const secret = await dialog.locator('.secret code').innerText()
  assert.ok(secret.length > 20, secret)
  await dialog.getByRole('button', { name: 'Close' }).click()
  await page.getByRole('button', { name: 'New secret …' }).waitFor()
  assert.ok(!(await page.locator('body').innerText()).includes(secret))
})

// ---- Commands for a terminal are run as they are copied.

function ended(command) {
  try {
    run(command)
    return 0
  } catch (error) {
    return error.status
  }
}

await check('what is copied for a terminal does there what the screen does', async () => {
  const copied = async (name) => {
    await page.getByRole('button', { name, exact: true }).first().click()
    await page.getByText('Copied.').waitFor()
    return page.evaluate(() => navigator.clipboard.readText())
  }
  const screens = [
    'today', 'clients?name=phish&locked=true', 'clients?redirect_host=rp.example&client_type=public', 'clients?ending=604800', 'clients?deleted=true', 'refused?rule=token_endpoint_auth_methods', `clients/${registered[0].client_id}`, 'groups', 'policy', 'tokens', 'federation', `/${federation}/federation?entity=${encodeURIComponent(party)}`, '/2/stet', 'grants?subject=al%27ice', `/${federation}/grants?subject=alice`,
  ]
  for (const path of screens) {
    await at(page, path)
    const curls = (await copied('Copy as curl')).split('\n')
    for (const curl of curls) {
      assert.ok(curl.includes('$TOKEN') && !curl.includes(demo.organization_token), curl)
      const answer = JSON.parse(run(curl.replace('curl ', 'curl -s ')))
      assert.equal(answer.error, undefined, `${curl}: ${JSON.stringify(answer)}`)
    }
    for (const command of (await copied('Copy as registrar command')).split('\n')) {
      assert.ok(command.startsWith('registrar '), command)
      // What is not there is told so: a command that is not understood would end with 2.
      assert.ok([0, 3].includes(ended(command)), command)
    }
  }
  await at(page, `clients/${registered[8].client_id}`)
  await page.getByRole('button', { name: 'Change …' }).click()
  await page.getByLabel('Members that become otherwise').fill(JSON.stringify({ client_name: "it's $(touch taken) `touch taken` \u00e9\ud83d\ude00" }))
  await page.getByRole('dialog').getByRole('button', { name: 'Copy as registrar command' }).click()
  await page.waitForFunction(() => navigator.clipboard.readText().then((text) => text.includes('client update')))
  run(await page.evaluate(() => navigator.clipboard.readText()))
  await page.keyboard.press('Escape')
  assert.equal((await operate('GET', `1/clients/${registered[8].client_id}`)).body.client_name, "it's $(touch taken) `touch taken` \u00e9\ud83d\ude00")
  assert.throws(() => readFileSync(`${folder}/taken`))
})

// ---- The keyboard.

await check('everything is reached by keys', async () => {
  const other = await tab()
  await signIn(other)
  await settled(other)
  const heading = (name) => other.getByRole('heading', { level: 1, name }).waitFor()
  await other.locator('main').focus()
  await other.keyboard.type('gc')
  await heading('Clients')
  await settled(other)
  await other.keyboard.press('/')
  assert.equal(await other.evaluate(() => document.activeElement.type), 'search')
  await other.keyboard.type('phish')
  await other.keyboard.press('Enter')
  await other.waitForFunction(() => location.hash.includes('name=phish'))
  await settled(other)
  await other.keyboard.press('j')
  assert.match(await other.evaluate(() => document.activeElement.textContent), /phish/)
  assert.equal(await other.evaluate(() => getComputedStyle(document.activeElement.closest('tr').querySelector('time > :last-child')).visibility), 'visible')
  await other.keyboard.press('Enter')
  await heading(/phish/)
  await other.keyboard.press('?')
  await other.getByRole('dialog', { name: 'Keys' }).waitFor()
  await other.keyboard.press('Escape')
  assert.equal(await other.getByRole('dialog').count(), 0)
  await other.keyboard.type('gp')
  await heading('Policy')
  await settled(other)
  await other.getByLabel('The policy, as JSON').focus()
  await other.keyboard.press('Escape')
  assert.notEqual(await other.evaluate(() => document.activeElement.tagName), 'TEXTAREA')
  await other.keyboard.press('?')
  await other.getByLabel('Single keys do something').uncheck()
  await other.keyboard.press('Escape')
  await other.keyboard.type('gt')
  await settled(other)
  await heading('Policy')
  await other.goto(`${origin}/console`)
  await other.keyboard.press('Shift+Tab')
  await other.keyboard.press('Shift+Tab')
  await other.context().close()
})

await check('of registrations and refusals as many are as high, with numbers that can be read', async () => {
  const other = await tab({ viewport: { width: 360, height: 740 } })
  const hour = new Date().toISOString().slice(0, 13)
  await other.route((url) => url.pathname.endsWith('/counts'), (route) => route.fulfill({ json: { clients: 9, hours: [{ hour, registered: { oauth: 30, stet: 15 }, refused: 195, refusals: { authlete: 0, oauth: 150, stet: 45 } }] } }))
  await signIn(other)
  for (const width of [360, 1280]) {
    await other.setViewportSize({ width, height: 740 })
    await at(other, 'tokens')
    await at(other, 'today')
    const { registered, refused, below, texts, left } = await other.evaluate(() => {
      const box = (element) => element.getBoundingClientRect()
      const whole = box(document.querySelector('.chart svg'))
      const high = (kind) => [...document.querySelectorAll(`.chart rect${kind}`)].reduce((sum, rect) => sum + box(rect).height, 0)
      const texts = [...document.querySelectorAll('.chart text')].map((text) => ({ text: text.textContent, high: box(text).height, isIn: box(text).left >= whole.left - 1 && box(text).right <= whole.right + 1 }))
      return { registered: high(':not(.refusals)'), refused: high('.refusals'), below: high('.door1.refusals'), texts, left: whole.left - box(document.querySelector('main h1')).left }
    })
    assert.ok(Math.abs(registered / refused - 45 / 195) < 0.02 && Math.abs(below / refused - 45 / 195) < 0.02, `${registered} ${refused} ${below}`)
    assert.deepEqual(await other.locator('.legend li').allInnerTexts(), ['oauth 30 registered, 150 refused', 'stet 15 registered, 45 refused'])
    assert.deepEqual(texts.slice(0, 2).map(({ text }) => text), ['45', '195'])
    assert.ok(texts.length > 4 && texts.every(({ high, isIn }) => high > 11 && isIn), JSON.stringify(texts))
    assert.equal(left, 0)
  }
  await other.context().close()
})

await check('Today shows registrations and refusals by hour and door, as they are counted', async () => {
  await at(page, 'tokens')
  await at(page, 'today')
  const { hours } = (await operate('GET', '1/counts')).body
  const sum = (kind, door) => hours.reduce((sum, hour) => sum + (hour[kind][door] ?? 0), 0)
  const doors = [...new Set(hours.flatMap(({ refusals }) => Object.keys(refusals)))].sort()
  assert.ok(['authlete', 'oauth'].every((door) => sum('refusals', door) > 0), JSON.stringify(hours))
  const count = (number) => number.toLocaleString('en')
  assert.deepEqual(await page.locator('.legend li').allInnerTexts(), doors.map((door) => `${door} ${count(sum('registered', door))} registered, ${count(sum('refusals', door))} refused`))
  await page.getByText('The same as a table').click()
  const table = page.locator('figure table')
  assert.deepEqual(await table.locator('thead th').allTextContents(), ['Hour', ...doors.flatMap((door) => [`${door}: registered`, `${door}: refused`])])
  const shown = (await cells(table)).map(([, ...numbers]) => numbers)
  const rows = hours.toReversed().map(({ registered, refusals }) => doors.flatMap((door) => [registered[door] ?? 0, refusals[door] ?? 0]))
  assert.deepEqual(shown, rows.filter((numbers) => numbers.some(Boolean)).map((numbers) => numbers.map(count)))
})

// ---- Each screen: light and dark, wide and narrow.

const SCREENS = [
  'today', 'clients', 'clients?deleted=true', `clients/${registered[0].client_id}`, `clients/${registered[7].client_id}`, 'clients/unknown', 'groups', 'policy?member=redirect_uris.loopback', 'tokens', 'federation',
  `/${federation}/federation?entity=${encodeURIComponent(party)}`, `/${federation}/federation?entity=${encodeURIComponent(`${federationHost}/nobody`)}`, 'stet', '/2/stet', 'grants', `/${federation}/grants?subject=alice`, 'refused?rule=token_endpoint_auth_methods',
]

for (const [width, height] of [[1280, 900], [360, 740]]) {
  for (const colorScheme of ['light', 'dark']) {
    const other = await tab({ viewport: { width, height }, colorScheme })
    await other.goto(`${origin}/console`)
    await check(`accessible at ${width} pixels, ${colorScheme}: signing in`, async () => assert.deepEqual(await accessible(other), []))
    await signIn(other)
    for (const path of SCREENS) {
      await check(`accessible at ${width} pixels, ${colorScheme}: ${/[a-z]+/.exec(path)[0]} ${SCREENS.indexOf(path)}`, async () => {
        await at(other, path)
        assert.equal(await other.locator('.failure').count(), path === 'clients/unknown' ? 1 : 0, await main(other))
        assert.deepEqual(await accessible(other), [])
        assert.ok(await other.evaluate(() => [document.documentElement, document.getElementById('page')].every(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)), 'wider than the window')
        assert.deepEqual(await other.evaluate(() => [...document.querySelectorAll('td .short, td button')].filter((word) => !/[\s-]/.test(word.textContent.trim()) && word.getClientRects().length > 1).map((word) => word.textContent)), [], 'words break')
        if (width < 400) assert.ok(await other.evaluate(() => document.querySelector('header').offsetHeight <= 96), 'a high head')
        // WCAG 2.2 2.5.8; a link within a sentence is as high as that.
        assert.deepEqual(await other.evaluate(() => [...document.querySelectorAll('button, input, select, summary, nav a, td > a')].filter((target) => {
          const { width, height } = target.getBoundingClientRect()
          return width > 0 && (width < 24 || height < 24)
        }).map((target) => target.outerHTML.slice(0, 100))), [], 'small targets')
      })
    }
    await check(`accessible at ${width} pixels, ${colorScheme}: dialogs`, async () => {
      await other.getByRole('button', { name: 'Keys' }).click()
      assert.deepEqual(await accessible(other), [])
      await other.keyboard.press('Escape')
      await at(other, `clients/${registered[4].client_id}`)
      await other.getByRole('button', { name: 'Delete …' }).click()
      assert.deepEqual(await accessible(other), [])
      await other.getByRole('dialog').getByRole('button', { name: 'Copy as curl' }).click()
      assert.deepEqual(await accessible(other), [])
      await other.keyboard.press('Escape')
      await at(other, 'clients')
      await other.getByRole('button', { name: 'Register …' }).click()
      assert.deepEqual(await accessible(other), [])
      await other.keyboard.press('Escape')
    })
    await other.context().close()
  }
}

await check('long members and rules are no wider than the window', async () => {
  const sent = {
    redirect_uris: ['https://client.example/a/path/that/is/long/and/goes/on/cb'], token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=client.example,O=Example',
    subject_type: 'pairwise', sector_identifier_uri: 'https://sector.example/a/path/that/is/long/and/goes/on.json', token_endpoint_auth_signing_alg: 'ES256',
    backchannel_authentication_request_signing_alg: 'ES256', a_member_that_nobody_knows_at_all: 'https://unknown.example/a/path/that/is/long',
  }
  await changePolicy(({ token_endpoint_auth_methods: { offered } }) => ({ unannounced: 'drop', token_endpoint_auth_methods: { offered: [...offered, 'tls_client_auth'], unoffered: 'drop' } }))
  await at(page, 'policy')
  await page.getByLabel('What it sends').fill(JSON.stringify(sent))

  await page.getByRole('cell', { name: 'a_member_that_nobody_knows_at_all' }).waitFor()
  const { subject_type: _, sector_identifier_uri: __, ...registers } = sent
  const { body } = await register(registers)
  const isIn = async (what) => {
    for (const width of [360, 480, 640, 769, 900, 1024, 1200, 1280, 1440]) {
      await page.setViewportSize({ width, height: 800 })
      const [wide, room] = await page.evaluate(() => [document.getElementById('page').scrollWidth, document.getElementById('page').clientWidth])
      assert.ok(wide <= room, `${what} at ${width}: ${wide} in ${room}`)
    }
  }
  await isIn('the policy editor')
  await at(page, `clients/${body.client_id}`)
  await isIn('a client')
  await page.setViewportSize({ width: 1280, height: 900 })
  await putPolicy(policyBefore)
})

await check('the longest text has the most room, a rule stays in one piece, and no name lies below a checkbox', async () => {
  const { body: { client_id } } = await register({ ...redirect, client_name: 'A client with a name that is so long that it has to be shown in two lines or more on a telephone' })
  const other = await tab()
  await signIn(other)
  await settled(other)
  const { widths, lines } = await other.evaluate(() => {
    const [row] = [...document.querySelectorAll('main table')].filter((table) => table.querySelector('.why')).map((table) => table.rows[0])
    const rules = [...document.querySelectorAll('td[data-name=Rule]')].filter(({ textContent }) => /^\w+$/.test(textContent))
    const range = document.createRange()
    return { widths: [...row.cells].map(({ offsetWidth }) => offsetWidth), lines: rules.map((rule) => { range.selectNodeContents(rule.firstElementChild); return range.getClientRects().length }) }
  })
  assert.ok(widths.slice(1).every((width) => 1.5 * width < widths[0]), widths.join())
  assert.ok(lines.length > 3 && lines.every((many) => many === 1), lines.join())
  await other.setViewportSize({ width: 360, height: 740 })
  await at(other, `clients?client_id=${client_id}`)
  assert.ok(await other.evaluate(() => {
    const [name, box] = ['tbody td > a', 'tbody td > input'].map((selector) => document.querySelector(selector).getBoundingClientRect())
    return name.right <= box.left
  }))
  const [shown, whole] = await other.locator('.session select').evaluate((select) => {
    const text = document.createElement('span')
    text.textContent = select.selectedOptions[0].textContent
    Object.assign(text.style, { font: getComputedStyle(select).font, position: 'absolute' })
    document.body.append(text)
    const { width } = text.getBoundingClientRect()
    text.remove()
    // What opens the list takes room as well.
    return [select.clientWidth - 2 * parseFloat(getComputedStyle(select).paddingLeft) - 20, width]
  })
  assert.ok(whole <= shown, `${whole} in ${shown}`)
  await other.context().close()
})

await check('nothing is wider than the window, whatever its width', async () => {
  for (const path of ['today', 'clients', 'tokens', 'policy']) {
    await at(page, path)
    for (const width of [360, 480, 769, 900, 1024, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      const beyond = await page.evaluate(() => {
        const places = [document.documentElement, document.getElementById('page')]
        if (places.every(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)) return []
        return [...document.querySelectorAll('main *')].filter((element) => element.getBoundingClientRect().right > places[1].clientWidth).map((element) => element.outerHTML.slice(0, 200))
      })
      assert.deepEqual(beyond, [], `${path} at ${width}`)
    }
  }
})

// ---- The description of the API, which is not the console's, but as much a page of this server.

await check('the page about the API shows an operation and tries it', async () => {
  const docs = await tab()
  await docs.goto(`${origin}/docs#/authlete/authlete-info`)
  const operation = docs.locator('#operations-authlete-authlete-info')
  await operation.locator('.try-out__btn').click()
  await operation.locator('.execute').click()
  await operation.locator('.live-responses-table').getByText('oidc_federation').waitFor()
  assert.equal(await operation.locator('.request-url pre').textContent(), `${origin}/api/info`)
  await docs.close()
})

// ---- What was asked of whom.

await check('no request has left the origin, and none has a token in its address', async () => {
  assert.deepEqual([...new Set(asked.map((url) => new URL(url).origin))], [origin])
  assert.ok(asked.every((url) => !url.includes(demo.organization_token)))
})

await check('the browser complains of nothing', async () => assert.deepEqual(complaints, []))

await check('the files are below 100 KB, and are asked for again only if they have changed', async () => {
  const files = [...new Set(asked.map((url) => new URL(url).pathname).filter((path) => path.startsWith('/console') && path !== '/console/code'))]
  assert.ok(files.length > 20)
  let bytes = 0
  for (const path of files) {
    const response = await fetch(`${origin}${path}`)
    assert.equal(response.headers.get('content-encoding'), 'gzip', path)
    bytes += Number(response.headers.get('content-length'))
    await response.arrayBuffer()
    const again = await fetch(`${origin}${path}`, { headers: { 'if-none-match': response.headers.get('etag') } })
    assert.equal(again.status, 304, path)
  }
  assert.ok(bytes < 100_000, `${bytes}`)
})

await check('a server that does not answer is not said to be a wrong policy, and a token that has ended is told so', async () => {
  const { body: { value } } = await operate('POST', '1/tokens', { kind: 'service', permissions: ['service.read', 'service.write', 'client.read'], expires_in: 600 })
  const other = await tab()
  await signIn(other, value)
  await at(other, 'policy')
  const editor = other.getByLabel('The policy, as JSON')
  await other.route('**/policy/try', (route) => route.fulfill({ status: 503, json: { error: 'temporarily_unavailable' } }))
  await editor.fill((await editor.inputValue()).replace('"lookup_max_age": 60', '"lookup_max_age": 61'))
  await other.getByText('Not tried: why there is no answer to that, stands above.').waitFor()
  assert.doesNotMatch(await main(other), /is wrong/)
  await other.unroute('**/policy/try')
  await other.getByRole('button', { name: 'Try again' }).click()
  await other.getByRole('cell', { name: 'lookup_max_age', exact: true }).waitFor()
  const { body: { tokens } } = await operate('GET', '1/tokens?limit=100')
  const [mine] = tokens.filter(({ kind, expires_at, permissions }) => kind === 'service' && expires_at && permissions.includes('service.write'))
  assert.equal((await operate('DELETE', `1/tokens/${mine.token}`)).status, 204)
  for (let tries = 0; tries < 100 && await other.getByRole('navigation').count(); tries += 1) {
    await other.evaluate((tries) => { location.hash = tries % 2 ? '#/1/today' : '#/1/tokens' }, tries)
    await new Promise((done) => setTimeout(done, 200))
  }
  await other.getByText('You are signed out: that token is taken no more.').waitFor()
  await other.getByText('The draft of the policy stays').waitFor()
  await other.getByLabel('Token').fill(demo.organization_token)
  await other.keyboard.press('Enter')
  await other.getByRole('navigation').waitFor()
  await at(other, 'policy')
  assert.match(await other.getByLabel('The policy, as JSON').inputValue(), /"lookup_max_age": 61/)
  await other.context().close()
})

await check('empty screens say what is next', async () => {
  const other = await tab()
  for (const [path, json] of [['counts', { clients: 0, hours: [] }], ['refusals', { refusals: [] }], ['clients', { clients: [] }]]) {
    await other.route((url) => url.pathname.endsWith(`/1/${path}`), (route) => route.fulfill({ json }))
  }
  await signIn(other)
  const empty = async (path) => {
    await at(other, path)
    return main(other)
  }
  assert.match(await empty('today'), /No client is registered yet: Policy says who may register[^]*Nobody has registered, and nothing was refused\.[^]*Nothing was refused\./)
  assert.match(await empty('clients'), /No client is registered yet\. Policy says who may register/)
  assert.match(await empty('clients?locked=true'), /No such client\./)
  assert.match(await empty('refused?rule=limits'), /What was refused stands on Today/)
  await empty('clients/unknown')
  await other.getByRole('link', { name: 'All clients' }).click()
  await other.getByText('No client is registered yet').waitFor()
  await other.context().close()
})

await check('leaving forgets the token', async () => {
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Token').waitFor()
  await page.goBack()
  assert.equal(await page.getByRole('navigation').count(), 0)
})

if (process.env.CONSOLE_SCREENSHOTS) {
  mkdirSync(process.env.CONSOLE_SCREENSHOTS, { recursive: true })
  const other = await tab({ viewport: { width: 1280, height: 900 } })
  await signIn(other)
  for (const [name, path] of [['today', 'today'], ['clients', 'clients'], ['client', `clients/${registered[3].client_id}`], ['policy', `refused?description=${encodeURIComponent('redirect_uris[0]: http is allowed for 127.0.0.1, [::1] and localhost only')}`]]) {
    await at(other, path)
    await other.screenshot({ path: `${process.env.CONSOLE_SCREENSHOTS}/${name}.png` })
  }
}

await browser.close()
