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

/** What authorization, issue and fail send to the browser. */
function toBrowser(answer) {
  const { action, responseContent } = answer
  switch (action) {
    case 'LOCATION':
      return redirect(responseContent)
    case 'FORM':
      return html(responseContent)
    case 'BAD_REQUEST':
      return json(400, responseContent)
    case 'INTERNAL_SERVER_ERROR':
      return json(500, responseContent)
    default:
      throw unexpected(answer)
  }
}

/** The errors of introspection and userinfo. */
function toResourceServer(answer) {
  const { action, responseContent } = answer
  switch (action) {
    case 'BAD_REQUEST':
      return challenge(400, responseContent)
    case 'UNAUTHORIZED':
      return challenge(401, responseContent)
    case 'FORBIDDEN':
      return challenge(403, responseContent)
    case 'INTERNAL_SERVER_ERROR':
      return challenge(500, responseContent)
    default:
      throw unexpected(answer)
  }
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
    switch (answer.action) {
      case 'CREATED':
        return json(201, answer.responseContent)
      case 'BAD_REQUEST':
        return json(400, answer.responseContent)
      case 'UNAUTHORIZED':
        return unauthorized(answer.responseContent)
      case 'FORBIDDEN':
        return json(403, answer.responseContent)
      case 'PAYLOAD_TOO_LARGE':
        return json(413, answer.responseContent)
      case 'INTERNAL_SERVER_ERROR':
        return json(500, answer.responseContent)
      default:
        throw unexpected(answer)
    }
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
    switch (answer.action) {
      case 'OK':
        return json(200, answer.responseContent)
      case 'BAD_REQUEST':
        return json(400, answer.responseContent)
      case 'INVALID_CLIENT':
        return unauthorized(answer.responseContent)
      case 'INTERNAL_SERVER_ERROR':
        return json(500, answer.responseContent)
      default:
        throw unexpected(answer)
    }
  }

  async function introspect({ body }) {
    const standardIntrospectionRequest = { parameters: body }
    const answer = await authlete.introspection.standardProcess({ serviceId, standardIntrospectionRequest })
    switch (answer.action) {
      case 'OK':
        return json(200, answer.responseContent)
      case 'BAD_REQUEST':
        return json(400, answer.responseContent)
      case 'INTERNAL_SERVER_ERROR':
        return json(500, answer.responseContent)
      default:
        throw unexpected(answer)
    }
  }

  async function revoke({ body, headers }) {
    const revocationRequest = { parameters: body, ...basic(headers) }
    const answer = await authlete.revocation.process({ serviceId, revocationRequest })
    switch (answer.action) {
      case 'OK':
        return { status: 200, headers: { 'content-type': 'application/javascript' }, body: answer.responseContent }
      case 'INVALID_CLIENT':
        return unauthorized(answer.responseContent)
      case 'BAD_REQUEST':
        return json(400, answer.responseContent)
      case 'INTERNAL_SERVER_ERROR':
        return json(500, answer.responseContent)
      default:
        throw unexpected(answer)
    }
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
