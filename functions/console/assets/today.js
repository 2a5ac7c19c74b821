// What has happened: registrations and refusals by hour and door, what was refused and why, what ends soon.

import { get } from './api.js'
import { history } from './audit.js'
import { chart } from './chart.js'
import { button, count, h, hint, local, now, number, rowLink, said, table, time, until } from './dom.js'
import { registrar } from './shell.js'
import { commands, firstPages, later, pageOf, screen } from './ui.js'

const WEEK = 7 * 86400

const MOST = 20

export async function today(context) {
  const { id, signal, link, readsService } = context
  const asks = [['GET', `${id}/counts`], ['GET', `${id}/refusals`, { limit: 100 }], ['GET', `${id}/clients`, { pending: true, limit: 100 }], ['GET', `${id}/clients`, { ending: WEEK }]]
  const more = [['GET', `${id}/tokens`], ['GET', `${id}/audit`]]
  const [{ clients, hours }, [refusals, areMore], [waiting, waitMore]] = await Promise.all([
    get(asks[0][1], {}, signal), refusalsOf(context, asks[1]), pageOf(context, asks[2][1], 'clients', asks[2][2]),
  ])
  const wait = `${number(waiting.length)}${waitMore ? '+' : ''}`
  const command = commands(
    registrar(['audit'], { service: id, refused: true, since: '7d' }), registrar(['client', 'list'], { service: id, pending: true }),
    readsService && registrar(['token', 'list'], { service: id }), readsService && registrar(['audit'], { service: id, limit: 10 }))
  const day = new Date(Date.now() - 86400_000).toISOString().slice(0, 13)
  const last = hours?.filter(({ hour }) => hour > day)
  const sum = (numbers) => number(numbers.reduce((sum, number) => sum + number, 0))
  const figure = (number, name) => h('div', h('dt', name), h('dd', number))
  return screen('Today', readsService ? [...asks, ...more] : asks, command,
    h('p', button('Refresh', context.again), h('span.hint', ` Read at ${local(new Date())}.`)),
    h('dl.figures',
      figure(number(clients), 'Clients'),
      waiting.length > 0 && figure(h('a', { href: link(['clients'], { pending: 'true' }) }, wait), 'Waiting for approval'),
      last && [figure(sum(last.flatMap(({ registered }) => Object.values(registered))), 'Registered in 24 hours'),
        figure(sum(last.map(({ refused }) => refused)), 'Refused in 24 hours')]),
    hours && h('section', h('h2', 'The last 48 hours'), chart(hours)),
    h('section', h('h2', 'Refused in the last seven days'), refusals.length ? refusalsTable(context, refusals) : hint('Nothing was refused.'), areMore && notAll(refusals)),
    later(ending(context, waiting, waitMore)),
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
      rowLink(link(['refused'], { operation, rule, error, door, description }), said(description)),
      said(operation), said(rule), said(door), number(count), time(last_at),
    ]))
}

async function ending(context, waiting, waitMore) {
  const { id, signal, link, readsService } = context
  const [[clients], { tokens }] = await Promise.all([
    pageOf(context, `${id}/clients`, 'clients', { ending: WEEK }), readsService ? get(`${id}/tokens`, {}, signal) : { tokens: [] },
  ])
  const of = (how, member, link) => (thing) => [thing[member], rowLink(link(thing), said(thing.client_name ?? thing.client_id ?? thing.token)), how]
  const toClient = ({ numeric_id }) => link(['clients', numeric_id])
  const ends = [
    ...waiting.map(of('waiting for approval', 'pending_until', toClient)),
    ...clients.filter((client) => !client.pending_until).map(of('ends', 'expires_at', toClient)),
    ...clients.filter((client) => client.client_secret_expires_at).map(of('its secret ends', 'client_secret_expires_at', toClient)),
    ...tokens.map(of('a token', 'expires_at', () => link(['tokens']))),
  ].filter(([at]) => at <= now() + WEEK).sort(([one], [other]) => one - other)
  const later = waiting.filter(({ pending_until }) => pending_until > now() + WEEK).length
  const wait = later > 0 && hint(h('a', { href: link(['clients'], { pending: 'true' }) }, `${count(later, 'client')}${waitMore ? ' or more' : ''}`),
    later === 1 && !waitMore ? ' waits' : ' wait', ' for approval, and for longer than that.')
  return [h('h2', 'What ends within a week'), wait, ends.length === 0 ? !wait && hint('Nothing does.') : table('The first ones', ['What', 'How', 'Left', 'When'],
    ends.slice(0, MOST).map(([at, what, how]) => [what, how, until(at), time(at)]))]
}
