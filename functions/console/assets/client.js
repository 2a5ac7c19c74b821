// One client: what it sent, what it became and why; what was done to it; what can be done.

import { get, segment } from './api.js'
import { history, named } from './audit.js'
import { becameTable, flagText } from './became.js'
import { ACTIONS, canDo } from './bulk.js'
import { UNKNOWN, states } from './clients.js'
import { announce, area, button, code, facts, field, fill, h, hint, lasts, nameOf, now, pretty, said, time, until } from './dom.js'
import { patches } from './drafts.js'
import { gone, restorable } from './gone.js'
import { written } from './json.js'
import { reading, registrar } from './shell.js'
import { confirm, once, screen } from './ui.js'

export async function client(context) {
  const { id, parts, signal, link } = context
  const path = `${id}/clients/${segment(parts[1])}`
  const found = await get(path, {}, signal).catch((error) => {
    if (error.status !== 404) throw error
    return { error }
  })
  if (found.error) return gone(context, path, found.error)
  // What is left is its metadata.
  const {
    client_id, client_id_issued_at, numeric_id, source, client_type, version, locked, expires_at, pending_until, unused_until, retained, used, flags = [], resembles,
    alias, developer, client_secret_expires_at, previous_secret_until, metadata_document, software, trust_chain, certificates, sent, changes = [], ...metadata
  } = found
  const date = (name, seconds, why) => seconds > 0 && [name, time(seconds, true), ' ', until(seconds), why && h('span.hint', ` ${why}`)]
  const text = (name, text) => text !== undefined && [name, said(text)]
  const whole = (name, json) => json && [name, h('pre', pretty(json))]
  return screen(context, nameOf(found), [['GET', path], ['GET', `${path}/history`]], command(context, 'show', client_id),
    h('p', code(client_id), ' ', states(found), ' ', h('a', { href: link(['grants'], { client: client_id }) }, 'Grants: what users let it do')),
    flags.map((flag) => h('p.warn', flagText(flag, resembles), '.')),
    flags.length > 0 && !canDo('approve', found) && h('p', 'What is in its document may change: who trusts its URL says so in ', h('a', { href: link(['policy'], { member: 'metadata_documents' }) }, 'metadata_documents.trust'), ', and its names are not approved.'),
    h('section', h('h2', 'Sent, became, why'), becameTable(context, sent ?? metadata, metadata, changes),
      !sent && hint('What was sent is not kept: this is what is registered.')),
    h('section', h('h2', 'What can be done'), context.writes ? actions(context, path, found, metadata) : hint('Changes need a token with client.write.')),
    h('section', h('h2', 'What else is known'), facts([
      text('Number', numeric_id), text('Source', source), text('Type', client_type), text('Version', version),
      ['Registered', time(client_id_issued_at, true)], text('Last used', used ?? UNKNOWN),
      locked ? ['Ends', 'not while it is locked'] : date('Ends', expires_at, why(found)),
      date('Waiting until', pending_until), date('Its secret ends', client_secret_expires_at), date('The secret before ends', previous_secret_until),
      text('Alias', alias), text('Developer', developer), whole('Software', software), whole('Document', metadata_document), whole('Trust chain', trust_chain), whole('Certificates', certificates),
    ])),
    h('section', h('h2', 'History'), history(context, `${path}/history`)))
}

/** Why a client ends when it ends. */
function why({ expires_at, pending_until, unused_until, trust_chain }) {
  if (expires_at === pending_until) return 'if nobody approves it until then'
  if (expires_at === unused_until) return 'if nobody uses it until then; each use moves that'
  return expires_at === trust_chain?.expires_at ? 'with its chain of trust' : 'with its registration, as the policy says'
}

const yes = { yes: true }

const command = ({ id }, action, client_id, options) => registrar(['client', action], { service: id, ...options }, [client_id])

/** For how long a secret that is replaced works on, as far as this token may know it. */
function overlap({ id, signal, readsService }) {
  const place = h('span', 'The old one works on for the secret_overlap of the policy; without one it ends at once.')
  const tell = ({ secret_overlap }) => fill(place, secret_overlap ? `The old one works on for ${lasts(secret_overlap)}, the secret_overlap of the policy.`
    : [h('strong', 'The old one ends at once'), ', since the policy has no secret_overlap.'])
  if (readsService) get(`${id}/policy`, {}, signal).then(tell).catch(() => {})
  return place
}

