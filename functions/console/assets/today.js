// What has happened: registrations and refusals by hour and door, what was refused and why, what ends soon.

import { get } from './api.js'
import { history } from './audit.js'
import { chart } from './chart.js'
import { count, h, now, said, table, time, until } from './dom.js'
import { registrar } from './shell.js'
import { later, pageOf, screen } from './ui.js'

const WEEK = 7 * 86400

export async function today(context) {
  const { id, signal } = context
  const asks = [['GET', `${id}/counts`], ['GET', `${id}/refusals`, { days: 7 }]]
  const [counts, { refusals }] = await Promise.all([
    get(`${id}/counts`, {}, signal), get(`${id}/refusals`, { days: 7 }, signal),
  ])
  return screen('Today', { asks, command: registrar(['audit'], { service: id, refused: true, since: '7d' }) },
    figures(context, counts),
    h('section', h('h2', 'The last 48 hours'), chart(counts.hours)),
    h('section', h('h2', 'Refused in the last seven days'), refusalsTable(context, refusals)),
    later(endingSoon(context), 'section'),
    context.may('service.read', 'service.write') && later(changed(context), 'section'))
}

function figures(context, { clients, hours }) {
  const day = new Date(Date.now() - 86400_000).toISOString().slice(0, 13)
  const last = hours.filter(({ hour }) => hour > day)
  const sum = (numbers) => numbers.reduce((sum, number) => sum + number, 0)
  const registered = sum(last.flatMap((hour) => Object.values(hour.registered)))
  const refused = sum(last.map((hour) => hour.refused))
  const figure = (number, name, link) => h('div', h('dt', link ? h('a', { href: link }, name) : name), h('dd', number.toLocaleString('en')))
  return h('dl.figures',
    figure(clients, 'Clients', context.link(['clients'])),
    figure(registered, 'Registered in 24 hours'),
    figure(refused, 'Refused in 24 hours'))
}

/** Refusals of one kind together, whatever their day and network. */
export function kinds(refusals) {
  const kinds = new Map()
  for (const refusal of refusals) {
    const key = [refusal.rule, refusal.error, refusal.door, refusal.description].join('\n')
    const kind = kinds.get(key) ?? { ...refusal, count: 0, times: [] }
    const latest = refusal.last_at > kind.last_at ? refusal : kind
    kinds.set(key, { ...kind, last_at: latest.last_at, sample: latest.sample, count: kind.count + refusal.count, times: [...kind.times, refusal] })
  }
  return [...kinds.values()].sort((one, other) => other.last_at - one.last_at)
}

function refusalsTable(context, refusals) {
  if (refusals.length === 0) return h('p.hint', 'Nothing was refused.')
  const row = (kind) => [
    h('a', { 'data-row': true, href: context.link(['refused'], { rule: kind.rule, error: kind.error, door: kind.door, about: kind.description }) }, said(kind.description)),
    said(kind.rule), said(kind.door), kind.count.toLocaleString('en'), time(kind.last_at),
  ]
  const columns = ['Why, and what to change', 'Rule', 'Door', ['Times', 'number'], 'Last']
  return table('What was refused, by the rule that refused it', columns, kinds(refusals).map(row))
}

async function endingSoon(context) {
  const { id, signal } = context
  const soon = now() + WEEK
  const ends = []
  const [[pending], [clients], tokens] = await Promise.all([
    pageOf(context, `${id}/clients`, 'clients', { pending: true, limit: 100 }),
    pageOf(context, `${id}/clients`, 'clients', { ending: WEEK, limit: 100 }),
    context.may('service.read', 'service.write') ? get(`${id}/tokens`, {}, signal) : { tokens: [] },
  ])
  const name = (client) => said(client.client_name ?? client.client_id)
  const link = (client) => h('a', { 'data-row': true, href: context.link(['clients', client.numeric_id]) }, name(client))
  for (const client of pending) ends.push([client.pending_until, link(client), 'waits for approval'])
  for (const client of clients) {
    if (client.expires_at <= soon && !client.pending_until) ends.push([client.expires_at, link(client), 'the registration ends'])
    if (client.client_secret_expires_at && client.client_secret_expires_at <= soon) ends.push([client.client_secret_expires_at, link(client), 'its secret ends'])
  }
  for (const token of tokens.tokens) {
    if (token.expires_at <= soon) ends.push([token.expires_at, h('a', { 'data-row': true, href: context.link(['tokens']) }, said(token.token.slice(0, 12)), ' …'), 'a token ends'])
  }
  ends.sort(([one], [other]) => one - other)
  return [h('h2', 'What ends within a week'), ends.length === 0
    ? h('p.hint', 'Nothing.')
    : table(`${count(ends.length, 'thing')} that end soon`, ['What', 'How', 'Left', 'When'],
      ends.map(([at, what, how]) => [what, how, until(at), time(at)]))]
}

async function changed({ id, signal, link }) {
  const { entries } = await get(`${id}/audit`, { limit: 10 }, signal)
  return [h('h2', 'What was changed last'), history(entries, link)]
}
