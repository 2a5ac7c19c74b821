// What users have let clients have, of one user or one client; and its end.

import { announce, button, field, h, said, select, table, time, until } from './dom.js'
import { registrar } from './shell.js'
import { confirm, pageOf, pages, screen } from './ui.js'

export function grants(context) {
  const { id, query } = context
  const by = query.get('client') ? 'client' : 'subject'
  const value = query.get(by) ?? ''
  const path = `${id}/grants`
  const what = select([['subject', 'User (subject)'], ['client', 'Client id, number or alias']], by)
  const input = h('input', { type: 'search', value, autocomplete: 'off', spellcheck: 'false' })
  const form = h('form.search', {
    role: 'search',
    onsubmit: (event) => {
      event.preventDefault()
      context.go(['grants'], { [what.value]: input.value.trim() })
    },
  }, h('div.row', field('Of', what), field('Which', input), h('button.main', { type: 'submit' }, 'Show')))
  const all = { [by]: value }
  return screen('Grants', { asks: [['GET', path, all]], command: registrar(['grant', 'list'], { [by]: value }, [id]) },
    form,
    value && context.may('client.write', 'use_service') && h('p.buttons', end(context, path, all, 'End all of these …', [
      h('p', 'All tokens and codes of ', by === 'subject' ? 'this user' : 'this client', ' end: ', said(value), '.'),
    ], value)),
    value
      ? pages((cursor) => pageOf(context, path, 'grants', { ...all, limit: 50 }, cursor), (rows) => list(context, path, rows), 'There is none.')
      : h('p.hint', 'Name a user or a client.'))
}

function end(context, path, query, label, content, typed, properties = {}) {
  return button(label, () => confirm({
    title: 'End what was granted?', label: 'End it', kind: 'danger', content, typed, request: ['DELETE', path, query],
    command: registrar(['grant', 'revoke'], { ...query, yes: true }, [context.id]),
    done: () => {
      announce('It has ended.')
      context.again()
    },
  }), { kind: 'danger', ...properties })
}

function list(context, path, grants) {
  return table('Grants', ['Client', 'User', 'Scopes', 'Authorizations', 'Changed', ''], grants.map((grant) => [
    said(grant.client_name ?? grant.client_id), said(grant.subject), said(grant.scopes.join(' ')), authorizations(grant.authorizations ?? []),
    time(grant.modified_at),
    context.may('client.write', 'use_service') && end(context, path, { subject: grant.subject, client: grant.client_id }, 'End …', [
      h('p', 'Tokens and codes of ', said(grant.subject), ' at ', said(grant.client_name ?? grant.client_id), ' end, and the user is asked again.'),
    ], undefined, { 'data-row': true }),
  ]))
}

function authorizations(authorizations) {
  return h('ul.values', authorizations.map((one) => h('li', said(one.scopes.join(' ')), ' since ', time(one.granted_at), ', ',
    until(one.refresh_token_expires_at ?? one.access_token_expires_at))))
}