function actions(context, path, client, metadata) {
  const { parts } = context
  const { client_id, version, source, locked, pending_until, retained, flags, client_secret_expires_at } = client
  // What it means for its end is said, since that moves without being asked.
  const ends = ({ expires_at }) => expires_at === client.expires_at ? '' : expires_at ? [' It ends ', time(expires_at), ' now.'] : ' It does not end by itself now.'
  const done = (text) => (answer) => answer.version === version ? context.done('Nothing was changed: it is so already.') : context.done(text, ends(answer))
  const leave = (text, parts) => () => {
    announce(text)
    context.go(parts)
  }
  const shown = (title, member, secret) => (answer) => {
    context.again()
    once(title, { [secret]: answer[member] })
  }
  const action = (action, label, text, { options, kind, then } = {}) => button(`${label} …`, () => confirm({
    title: [`${label}: `, nameOf(metadata)], content: h('p', typeof text === 'function' ? text() : text), label, kind, again: context.again, done: then ?? done('It is done.'),
    request: () => ['POST', `${path}/${action}`, {}, { version }], command: () => command(context, action, client_id, options),
  }), kind)
  const seen = { version }
  const known = (name, { then = done(`It is ${ACTIONS[name][1]}.`), ...options } = {}) => action(name, ACTIONS[name][0], ACTIONS[name][2], { options: seen, then, ...options })
  return h('p.buttons',
    pending_until && [
      known('approve'),
      known('deny', { options: { ...seen, ...yes }, kind: 'danger', then: leave('It is denied and deleted.', ['clients']) }),
    ],
    !pending_until && flags && canDo('approve', client) && action('approve', 'Approve its names', 'Its names are good, and no longer flagged.', { options: seen, then: done('Its names are approved.') }),
    known(locked ? 'unlock' : 'lock'), known(retained ? 'release' : 'retain'),
    client_secret_expires_at !== undefined && action('rotate-secret', 'New secret', () => overlap(context), { options: { ...seen, ...yes }, then: shown('The new secret', 'client_secret', 'Client secret') }),
    ['oauth', 'operator', 'authlete_registration'].includes(source) && action('reissue-token', 'New registration token', 'The one by which its registrant manages it ends at once.',
      { options: { ...seen, ...yes }, then: shown('The new registration access token', 'registration_access_token', 'Registration access token') }),
    button('Change …', () => edit(context, path, client, (answer) => (answer.client_secret ? shown('Its new secret', 'client_secret', 'Client secret') : done('It is changed.'))(answer))),
    button('Delete …', () => confirm({
      title: ['Delete: ', nameOf(metadata)], label: 'Delete', kind: 'danger', again: context.again, request: () => ['DELETE', path, { version }], command: () => command(context, 'delete', client_id, { ...seen, ...yes }),
      content: [h('p', ACTIONS.delete[2]),
        locked ? h('p.warn', 'It is locked, and cannot be restored.') : h('p', 'Until ', time(restorable(now()), true), ' it can be restored, from its page.')],
      done: named(client) !== client_id ? leave('It is deleted.', ['clients']) : () => {
        announce('It is deleted.')
        return parts[1] === client_id ? context.again() : context.go(['clients', client_id])
      },
    }), 'danger'))
}

function edit(context, path, { client_id, version, ...client }, done) {
  const changes = area(10, patches.get(path) ?? '{\n  \n}', { oninput: () => patches.set(path, changes.value) })
  const patch = () => ({ ...written(changes.value, 'The change'), version })
  confirm({
    title: ['Change: ', nameOf(client)], label: 'Change it', again: context.again,
    done: (answer) => {
      patches.delete(path)
      done(answer)
    },
    content: field('Members that become otherwise, as JSON', changes, 'What is not given stays, null removes (RFC 7396).'),
    request: () => ['PATCH', path, {}, patch()],
    command: () => reading(`${command(context, 'update', client_id)} -`, patch()),
  })
}
