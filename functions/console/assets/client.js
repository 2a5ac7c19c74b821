// One client: what it sent, what it became and why; what was done to it; what can be done.

import { get, segment } from './api.js'
import { history } from './audit.js'
import { UNKNOWN, nameOf, states } from './clients.js'
import { announce, area, button, code, facts, field, h, hint, now, pretty, said, time, until } from './dom.js'
import { becameTable } from './policy.js'
import { reading, registrar } from './shell.js'
import { confirm, later, once, screen } from './ui.js'

const FLAGS = {
  reserved_name: 'Its name has in it a name that the policy reserves.',
  look_alike_name: 'Its name looks like a name that the policy reserves.',
  hidden_characters: 'A name has characters that nobody sees.',
  foreign_pages: 'A page or its logo is on a host to which it does not redirect.',
  private_redirect: 'A redirect leads into a private network.',
}

export async function client(context) {
  const { id, parts, signal, link, me } = context
  const path = `${id}/clients/${segment(parts[1])}`
  const found = await get(path, {}, signal).catch((error) => {
    if (error.status !== 404) throw error
    return { error }
  })
  if (found.error) return gone(context, path, found.error)
  // What is left is its metadata.
  const {
    client_id, client_id_issued_at, numeric_id, source, client_type, version, locked, expires_at, pending_until, retained, used, flags = [],
    alias, developer, client_secret_expires_at, previous_secret_until, metadata_document, software, trust_chain, certificates, sent, changes = [], ...metadata
  } = found
  const date = (name, seconds) => seconds > 0 && [name, time(seconds, true), ' ', until(seconds)]
  const text = (name, text) => text !== undefined && [name, said(text)]
  const whole = (name, json) => json && [name, h('pre', pretty(json))]
  return screen(nameOf(found), [['GET', path], ['GET', `${path}/history`]], command(context, 'show', client_id),
    h('p', code(client_id), ' ', states(found), ' ', h('a', { href: link(['grants'], { client: client_id }) }, 'What users have let it have')),
    flags.map((flag) => h('p.warn', FLAGS[flag] ?? said(flag))),
    h('section', h('h2', 'Sent, became, why'), becameTable(sent ?? metadata, metadata, changes),
      !sent && hint('What was sent is not kept: this is what is registered.')),
    h('section', h('h2', 'What can be done'), context.writes ? actions(context, path, found, metadata) : hint('Changes need a token with client.write.')),
    h('section', h('h2', 'What else is known'), facts([
      text('Number', numeric_id), text('Source', source), text('Type', client_type), text('Version', version),
      ['Registered', time(client_id_issued_at, true)], text('Last used', used ?? UNKNOWN), date('Ends', expires_at),
      date('Waits until', pending_until), date('Its secret ends', client_secret_expires_at), date('The secret before ends', previous_secret_until),
      text('Alias', alias), text('Developer', developer), whole('Software', software), whole('Document', metadata_document), whole('Trust chain', trust_chain), whole('Certificates', certificates),
    ])),
    later(get(`${path}/history`, {}, signal).then(({ entries }) => [h('h2', 'History'), history(entries, me)])))
}

const DAYS = 30

const restorable = (from) => time(from + DAYS * 86400, true)

/** A client that is there no more: what is known of it, and its way back. */
async function gone(context, path, error) {
  const { id, parts, signal, me, writes, done } = context
  const { entries } = await get(`${path}/history`, {}, signal)
  const last = entries[0]
  if (!last) throw error
  const [client_id, is] = [last.client_id ?? parts[1], (event) => last.events.includes(event)]
  const restore = () => confirm({
    title: 'Restore this client?', label: 'Restore', request: () => ['POST', `${id}/clients/${segment(client_id)}/restore`, {}, {}],
    command: () => command(context, 'restore', client_id), content: h('p', 'It is as it was, with its secret and its registration token.'), done: () => done('It is restored.'),
  })
  return screen('A client that is gone', [['GET', `${path}/history`]], registrar(['audit'], { service: id, client: client_id }),
    h('p', code(client_id)),
    // Its history follows a little later.
    !is('ended') && [
      h('p', 'It was deleted. Until ', is('deleted') ? restorable(last.at) : 'thirty days after that', ' it can be restored, unless it was deleted for good, by its registrant or while it was locked.'),
      writes && h('p', button('Restore …', restore, 'main')),
    ],
    is('ended') && h('p', 'It has ended by itself: its registrant may register again.'),
    h('section', h('h2', 'History'), history(entries, me)))
}

