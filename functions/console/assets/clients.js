// The clients of a service: a search, chips, and what is done to many at once.

import { ACTIONS, bulk, canDo } from './bulk.js'
import { announce, area, button, code, field, fill, form, h, hint, input, nameOf, none, rowLink, said, select, submitButton, table, time } from './dom.js'
import { deletedLately } from './gone.js'
import { EXAMPLE } from './hosts.js'
import { written } from './json.js'
import { pages } from './pages.js'
import { urlOf } from './rules.js'
import { reading, registrar } from './shell.js'
import { confirm, once, screen } from './ui.js'

/** What is searched, its label, and how. */
const SEARCHES = [
  ['name', 'Name', 'Beginnings of words, in whatever language and case.'], ['client_id', 'Client id, number or alias', 'The whole of it.'],
  ['redirect_host', 'Redirect host or scheme', 'The whole host, or the scheme of an application with its colon, as cursor: – or a redirect URI that has it.'], ['software_id', 'Software id', 'The whole of it.'],
]

const CHIPS = [
  ['Waiting', 'pending', 'true'], ['Locked', 'locked', 'true'], ['Flagged', 'flagged', 'true'],
  ['Unused 30 days', 'unused', '2592000'], ['Unused 90 days', 'unused', '7776000'],
  ['Public', 'client_type', 'public'], ['Confidential', 'client_type', 'confidential'],
]

/** What is said of a use that nobody has reported. */
export const UNKNOWN = 'not known'

const SOURCES = ['oauth', 'operator', 'authlete_registration', 'authlete_create', 'federation_explicit', 'federation_automatic', 'stet', 'identity_center', 'metadata_document']

export function clients(context) {
  const { id, query } = context
  const filter = Object.fromEntries(query)
  const { client_id, name, redirect_host, software_id, source, client_type, locked, pending, flagged, unused, ending } = filter
  const lists = !client_id && registrar(['client', 'list'], {
    'service': id, 'newest': true, name, 'redirect-host': redirect_host, 'software-id': software_id, source, 'client-type': client_type, 'locked': locked && true,
    'pending': pending && true, 'flagged': flagged && true, 'unused': unused && `${unused}s`, 'ending': ending && `${ending}s`,
  })
  if (filter.deleted) {
    return screen(context, 'Clients', [['GET', `${id}/audit`]], registrar(['audit'], { service: id, since: '30d' }), search(context, filter), deletedLately(context))
  }
  const command = client_id ? registrar(['client', 'show'], { service: id }, [client_id]) : lists
  return screen(context, 'Clients', [['GET', `${id}/clients`, filter]], command,
    context.writes && h('p', button('Register …', () => register(context), 'main')), search(context, filter), rows(context, filter))
}

/** Registers a client on its registrant's behalf; what only that may know is shown once. */
function register(context) {
  const { id } = context
  const metadata = area(12, JSON.stringify(EXAMPLE, null, 2))
  const body = () => written(metadata.value, 'What is registered')
  confirm({
    title: 'Register a client', label: 'Register it',
    content: [
      field('Its metadata, as JSON', metadata, 'Members of RFC 7591 and OpenID Connect Registration. The policy holds for them, but for who may register and for names that it reserves.'),
      hint('The members that hosts send are in the policy editor: “A well-known host”.'),
    ],
    request: () => ['POST', `${id}/clients`, {}, body()],
    command: () => reading(registrar(['client', 'create'], { service: id }, ['-']), body()),
    done: ({ client_id, client_secret, registration_access_token }) => {
      const see = () => {
        announce('The client is registered.')
        context.go(['clients', client_id])
      }
      const secrets = Object.entries({ 'Client id': client_id, 'Client secret': client_secret, 'Registration access token': registration_access_token })
      once('The new client', Object.fromEntries(secrets.filter(([, secret]) => secret)), see)
    },
  })
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
    const host = ['name', 'redirect_host'].includes(what.value) && searched(text, what.value)
    context.go(['clients'], { ...filter, deleted: '', [by]: '', [host ? 'redirect_host' : what.value]: host || text, ...changed })
  }
  const chip = ([label, name, value]) => {
    const is = filter[name] === value
    return button(label, () => go({ [name]: is ? '' : value }), 'chip', { 'aria-pressed': String(is) })
  }
  // They are found by nothing else.
  const deleted = () => context.go(['clients'], filter.deleted ? {} : { deleted: 'true' })
  const source = select([['', 'any'], ...SOURCES], filter.source, { onchange: () => go({ source: source.value }) })
  return form('search', go,
    h('div.row', field('Look in', what), field('For', words), submitButton('Search')), help,
    h('div.row', h('div.chips', { role: 'group', 'aria-label': 'Only those that are' }, CHIPS.map(chip),
      context.readsService && button('Deleted', deleted, 'chip', { 'aria-pressed': String(Boolean(filter.deleted)) })), field('Source', source)))
}

