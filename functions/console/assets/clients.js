// The clients of a service: a search, chips, and what is done to many at once.

import { bulk } from './bulk.js'
import { button, code, field, fill, form, h, hint, input, none, rowLink, said, select, submitButton, table, time } from './dom.js'
import { parsed } from './rules.js'
import { registrar } from './shell.js'
import { pages, screen } from './ui.js'

/** What is searched, its label, and how. */
const SEARCHES = [
  ['name', 'Name', 'Beginnings of words, in whatever language and case.'], ['client_id', 'Client id, number or alias', 'The whole of it.'],
  ['redirect_host', 'Redirect host', 'The whole host, or a URL of which it is the host.'], ['software_id', 'Software id', 'The whole of it.'],
]

const CHIPS = [
  ['Waiting', 'pending', 'true'], ['Locked', 'locked', 'true'], ['Flagged', 'flagged', 'true'],
  ['Unused 30 days', 'unused', '2592000'], ['Unused 90 days', 'unused', '7776000'],
  ['Public', 'client_type', 'public'], ['Confidential', 'client_type', 'confidential'],
]

/** What is said of a use that nobody has reported. */
export const UNKNOWN = 'not known'

const SOURCES = ['oauth', 'authlete_registration', 'authlete_create', 'federation_explicit', 'federation_automatic', 'stet', 'identity_center', 'metadata_document']

export function clients(context) {
  const { id, query } = context
  const filter = Object.fromEntries(query)
  const { client_id, name, software_id, source, locked, pending, flagged, unused } = filter
  // The command has no filter for the others.
  const lists = !client_id && !filter.redirect_host && !filter.client_type && registrar(['client', 'list'], {
    'service': id, 'newest': true, name, 'software-id': software_id, source, 'locked': locked && true, 'pending': pending && true,
    'flagged': flagged && true, 'unused': unused && `${unused}s`,
  })
  const command = client_id ? registrar(['client', 'show'], { service: id }, [client_id]) : lists
  return screen('Clients', [['GET', `${id}/clients`, filter]], command, search(context, filter), rows(context, filter))
}

function search(context, filter) {
  const [by] = SEARCHES.find(([name]) => filter[name]) ?? SEARCHES[0]
  const words = input('search', { value: filter[by] ?? '' })
  const help = h('p.hint', { id: 'search-hint' })
  const explain = () => fill(help, SEARCHES.find(([name]) => name === what.value)[2])
  const what = select(SEARCHES, by, { onchange: explain })
  explain()
  words.setAttribute('aria-describedby', 'search-hint')
  const go = (changed) => {
    const text = words.value.trim()
    // Of a pasted redirect its host is searched.
    const host = ['name', 'redirect_host'].includes(what.value) && /^https?:/i.test(text) && parsed(text).hostname
    context.go(['clients'], { ...filter, [by]: '', [host ? 'redirect_host' : what.value]: host || text, ...changed })
  }
  const chip = ([label, name, value]) => {
    const is = filter[name] === value
    return button(label, () => go({ [name]: is ? '' : value }), 'chip', { 'aria-pressed': String(is) })
  }
  const source = select([['', 'any'], ...SOURCES], filter.source, { onchange: () => go({ source: source.value }) })
  return form('search', go,
    h('div.row', field('Look in', what), field('For', words), submitButton('Search')), help,
    h('div.row', h('div.chips', { role: 'group', 'aria-label': 'Only those that are' }, CHIPS.map(chip)), field('Source', source)))
}

function rows(context, filter) {
  const chosen = new Map()
  const bar = h('div.bar', { hidden: true })
  const choose = (client, is) => {
    chosen.delete(client.client_id)
    if (is) chosen.set(client.client_id, client)
    bar.hidden = chosen.size === 0
    const action = (action) => button(action, () => bulk(context, action, [...chosen.values()], action === 'delete' && +filter.unused || undefined))
    fill(bar, h('strong', `${chosen.size} chosen`), ['lock', 'unlock', 'approve', 'deny', 'retain', 'release', 'delete'].map(action))
  }
  const show = (clients) => {
    if (!context.writes) return clientsTable(context, clients)
    const boxes = clients.map((client) => {
      const box = h('input', { type: 'checkbox', checked: chosen.has(client.client_id), 'aria-label': `Choose ${client.client_id}`, onchange: () => choose(client, box.checked) })
      return box
    })
    const all = h('input', {
      type: 'checkbox',
      onchange: () => boxes.forEach((box, index) => {
        box.checked = all.checked
        choose(clients[index], all.checked)
      }),
    })
    return [h('p', h('label', all, ' All that are shown')), clientsTable(context, clients, boxes)]
  }
  return [bar, pages(context, `${context.id}/clients`, 'clients', filter, show, nothing(context, filter))]
}

function nothing({ link }, { client_id, name, redirect_host }) {
  if (client_id) return ['No such client. ', h('a', { href: link(['clients', client_id]) }, 'Was it deleted?')]
  if (name) return ['No client’s name has a word that begins so.']
  return redirect_host ? 'No client redirects to this host.' : 'No such client.'
}

/** Where the redirects of a client lead: hosts, and schemes of applications. */
export function hosts({ redirect_uris = [] }) {
  const host = ({ protocol, hostname }) => /^https?:$/.test(protocol) ? hostname : protocol
  return [...new Set(redirect_uris.map(parsed).map(host))].sort().join(', ')
}

export function clientsTable({ link }, clients, boxes) {
  const row = (client, index) => [
    rowLink(link(['clients', client.numeric_id]), nameOf(client)),
    said(hosts(client)), code(client.client_id), `${client.source}, ${client.client_type}`, time(client.client_id_issued_at), client.used ? h('span.day', client.used) : none(UNKNOWN), states(client),
    ...(boxes ? [boxes[index]] : []),
  ]
  return table('Newest first', ['Name', 'Redirects to', 'Client id', 'Source', 'Registered', 'Last used', 'State', ...(boxes ? ['Choose'] : [])], clients.map(row))
}

export const nameOf = ({ client_name }) => client_name ? said(client_name) : h('em', 'without a name')

export function states({ locked, pending_until, retained, flags = [] }) {
  const words = [[locked, 'bad', 'locked'], [pending_until, 'warn', 'waits'], [retained, '', 'retained'], ...flags.map((flag) => [true, 'warn', flag.replaceAll('_', ' ')])]
  return words.filter(([is]) => is).map(([, mood, word]) => h(mood ? `span.state.${mood}` : 'span.state', word))
}
