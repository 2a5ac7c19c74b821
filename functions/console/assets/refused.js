// Why a registration was refused, and what to change.

import { advice, meaning } from './advice.js'
import { get } from './api.js'
import { code, count, facts, h, hint, number, pretty, said, table, time, value } from './dom.js'
import { at } from './json.js'
import { MEMBERS } from './members.js'
import { open } from './policy.js'
import { about, ofToken } from './rules.js'
import { registrar } from './shell.js'
import { kinds, notAll, refusalsOf } from './today.js'
import { commands, later, screen } from './ui.js'

/** How many samples are shown. */
const MOST = 4

export async function refused(context) {
  const { id, query, readsService } = context
  const asks = [['GET', `${id}/refusals`, { days: 31, limit: 100 }], ...(readsService ? [['GET', `${id}/policy`]] : [])]
  const command = commands(registrar(['audit'], { service: id, refused: true, since: '31d' }), readsService && registrar(['policy', 'show'], {}, [id]))
  const [refusals, areMore] = await refusalsOf(context, asks[0])
  const kind = kinds(refusals).find((kind) => [...query].every(([name, text]) => kind[name] === text))
  if (!kind) return screen(context, 'Refused', asks, command, h('p', 'Nothing of this kind was refused within 31 days', areMore && ', as far as was read', '.'), areMore && notAll(refusals))
  const [, says, client] = about(kind.rule, kind.description)
  const samples = distinct(kind.days.flatMap(({ samples }) => samples))
  return screen(context, 'Why it was refused', asks, command,
    h('p.lead', said(kind.description)),
    kind.description.includes('"…"') && hint('“…” was a word that no specification defines: it is not kept. If the registrant tells it, it can be offered in the policy by hand.'),
    facts([
      ['Asked for', code(kind.operation)],
      ['Rule', h('strong', said(kind.rule)), ` ${says}`],
      ['Error', code(kind.error)],
      ['Door', said(kind.door)],
      ['How often', count(kind.count, 'time'), ', last ', time(kind.last_at, true)],
    ]),
    h('section', h('h2', 'What to change'),
      h('p', h('strong', 'The registrant: '), client),
      readsService ? later(policySide(context, kind, samples)) : hint('What the policy says needs a token with service.read.')),
    samples.length > 0 && h('section', h('h2', 'What was sent'),
      hint(kind.count > 1 && `By ${samples.length > 1 ? 'some' : 'one'} of ${number(kind.count)}. `, 'Masked: words of the protocol, schemes and hosts are kept, and of all else how long it was and what in it rules look for.'),
      samples.map(({ sent }, index) => [samples.length > 1 && h('h3', `Sample ${index + 1}`), h('pre', pretty(sent))])),
    h('section', h('h2', 'From where'), table('By day and network', ['Day', 'Network', '#Times', 'Last'],
      kind.days.map(({ day, network, count, last_at }) => [said(day), said(network || 'not kept'), number(count), time(last_at)])), areMore && notAll(refusals)))
}

/** Each body once, the latest first. */
function distinct(samples) {
  const known = new Map(samples.toReversed().map((sample) => [JSON.stringify(sample.sent), sample]))
  return [...known.values()].toReversed().slice(0, MOST)
}

/** Whose clients count against a ceiling. */
const HOLDERS = {
  clients_per_service: 'The service',
  clients_per_developer: 'The developer with the most clients, all that register themselves being one,',
}

/** How many clients count against a ceiling that has refused, if one has. */
async function counted({ id, signal }, rule) {
  if (!Object.hasOwn(HOLDERS, rule)) return undefined
  const { clients, developers } = await get(`${id}/counts`, { developers: true }, signal)
  return rule === 'clients_per_service' ? clients : Math.max(0, ...developers.map(({ clients }) => clients))
}

/** The issuers of statements that nobody has approved, as far as they are kept. */
function issuersOf(description, samples) {
  const shown = description.startsWith('software_statement: its issuer') ? samples.map(({ sent }) => /^a JWT by (\S+)$/.exec(sent.software_statement)?.[1]) : []
  return [...new Set(shown.filter(Boolean))]
}

/** The member that a change is about. */
function memberOf(patch) {
  const [[name, inner]] = Object.entries(patch)
  return Object.hasOwn(MEMBERS, name) ? name : `${name}.${Object.keys(inner)[0]}`
}

async function policySide(context, { rule, door, description }, samples) {
  const [policy, there] = await Promise.all([get(`${context.id}/policy`, {}, context.signal), counted(context, rule)])
  const [members] = about(rule, description)
  return [
    members.length > 0 && [h('p', h('strong', 'The policy: ')), h('ul', members.map((member) => h('li',
      h('a', { href: context.link(['policy'], { member }) }, h('code', member)), ' is ', value(at(policy, member)), ' ', h('span.hint', meaning(member)))))],
    (rule === 'registration' && door !== 'identity_center' && policy.registration !== 'open' || ofToken(description)) && h('p', 'Who may register gets an initial access token: ', h('a', { href: context.link(['tokens']) }, 'make one'), '.'),
    there > 0 && h('p', `${HOLDERS[rule]} has `, count(there, 'client'), ' now.'),
    issuersOf(description, samples).map((issuer) => [
      h('p', 'Who trusts ', code(issuer), ' adds it to software_statements.issuers, with the address of its keys, or with its jwks:'),
      h('pre', pretty({ issuer, jwks_uri: '…' })),
    ]),
    rule === 'software_statements' && !policy.software_statements?.required && h('p', 'The policy requires no statement: the registrant may send none.'),
    await advice(context, { rule, door, description, there }, policy, samples, (steps, body) => open(context, policy, steps, body, steps.length ? memberOf(steps[0].patch) : members[0], door)),
  ]
}
