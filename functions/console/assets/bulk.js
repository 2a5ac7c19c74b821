// One action on many clients: first what it would do to each, then the same with the versions that were seen.

import { ask, curl } from './api.js'
import { announce, button, count, dialog, field, fill, h, said, table } from './dom.js'
import { registrar } from './shell.js'
import { copy, failure } from './ui.js'

/** How many the server takes at once. */
const MOST = 100

/** From how many deletions on the number has to be typed. */
const MANY = 10

const DELETING = ['delete', 'deny']

export function bulk(context, { action, clients, done = context.again }) {
  const path = `${context.id}/bulk`
  const parts = Array.from({ length: Math.ceil(clients.length / MOST) }, (_, part) => clients.slice(part * MOST, (part + 1) * MOST))
  const request = (clients, preview) => ['POST', path, {}, {
    action, preview, clients: clients.map(({ client_id, version }) => ({ client_id, version })),
  }]
  const run = async (preview, step) => {
    const results = []
    for (const part of parts) {
      results.push(...(await ask(request(part, preview))).members.results)
      step(results.length)
    }
    return results
  }
  dialog(`${action} ${count(clients.length, 'client')}?`, (close) => {
    const place = h('div', h('p', 'Looking at what would happen …'))
    const offer = (results) => {
      const possible = results.filter(({ outcome }) => outcome === 'possible').length
      const word = DELETING.includes(action) && possible >= MANY && h('input', { type: 'text', inputmode: 'numeric', autocomplete: 'off' })
      const act = async () => {
        go.disabled = true
        try {
          const results = await run(false, (count) => announce(`${count} of ${clients.length} are done`))
          close()
          report(results)
          done()
        } catch (error) {
          fill(place, failure(error))
        }
      }
      const go = button(`${action} ${count(possible, 'client')}`, act, { kind: DELETING.includes(action) ? 'danger' : 'main', disabled: possible === 0 || Boolean(word) })
      word?.addEventListener?.('input', () => { go.disabled = word.value !== String(possible) })
      fill(place,
        h('p', 'Nothing is changed yet. This is what would become of each:'), outcomes(results),
        word && field(h('span', 'Type the number of clients, ', h('strong', possible), ', to go on'), word),
        h('p.buttons', go, button('Cancel', close),
          button('Copy as curl', () => copy(parts.map((part) => curl(request(part, false))).join('\n'))),
          button('Copy as registrar command', () => copy(clients.map(({ client_id }) => registrar(['client', action], {
            service: context.id, yes: action === 'delete',
          }, [client_id])).join('\n')))))
    }
    const later = (error) => fill(place, failure(error), h('p.buttons', button('Close', close)))
    run(true, () => {}).then(offer).catch(later)
    return place
  })
}

function report(results) {
  const finished = results.filter(({ outcome }) => outcome === 'done').length
  announce(`${count(finished, 'client')} done, ${results.length - finished} not`)
  if (finished === results.length) return
  dialog('What became of each', (close) => [outcomes(results), h('p.buttons', button('Close', close, { kind: 'main' }))])
}

const WORDS = {
  possible: ['good', 'would be done'], done: ['good', 'done'], absent: ['warn', 'is not there'], changed: ['warn', 'has changed since it was read'],
  refused: ['bad', 'refused'],
}

function outcomes(results) {
  return h('div.scroll', { tabindex: 0, role: 'group', 'aria-label': 'Each client' }, table('What becomes of each', ['Client', 'Name', 'Outcome'], results.map((result) => {
    const [mood, words] = WORDS[result.outcome] ?? ['', result.outcome]
    return [h('code', said(result.client_id)), said(result.client_name ?? ''), [h(`span.${mood}`, words), result.error_description && [': ', said(result.error_description)]]]
  })))
}
