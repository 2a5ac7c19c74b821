// A thin authorization server on npm `@authlete/typescript-sdk`: one function for each endpoint, which passes on what
// it is asked and does what the action says. It has no state. Its user is always logged in and consents, unless the
// authorization request ends in `&decision=`: with a reason to fail, or with `page` for a page that names the ticket
// and asks; the answer goes to /decision.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { demo } from './checks.mjs'

export const USER = {
  subject: 'alice',
  password: 'any',
  claims: { name: 'Alice <"the user">', email: 'alice@as.example', email_verified: true },
}
const CONSENT = 'consent'

// What is sent to a client or a browser.

const json = (status, body, headers) => ({ status, headers: { 'content-type': 'application/json', ...headers }, body })
const html = (body) => ({ status: 200, headers: { 'content-type': 'text/html;charset=UTF-8' }, body })
const redirect = (location) => ({ status: 302, headers: { location } })
const challenge = (status, value) => ({ status, headers: { 'www-authenticate': value } })
const unauthorized = (body) => json(401, body, { 'www-authenticate': 'Basic realm="token"' })

function unexpected({ action, resultMessage }) {
  return new Error(`the action is ${action}: ${resultMessage}`)
}

/** The status of an action, if it is one of those that the operation has. */
const STATUS = {
  OK: 200,
  CREATED: 201,
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  INVALID_CLIENT: 401,
  FORBIDDEN: 403,
  PAYLOAD_TOO_LARGE: 413,
  INTERNAL_SERVER_ERROR: 500,
}

function statusOf(answer, actions) {
  if (!actions.includes(answer.action)) throw unexpected(answer)
  return STATUS[answer.action]
}

/** What authorization, issue and fail send to the browser. */
function toBrowser(answer) {
  const { action, responseContent } = answer
  if (action === 'LOCATION') return redirect(responseContent)
  if (action === 'FORM') return html(responseContent)
  return json(statusOf(answer, ['BAD_REQUEST', 'INTERNAL_SERVER_ERROR']), responseContent)
}

/** What a client is told that has shown who it is. */
function toClient(answer, actions) {
  const status = statusOf(answer, actions)
  return status === 401 ? unauthorized(answer.responseContent) : json(status, answer.responseContent)
}

/** The errors of introspection and userinfo. */
function toResourceServer(answer) {
  const actions = ['BAD_REQUEST', 'UNAUTHORIZED', 'FORBIDDEN', 'INTERNAL_SERVER_ERROR']
  return challenge(statusOf(answer, actions), answer.responseContent)
}

// What is read from a request.

/** The two parts of Basic credentials as they are, not form-decoded. */
function basic({ authorization }) {
  const [, encoded] = /^Basic (.+)$/i.exec(authorization ?? '') ?? []
  if (!encoded) return {}
  const [, clientId, clientSecret] = /^([^:]*):?(.*)$/s.exec(Buffer.from(encoded, 'base64').toString())
  return { clientId, clientSecret }
}

const bearer = ({ authorization }) => /^(?:Bearer|DPoP) (.+)$/i.exec(authorization ?? '')?.[1] ?? ''

/** The user's claims of those names. */
const claimsOf = (names = []) =>
  JSON.stringify(Object.fromEntries(Object.entries(USER.claims).filter(([name]) => names.includes(name))))

