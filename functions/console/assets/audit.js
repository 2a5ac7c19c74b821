// What was changed: entries of the audit, page by page.

import { get, hasJustChanged, segment } from './api.js'
import { fill, h, hint, none, rowLink, said, table, time } from './dom.js'
import { pages } from './pages.js'

const short = (text) => text.length > 20 ? `${text.slice(0, 12)}…` : text

/** How many are shown at once, and after how long it is looked whether there is another one, in milliseconds. */
const AT_ONCE = 10
const AGAIN = 700

/** The last entry that was seen at each path. */
const seen = new Map()

/** What the console calls members that are no member of a client. */
const CALLED = { 'settings.vouched': 'approval of its names' }

/** The name of a client, be it deleted, as far as this token may know it. */
async function nameAt({ id, signal }, numeric_id) {
  const path = `${id}/clients/${segment(numeric_id)}`
  const last = () => get(`${path}/history`, { limit: 1 }, signal).then(({ deleted }) => deleted)
  return (await get(path, {}, signal).catch(last).catch(() => undefined))?.client_name
}

/** Who did something. */
export const by = ({ token }, actor) => !actor ? none('by itself') : actor === token ? 'you' : said(short(actor))

/** What a client has in a path: its identifier, by which alone one that is gone is found, or, if that does not survive there, its number. */
export const named = ({ client_id, numeric_id }) => client_id.includes('/') ? numeric_id : client_id

/** Entries of the audit: of one client, or, where `of` makes cells, of what these say. */
function entriesTable({ me }, entries, of) {
  const row = (entry) => [
    time(entry.at, !of), of?.(entry), said(entry.events.join(', ').replaceAll('_', ' ')), said((entry.members ?? []).map((name) => CALLED[name] ?? name).join(', ')),
    by(me, entry.actor), said(entry.door ?? ''), said(entry.address ?? ''),
  ]
  const shown = (cells) => cells.filter((_, index) => of || index !== 1)
  return table('Changes, newest first', shown(['When', 'Of', 'What', 'Members', 'By', 'Door', 'From']), entries.map(row).map(shown))
}

/** Of what entries are, by links to clients with their names. */
function subjects(context, names) {
  return ({ client_id, numeric_id, subject, token }) => {
    if (!client_id) return token ? said(`${subject} ${token.slice(0, 12)}`) : `the ${subject}`
    const name = names.get(numeric_id)
    return rowLink(context.link(['clients', named({ client_id, numeric_id })]), [said(name ?? short(client_id)), name && h('span.hint', ' ', said(short(client_id)))])
  }
}

/**
 * The last changes at a path, of one client or, with `all`, of whatever it is of. They are written down moments after they
 * are made: after a change that was made here it is looked for them a while.
 */
export function history(context, path, all) {
  const { signal, may } = context
  const [place, waits, names, known] = [h('div'), h('div', { role: 'status' }), new Map(), seen.get(path)]
  const reads = may('client.read', 'client.write', 'use_service')
  let last
  const keep = async (entries) => {
    last ??= entries[0]?.sequence ?? ''
    seen.set(path, last)
    const unknown = all && reads ? [...new Set(entries.map(({ numeric_id }) => numeric_id))].filter((number) => number && !names.has(number)) : []
    await Promise.all(unknown.map(async (number) => names.set(number, await nameAt(context, number))))
    return entries
  }
  const draw = () => {
    last = undefined
    fill(place, pages(context, path, 'entries', { limit: AT_ONCE }, (entries) => entriesTable(context, entries, all && subjects(context, names)), 'Nothing is kept.', keep))
  }
  const follow = async () => {
    while (hasJustChanged() && !signal.aborted) {
      if (known !== undefined && [undefined, known].includes(last)) fill(waits, hint('The last change is being written down …'))
      await new Promise((done) => setTimeout(done, AGAIN))
      const { entries: [newest] } = await get(path, { limit: 1 }, signal)
      if (last !== undefined && newest && newest.sequence !== last) draw()
      if (newest?.sequence !== known) fill(waits)
    }
    fill(waits)
  }
  draw()
  follow().catch(() => fill(waits))
  return [waits, place]
}
