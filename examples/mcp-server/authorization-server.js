// The SDK's OAuthServerProvider. It keeps codes and tokens in memory; clients are Registrar's.

import { randomBytes } from 'node:crypto'
import {
  AccessDeniedError,
  CustomOAuthError,
  InvalidGrantError,
  InvalidScopeError,
  InvalidTargetError,
  InvalidTokenError,
  ServerError,
  UnauthorizedClientError,
} from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { Refused, Unavailable } from '../clients.mjs'

export const SCOPE = 'tools'

const USER = 'demo'
const ACCESS = 3600
const METHODS = ['none', 'client_secret_post']

/** The SDK answers 500 to a ServerError, and 400 to all others, which programs take for final. */
class TemporarilyUnavailable extends ServerError {
  static errorCode = 'temporarily_unavailable'
}

/** Things under names that cannot be guessed, for some seconds. */
class Kept {
  #things = new Map()

  put(thing, seconds) {
    const name = randomBytes(32).toString('base64url')
    this.#things.set(name, thing)
    setTimeout(() => this.#things.delete(name), seconds * 1000).unref()
    return name
  }

  get(name) {
    return this.#things.get(name)
  }

  take(name) {
    const thing = this.#things.get(name)
    this.#things.delete(name)
    return thing
  }
}

export class AuthorizationServer {
  #clients
  #resource
  #requests = new Kept()
  #codes = new Kept()
  #access = new Kept()
  #refresh = new Kept()

  constructor(clients, resource) {
    this.#clients = clients
    this.#resource = resource
  }

  // Without registerClient the SDK serves no registration endpoint.
  clientsStore = { getClient: (clientId) => this.#client(clientId) }

  async #client(clientId) {
    let client
    try {
      client = await this.#clients.find(clientId)
    } catch (error) {
      if (error instanceof Unavailable) throw new TemporarilyUnavailable(error.message)
      if (error instanceof Refused) throw new CustomOAuthError(error.error, error.message)
      console.error(error.message)
      throw error
    }
    if (!client) return undefined
    // The SDK checks a secret if there is one and nothing else: a client that signs would not be authenticated at all.
    if (!METHODS.includes(client.token_endpoint_auth_method)) {
      throw new UnauthorizedClientError(`token_endpoint_auth_method must be ${METHODS.join(' or ')}`)
    }
    return { ...client, redirect_uris: client.redirect_uris ?? [] }
  }

  /** The SDK has compared the redirect URI. The user decides before anything is sent there. */
  async authorize(client, { state, scopes, codeChallenge, redirectUri, resource }, response) {
    if (!client.grant_types.includes('authorization_code'))
      throw new UnauthorizedClientError('the client has no such grant')
    if (resource && resource.href !== this.#resource.href)
      throw new InvalidTargetError(`the resource is ${this.#resource}`)
    if (scopes.some((scope) => scope !== SCOPE) || client.requestable_scopes?.includes(SCOPE) === false) {
      throw new InvalidScopeError(`the client may ask for ${client.requestable_scopes?.join(' ') ?? SCOPE}`)
    }
    const browser = randomBytes(32).toString('base64url')
    const request = this.#requests.put({ clientId: client.client_id, state, codeChallenge, redirectUri, browser }, 600)
    response.cookie(`request-${request}`, browser, {
      httpOnly: true,
      secure: this.#resource.protocol === 'https:',
      sameSite: 'strict',
      path: '/approve',
      maxAge: 600_000,
    })
    response.set('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
    response.type('html').send(page(client, redirectUri, request))
  }

  /** What the user has decided. Only the browser that was shown the page may say it, and once. */
  approve({ body, headers }, response) {
    const request = this.#requests.get(body?.request)
    if (!request || !headers.cookie?.split('; ').includes(`request-${body.request}=${request.browser}`)) {
      return response.status(400).type('text').send('This page is not good any more. Start again where you began.')
    }
    this.#requests.take(body.request)
    const answer = new URL(request.redirectUri)
    if (body.decision === 'allow') answer.searchParams.set('code', this.#codes.put({ ...request, user: USER }, 60))
    else answer.searchParams.set('error', AccessDeniedError.errorCode)
    if (request.state !== undefined) answer.searchParams.set('state', request.state)
    response.redirect(303, answer.href)
  }

  async challengeForAuthorizationCode(client, code) {
    return this.#issued(this.#codes, code, client).codeChallenge
  }

  async exchangeAuthorizationCode(client, code, _verifier, redirectUri, resource) {
    const request = this.#issued(this.#codes, code, client)
    this.#codes.take(code)
    if (redirectUri !== undefined && redirectUri !== request.redirectUri)
      throw new InvalidGrantError('another redirect_uri')
    return this.#tokens(client, request.user, resource)
  }

  async exchangeRefreshToken(client, refreshToken, scopes = [], resource) {
    if (!client.grant_types.includes('refresh_token')) throw new UnauthorizedClientError('the client has no such grant')
    const { user } = this.#issued(this.#refresh, refreshToken, client)
    if (scopes.some((scope) => scope !== SCOPE)) throw new InvalidScopeError(`the token is for ${SCOPE}`)
    const tokens = this.#tokens(client, user, resource)
    this.#refresh.take(refreshToken)
    return tokens
  }

  async verifyAccessToken(token) {
    const found = this.#access.get(token)
    if (!found) throw new InvalidTokenError('the token is unknown or has ended')
    return { token, ...found }
  }

  #issued(kept, name, client) {
    const found = kept.get(name)
    if (found?.clientId !== client.client_id) throw new InvalidGrantError('it is unknown, used, or has ended')
    return found
  }

  #tokens({ client_id: clientId, grant_types }, user, resource = this.#resource) {
    if (resource.href !== this.#resource.href) throw new InvalidTargetError(`the resource is ${this.#resource}`)
    const expiresAt = Math.floor(Date.now() / 1000) + ACCESS
    const access = { clientId, scopes: [SCOPE], expiresAt, resource, extra: { user } }
    const tokens = {
      token_type: 'Bearer',
      access_token: this.#access.put(access, ACCESS),
      expires_in: ACCESS,
      scope: SCOPE,
    }
    if (grant_types.includes('refresh_token')) tokens.refresh_token = this.#refresh.put({ clientId, user }, 14 * 86_400)
    return tokens
  }
}

const escaped = (text) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** There is no login: whoever opens the page is the demo user. */
function page({ client_id, client_name, metadata_document: document }, redirectUri, request) {
  const { host, protocol } = new URL(redirectUri)
  return `<!doctype html>
<meta charset="utf-8">
<title>Allow a program?</title>
<h1>${escaped(client_name ?? client_id)}</h1>
<p>asks to use the tools of this server for you. ${
    document
      ? `It is described by <strong>${escaped(document.host)}</strong>.`
      : 'That is what it calls itself: nobody has checked it.'
  }
<p>You are sent to <strong>${escaped(host || protocol)}</strong> afterwards.${
    document?.loopback_only ? ' Any program on your machine can be waiting there.' : ''
  }
<form method="post" action="/approve">
  <input type="hidden" name="request" value="${request}">
  <button name="decision" value="allow">Allow</button>
  <button name="decision" value="deny">Deny</button>
</form>
`
}
