// Clients that look alike: the same name, the same redirect hosts. Many copies of one program register the same.

import { bulk } from './bulk.js'
import { button, count, fill, h, said, select, field, table, time } from './dom.js'
import { clientsTable } from './clients.js'
import { parsed } from './rules.js'
import { registrar } from './shell.js'
import { failure, pageOf, screen } from './ui.js'

/** How many clients are read before somebody is asked for more. */
const AT_ONCE = 1000

export function groups(context) {
  const { id } = context
  const asks = [['GET', `${id}/clients`, { limit: 100 }]]
  const place = h('div', { 'aria-live': 'polite' })
  const state = { clients: [], next: undefined }
  read(context, state, place)
  return screen('Look-alikes', { asks, command: registrar(['client', 'prune'], { service: id, unused: '90d', 'dry-run': true }) },
    h('p', 'Clients whose names are the same but for case, width, accents and spaces, and that lead to the same hosts. What is removed is shown first.'), place)
}

async function read(context, state, place) {
  const until = state.clients.length + AT_ONCE
  try {
    do {
      const [clients, next] = await pageOf(context, `${context.id}/clients`, 'clients', { limit: 100 }, state.next)
      state.clients.push(...clients)
      state.next = next
      fill(place, h('p.hint', `${count(state.clients.length, 'client')} read …`))
    } while (state.next && state.clients.length < until)
  } catch (error) {
    if (error.name !== 'AbortError') fill(place, failure(error))
    return
  }
  const alike = grouped(state.clients)
  fill(place,
    h('p', `${count(state.clients.length, 'client')} read, ${count(alike.length, 'group')} of two or more. `,
      state.next && button('Read more', () => read(context, state, place))),
    alike.map((group) => section(context, group)))
}

/** A name as it is compared. */
function folded(name) {
  return name.normalize('NFKD').replace(/[\p{M}\p{C}]/gu, '').toLowerCase().replace(/[\s\p{P}]+/gu, ' ').trim()
}

function hosts(client) {
  const uris = Array.isArray(client.redirect_uris) ? client.redirect_uris : []
  const host = (uri) => {
    const url = parsed(uri)
    return url && (/^https?:$/.test(url.protocol) ? url.hostname : `${url.protocol}//`)
  }
  return [...new Set(uris.map(host).filter(Boolean))].sort()
}

export function grouped(clients) {
  const groups = new Map()
  for (const client of clients) {
    const key = JSON.stringify([folded(client.client_name ?? ''), hosts(client)])
    groups.set(key, [...(groups.get(key) ?? []), client])
  }
  return [...groups.values()].filter((group) => group.length > 1).sort((one, other) => other.length - one.length)
}

function section(context, group) {
  const dates = group.map((client) => client.client_id_issued_at)
  const used = group.filter((client) => client.used).length
  const choices = {
    unused: ['those that were never used', (client) => !client.used && !client.retained],
    others: ['all but the newest', (client) => client !== group[0] && !client.retained],
    all: ['all of them', () => true],
  }
  const which = select(Object.entries(choices).map(([value, [label]]) => [value, label]), 'unused')
  const remove = () => {
    const clients = group.filter(choices[which.value][1])
    if (clients.length === 0) fill(none, 'There is none.')
    else bulk(context, { action: 'delete', clients })
  }
  const none = h('span', { role: 'status' })
  return h('section.group',
    h('h2', group[0].client_name ? said(group[0].client_name) : h('em', 'without a name'), ' ', h('span.count', `× ${group.length}`)),
    table('This group', ['Redirect hosts', ['Clients', 'number'], ['Used', 'number'], ['Never used', 'number'], 'Oldest', 'Newest'], [[
      said(hosts(group[0]).join(', ') || 'none'), group.length.toLocaleString('en'), used.toLocaleString('en'),
      (group.length - used).toLocaleString('en'), time(Math.min(...dates)), time(Math.max(...dates)),
    ]]),
    context.may('client.write', 'use_service') && h('div.row', field('Remove', which), button('Preview the removal …', remove, { 'data-row': true }), none),
    h('details', h('summary', 'The clients'), clientsTable(context, group.slice(0, 100))))
}
