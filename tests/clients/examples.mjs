// What the checks of the examples share: the example's process, Registrar as the example reaches it, and a browser.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { demo } from './checks.mjs'

const timely = () => AbortSignal.timeout(10_000)

/** Stands between the example and Registrar: notes what look-ups are answered, and may answer them itself. */
export async function gate(target = demo.base_url) {
  const lookUps = []
  const self = { lookUps, fault: undefined }
  const server = createServer(async (request, response) => {
    const isLookUp = new URL(request.url, target).pathname.endsWith('/client')
    if (isLookUp && self.fault) {
      lookUps.push(self.fault.status ?? 'no answer')
      if (!self.fault.status) return request.socket.destroy()
      response.writeHead(self.fault.status, { 'retry-after': '7', 'content-type': 'application/json' })
      return response.end('{"error":"temporarily_unavailable"}')
    }
    const { host, connection, 'content-length': _, ...headers } = request.headers
    const body = Buffer.concat(await request.toArray())
    const answer = await fetch(target + request.url, {
      method: request.method,
      headers,
      body: body.length > 0 ? body : undefined,
      redirect: 'manual',
      signal: timely(),
    })
    if (isLookUp) lookUps.push(answer.status)
    response.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => name !== 'connection')))
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  self.url = `http://127.0.0.1:${server.address().port}`
  self.service = `${self.url}/${demo.service_id}`
  self.close = () => (server.close(), server.closeAllConnections())
  return self
}

/** Starts an example on a free port; answers its first line and how it is ended. Its messages are kept for `said`. */
export async function example(script, service) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(`../../examples/${script}`, import.meta.url))], {
    env: { ...process.env, PORT: '0', REGISTRAR_SERVICE: service, REGISTRAR_TOKEN: demo.service_token },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  process.once('exit', () => child.kill())
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text))
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => (said += `${line}\n`))
  const [line] = await Promise.race([
    once(lines, 'line', { signal: timely() }),
    once(child, 'exit').then(() => assert.fail(`${script} has ended: ${said}`)),
  ])
  return { line, said: () => said, stop: () => child.kill() }
}

/** A browser without scripts, for one site. */
export class Browser {
  #cookies = new Map()

  async #fetch(url, init) {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ')
    const response = await fetch(url, {
      ...init,
      headers: { accept: 'text/html', cookie },
      redirect: 'manual',
      signal: timely(),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) this.#cookies.delete(name)
      else this.#cookies.set(name, value)
    }
    return response
  }

  /**
   * Opens an authorization request and fills every form that comes with `values`, until it is sent to `redirectUri`.
   * Answers that URL, or the page at which it ended: `status`, `text` and `retryAfter`.
   */
  async authorize(url, redirectUri, values) {
    let next = new URL(url)
    let init
    for (let pages = 0; pages < 20; pages++) {
      const response = await this.#fetch(next, init)
      init = undefined
      const location = response.headers.get('location')
      if (location) {
        next = new URL(location, next)
        if (next.href.startsWith(redirectUri)) return { url: next }
        continue
      }
      const text = await response.text()
      const form = response.ok && /<form[^>]*action="([^"]*)"[^>]*>([^]*?)<\/form>/.exec(text)
      if (!form) return { status: response.status, text, retryAfter: response.headers.get('retry-after') }
      const hidden = [...form[2].matchAll(/type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, ...pair]) => pair)
      next = new URL(form[1].replaceAll('&amp;', '&'), next)
      init = { method: 'POST', body: new URLSearchParams({ ...values, ...Object.fromEntries(hidden) }) }
    }
    assert.fail('the login does not end')
  }
}

/** What an operator does to clients, by Authlete's API with the organization's token. */
async function operate(method, path, body) {
  const response = await fetch(`${demo.base_url}/api/${demo.service_id}/client/${path}`, {
    method,
    headers: { authorization: `Bearer ${demo.organization_token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
    signal: timely(),
  })
  assert.ok(response.ok, `${response.status} ${await response.text()}`)
}

export const lock = (clientId, clientLocked) => operate('POST', `lock_flag/update/${clientId}`, { clientLocked })

export const remove = (clientId) => operate('DELETE', `delete/${clientId}`)

/** A public client that the operator makes, whose identifier is a URL. */
export async function named(redirectUri) {
  const clientIdAlias = `https://client.example/${randomUUID()}.json`
  await operate('POST', 'create', {
    clientIdAlias,
    clientIdAliasEnabled: true,
    clientType: 'PUBLIC',
    tokenAuthMethod: 'NONE',
    applicationType: 'NATIVE',
    redirectUris: [redirectUri],
    grantTypes: ['AUTHORIZATION_CODE', 'REFRESH_TOKEN'],
    responseTypes: ['CODE'],
  })
  return clientIdAlias
}

/** Ways in which a look-up has no answer: none of them says that there is no such client. */
export const FAULTS = { 'a 503': { status: 503 }, 'a 429': { status: 429 }, 'no answer': {} }
