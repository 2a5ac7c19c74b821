// An OpenID provider that keeps no clients: oidc-provider, whose adapter looks them up at Registrar.

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { errors, Provider } from 'oidc-provider'
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js'
import { Clients, Refused, Unavailable } from '../clients.mjs'

const SCOPES = ['openid', 'offline_access', 'profile']

const clients = Clients.configured()

class TemporarilyUnavailable extends errors.TemporarilyUnavailable {
  status = 503
  statusCode = 503
}

/** Adapter of the model Client. oidc-provider does the rest: it compares redirect URIs, secrets and signatures. */
const registered = {
  async find(id) {
    try {
      const client = await clients.find(id)
      return client && metadata(client)
    } catch (error) {
      if (error instanceof Unavailable) {
        console.error(error.message)
        Provider.ctx?.set('retry-after', String(error.retryAfter))
        throw new TemporarilyUnavailable(undefined, { cause: error })
      }
      if (error instanceof Refused) throw new errors.CustomOIDCProviderError(error.error, error.message)
      throw error
    }
  },
}

/** What oidc-provider knows of the client. It takes no client with a scope that it does not have itself. */
function metadata({ requestable_scopes, scope, ...client }) {
  const scopes = requestable_scopes ?? scope?.split(' ')
  if (!scopes) return client
  const known = scopes.filter((scope) => SCOPES.includes(scope))
  if (known.length === 0) throw new Refused('unauthorized_client', 'the client may ask for no scope of this server')
  return { ...client, scope: known.join(' ') }
}

const inMemory = createMemoryAdapter()

// The issuer has to be known before the provider is made: with PORT=0 the system chooses it.
const server = createServer().listen(Number(process.env.PORT ?? 9000), '127.0.0.1')
await once(server, 'listening')
const issuer = process.env.ISSUER ?? `http://127.0.0.1:${server.address().port}`

const provider = new Provider(issuer, {
  adapter: (model) => (model === 'Client' ? registered : inMemory(model)),
  discovery: clients.metadata,
  scopes: SCOPES,
  claims: { openid: ['sub'], profile: ['name'] },
  findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub }) }),
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: true }, // any name and any password: put your login here
    introspection: { enabled: true },
    revocation: { enabled: true },
  },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
})
provider.on('server_error', (ctx, error) => console.error(`${ctx.method} ${ctx.path}: ${error.message}`))

server.on('request', provider.callback())
console.log(`issuer ${issuer}`)
console.log(`clients register at ${clients.metadata.registration_endpoint}`)
