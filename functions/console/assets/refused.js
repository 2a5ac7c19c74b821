// Why a registration was refused, and what to change: from the rule to the member of the policy, and to a change that the
// server has tried.

import { at, meaning, suggestions } from './advice.js'
import { get } from './api.js'
import { aloneTime, button, count, facts, h, pretty, said, table, time, value } from './dom.js'
import { open } from './policy.js'
import { RULES, like } from './rules.js'
import { registrar } from './shell.js'
import { kinds } from './today.js'
import { later, screen } from './ui.js'

export async function refused(context) {
  const { id, query, signal } = context
  const [rule, error, door, about] = ['rule', 'error', 'door', 'about'].map((name) => query.get(name))
  const asks = [['GET', `${id}/refusals`, { days: 31 }]]
  const { refusals } = await get(`${id}/refusals`, { days: 31 }, signal)
  const kind = kinds(refusals).find((one) => one.rule === rule && one.error === error && one.door === door && (about === null || one.description === about))
  const command = registrar(['audit'], { service: id, refused: true, since: '31d' })
  if (!kind) return screen('Refused', { asks, command }, h('p', 'Nothing of this kind was refused within 31 days.'))
  return screen('Why it was refused', { asks, command },
    h('p.lead', said(kind.description)),
    facts([
      ['Rule', h('strong', said(kind.rule)), ' — ', RULES[kind.rule]?.says],
      ['Error', h('code', said(kind.error))],
      ['Door', said(kind.door)],
      ['How often', count(kind.count, 'time'), ', last ', aloneTime(kind.last_at)],
    ]),
    h('section', h('h2', 'What to change'),
      h('p', h('strong', 'The registrant: '), RULES[kind.rule]?.client),
      context.may('service.read', 'service.write')
        ? later(policySide(context, kind))
        : h('p', 'What the policy says needs a token with service.read.')),
    h('section', h('h2', 'What was sent'),
      h('p.hint', 'Values are masked: words of the protocol, schemes and hosts are kept, of others how long they were.'),
      h('pre', pretty(kind.sample))),
    h('section', h('h2', 'From where'),
      table('By day and network', ['Day', 'Network', ['Times', 'number'], 'Last'], kind.times.map((one) => [
        said(one.day), said(one.network || 'not kept'), one.count.toLocaleString('en'), time(one.last_at),
      ]))))
}

async function policySide(context, kind) {
  const policy = await get(`${context.id}/policy`, {}, context.signal)
  const body = like(kind.sample)
  const members = RULES[kind.rule]?.members ?? []
  return [
    members.length > 0 && [h('p', h('strong', 'The policy:')), h('ul.members', members.map((member) => h('li',
      h('a', { href: context.link(['policy'], { member }) }, h('code', member)), ' is ', value(at(policy, member)), h('br'),
      meaning(member))))],
    h('p', button('Try it in the policy editor', () => open(context, { policy, body, member: members[0] }))),
    await suggestions(context, { rule: kind.rule, policy, body }, (changed) => open(context, { policy: changed, body, member: members[0] })),
  ]
}
