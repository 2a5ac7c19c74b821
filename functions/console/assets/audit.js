// What was changed, by whom.

import { aloneTime, h, said, table, time } from './dom.js'

/** Entries of the audit. */
export function history(entries, link) {
  if (entries.length === 0) return h('p.hint', 'Nothing is kept.')
  const subject = (entry) => {
    if (!entry.client_id) return said(entry.token ? `token ${entry.token.slice(0, 12)} …` : entry.subject)
    return link ? h('a', { 'data-row': true, href: link(['clients', entry.numeric_id]) }, said(entry.client_id)) : said(entry.client_id)
  }
  return table('Changes, newest first', ['When', 'Of', 'What', 'Members', 'By', 'Door', 'From'], entries.map((entry) => [
    link ? time(entry.at) : aloneTime(entry.at), subject(entry), entry.events.join(', ').replaceAll('_', ' '),
    said((entry.members ?? []).join(', ')), said(entry.actor ?? 'by itself'), said(entry.door ?? ''), said(entry.address ?? ''),
  ]))
}
