import { h, hint, none, rowLink, said, table, time } from './dom.js'

const short = (text) => text.length > 20 ? `${text.slice(0, 12)}…` : text

/** Entries of the audit. Without `link` they are of one client; else it leads to their clients, whose names are by number in `names`. */
export function history(entries, me, link, names = new Map()) {
  const of = ({ client_id, numeric_id, subject, token }) => {
    if (!client_id) return said(`${subject} ${(token ?? '').slice(0, 12)}`)
    const name = names.get(numeric_id)
    // The history of one that is gone is found by its identifier alone.
    return rowLink(link(['clients', client_id.includes('/') ? numeric_id : client_id]), [said(name ?? short(client_id)), name && h('span.hint', ' ', said(short(client_id)))])
  }
  const by = (actor) => actor === me.token ? 'you' : said(short(actor))
  const row = (entry) => [
    time(entry.at, !link), link && of(entry), said(entry.events.join(', ').replaceAll('_', ' ')), said((entry.members ?? []).join(', ')),
    entry.actor ? by(entry.actor) : none('by itself'), said(entry.door ?? ''), said(entry.address ?? ''),
  ]
  const columns = ['When', 'Of', 'What', 'Members', 'By', 'Door', 'From']
  const shown = (cells) => cells.filter((_, index) => link || index !== 1)
  return entries.length ? table('Changes, newest first', shown(columns), entries.map(row).map(shown)) : hint('Nothing is kept.')
}
