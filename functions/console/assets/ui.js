// What the screens have in common.

import { Failure, ask, curl, get, segment } from './api.js'
import { announce, area, button, code, dialog, field, fill, form, h, hint, hush, input, pretty, said } from './dom.js'

export function to(service, parts, query = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString()
  return `#/${[service, ...parts].map(segment).join('/')}${search && `?${search}`}`
}

/** A screen: its title, what it asks, the command of `registrar` for that, where there is one, and its content. */
export function screen(title, asks, command, ...content) {
  return [h('div.title', h('h1', { tabindex: -1 }, title), asks.length > 0 && h('div.copies', copies(() => asks, command && (() => command)))), content]
}

/** Buttons that copy requests and a command for a terminal, each with where it takes the token from. */
export const copies = (asks, command) => [
  button('Copy as curl', () => copy(asks().map(curl).join('\n'), 'TOKEN')),
  command && button('Copy as registrar command', () => copy(command(), 'REGISTRAR_TOKEN')),
]

/** Several commands, one a line. */
export const commands = (...commands) => commands.filter(Boolean).join('\n')

/** Copies a text; where the browser does not let us, it is shown to be copied by hand. */
export async function copy(text, variable) {
  try {
    await navigator.clipboard.writeText(text)
    announce('Copied.', variable && [' It takes the token from the variable ', code(variable), '.'])
  } catch {
    const place = area(6, text, { readonly: true })
    dialog('To be copied', (close) => [field('Text', place), h('p.buttons', button('Close', close))])
    place.select()
  }
}

/** What was asked, and why there is no answer to it. */
export function failure(error) {
  // That something was done before does not stand beside it.
  hush()
  if (!(error instanceof Failure)) {
    if (!(error instanceof SyntaxError)) console.error(error)
    return h('div.failure', { role: 'alert' }, h('p', said(error.message)))
  }
  const { asked: [method, path], status, members } = error
  return h('div.failure', { role: 'alert' },
    h('p', h('strong', status ? `${status} ` : 'No answer '), code(members.error ?? ''), ' to ', code(`${method} ${path}`)),
    h('p', said(error.message)),
    status === 403 && h('p', 'registrar token create makes a token that permits it.'),
    h('details', h('summary', 'The whole answer'), h('pre', pretty(members))))
}

/** Fills a place with what a promise brings, or with why it fails. */
export async function load(place, promise) {
  try {
    fill(place, await promise)
  } catch (error) {
    if (error.name !== 'AbortError') fill(place, failure(error))
  }
}

export function later(promise) {
  const place = h('section', hint('Loading …'))
  load(place, promise)
  return place
}

/**
 * Asks before it acts. `request` and `command` make what is asked, `typed` has to be typed, `done` is given the answer;
 * `refused` is given an error, with a function that closes the dialog, and says whether that is all about it.
 */
export function confirm({ title, content, label, kind = 'main', request, command, typed, done, refused }) {
  dialog(title, (close) => {
    const outcome = h('div')
    const word = typed && input('text')
    const act = async () => {
      if (word && word.value !== typed) return
      try {
        const { members } = await ask(request())
        close()
        done(members)
      } catch (error) {
        const isTold = await Promise.resolve(refused?.(error, close)).catch((other) => fill(outcome, failure(other)))
        if (!isTold) fill(outcome, failure(error))
      }
    }
    const go = h(`button.${kind}`, { type: 'submit', disabled: Boolean(word) }, label)
    word?.addEventListener('input', () => { go.disabled = word.value !== typed })
    return form('confirm', act, content,
      word && field(['Type ', h('strong', typed), ' to go on'], word),
      outcome,
      h('p.buttons', go, button('Cancel', close), copies(() => [request()], command)))
  })
}

/** Secrets by their names, shown this once; then `after` happens. */
export function once(title, secrets, after) {
  dialog(title, (close) => [
    h('p', 'Shown this once: nobody can read it here again.'),
    Object.entries(secrets).map(([name, secret]) => [
      h('p', name), h('p.secret', code(secret), ' ', button('Copy', () => copy(secret), 'main', { 'aria-label': `Copy ${name}` })),
    ]),
    h('p.buttons', button('Close', close)),
  ], after)
}

/** Rows that come page by page, with a button for more; of each page what `keep` makes of it. */
export function pages(context, path, member, query, show, nothing, keep) {
  const rows = []
  const [list, more] = [h('div'), h('div')]
  const read = async (cursor) => {
    const [found, next] = await pageOf(context, path, member, query, cursor, keep)
    rows.push(...found)
    fill(list, rows.length ? show(rows) : hint(next ? 'Nothing among what was looked at so far.' : nothing))
    return next ? button('Show more', () => load(more, read(next))) : ''
  }
  fill(more, hint('Loading …'))
  load(more, read())
  return [list, more]
}

/** How many pages are read at once: for one that has something on it, as a filter may leave nothing of many, or for a sum. */
const MOST_PAGES = 10

export async function pageOf(context, path, member, query, cursor, keep = (rows) => rows) {
  for (let tries = 0; ; tries += 1) {
    const found = await get(path, { ...query, cursor }, context.signal)
    const rows = await keep(found[member])
    cursor = found.next
    if (rows.length || !cursor || tries === MOST_PAGES) return [rows, cursor]
  }
}

/** What is on the first pages of a list, and whether there is more. */
export async function firstPages(context, path, member, query) {
  const rows = []
  let cursor
  for (let pages = 0; pages === 0 || (cursor && pages < MOST_PAGES); pages += 1) {
    const found = await get(path, { ...query, cursor }, context.signal)
    rows.push(...found[member])
    cursor = found.next
  }
  return [rows, Boolean(cursor)]
}