/** The endpoints of the authorization server of a service, by method and path. */
function endpoints(authlete, serviceId) {
  async function decide(ticket, decision, claims) {
    if (decision !== CONSENT) {
      return toBrowser(
        await authlete.authorization.fail({ serviceId, authorizationFailRequest: { ticket, reason: decision } }),
      )
    }
    const authTime = Math.floor(Date.now() / 1000)
    const authorizationIssueRequest = { ticket, subject: USER.subject, authTime, claims: claimsOf(claims) }
    return toBrowser(await authlete.authorization.issue({ serviceId, authorizationIssueRequest }))
  }

  async function authorize({ query }) {
    const [, parameters, decision = CONSENT] = /^(.*?)(?:&decision=(\w+))?$/s.exec(query)
    const answer = await authlete.authorization.processRequest({ serviceId, authorizationRequest: { parameters } })
    if (!['INTERACTION', 'NO_INTERACTION'].includes(answer.action)) return toBrowser(answer)
    if (decision !== 'page') return decide(answer.ticket, decision, answer.claims)
    return html(`<form method="post" action="/decision"><input name="ticket" value="${answer.ticket}"></form>`)
  }

  async function decision({ body }) {
    const { ticket, decision } = Object.fromEntries(new URLSearchParams(body))
    return decide(ticket, decision)
  }

  async function par({ body, headers }) {
    const pushedAuthorizationRequest = { parameters: body, ...basic(headers) }
    const answer = await authlete.pushedAuthorization.create({ serviceId, pushedAuthorizationRequest })
    const actions = ['CREATED', 'BAD_REQUEST', 'UNAUTHORIZED', 'FORBIDDEN', 'PAYLOAD_TOO_LARGE', 'INTERNAL_SERVER_ERROR']
    return toClient(answer, actions)
  }

  async function password({ ticket, username, password }) {
    if (username !== USER.subject || password !== USER.password) {
      const tokenFailRequest = { ticket, reason: 'INVALID_RESOURCE_OWNER_CREDENTIALS' }
      return authlete.token.fail({ serviceId, tokenFailRequest })
    }
    return authlete.token.issue({ serviceId, tokenIssueRequest: { ticket, subject: USER.subject } })
  }

  async function token({ body, headers }) {
    const processed = await authlete.token.process({ serviceId, tokenRequest: { parameters: body, ...basic(headers) } })
    const answer = processed.action === 'PASSWORD' ? await password(processed) : processed
    return toClient(answer, ['OK', 'BAD_REQUEST', 'INVALID_CLIENT', 'INTERNAL_SERVER_ERROR'])
  }

  async function introspect({ body }) {
    const standardIntrospectionRequest = { parameters: body }
    const answer = await authlete.introspection.standardProcess({ serviceId, standardIntrospectionRequest })
    return toClient(answer, ['OK', 'BAD_REQUEST', 'INTERNAL_SERVER_ERROR'])
  }

  async function revoke({ body, headers }) {
    const revocationRequest = { parameters: body, ...basic(headers) }
    const answer = await authlete.revocation.process({ serviceId, revocationRequest })
    if (answer.action === 'OK') {
      return { status: 200, headers: { 'content-type': 'application/javascript' }, body: answer.responseContent }
    }
    return toClient(answer, ['INVALID_CLIENT', 'BAD_REQUEST', 'INTERNAL_SERVER_ERROR'])
  }

  async function userinfo({ headers }) {
    const token = bearer(headers)
    const answer = await authlete.userinfo.process({ serviceId, userinfoRequest: { token } })
    if (answer.action !== 'OK') return toResourceServer(answer)
    const userinfoIssueRequest = { token, claims: claimsOf(answer.claims) }
    const issued = await authlete.userinfo.issue({ serviceId, userinfoIssueRequest })
    switch (issued.action) {
      case 'JSON':
        return json(200, issued.responseContent)
      case 'JWT':
        return { status: 200, headers: { 'content-type': 'application/jwt' }, body: issued.responseContent }
      default:
        return toResourceServer(issued)
    }
  }

  async function jwks() {
    return json(200, JSON.stringify(await authlete.jwkSetEndpoint.serviceJwksGetApi({ serviceId })))
  }

  // The SDK drops every member of the configuration.
  async function configuration() {
    const headers = { authorization: `Bearer ${demo.organization_token}` }
    const response = await fetch(`${demo.base_url}/api/${serviceId}/service/configuration`, { headers })
    return json(response.status, await response.text())
  }

  return {
    'GET /authorize': authorize,
    'POST /decision': decision,
    'POST /par': par,
    'POST /token': token,
    'POST /introspect': introspect,
    'POST /revoke': revoke,
    'GET /userinfo': userinfo,
    'POST /userinfo': userinfo,
    'GET /jwks': jwks,
    'GET /.well-known/openid-configuration': configuration,
  }
}

async function answer(endpoint, request, query) {
  if (!endpoint) return json(404, '{"error":"not_found"}')
  try {
    const body = Buffer.concat(await request.toArray()).toString()
    return await endpoint({ query, body, headers: request.headers })
  } catch (error) {
    return json(500, JSON.stringify({ error: 'server_error', error_description: error.message }))
  }
}

/** Starts it on a free port; answers its URL, the endpoints that its service must name, and how it is ended. */
export async function authorizationServer(authlete, serviceId) {
  const served = endpoints(authlete, serviceId)
  const server = createServer(async (request, response) => {
    const [path, ...query] = request.url.split('?')
    const { status, headers, body } = await answer(served[`${request.method} ${path}`], request, query.join('?'))
    response.writeHead(status, { 'cache-control': 'no-store', pragma: 'no-cache', ...headers })
    response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  return {
    url,
    members: {
      issuer: url,
      authorizationEndpoint: `${url}/authorize`,
      pushedAuthReqEndpoint: `${url}/par`,
      tokenEndpoint: `${url}/token`,
      introspectionEndpoint: `${url}/introspect`,
      revocationEndpoint: `${url}/revoke`,
      userInfoEndpoint: `${url}/userinfo`,
      jwksUri: `${url}/jwks`,
    },
    close: () => (server.close(), server.closeAllConnections()),
  }
}
