// One client: what it sent, what it became and why; what was done to it; what can be done.

import { get, segment } from './api.js'
import { history } from './audit.js'
import { aloneTime, announce, button, facts, field, h, pretty, said, until } from './dom.js'
import { states } from './clients.js'
import { becameTable } from './policy.js'
import { reading, registrar } from './shell.js'
import { confirm, later, once, screen } from './ui.js'

/** Members that are not its metadata. */
const OURS = new Set(['client_id', 'client_id_issued_at', 'numeric_id', 'source', 'client_type', 'version', 'locked', 'expires_at',
  'pending_until', 'retained', 'used', 'flags', 'alias', 'developer', 'client_secret_expires_at', 'previous_secret_until',
  'metadata_document', 'software', 'trust_chain', 'sent', 'changes'])

const FLAGS = {
  reserved_name: 'Its name has in it a name that the policy reserves.',
  look_alike_name: 'Its name looks like a name that the policy reserves.',
  hidden_characters: 'A name has characters that nobody sees.',
  foreign_pages: 'A page or its logo is on a host to which it does not redirect.',
  private_redirect: 'A redirect leads into a private network.',
}

export async function client(context) {
  const { id, parts, signal, link } = context
  const path = `${id}/clients/${segment(parts[1])}`
  const asks = [['GET', path], ['GET', `${path}/history`]]
  const found = await get(path, {}, signal)
  const { client_id, sent, changes } = found
  const metadata = Object.fromEntries(Object.entries(found).filter(([name]) => !OURS.has(name)))
  return screen(found.client_name ? said(found.client_name) : h('em', 'A client without a name'), { asks, command: which(context, 'show', client_id) },
    h('p', h('code', said(client_id)), ' ', states(found), ' ', h('a', { href: link(['grants'], { client: client_id }) }, 'What users have let it have')),
    (found.flags ?? []).map((flag) => h('p.warn', FLAGS[flag] ?? said(flag))),
    h('section', h('h2', 'Sent, became, why'),
      becameTable(sent ?? metadata, metadata, changes ?? []),
      !sent && h('p.hint', 'What was sent is not kept: this is what is registered.')),
    h('section', h('h2', 'What can be done'), actions(context, found, path, metadata)),
    h('section', h('h2', 'What else is known'), known(found)),
    later(get(`${path}/history`, {}, signal).then(({ entries }) => [h('h2', 'History'), history(entries)]), 'section'))
}

function known(found) {
  const { numeric_id, source, client_type, version, expires_at, pending_until, used, alias, developer } = found
  const date = (name, seconds) => seconds && [name, aloneTime(seconds), ' ', until(seconds)]
  const whole = (name) => found[name] && [name.replaceAll('_', ' '), h('pre', pretty(found[name]))]
  return facts([
    ['Number', h('code', said(numeric_id))], ['Source', said(source)], ['Type', said(client_type)], ['Version', said(version)],
    ['Registered', aloneTime(found.client_id_issued_at)], ['Last used', said(used ?? 'not known')],
    date('Ends', expires_at), date('Waits until', pending_until), date('Its secret ends', found.client_secret_expires_at || undefined),
    date('The secret before it works until', found.previous_secret_until), alias && ['Alias', said(alias)],
    developer && ['Developer', said(developer)], whole('software'), whole('metadata_document'), whole('trust_chain'),
  ])
}

function which({ id }, action, client_id, options) {
  return registrar(['client', action], { service: id, ...options }, [client_id])
}

function actions(context, found, path, metadata) {
  if (!context.may('client.write', 'use_service')) return h('p.hint', 'Changes need a token with client.write.')
  const { client_id, version } = found
  const done = (said) => () => {
    announce(said)
    context.again()
  }
  const action = (action, title, content, options = {}) => button(title, () => confirm({
    title: `${title}?`, content: h('p', content), label: title, kind: options.kind,
    request: ['POST', `${path}/${action}`, {}, { version, ...options.body }], command: which(context, action, client_id, options.flags),
    done: options.done ?? done(`${title}: done.`),
  }), { kind: options.kind })
  const managed = ['oauth', 'authlete_registration'].includes(found.source)
  const secret = String(metadata.token_endpoint_auth_method ?? '').startsWith('client_secret') || found.client_secret_expires_at !== undefined
  return [
    found.pending_until && h('p.buttons',
      action('approve', 'Approve', 'It may be used from then on.', { kind: 'main', flags: { version } }),
      action('deny', 'Deny', 'It is deleted.', { kind: 'danger', done: leave(context, 'It is denied and deleted.') })),
    h('p.buttons',
      found.locked
        ? action('unlock', 'Unlock', 'Its registrant can read, change and delete it again, and it can be used.')
        : action('lock', 'Lock', 'Its registrant can neither read nor change nor delete it, until it is unlocked, and authorization servers are told.'),
      found.retained
        ? action('release', 'Release', 'It ends again if nobody uses it, as the policy says; it lives anew.')
        : action('retain', 'Retain', 'It stays though nobody uses it.'),
      !found.pending_until && found.flags?.length > 0 && action('approve', 'Vouch for its names', 'Its names are good, and no longer flagged.', { flags: { version } }),
      secret && action('rotate-secret', 'New secret', 'The old secret ends at once, or after the policy’s overlap.', {
        done: (answer) => {
          once('The new secret', 'client secret', answer.client_secret)
          context.again()
        },
      }),
      managed && action('reissue-token', 'New registration token', 'The token by which its registrant manages it is replaced; the old one ends at once.', {
        done: (answer) => {
          once('The new registration access token', 'registration access token', answer.registration_access_token)
          context.again()
        },
      }),
      button('Change …', () => edit(context, found, path, metadata, done('It is changed.'))),
      button('Delete …', () => confirm({
        title: 'Delete this client?', label: 'Delete', kind: 'danger', request: ['DELETE', path], command: which(context, 'delete', client_id, { yes: true }),
        content: h('p', said(found.client_name ?? client_id), ' ends at once, with its secret, its token and what users have let it have.'),
        done: leave(context, 'It is deleted.'),
      }), { kind: 'danger' })),
  ]
}

function leave(context, text) {
  return () => {
    announce(text)
    context.go(['clients'])
  }
}

function edit(context, found, path, metadata, done) {
  const area = h('textarea.code', { rows: 12, spellcheck: 'false', value: '{\n  \n}' })
  const patch = () => JSON.parse(area.value)
  area.addEventListener('input', () => {
    try {
      patch()
      area.setCustomValidity('')
    } catch (error) {
      area.setCustomValidity(`This is no JSON: ${error.message}`)
    }
  })
  confirm({
    title: 'Change this client', label: 'Change it', done,
    content: [
      field('Members that become otherwise, as JSON', area, 'What is not given stays, null removes (RFC 7396).'),
      h('details', h('summary', 'What is registered'), h('pre', pretty(metadata))),
    ],
    request: () => ['PATCH', path, {}, patch()],
    command: () => reading(`${which(context, 'update', found.client_id)} -`, patch()),
  })
}
