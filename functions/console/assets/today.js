// What has happened: registrations and refusals by hour and door, what was refused and why, what ends soon.

import { get } from './api.js'
import { history } from './audit.js'
import { chart } from './chart.js'
import { count, h, hint, local, now, number, rowLink, said, table, time, until } from './dom.js'
import { firstPages, pages } from './pages.js'
import { CLOSED, RULES, askedFor, isLookUp } from './rules.js'
import { registrar } from './shell.js'
import { commands, later, screen } from './ui.js'

const WEEK = 7 * 86400

/** How many clients that end are shown at once. */
const MOST = 20

export async function today(context) {
  const { id, signal, link, readsService } = context
  const asks = [['GET', `${id}/counts`], ['GET', `${id}/refusals`, { limit: 100 }], ['GET', `${id}/clients`, { pending: true, limit: 100 }], ['GET', `${id}/clients`, { ending: WEEK, limit: MOST }]]
  const more = [['GET', `${id}/tokens`], ['GET', `${id}/audit`], ['GET', `${id}/policy`]]
  const [{ clients, hours }, [refusals, areMore], [waiting, waitMore], { audit } = {}] = await Promise.all([
    get(asks[0][1], {}, signal), refusalsOf(context, asks[1]), firstPages(context, asks[2][1], 'clients', asks[2][2]), readsService && get(more[2][1], {}, signal),
  ])
  const isUncounted = audit?.refusals === false
  const wait = `${number(waiting.length)}${waitMore ? '+' : ''}`
  const command = commands(
    registrar(['audit'], { service: id, refused: true, since: '7d' }), registrar(['client', 'list'], { service: id, pending: true }),
    readsService && registrar(['token', 'list'], { service: id }), readsService && registrar(['audit'], { service: id, limit: 10 }))
  const day = new Date(Date.now() - 86400_000).toISOString().slice(0, 13)
  const last = hours?.filter(({ hour }) => hour > day)
  const sum = (numbers) => number(numbers.reduce((sum, number) => sum + number, 0))
  const figure = (number, name) => h('div', h('dt', name), h('dd', number))
  return screen(context, 'Today', readsService ? [...asks, ...more] : asks, command,
    hint(`Read at ${local(new Date())}.`),
    h('dl.figures',
      figure(number(clients), 'Clients'),
      waiting.length > 0 && figure(h('a', { href: link(['clients'], { pending: 'true' }) }, wait), 'Waiting for approval'),
      last && [figure(sum(last.flatMap(({ registered }) => Object.values(registered))), 'Registered in 24 hours'),
        figure(isUncounted ? 'not counted' : sum(last.map(({ refused }) => refused)), 'Refused in 24 hours')]),
    clients === 0 && hint('No client is registered yet: ', h('a', { href: link(['policy']) }, 'Policy'), ' says who may register, and tries what well-known hosts send.'),
    hours && h('section', h('h2', 'The last 48 hours'), chart(hours, !isUncounted)),
    h('section', h('h2', 'Refused in the last seven days'),
      isUncounted && h('p.warn', 'What is refused is not counted: ', h('a', { href: link(['policy'], { member: 'audit' }) }, 'audit.refusals'), ' of the policy is false.', refusals.length > 0 && ' What stands here is from before.'),
      refusals.length ? refusalsTable(context, refusals) : !isUncounted && hint(readsService ? 'Nothing was refused.' : 'Nothing was refused, or it is not counted.'), areMore && notAll(refusals),
      refusals.some(({ rule, door }) => rule === 'doors' && CLOSED[door]) && hint('Who comes to a closed door is told less than what stands here: mostly “there is no such service”.'),
      hint('Who registers too fast (429) is not counted here, but in the metric Refusals of a deployment, as temporarily_unavailable.')),
    later(ending(context, asks[3], waiting, waitMore)),
    readsService && h('section', h('h2', 'What was changed last'), history(context, more[1][1], true)))
}

/** Refusals as the request asks for them, newest day first, and whether there are more. */
export const refusalsOf = (context, [, path, query]) => firstPages(context, path, 'refusals', query)

/** What is said where not all were read. */
export const notAll = (refusals) => hint('There are more: the sums are those of ', number(refusals.length), ' lines, newest day first. The command with --json has them all.')

/** Refusals of one kind together, whatever their day and network. */
export function kinds(refusals) {
  const kinds = new Map()
  for (const refusal of [...refusals].sort((one, other) => other.last_at - one.last_at)) {
    const key = [refusal.operation, refusal.rule, refusal.error, refusal.door, refusal.description].join('\n')
    const kind = kinds.get(key) ?? { ...refusal, count: 0, days: [] }
    kinds.set(key, { ...kind, count: kind.count + refusal.count, days: [...kind.days, refusal] })
  }
  return [...kinds.values()]
}

function refusalsTable({ link }, refusals) {
  return table('What was refused, by the rule that refused it', ['Why, and what to change', 'Asked for', 'Rule', 'Door', '#Times', 'Last'],
    kinds(refusals).map(({ operation, rule, error, door, description, count, last_at }) => [
      h('a.why', { 'data-row': true, href: link(['refused'], { operation, rule, error, door, description }) }, said(description)),
      isLookUp(askedFor({ door, operation, rule, description })) ? 'look-up' : said(operation), Object.hasOwn(RULES, rule) ? h('span', rule) : said(rule), said(door), number(count), time(last_at),
    ]))
}

async function ending(context, [, path, query], waiting, waitMore) {
  const { id, link, readsService } = context
  const [tokens] = readsService ? await firstPages(context, `${id}/tokens`, 'tokens', { limit: 100 }) : [[]]
  const end = now() + WEEK
  const of = (how, member, link) => (thing) => [thing[member], rowLink(link(thing), said(thing.client_name ?? thing.client_id ?? thing.token)), how]
  const toClient = ({ numeric_id }) => link(['clients', numeric_id])
  const sorted = (ends) => ends.filter(([at]) => at <= end).sort(([one], [other]) => one - other)
  const ofClient = (client) => sorted([
    ...[client].filter(({ pending_until }) => !pending_until).map(of('ends', 'expires_at', toClient)),
    of('its secret ends', 'client_secret_expires_at', toClient)(client),
  ].filter(([at]) => at > 0))
  const waits = sorted(waiting.map(of('waiting for approval', 'pending_until', toClient))).slice(0, MOST)
  const works = sorted(tokens.filter(({ expires_at }) => expires_at).map(of('a token', 'expires_at', () => link(['tokens']))))
  const others = [...waits, ...works.slice(0, MOST)]
  const [longer, more] = [waiting.length - waits.length, works.length - MOST]
  const left = [
    longer > 0 && hint(h('a', { href: link(['clients'], { pending: 'true' }) }, `${count(longer, 'client')}${waitMore ? ' or more' : ''}`),
      longer === 1 && !waitMore ? ' waits' : ' wait', ' for approval, and for longer than that.'),
    more > 0 && hint(h('a', { href: link(['tokens']) }, `${count(more, 'token')} more`), more === 1 ? ' ends' : ' end', ' within that week.'),
  ].filter(Boolean)
  const show = (clients) => {
    const ends = sorted([...others, ...clients.flatMap(ofClient)])
    return ends.length > 0 && table('What ends first', ['What', 'How', 'Left', 'When'], ends.map(([at, what, how]) => [what, how, until(at), time(at)]))
  }
  const nothing = others.length + left.length === 0 && 'Nothing does.'
  return [h('h2', 'What ends within a week'), left, pages(context, path, 'clients', query, show, nothing, (clients) => clients.filter((client) => ofClient(client).length))]
}
