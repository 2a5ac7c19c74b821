// The operators' API. The token is in this module's memory and nowhere else.

import { json, quoted } from './shell.js'

/** Where the API is: beside the console, whatever is before its path. */
const API = new URL('../operator/', import.meta.url)
const CODE = new URL('./code', import.meta.url)

let token = ''
let refusedToken = () => {}

/** What is done when the token is no longer taken. */
export function whenRefused(act) {
  refusedToken = act
}

export function signOut() {
  token = ''
}

/** An answer that says no, or none at all, and what was asked. */
export class Failure extends Error {
  constructor(asked, status, members) {
    super(members.error_description ?? members.message ?? members.error ?? `the answer is ${status}`)
    Object.assign(this, { asked, status, members })
  }
}

/** A path below the API, with a query of what is given. */
function url(path, query = {}) {
  const target = new URL(path, API)
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') target.searchParams.set(name, value)
  }
  return target
}

/** A part of a path. */
export function segment(text) {
  return encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)
}

/** Of `["GET", "1/clients", { name: "x" }, body, headers]`, as all requests are written here: its answer, and its ETag. */
export async function ask(request, signal) {
  const [method, path, query, body, headers] = request
  const sent = { Authorization: `Bearer ${token}`, ...headers }
  if (body !== undefined) sent['Content-Type'] = 'application/json'
  return answered(request, url(path, query), {
    method, headers: sent, signal, body: body === undefined ? undefined : JSON.stringify(body),
  })
}

/** The same, where only the members matter. */
export async function get(path, query, signal) {
  return (await ask(['GET', path, query], signal)).members
}

async function answered(asked, target, options) {
  let response
  try {
    response = await fetch(target, {
      ...options, credentials: 'omit', cache: 'no-store', redirect: 'error', referrerPolicy: 'no-referrer',
    })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new Failure(asked, 0, { error: 'no answer', error_description: 'The server does not answer. Is it running, and is this machine connected?' })
  }
  const text = await response.text()
  let members = {}
  try {
    members = text === '' ? {} : JSON.parse(text)
  } catch {
    members = { error: 'no JSON', error_description: text.slice(0, 500) }
  }
  if (response.ok) return { members, etag: response.headers.get('etag') }
  const waits = response.headers.get('retry-after')
  const failure = new Failure(asked, response.status, waits ? { ...members, retry_after: `${waits} seconds` } : members)
  if (response.status === 401 && token) refusedToken(failure)
  throw failure
}

/** Signs in with that token: who its bearer is. */
export async function signIn(text) {
  token = text
  try {
    return await get('whoami')
  } catch (error) {
    token = ''
    throw error
  }
}

/** The token that a one-time code is for, which `registrar serve` has printed. */
export async function exchange(code) {
  const options = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ code }) }
  return (await answered(['POST', 'the one-time code'], CODE, options)).members.token
}

/** The same request for a terminal, with `$TOKEN` in the place of the token. */
export function curl([method, path, query, body, headers = {}]) {
  const parts = ['curl']
  if (method !== 'GET') parts.push('-X', method)
  parts.push(quoted(url(path, query).href), '-H', '"Authorization: Bearer $TOKEN"')
  for (const [name, value] of Object.entries(headers)) parts.push('-H', quoted(`${name}: ${value}`))
  if (body !== undefined) parts.push('-H', quoted('Content-Type: application/json'), '-d', quoted(json(body)))
  return parts.join(' ')
}
