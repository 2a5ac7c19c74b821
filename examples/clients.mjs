// Who a client is: Registrar's look-up, for authorization servers in Node. It needs nothing but Node itself.

import { existsSync, readFileSync } from 'node:fs'

/** It cannot be said now who the client is. It is not unknown: programs forget their registration when told that. */
export class Unavailable extends Error {
  constructor(reason, retryAfter = 5) {
    super(reason)
    this.retryAfter = retryAfter
  }
}

/** There is such a client, but it may do nothing. `error` is what it is told. */
export class Refused extends Error {
  constructor(error, description) {
    super(description)
    this.error = error
  }
}

const HELD = 1000
const REFUSALS = ['invalid_client', 'unauthorized_client', 'access_denied']

export class Clients {
  #service
  #token
  #answers = new Map()

  /** The clients of a service, such as `https://registrar.example/1`, with a token that has `use_service`. */
  constructor(service, token) {
    this.#service = service
    this.#token = token
  }

  /** The service of REGISTRAR_SERVICE and REGISTRAR_TOKEN, or the demo service of `cargo run`. */
  static configured() {
    const { REGISTRAR_SERVICE: service, REGISTRAR_TOKEN: token } = process.env
    if (service && token) return new Clients(service, token)
    const file = new URL('../.registrar/demo.json', import.meta.url)
    if (!existsSync(file)) throw new Error('start the demo service, or set REGISTRAR_SERVICE and REGISTRAR_TOKEN')
    const demo = JSON.parse(readFileSync(file, 'utf8'))
    return new Clients(`${demo.base_url}/${demo.service_id}`, demo.service_token)
  }

  /**
   * What the authorization server's metadata has to say, so that programs register at Registrar, and with
   * METADATA_DOCUMENTS=true also that they may name themselves: where the service's policy has that door.
   */
  get metadata() {
    return {
      registration_endpoint: `${this.#service}/register`,
      ...(process.env.METADATA_DOCUMENTS === 'true' && { client_id_metadata_document_supported: true }),
    }
  }

  /**
   * The client in the names of RFC 7591, or undefined if there is none. Throws Unavailable and Refused. It keeps the
   * name by which it has come, also where that is an alias: the client knows itself by no other.
   */
  async find(clientId) {
    const held = this.#answers.get(clientId)
    const client = held && Date.now() < held.freshUntil ? held.client : await this.#ask(clientId, held)
    if (client?.locked) throw new Refused('access_denied', 'the client is locked')
    return client && { ...client, client_id: clientId }
  }

  async #ask(clientId, held) {
    const headers = { accept: 'application/json', authorization: `Bearer ${this.#token}` }
    if (held) headers['if-none-match'] = held.etag
    const url = `${this.#service}/client?${new URLSearchParams({ client_id: clientId })}`
    let response, answer
    try {
      response = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(10_000) })
      if (response.status !== 304) answer = await response.json()
    } catch (error) {
      throw new Unavailable(`the look-up has failed: ${error.cause?.code ?? error.name}`)
    }
    if (response.status === 429 || response.status >= 500) {
      throw new Unavailable(
        `the look-up has answered ${response.status}`,
        Number(response.headers.get('retry-after')) || undefined,
      )
    }
    this.#answers.delete(clientId)
    if (response.status === 304 && held) return this.#hold(clientId, response, held.client)
    if (response.status === 200) return this.#hold(clientId, response, answer)
    if (response.status === 404) return undefined
    if (REFUSALS.includes(answer.error)) throw new Refused(answer.error, answer.error_description)
    throw new Error(`the look-up has answered ${response.status} ${answer.error}: ${answer.error_description}`)
  }

  #hold(clientId, response, client) {
    const maxAge = Number(/max-age=(\d+)/.exec(response.headers.get('cache-control'))?.[1] ?? 0)
    if (this.#answers.size >= HELD) this.#answers.delete(this.#answers.keys().next().value)
    this.#answers.set(clientId, { client, etag: response.headers.get('etag'), freshUntil: Date.now() + maxAge * 1000 })
    return client
  }
}
