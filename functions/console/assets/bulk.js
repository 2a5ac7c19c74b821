// One action on many clients: first what it would do to each, then the same with the versions that were seen.

import { ask } from './api.js'
import { announce, button, code, count, dialog, field, fill, h, input, nameOf, now, said, table, time } from './dom.js'
import { restorable } from './gone.js'
import { registrar } from './shell.js'
import { commands, copies, failure, load } from './ui.js'

// The server takes no more at once.
const MOST = 100

/** From here on the number has to be typed. */
const MANY = 10

/** What can be done, as it is asked and as it is told, and what it means for a client. */
export const ACTIONS = {
  lock: ['Lock', 'locked', 'Until it is unlocked its registrant cannot manage it, authorization servers are told, and it does not end by itself.'],
  unlock: ['Unlock', 'unlocked', 'Its registrant may manage it again, and it may be used unless it is waiting for approval. If it ends when nobody uses it, its time begins anew.'],
  approve: ['Approve', 'approved', 'If it is waiting, it may be used from then on; its names are good, and no longer flagged.'],
  deny: ['Deny', 'denied and deleted', 'It is deleted, and can be restored for thirty days. Its registrant may register again.'],
  retain: ['Retain', 'retained', 'It stays though nobody uses it.'],
  release: ['Release', 'released', 'It ends again if nobody uses it, as the policy says: its time begins anew.'],
  delete: ['Delete', 'deleted', 'It ends at once, with its secret, its token and what users have let it do.'],
}

/** Names of a metadata document are approved by nobody: the policy says whose documents are trusted. */
export const canDo = (action, { source }) => action !== 'approve' || source !== 'metadata_document'

const OUTCOMES = {
  possible: ['good', 'would be done'], done: ['good', 'done'], absent: ['warn', 'is not there'], changed: ['warn', 'has changed since it was read'], refused: ['bad', 'refused'],
}

export function bulk(context, action, clients, unused) {
  const requests = (preview, some) => Array.from({ length: Math.ceil(some.length / MOST) }, (_, part) => ['POST', `${context.id}/bulk`, {}, {
    action, preview, unused, clients: some.slice(part * MOST, (part + 1) * MOST).map(({ client_id, version }) => ({ client_id, version })),
  }])
  let [isOpen, hasActed] = [true, false]
  // Whoever closes the dialog ends it.
  const run = async (preview, some, results = []) => {
    for (const request of requests(preview, some)) {
      if (!isOpen) break
      results.push(...(await ask(request)).members.results)
      if (some.length > MOST) announce(`${results.length} of ${count(some.length, 'client')} ${preview ? 'looked at' : 'worked on'}`)
    }
    return results
  }
  const deletes = ['delete', 'deny'].includes(action)
  const [word, past, means] = ACTIONS[action]
  dialog(`${word} ${count(clients.length, 'client')}?`, (close, retitle) => {
    const place = h('div', 'Looking at what would happen …')
    const finished = async (some) => {
      const results = []
      hasActed = true
      const fault = await run(false, some, results).then(() => undefined, (error) => error)
      const done = results.filter(({ outcome }) => outcome === 'done').length
      const [not, left] = [results.length - done, some.length - results.length]
      const told = `${count(done, 'client')} ${past}${not ? `, ${not} not` : ''}${left ? `, ${left} left as they were` : ''}`
      retitle(told)
      announce(`${told}.`)
      return [fault && failure(fault), outcomes(results), h('p.buttons', button('Close', close, 'main'))]
    }
    const offer = (results) => {
      const able = new Set(results.filter(({ outcome }) => outcome === 'possible').map(({ client_id }) => client_id))
      const some = clients.filter(({ client_id }) => able.has(client_id))
      const possible = some.length
      const typed = deletes && possible >= MANY && input('text', { inputmode: 'numeric', oninput: () => { go.disabled = typed.value !== String(possible) } })
      const act = () => {
        fill(go, 'At work …')
        return load(place, finished(some))
      }
      const go = button(`${word} ${count(possible, 'client')}`, act, deletes ? 'danger' : 'main', { disabled: !possible || Boolean(typed) })
      const command = () => commands(...some.map(({ client_id, version }) => registrar(['client', action], { service: context.id, version, yes: deletes }, [client_id])))
      const until = action === 'delete' && h('p', 'Until ', time(restorable(now()), true), ' they can be restored one by one, but for those that are locked.')
      return [h('p', 'Nothing is changed yet. This is what would become of each:'), outcomes(results), h('p', 'Of each of them: ', means), until,
        typed && field(['Type their number, ', h('strong', possible), ', to go on'], typed),
        h('p.buttons', go, button('Cancel', close), copies(() => requests(false, some), command))]
    }
    load(place, run(true, clients).then(offer))
    return place
  }, () => {
    isOpen = false
    if (hasActed) context.again()
  })
}

function outcomes(results) {
  const row = ({ client_id, client_name, outcome, error_description }) => {
    const [mood, words] = OUTCOMES[outcome]
    return [code(client_id), nameOf({ client_name }), [h(`span.${mood}`, words), error_description && [': ', said(error_description)]]]
  }
  return h('div.scroll', { tabindex: 0, role: 'group', 'aria-label': 'Each client' }, table('Each client', ['Client', 'Name', 'Outcome'], results.map(row)))
}