const yes = { yes: true }

const command = ({ id }, action, client_id, options) => registrar(['client', action], { service: id, ...options }, [client_id])

function actions(context, path, { client_id, version, source, locked, pending_until, retained, flags, client_secret_expires_at }, metadata) {
  const { parts } = context
  const done = (text) => () => context.done(text)
  const leave = (text, parts) => () => {
    announce(text)
    context.go(parts)
  }
  const shown = (title, member) => (answer) => {
    context.again()
    once(title, answer[member])
  }
  const action = (action, label, text, { options, kind, then = done(`${label}: done.`) } = {}) => button(label, () => confirm({
    title: `${label}?`, content: h('p', text), label, kind, done: then,
    request: () => ['POST', `${path}/${action}`, {}, { version }], command: () => command(context, action, client_id, options),
  }), kind)
  return h('p.buttons',
    pending_until && [
      action('approve', 'Approve', 'It may be used from then on.', { options: { version } }),
      action('deny', 'Deny', 'It is deleted.', { options: yes, kind: 'danger', then: leave('It is denied and deleted.', ['clients']) }),
    ],
    !pending_until && flags && action('approve', 'Vouch for its names', 'Its names are good, and no longer flagged.', { options: { version } }),
    locked ? action('unlock', 'Unlock', 'Its registrant may manage it again, and it may be used unless it waits.')
      : action('lock', 'Lock', 'Until it is unlocked its registrant cannot manage it, and authorization servers are told.'),
    retained ? action('release', 'Release', 'It ends again if nobody uses it, as the policy says: its time begins anew.')
      : action('retain', 'Retain', 'It stays though nobody uses it.'),
    client_secret_expires_at !== undefined && action('rotate-secret', 'New secret', 'The old one works on for the secret_overlap of the policy; without one it ends at once.', { options: yes, then: shown('The new secret', 'client_secret') }),
    ['oauth', 'authlete_registration'].includes(source) && action('reissue-token', 'New registration token', 'The one by which its registrant manages it ends at once.',
      { options: yes, then: shown('The new registration access token', 'registration_access_token') }),
    button('Change …', () => edit(context, path, client_id, version, done('It is changed.'))),
    button('Delete …', () => confirm({
      title: 'Delete this client?', label: 'Delete', kind: 'danger', request: () => ['DELETE', path, { version }], command: () => command(context, 'delete', client_id, yes),
      content: [h('p', nameOf(metadata), ' ends at once, with its secret, its token and what users have let it have.'),
        locked ? h('p.warn', 'It is locked, and cannot be restored.') : h('p', 'Until ', restorable(now()), ' it can be restored, from its page.')],
      done: client_id.includes('/') ? leave('It is deleted.', ['clients']) : () => {
        announce('It is deleted.')
        return parts[1] === client_id ? context.again() : context.go(['clients', client_id])
      },
    }), 'danger'))
}

function edit(context, path, client_id, version, done) {
  const changes = area(10, '{\n  \n}')
  const patch = () => JSON.parse(changes.value)
  confirm({
    title: 'Change this client', label: 'Change it', done,
    content: field('Members that become otherwise, as JSON', changes, 'What is not given stays, null removes (RFC 7396).'),
    request: () => ['PATCH', path, {}, { ...patch(), version }],
    command: () => reading(`${command(context, 'update', client_id)} -`, patch()),
  })
}
