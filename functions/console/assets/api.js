// The operators' API. The token is in this module's memory and nowhere else.

import { json, quoted } from './shell.js'

/** Beside the console, whatever is before its path. */
const API = new URL('../operator/', import.meta.url)

let token = ''
let refused

/** For how long what was changed may not be written down yet, in milliseconds; and when something was changed here. */
const WRITING = 5000
let changedAt = -Infinity

export const hasJustChanged = () => performance.now() - changedAt < WRITING

/** What is done when the token is no longer taken. */
export function whenRefused(act) {
  refused = act
}

export function signOut() {
  token = ''
}

/** An answer that says no, or none at all, what was asked, and the permission that was missing, where one helps. */
export class Failure extends Error {
  constructor(asked, status, members, needs) {
    super(members.error_description ?? members.message ?? members.error ?? `the answer is ${status}`)
    Object.assign(this, { asked, status, members, needs })
  }
}

export const segment = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)

function url(path, query) {
  const target = new URL(path, API)
  for (const [name, value] of Object.entries(query ?? {})) if (value) target.searchParams.set(name, value)
  return target
}

/** Of `['GET', '1/clients', { name: 'x' }, body, headers]`, as all requests are written here: the members of its answer, and its ETag. */
export async function ask(request, signal) {
  const [method, path, query, body, headers] = request
  const sent = { Authorization: `Bearer ${token}`, ...headers }
  const answer = await answered(request, url(path, query), { method, signal, headers: sent }, body)
  if (method !== 'GET' && !path.endsWith('/try')) changedAt = performance.now()
  return answer
}

export const get = async (path, query, signal) => (await ask(['GET', path, query], signal)).members

async function answered(asked, target, options, body) {
  const headers = body ? { ...options.headers, 'Content-Type': 'application/json' } : options.headers
  const apart = { credentials: 'omit', cache: 'no-store', redirect: 'error', referrerPolicy: 'no-referrer' }
  let response
  try {
    response = await fetch(target, { ...options, ...apart, headers, body: body && JSON.stringify(body) })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new Failure(asked, 0, { error_description: 'The server does not answer.' })
  }
  const text = await response.text()
  let members
  try {
    members = JSON.parse(text || '{}')
  } catch {
    members = { error_description: text.slice(0, 500) }
  }
  if (response.ok) return { members, etag: response.headers.get('etag') }
  const waits = response.headers.get('retry-after')
  // RFC 6750 §3.
  const [, needs] = /scope="([^"]+)"/.exec(response.headers.get('www-authenticate')) ?? []
  const failure = new Failure(asked, response.status, waits ? { ...members, retry_after: waits } : members, needs)
  if (response.status === 401 && token) refused(failure)
  throw failure
}

/** What a service announces of its authorization server (RFC 8414), if it is published beside the console. */
export async function announced(id, signal) {
  const path = `${segment(id)}/.well-known/oauth-authorization-server`
  return answered(['GET', path], new URL(path, new URL('..', API)), { signal }).then(({ members }) => members, (error) => {
    if (error.name === 'AbortError') throw error
  })
}

/** Signs in with that token: who its bearer is. */
export async function signIn(text) {
  token = ''
  const { members } = await answered(['GET', 'whoami'], url('whoami'), { headers: { Authorization: `Bearer ${text}` } })
  token = text
  return members
}

/** The token that a one-time code is for, which `registrar serve` has printed. */
export async function exchange(code) {
  return (await answered(['POST', 'console/code'], new URL('code', import.meta.url), { method: 'POST' }, { code })).members.token
}

/** The same request for a terminal, with `$TOKEN` in the place of the token. */
export function curl([method, path, query, body, headers = {}]) {
  const header = (text) => `-H ${quoted(text)}`
  return ['curl', method !== 'GET' && `-X ${method}`, quoted(url(path, query).href), '-H "Authorization: Bearer $TOKEN"',
    ...Object.entries(headers).map(([name, value]) => header(`${name}: ${value}`)),
    body && `${header('Content-Type: application/json')} -d ${quoted(json(body))}`].filter(Boolean).join(' ')
}
