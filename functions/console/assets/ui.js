// What the screens have in common.

import { Failure, ask, curl, segment } from './api.js'
import { announce, button, dialog, field, fill, h, pretty, said } from './dom.js'

/** A place in this console. */
export function to(service, parts, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  const search = new URLSearchParams(given).toString()
  return `#/${[service, ...parts].map(segment).join('/')}${search && `?${search}`}`
}

/**
 * A screen: its title, its content, and what it asks, to be copied for a terminal. `asks` are requests, `command` is what the
 * program `registrar` has for them.
 */
export function screen(title, { asks, command }, ...content) {
  return [
    h('div.title',
      h('h1', title),
      h('div.copies', button('Copy as curl', () => copy(asks.map(curl).join('\n'))),
        command && button('Copy as registrar command', () => copy(command)))),
    content,
  ]
}

/** Copies a text; where the browser does not let us, it is shown to be copied by hand. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    announce(h('span', 'Copied: ', h('code', said(text.split('\n')[0]), text.includes('\n') && ' …')))
  } catch {
    dialog('To be copied', (close) => {
      const area = h('textarea', { readonly: true, rows: 6, value: text })
      setTimeout(() => area.select())
      return [field('Text', area), h('p.buttons', button('Close', close))]
    })
  }
}

/** What was asked, and why there is no answer to it. */
export function failure(error) {
  if (!(error instanceof Failure)) {
    if (!(error instanceof SyntaxError)) console.error(error)
    return h('section.failure', { role: 'alert' }, h('p', said(error.message)))
  }
  const [method, path] = error.asked
  return h('section.failure', { role: 'alert' },
    h('h2', error.status === 0 ? 'No answer' : `Refused: ${error.status} `, h('code', said(error.members.error ?? ''))),
    h('p', said(error.members.error_description ?? '')),
    h('p', h('code', said(`${method} ${path}`)), ' was asked.'),
    error.status === 403 && h('p', 'This token does not permit it. The command registrar token create makes one that does.'),
    h('details', h('summary', 'The whole answer'), h('pre', pretty(error.members))))
}

/** Fills a place with what a promise brings, or with why it fails. */
export async function load(place, promise) {
  place.setAttribute('aria-busy', 'true')
  try {
    fill(place, await promise)
  } catch (error) {
    if (error.name === 'AbortError') return
    fill(place, failure(error))
  } finally {
    place.removeAttribute('aria-busy')
  }
}

/** A place that is filled later. */
export function later(promise, name = 'div') {
  const place = h(name, h('p.hint', 'Loading …'))
  load(place, promise)
  return place
}

/**
 * Asks before it acts: what will happen, the request and its command, and a button. `act` is given what was asked and shows
 * its own success; a failure is shown in the dialog.
 */
export function confirm({ title, content, label, kind, request, command, typed, done }) {
  return dialog(title, (close) => {
    const outcome = h('div')
    const current = () => (typeof request === 'function' ? request() : request)
    const act = async () => {
      go.disabled = true
      try {
        const answer = await ask(current())
        close()
        done(answer.members)
      } catch (error) {
        fill(outcome, failure(error))
      } finally {
        go.disabled = Boolean(word && word.value !== typed)
      }
    }
    const go = button(label, act, { kind: kind ?? 'main' })
    const word = typed && h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false' })
    if (word) {
      go.disabled = true
      word.addEventListener('input', () => { go.disabled = word.value !== typed })
    }
    return h('form', {
      onsubmit: (event) => {
        event.preventDefault()
        if (!go.disabled) act()
      },
    },
      content,
      word && field(h('span', 'Type ', h('strong', typed), ' to go on'), word),
      outcome,
      h('p.buttons', go, button('Cancel', close),
        button('Copy as curl', () => copy(curl(current()))),
        command && button('Copy as registrar command', () => copy(typeof command === 'function' ? command() : command))))
  })
}

/** Something that is shown this once. */
export function once(title, name, secret, hint) {
  dialog(title, (close) => [
    h('p', hint ?? 'It is shown this once. Copy it now.'),
    h('p.secret', h('code', { tabindex: 0, 'aria-label': name }, said(secret))),
    h('p.buttons', button('Copy', () => copy(secret), { kind: 'main' }), button('Close', close)),
  ])
}

/** Rows that come page by page, with a button for more. `page` is given a cursor, and answers `[rows, next]`. */
export function pages(page, show, none) {
  const rows = []
  const list = h('div')
  const more = h('div')
  const read = async (cursor) => {
    fill(more, h('p.hint', 'Loading …'))
    try {
      const [found, next] = await page(cursor)
      rows.push(...found)
      fill(list, rows.length === 0 ? h('p.hint', none) : show(rows))
      fill(more, next && button('Show more', () => read(next)))
    } catch (error) {
      if (error.name === 'AbortError') return
      fill(more, failure(error))
    }
  }
  read()
  return h('div', list, more)
}

/** A page of a list, which has something on it or is the last one: a filter may leave nothing of many. */
export async function pageOf(context, path, member, query, cursor) {
  let next = cursor
  for (let tries = 0; ; tries += 1) {
    const { members } = await ask(['GET', path, { ...query, cursor: next }], context.signal)
    next = members.next
    if (members[member].length > 0 || !next || tries === 20) return [members[member], next]
  }
}
