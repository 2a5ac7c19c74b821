// The clients of a service: a search, chips, and what is done to many at once.

import { bulk } from './bulk.js'
import { button, field, fill, h, said, select, table, time } from './dom.js'
import { registrar } from './shell.js'
import { pageOf, pages, screen } from './ui.js'

/** What a search looks at. */
const SEARCHES = [['name', 'Name'], ['client_id', 'Client id, number or alias'], ['redirect_host', 'Redirect host'], ['software_id', 'Software id']]

/** Chips: the label, and the parameter with its value. */
const CHIPS = [
  ['Waiting', 'pending', 'true'], ['Locked', 'locked', 'true'], ['Flagged', 'flagged', 'true'],
  ['Unused 30 days', 'unused', '2592000'], ['Unused 90 days', 'unused', '7776000'],
  ['Public', 'client_type', 'public'], ['Confidential', 'client_type', 'confidential'],
]

export const SOURCES = ['oauth', 'authlete_registration', 'authlete_create', 'federation_explicit', 'federation_automatic', 'stet', 'identity_center', 'metadata_document']

/** What the list is narrowed by. */
const FILTERS = [...SEARCHES.map(([name]) => name), 'source', 'client_type', 'locked', 'pending', 'flagged', 'unused']

const BULK = ['lock', 'unlock', 'approve', 'deny', 'retain', 'release', 'restore', 'delete']

export function clients(context) {
  const { id, query } = context
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name)]).filter(([, value]) => value))
  const asks = [['GET', `${id}/clients`, filter]]
  const { name, software_id, source, locked, pending, flagged, unused } = filter
  const command = registrar(['client', 'list'], {
    service: id, newest: true, name, 'software-id': software_id, source, locked: Boolean(locked), pending: Boolean(pending),
    flagged: Boolean(flagged), unused: unused && `${Math.round(unused / 86400)}d`,
  })
  return screen('Clients', { asks, command }, search(context, filter), list(context, filter))
}

function search(context, filter) {
  const [by] = SEARCHES.find(([name]) => filter[name]) ?? SEARCHES[0]
  const words = h('input', { type: 'search', value: filter[by] ?? '', autocomplete: 'off', spellcheck: 'false' })
  const what = select(SEARCHES, by)
  const others = Object.fromEntries(Object.entries(filter).filter(([name]) => !SEARCHES.some(([search]) => search === name)))
  const go = (changed) => context.go(['clients'], { ...others, [what.value]: words.value.trim(), ...changed })
  const chip = ([label, name, value]) => button(label, () => go({ [name]: filter[name] === value ? '' : value }), {
    kind: 'chip', 'aria-pressed': String(filter[name] === value),
  })
  return h('form.search', {
    role: 'search',
    onsubmit: (event) => {
      event.preventDefault()
      go({})
    },
  },
    h('div.row', field('Look in', what), field('For', words), h('button.main', { type: 'submit' }, 'Search')),
    h('div.row', h('div.chips', { role: 'group', 'aria-label': 'Only those that are' }, CHIPS.map(chip)),
      field('Source', select([['', 'any'], ...SOURCES], filter.source ?? '', { onchange: (event) => go({ source: event.target.value }) }))))
}

function list(context, filter) {
  const chosen = new Map()
  const bar = h('div.bar', { hidden: true })
  const choose = (client, is) => {
    if (is) chosen.set(client.client_id, client)
    else chosen.delete(client.client_id)
    bar.hidden = chosen.size === 0
    fill(bar, h('strong', `${chosen.size} chosen`), BULK.map((action) => button(action, () => bulk(context, {
      action, clients: [...chosen.values()],
    }))))
  }
  const page = (cursor) => pageOf(context, `${context.id}/clients`, 'clients', { ...filter, limit: 50 }, cursor)
  const show = (rows) => {
    const boxes = rows.map((client) => box(client, chosen.has(client.client_id), (is) => choose(client, is)))
    const all = context.may('client.write', 'use_service') && h('p', h('label', h('input', {
      type: 'checkbox',
      onchange: (event) => boxes.forEach((one, index) => {
        one.checked = event.target.checked
        choose(rows[index], one.checked)
      }),
    }), ' All that are shown'))
    return [all, clientsTable(context, rows, all ? boxes : undefined)]
  }
  return [bar, pages(page, show, 'No such client.')]
}

const box = (client, checked, change) => h('input', {
  type: 'checkbox', checked, 'aria-label': `Choose ${client.client_name ?? client.client_id}`, onchange: (event) => change(event.target.checked),
})

export function clientsTable(context, clients, boxes) {
  return table('Clients, newest first', [...(boxes ? [['', 'box']] : []), 'Name', 'Client id', 'Source', 'Type', 'Registered', 'Last used', 'State'],
    clients.map((client, index) => [
      ...(boxes ? [boxes[index]] : []),
      h('a', { 'data-row': true, href: context.link(['clients', client.numeric_id]) }, client.client_name ? said(client.client_name) : h('em', 'without a name')),
      h('code', said(client.client_id)), said(client.source), said(client.client_type), time(client.client_id_issued_at),
      client.used ? said(client.used) : h('span.none', 'not known'), states(client),
    ]))
}

/** What is to be known of a client at a glance. */
export function states(client) {
  return h('span.states',
    client.locked && h('span.state.bad', 'locked'),
    client.pending_until && h('span.state.warn', 'waits'),
    client.retained && h('span.state', 'retained'),
    (client.flags ?? []).map((flag) => h('span.state.warn', said(flag.replaceAll('_', ' ')))))
}
