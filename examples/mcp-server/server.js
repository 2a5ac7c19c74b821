// An MCP server that is its own authorization server and keeps no clients: hosts register at Registrar, and the SDK's
// OAuth endpoints look them up there.

import { once } from 'node:events'
import express from 'express'
import { metadataHandler } from '@modelcontextprotocol/sdk/server/auth/handlers/metadata.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import {
  createOAuthMetadata,
  getOAuthProtectedResourceMetadataUrl,
  mcpAuthRouter,
} from '@modelcontextprotocol/sdk/server/auth/router.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { Clients } from '../clients.mjs'
import { AuthorizationServer, SCOPE } from './authorization-server.js'

// The issuer has to be known before the endpoints are: with PORT=0 the system chooses it.
const app = express()
const listener = app.listen(Number(process.env.PORT ?? 9002), '127.0.0.1')
await once(listener, 'listening')
const issuerUrl = new URL(process.env.ISSUER ?? `http://127.0.0.1:${listener.address().port}`)
const resource = new URL('/mcp', issuerUrl)

const clients = Clients.configured()
const provider = new AuthorizationServer(clients, resource)
const options = { provider, issuerUrl, resourceServerUrl: resource, resourceName: 'Example', scopesSupported: [SCOPE] }

// The SDK names a registration endpoint of its own or none. Whoever answers first is asked: this names Registrar's.
const metadata = { ...createOAuthMetadata(options), ...clients.metadata }
app.use('/.well-known/oauth-authorization-server', metadataHandler(metadata))
app.use(mcpAuthRouter(options))
app.post('/approve', express.urlencoded({ extended: false }), (request, response) =>
  provider.approve(request, response),
)

const bearer = requireBearerAuth({
  verifier: provider,
  requiredScopes: [SCOPE],
  resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource),
})

app.post('/mcp', bearer, express.json(), async (request, response) => {
  const server = new McpServer({ name: 'example', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Which client calls, and for whom' }, ({ authInfo }) => ({
    content: [{ type: 'text', text: `${authInfo.clientId} for ${authInfo.extra.user}` }],
  }))
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  response.on('close', () => server.close())
  await server.connect(transport)
  await transport.handleRequest(request, response, request.body)
})
app.all('/mcp', (request, response) => response.status(405).set('allow', 'POST').end())

console.log(`MCP server ${resource}`)
console.log(`clients register at ${clients.metadata.registration_endpoint}`)
