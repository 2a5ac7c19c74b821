// What the checks of Authlete's runtime share: the SDK, what it was answered, and keys for a service.

import { setTimeout as sleep } from 'node:timers/promises'
import { Authlete, HTTPClient } from '@authlete/typescript-sdk'
import { exportJWK, generateKeyPair } from 'jose'
import { demo } from './checks.mjs'

/** Every JSON answer that an SDK of `sdk` or a caller of `note` has had. */
export const answers = []

/** Keeps an answer, and waits when little is left of the token's rate. */
export async function note(response, { method, url }) {
  const text = await response.clone().text()
  if (text) answers.push({ operation: `${method} ${new URL(url).pathname}`, text })
  const { 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': reset } = Object.fromEntries(response.headers)
  if (remaining && remaining < 20) await sleep(Math.max(0, reset * 1000 - Date.now()) + 100)
}

/** An SDK with a token; with a `body`, every request of it carries that one instead of the SDK's. */
export function sdk(bearer = demo.organization_token, body) {
  const httpClient = new HTTPClient().addHook('response', note)
  if (body) httpClient.addHook('beforeRequest', (request) => new Request(request, { body: JSON.stringify(body) }))
  return new Authlete({ serverURL: demo.base_url, bearer, httpClient })
}

/** Where there is a null; what a client is sent counts as well. */
function* nulls(value, path) {
  if (value === null) yield path
  else if (typeof value === 'object') {
    for (const [name, member] of Object.entries(value)) yield* nulls(member, `${path}/${name}`)
  } else if (path.endsWith('/responseContent') && value.startsWith('{')) yield* nulls(JSON.parse(value), path)
}

/** The nulls of all answers so far. */
export const nullsOfAnswers = () =>
  answers.flatMap(({ operation, text }) => [...nulls(JSON.parse(text), `${operation}: `)])

async function privateKey(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return { ...(await exportJWK(privateKey)), kid: `runtime-${alg}`, alg, use: 'sig' }
}

/** A key set that signs with RS256 and ES256. */
export const privateKeys = async () =>
  JSON.stringify({ keys: [await privateKey('RS256'), await privateKey('ES256')] })

/** Scopes with those names. */
export const scopes = (names) => names.split(' ').map((name) => ({ name, defaultEntry: false }))
