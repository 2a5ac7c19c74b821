// What the screens have in common.

import { Failure, ask, curl, segment } from './api.js'
import { announce, area, button, code, dialog, field, fill, form, h, hint, hush, input, pretty, refill, said } from './dom.js'

export function to(service, parts, query = {}) {
  const search = new URLSearchParams(Object.entries(query).filter(([, value]) => value)).toString()
  return `#/${[service, ...parts].map(segment).join('/')}${search && `?${search}`}`
}

/** A screen: its title, what it asks, the command of `registrar` for that, where there is one, and its content. */
export function screen({ again }, title, asks, command, ...content) {
  const buttons = asks.length > 0 && h('div.copies', button('Refresh', again), copies(() => asks, command && (() => command)))
  return [h('div.title', h('h1', { tabindex: -1 }, title), buttons), content]
}

/** Buttons that copy requests and a command for a terminal, each with where it takes the token from. */
export const copies = (asks, command) => [
  copying('Copy as curl', () => asks().map(curl).join('\n'), 'TOKEN'),
  command && copying('Copy as registrar command', command, 'REGISTRAR_TOKEN'),
]

// What is written by hand may be no request.
const copying = (label, make, variable) => button(label, () => {
  try {
    return copy(make(), variable)
  } catch (error) {
    return announce(said(error.message))
  }
})

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
  const { asked: [method, path], status, needs, members } = error
  return h('div.failure', { role: 'alert' },
    h('p', h('strong', status ? `${status} ` : 'No answer '), code(members.error ?? ''), ' to ', code(`${method} ${path}`)),
    h('p', said(error.message)),
    needs && h('p', 'It needs a token with ', code(needs), ': registrar token create makes one.'),
    h('details', h('summary', 'The whole answer'), h('pre', pretty(members))))
}

/** Fills a place with what a promise brings, or with why it fails. */
export async function load(place, promise) {
  try {
    refill(place, await promise)
  } catch (error) {
    if (error.name !== 'AbortError') refill(place, failure(error))
  }
}

export function later(promise) {
  const place = h('section', hint('Loading …'))
  load(place, promise)
  return place
}

/**
 * Asks before it acts. `request` and `command` make what is asked, `typed` has to be typed, `done` is given the answer;
 * `refused` is given an error, with a function that closes the dialog, and says whether that is all about it. What is not as
 * it was shown is shown `again`.
 */
export function confirm({ title, content, label, kind = 'main', request, command, typed, done, refused, again }) {
  dialog(title, (close) => {
    const outcome = h('div')
    const word = typed ? input('text') : undefined
    const look = () => {
      close()
      return again()
    }
    const act = async () => {
      if (word && word.value !== typed) return
      try {
        const { members } = await ask(request())
        close()
        done(members)
      } catch (error) {
        const isTold = await Promise.resolve(refused?.(error, close)).catch((other) => fill(outcome, failure(other)))
        if (!isTold) fill(outcome, failure(error), again && [404, 409].includes(error.status) && h('p', button('Look again', look)))
      }
    }
    const go = h(`button.${kind}`, { type: 'submit', disabled: Boolean(word) }, label)
    word?.addEventListener('input', () => { go.disabled = word.value !== typed })
    return form('confirm', act, content,
      word && field(['Type ', h('strong', typed), ' to go on'], word),
      outcome,
      h('p.buttons', go, button('Cancel', close, '', { autofocus: kind === 'danger' && !word }), copies(() => [request()], command)))
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
