// The institutions of the STET door, and how long their certificates last.

import { code, h, nameOf, none, rowLink, said, table, time, until } from './dom.js'
import { pages } from './pages.js'
import { registrar } from './shell.js'
import { screen } from './ui.js'

export function stet(context) {
  const { id, link } = context
  const [path, query] = [`${id}/clients`, { source: 'stet' }]
  const show = (institutions) => {
    const rows = institutions.flatMap((one) => (one.certificates ?? [{}]).map((certificate) => [one, certificate]))
    rows.sort(([, one], [, other]) => (one.not_after ?? 0) - (other.not_after ?? 0))
    return table('The certificates that end first at the top', ['Institution', 'Organization', 'Scopes', 'Certificate', 'Subject', 'From', 'To', 'Left'], rows.map(([one, { use, subject, not_before, not_after }]) => [
      rowLink(link(['clients', one.numeric_id]), nameOf(one)),
      code(one.client_id), said(one.scope ?? ''), said(use ?? ''), said(subject ?? ''), time(not_before), time(not_after),
      not_after ? until(not_after) : none('not kept'),
    ]))
  }
  return screen(context, 'STET', [['GET', path, query]], registrar(['client', 'list'], { service: id, source: 'stet' }),
    pages(context, path, 'clients', query, show, ['No institution is registered. ', h('code', 'registrar sandbox stet'), ' makes one to try, and prints the commands that register it: docs/stet.md.']))
}
