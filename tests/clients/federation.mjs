// npm `@openid-federation/core`: a relying party's view of the provider. It resolves the provider's trust chains up to
// the trust anchor: fetches its entity configuration and what its superiors say of it, verifies all of it (with npm
// `jose`), and applies their metadata policy.
//
// Takes the path of the server's demo.json and the folder of federation_entities.py. NODE_EXTRA_CA_CERTS has to name
// the certificates of both servers. The package takes the trust anchor's keys from the network, so they are compared
// here with those that are known.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchEntityConfiguration, fetchEntityStatement, resolveTrustChains } from '@openid-federation/core'
import { compactVerify, importJWK } from 'jose'
import { check, demo } from './checks.mjs'

const folder = process.argv[3]
const read = (name) => readFileSync(join(folder, name), 'utf8')
const url = read('url')
const anchorKeys = JSON.parse(read('ta.json'))
const providerKeys = JSON.parse(read('provider.json')).jwks

const verifyJwtCallback = async ({ jwt, header, jwk }) => {
  await compactVerify(jwt, await importJWK(jwk, header.alg), { algorithms: [jwk.alg] })
  return true
}

const resolve = (anchor) =>
  resolveTrustChains({ entityId: demo.issuer, trustAnchorEntityIds: [anchor], verifyJwtCallback })

await check('reads the entity configuration', async () => {
  const configuration = await fetchEntityConfiguration({ entityId: demo.issuer, verifyJwtCallback })
  assert.equal(configuration.iss, demo.issuer)
  assert.equal(configuration.sub, demo.issuer)
  assert.deepEqual(configuration.jwks, providerKeys)
  assert.deepEqual(configuration.authority_hints, [`${url}/ta`, `${url}/providers`])
  const provider = configuration.metadata.openid_provider
  assert.equal(provider.federation_registration_endpoint, `${demo.issuer}/federation/register`)
})

await check("reads the trust anchor's statement about the provider", async () => {
  const statement = await fetchEntityStatement({ iss: `${url}/ta`, sub: demo.issuer, verifyJwtCallback })
  assert.equal(statement.sub, demo.issuer)
  assert.deepEqual(statement.jwks, providerKeys)
})

// From the provider's immediate superior up: the statements, and at last the trust anchor's configuration.
const paths = { 'directly below the trust anchor': ['ta', 'ta'], 'below an intermediate': ['providers', 'ta', 'ta'] }

for (const [path, issuers] of Object.entries(paths)) {
  await check(`resolves a trust chain of the provider ${path}`, async () => {
    const chains = await resolve(`${url}/ta`)
    assert.equal(chains.length, Object.keys(paths).length, 'the number of chains')
    const found = chains.find(({ chain }) => chain.length === issuers.length) ?? assert.fail('there is none')
    assert.deepEqual(found.chain.map(({ iss }) => iss), issuers.map((name) => `${url}/${name}`))
    assert.equal(found.valid, true)
    assert.deepEqual(found.trustAnchorEntityConfiguration.jwks, anchorKeys)
    const provider = found.resolvedLeafMetadata.openid_provider
    assert.equal(provider.issuer, demo.issuer)
    assert.deepEqual([...provider.client_registration_types_supported].sort(), ['automatic', 'explicit'])
    assert.equal(provider.federation_registration_endpoint, `${demo.issuer}/federation/register`)
    assert.equal(provider.organization_name, 'Providers SA')
  })
}

await check('resolves no trust chain to a trust anchor of somebody else', async () => {
  assert.deepEqual(await resolve(`${url}/another-ta`), [])
})
