// What users have let clients have, of one user or one client; and its end.

import { button, field, form, h, hint, input, list, said, select, submitButton, table, time, until } from './dom.js'
import { pages } from './pages.js'
import { registrar } from './shell.js'
import { confirm, screen } from './ui.js'

export function grants(context) {
  const { id, query, endsGrants } = context
  const by = query.get('client') ? 'client' : 'subject'
  const text = query.get(by) ?? ''
  const path = `${id}/grants`
  const whose = { [by]: text }
  const what = select([['subject', 'User (subject)'], ['client', 'Client id, number or alias']], by)
  const words = input('search', { value: text })
  const end = (query, label, content, typed, properties) => button(label, () => confirm({
    title: 'End what was granted?', label: 'End it', kind: 'danger', content, typed, request: () => ['DELETE', path, query],
    command: () => registrar(['grant', 'revoke'], { ...query, yes: true }, [id]),
    done: () => context.done('It has ended.'),
  }), 'danger', properties)
  const authorization = ({ scopes, granted_at, code_expires_at, access_token_expires_at, refresh_token_expires_at }) => [
    said(scopes.join(' ')), ', ', code_expires_at && 'a code that nobody has used, ', until(code_expires_at ?? refresh_token_expires_at ?? access_token_expires_at), ', since ', time(granted_at),
  ]
  const show = (grants) => [
    endsGrants && h('p', end(whose, 'End all of these …', h('p', 'All tokens and codes of ', said(text), ' end.'), text)),
    table('Grants', ['Client', 'User', 'Scopes', 'Authorizations', 'Changed', 'End it'], grants.map((grant) => {
      const { numeric_id, client_id = numeric_id, client_name = client_id, subject, scopes = [], authorizations, modified_at } = grant
      const content = h('p', 'Tokens and codes of ', said(subject), ' at ', said(client_name), ' end, and the user is asked again.')
      return [said(client_name), said(subject), said(scopes.join(' ')), list(authorizations.map(authorization)), time(modified_at),
        endsGrants && end({ subject, client: client_id }, 'End …', content, '', { 'data-row': true })]
    })),
  ]
  return screen(context, 'Grants', text ? [['GET', path, whose]] : [], text && registrar(['grant', 'list'], whose, [id]),
    form('search', () => context.go(['grants'], { [what.value]: words.value.trim() }),
      h('div.row', field('Of', what), field('Which', words), submitButton('Show'))),
    text ? pages(context, path, 'grants', whose, show, 'There is none: nobody has consented, or all has ended.')
      : hint('Name a user, by the subject that your authorization server sends, or a client. A grant is there once a user has consented: ',
      h('code', `registrar grant list ${id} --subject SUBJECT`), ', docs/authorization-servers.md.'))
}
