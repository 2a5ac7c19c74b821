import { hint, rowLink, said, table, time } from './dom.js'

/** Entries of the audit; `link` leads to their clients. */
export function history(entries, link) {
  const of = ({ client_id, numeric_id, subject, token }) => {
    if (!client_id || !link) return said(client_id ?? `${subject} ${(token ?? '').slice(0, 12)}`)
    return rowLink(link(['clients', numeric_id]), said(client_id))
  }
  const row = (entry) => [
    time(entry.at, !link), of(entry), said(entry.events.join(', ').replaceAll('_', ' ')), said((entry.members ?? []).join(', ')),
    said(entry.actor ?? 'by itself'), said(entry.door ?? ''), said(entry.address ?? ''),
  ]
  return entries.length ? table('Changes, newest first', ['When', 'Of', 'What', 'Members', 'By', 'Door', 'From'], entries.map(row)) : hint('Nothing is kept.')
}
