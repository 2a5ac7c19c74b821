// The service's place in federations, and the chain of trust of one entity: each statement, each check.

import { get } from './api.js'
import { code, facts, field, fill, form, h, hint, input, list, none, pretty, said, submitButton, time, until } from './dom.js'
import { registrar } from './shell.js'
import { load, screen } from './ui.js'

const MARKS = { passed: ['good', '✓'], failed: ['bad', '✗'], not_reached: ['none', '–'] }

export async function federation(context) {
  const { query, signal } = context
  const path = `${context.id}/federation`
  const entity_id = query.get('entity') ?? ''
  const { enabled, entity_id: own, trust_anchors = [] } = await get(path, {}, signal)
  const words = input('search', { value: entity_id, inputmode: 'url' })
  const place = h('div', { 'aria-live': 'polite' })
  if (entity_id) {
    fill(place, hint('The statements are fetched: this takes seconds …'))
    load(place, get(path, { entity_id }, signal).then(drawn))
  }
  return screen(context, 'Federation', [['GET', path, { entity_id }]], registrar(['service', 'federation', 'check'], {}, [context.id, entity_id].filter(Boolean)),
    !enabled && hint('The service trusts no federation yet. ', h('code', 'registrar sandbox federation'), ' runs one to try, and prints the commands that let this service take part; ',
      h('code', `registrar service federation enable ${context.id}`), ' does so with one of yours: docs/federation.md.'),
    facts([
      ['Takes part', enabled ? h('span.good', 'yes') : none('no')],
      own && ['Its entity identifier', code(own)],
      trust_anchors.length > 0 && ['Its trust anchors', list(trust_anchors.map((anchor) => code(anchor)))],
    ]),
    (enabled || entity_id) && h('section', h('h2', 'The chain of an entity'),
      form('search', () => context.go(['federation'], { entity: words.value.trim() }),
        h('div.row', field('Entity identifier', words), submitButton('Draw it'))),
      place))
}

function drawn({ entity_id, trust_anchor, chain = [], checks = [], registered }) {
  const check = ({ check, outcome, reason }) => {
    const [mood, mark] = MARKS[outcome]
    return h(`li.${mood}`, h('span', { 'aria-hidden': 'true' }, mark), ` ${check.replaceAll('_', ' ')}: ${outcome.replace('_', ' ')}`, reason && h('p', said(reason)))
  }
  const statement = ({ iss, sub, iat, exp }) => h('li', h('p', code(iss), iss === sub ? ' of itself' : [' of ', code(sub)]), h('p', until(exp), ', since ', time(iat, true)))
  return [
    trust_anchor ? h('p.good', 'A chain leads from ', code(entity_id), ' to ', code(trust_anchor), '.') : h('p.bad', 'No chain leads to a trust anchor of this service.'),
    h('div.columns',
      h('div', h('h3', 'The chain, the trust anchor first'), chain.length ? h('ol.chain', chain.toReversed().map(statement)) : hint('No statement was found.')),
      h('div', h('h3', 'The checks'), h('ul.checks', checks.map(check)))),
    registered && h('details', h('summary', 'What would be registered'), h('pre', pretty(registered))),
  ]
}