function rows(context, filter) {
  const chosen = new Map()
  const bar = h('div.bar', { hidden: true })
  const choose = (client, is) => {
    chosen.delete(client.client_id)
    if (is) chosen.set(client.client_id, client)
    bar.hidden = chosen.size === 0
    const action = (action) => button(`${ACTIONS[action][0]} …`, () => bulk(context, action, [...chosen.values()], action === 'delete' && +filter.unused || undefined))
    fill(bar, h('strong', `${chosen.size} chosen`), Object.keys(ACTIONS).filter((name) => [...chosen.values()].some((client) => canDo(name, client))).map(action))
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

/** Of a pasted redirect the host or the scheme, as it is searched; nothing if it is none. */
function searched(text, by) {
  if (/^https?:/i.test(text)) return urlOf(text).hostname
  const [, scheme] = (by === 'name' ? /^([a-z][a-z\d+.-]*:)\//i : /^([a-z][a-z\d+.-]*:)(?!\d+$)/i).exec(text) ?? []
  return scheme?.toLowerCase()
}

function nothing({ link }, filter) {
  const { client_id, name, redirect_host } = filter
  if (client_id) return ['No such client. ', h('a', { href: link(['clients', client_id]) }, 'Was it deleted?')]
  if (name) return ['No client’s name has a word that begins so.']
  if (!redirect_host) return Object.values(filter).some(Boolean) ? 'No such client.' : ['No client is registered yet. ', h('a', { href: link(['policy']) }, 'Policy'), ' says who may register, and tries what well-known hosts send; what is refused stands on ', h('a', { href: link(['today']) }, 'Today'), '.']
  if (redirect_host.endsWith(':')) return ['No client redirects by this scheme. Those that an earlier version has registered are found after ', h('code', 'registrar service reindex'), '.']
  return ['No client redirects to this host.', /^[a-z][a-z\d+.-]*$/i.test(redirect_host) && [' ', h('a', { href: link(['clients'], { redirect_host: `${redirect_host}:` }) }, `Search the scheme ${redirect_host}:`)]]
}

/** Where the redirects of a client lead: hosts, and schemes of applications. */
export function hosts({ redirect_uris = [] }) {
  const host = ({ protocol, hostname }) => /^https?:$/.test(protocol) ? hostname : protocol
  return [...new Set(redirect_uris.map(urlOf).map(host))].sort().join(', ')
}

/** In which order a list stands that is asked for so (docs/operators.md). */
const order = (query) => query.get('name') ? 'By the words of their names' : ['unused', 'ending'].some((name) => query.get(name)) ? 'Oldest first' : 'Newest first'

export function clientsTable({ link, query }, clients, boxes) {
  const row = (client, index) => [
    rowLink(link(['clients', client.numeric_id]), nameOf(client)),
    said(hosts(client)), code(client.client_id), `${client.source}, ${client.client_type}`, time(client.client_id_issued_at), client.used ? h('span.day', client.used) : none(UNKNOWN), states(client),
    ...(boxes ? [boxes[index]] : []),
  ]
  return table(order(query), ['Name', 'Redirects to', 'Client id', 'Source', 'Registered', 'Last used', 'State', ...(boxes ? ['Choose'] : [])], clients.map(row))
}

/** What flags are called in a list. */
const FLAGS = { reserved_name: 'reserved name', look_alike_name: 'like a reserved name' }

export function states({ locked, pending_until, retained, flags = [] }) {
  const words = [[locked, 'bad', 'locked'], [pending_until, 'warn', 'waiting'], [retained, '', 'retained'], ...flags.map((flag) => [true, 'warn', FLAGS[flag] ?? flag.replaceAll('_', ' ')])]
  return words.filter(([is]) => is).map(([, mood, word]) => h(mood ? `span.state.${mood}` : 'span.state', word))
}
