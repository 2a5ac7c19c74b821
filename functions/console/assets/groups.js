// Clients that are there several times: the same name, the same redirect hosts.

import { bulk } from './bulk.js'
import { clientsTable, hosts } from './clients.js'
import { announce, button, count, field, fill, h, hint, nameOf, number, said, select, table, time } from './dom.js'
import { firstPages } from './pages.js'
import { registrar } from './shell.js'
import { load, screen } from './ui.js'

/** How many clients the first pages have. */
const AT_ONCE = 1000

/** Which of a group are removed: a label, and who stays. */
const CHOICES = {
  '': ['Choose which', () => true],
  unused: ['those of which no use is known', ({ used, retained }) => used || retained],
  others: ['all but the newest', ({ retained }, index) => index === 0 || retained],
  all: ['all of them', () => false],
}

export function groups(context) {
  const { id } = context
  const [place, told] = [h('div'), h('p.hint', { role: 'status' })]
  load(place, read(context, [], undefined, place, told))
  return screen(context, 'Duplicates', [['GET', `${id}/clients`, { limit: 100 }]], registrar(['client', 'list'], { service: id, newest: true, limit: AT_ONCE }),
    h('p', 'Clients whose names are the same but for case, width, accents, spaces and signs, and that lead to the same hosts: mostly one program that has registered again and again.'), told, place)
}

async function read(context, before, cursor, place, told) {
  const tell = (many) => fill(told, `${count(before.length + many, 'client')} read …`)
  tell(0)
  const [found, next] = await firstPages(context, `${context.id}/clients`, 'clients', { limit: 100 }, cursor, tell).finally(() => fill(told))
  const clients = [...before, ...found]
  const alike = grouped(clients)
  return [
    h('p', `${count(clients.length, 'client')} read, ${count(alike.length, 'group')} of two or more. `,
      next && button('Read more', () => load(place, read(context, clients, next, place, told)))),
    alike.length > 0 && !clients.some(({ used }) => used) && h('p.warn', 'No use of any client is known. That need not mean that nobody uses them: the authorization server may not have reported any.'),
    alike.map((group) => section(context, group)),
  ]
}

const folded = (name = '') => name.normalize('NFKD').replace(/\p{M}|\p{C}/gu, '').toLowerCase().replace(/[\s\p{P}]+/gu, ' ').trim()

function grouped(clients) {
  const groups = Map.groupBy(clients, (client) => `${folded(client.client_name)}\n${hosts(client)}`)
  return [...groups.values()].filter((group) => group.length > 1).sort((one, other) => other.length - one.length)
}

function section(context, group) {
  const dates = group.map(({ client_id_issued_at }) => client_id_issued_at)
  const used = group.filter((client) => client.used).length
  const which = select(Object.entries(CHOICES).map(([value, [label]]) => [value, label]), '')
  const remove = () => {
    if (!which.value) return announce('Choose which of them first.')
    const clients = group.filter((client, index) => !CHOICES[which.value][1](client, index))
    return clients.length ? bulk(context, 'delete', clients, { unused: 0 }[which.value]) : announce('There is none of these.')
  }
  return h('section', h('h2', nameOf(group[0]), ` × ${number(group.length)}`),
    table('This group', ['Redirect hosts', '#Clients', '#Used', '#Use not known', 'Oldest', 'Newest'], [[
      said(hosts(group[0]) || 'none'), number(group.length), number(used), number(group.length - used), time(Math.min(...dates)), time(Math.max(...dates)),
    ]]),
    context.writes && h('div.row', field('Remove', which), button('Preview …', remove, '', { 'data-row': true })),
    h('details', h('summary', 'The clients'), clientsTable(context, group)))
}
