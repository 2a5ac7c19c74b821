// The institutions of the STET door, and how long their certificates last.

import { code, count, none, rowLink, said, table, time, until } from './dom.js'
import { registrar } from './shell.js'
import { pages, screen } from './ui.js'

export function stet(context) {
  const { id, link } = context
  const show = (institutions) => {
    const rows = institutions.flatMap((one) => (one.certificates.length ? one.certificates : [{}]).map((certificate) => [one, certificate]))
    rows.sort(([, one], [, other]) => (one.not_after ?? 0) - (other.not_after ?? 0))
    return table(`${count(institutions.length, 'institution')}, the certificates that end first at the top`,
      ['Institution', 'Organization', 'Roles', 'Certificate', 'Subject', 'From', 'To', 'Left'], rows.map(([one, { use, subject, not_before, not_after }]) => [
        rowLink(link(['clients', one.numeric_id]), said(one.client_name ?? one.client_id)),
        code(one.organization), said([one.roles].flat().join(', ')), said(use ?? ''), said(subject ?? ''), time(not_before), time(not_after),
        not_after ? until(not_after) : none('not kept'),
      ]))
  }
  return screen('STET', [['GET', `${id}/stet`]], registrar(['client', 'list'], { service: id, source: 'stet' }),
    pages(context, `${id}/stet`, 'institutions', {}, show, 'No institution is registered.'))
}
