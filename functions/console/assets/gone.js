// Clients that are gone: one of them with its way back, and those that were deleted lately.

import { get, segment } from './api.js'
import { by, history, named } from './audit.js'
import { button, code, h, nameOf, none, now, rowLink, table, time } from './dom.js'
import { pages } from './pages.js'
import { registrar } from './shell.js'
import { confirm, screen } from './ui.js'

const DAYS = 30

/** Until when a client that is deleted then can be restored. */
export const restorable = (from) => from + DAYS * 86400

/** A client that is there no more: what is known of it, and its way back. */
export async function gone(context, path, error) {
  const { id, parts, signal, writes, done } = context
  const { entries, deleted } = await get(`${path}/history`, { limit: 100 }, signal)
  const [last] = entries
  if (!last && !deleted) throw error
  const client_id = last?.client_id ?? parts[1]
  const restore = () => confirm({
    title: ['Restore ', nameOf(deleted), '?'], label: 'Restore', request: () => ['POST', `${id}/clients/${segment(client_id)}/restore`, {}, {}],
    command: () => registrar(['client', 'restore'], { service: id }, [client_id]),
    again: context.again, content: h('p', 'It is as it was, with its secret and its registration token; what it had of users is not.'), done: () => done('It is restored.'),
  })
  return screen(context, deleted ? [nameOf(deleted), ' is deleted'] : 'A client that is gone', [['GET', `${path}/history`]], registrar(['audit'], { service: id, client: client_id }),
    h('p', code(client_id)),
    deleted && [h('p', 'Until ', time(deleted.restorable_until, true), ' it can be restored.'), writes && h('p', button('Restore …', restore, 'main'))],
    !deleted && h('p', why(last, entries)),
    h('section', h('h2', 'History'), history(context, `${path}/history`)))
}

/** Why a client that is gone cannot be restored, as far as its history says. */
function why({ events, actor, at }, entries) {
  if (events.includes('ended')) return 'It has ended by itself: its registrant may register again.'
  if (!events.includes('deleted')) return 'It was not deleted. Either it has just ended by itself, as client_lifetime, unused or approval_within of the policy say, or how it went is not kept: it cannot be restored.'
  const last = entries.find(({ events }) => events.includes('locked') || events.includes('unlocked'))
  const reason = restorable(at) <= now() ? 'It was deleted more than thirty days ago'
    : actor === 'registrant' ? 'Its registrant has deleted it'
    : actor === 'ceiling' ? 'It has made room for others, since the service had as many clients as clients_per_service lets it have'
    : last?.events.includes('locked') ? 'It was deleted while it was locked' : 'It was deleted for good'
  return `${reason}: it cannot be restored.`
}

/** The clients that were deleted within the time for which they can be restored, from the audit. */
export function deletedLately(context) {
  const { id, me, link } = context
  const since = now() - DAYS * 86400
  // Newest first: of a client that was deleted and is back the return comes before.
  const seen = new Map()
  const isLast = ({ subject, numeric_id, events, sequence }) => {
    if (subject !== 'client' || !events.some((event) => ['registered', 'restored', 'deleted'].includes(event))) return false
    if (!seen.has(numeric_id)) seen.set(numeric_id, sequence)
    return seen.get(numeric_id) === sequence && events.includes('deleted')
  }
  const keep = (entries, signal) => Promise.all(entries.filter(isLast).map(async (entry) => {
    const { deleted } = await get(`${id}/clients/${segment(named(entry))}/history`, { limit: 1 }, signal)
    return { ...entry, deleted }
  }))
  const row = ({ client_id, numeric_id, deleted, at, actor }) => [
    rowLink(link(['clients', named({ client_id, numeric_id })]), nameOf(deleted)), code(client_id), time(at),
    by(me, actor),
    deleted ? time(deleted.restorable_until) : none('for good'),
  ]
  const show = (rows) => table('The last ones first', ['Name', 'Client id', 'Deleted', 'By', 'Can be restored until'], rows.map(row))
  return pages(context, `${id}/audit`, 'entries', { since, limit: 25 }, show, 'None was deleted in the last thirty days.', keep)
}
