// The institutions of the STET door, and how long their certificates last.

import { count, h, said, table, time, until } from './dom.js'
import { registrar } from './shell.js'
import { pageOf, pages, screen } from './ui.js'

export function stet(context) {
  const { id } = context
  const path = `${id}/stet`
  return screen('STET', { asks: [['GET', path]], command: registrar(['client', 'list'], { service: id, source: 'stet' }) },
    pages((cursor) => pageOf(context, path, 'institutions', { limit: 50 }, cursor), (rows) => list(context, rows), 'No institution is registered.'))
}

function list(context, institutions) {
  const rows = institutions.flatMap((institution) => {
    const certificates = institution.certificates.length > 0 ? institution.certificates : [{}]
    return certificates.map((certificate) => ({ institution, certificate }))
  })
  rows.sort((one, other) => (one.certificate.not_after ?? 0) - (other.certificate.not_after ?? 0))
  return table(`${count(institutions.length, 'institution')}, the certificates that end first at the top`,
    ['Institution', 'Organization', 'Roles', 'Certificate', 'Subject', 'From', 'To', 'Left'], rows.map(({ institution, certificate }) => [
      h('a', { 'data-row': true, href: context.link(['clients', institution.numeric_id]) }, said(institution.client_name ?? institution.client_id)),
      h('code', said(institution.organization)), said([institution.roles].flat().join(', ')), said(certificate.use ?? ''),
      said(certificate.subject ?? ''), time(certificate.not_before), time(certificate.not_after),
      certificate.not_after === undefined ? h('span.none', 'not kept') : until(certificate.not_after),
    ]))
}
