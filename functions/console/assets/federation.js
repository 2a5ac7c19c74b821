// The service's place in federations, and the chain of trust of one entity: each statement, each check.

import { get } from './api.js'
import { aloneTime, facts, field, fill, h, pretty, said, until } from './dom.js'
import { registrar } from './shell.js'
import { failure, screen } from './ui.js'

const MARKS = { passed: ['good', '✓', 'passed'], failed: ['bad', '✗', 'failed'], not_reached: ['none', '–', 'not reached'] }

export async function federation(context) {
  const { id, query, signal } = context
  const path = `${id}/federation`
  const entity = query.get('entity') ?? ''
  const asks = [['GET', path, { entity_id: entity }]]
  const own = await get(path, {}, signal)
  const input = h('input', { type: 'search', value: entity, inputmode: 'url', autocomplete: 'off', spellcheck: 'false' })
  const form = h('form.search', {
    onsubmit: (event) => {
      event.preventDefault()
      context.go(['federation'], { entity: input.value.trim() })
    },
  }, h('div.row', field('Entity identifier', input), h('button.main', { type: 'submit' }, 'Draw its chain')))
  const place = h('div', { 'aria-live': 'polite' })
  if (entity) resolve(path, entity, signal, place)
  return screen('Federation', { asks, command: registrar(['service', 'federation', 'show', id]) },
    facts([
      ['Takes part', own.enabled ? h('span.good', 'yes') : h('span.none', 'no')],
      own.entity_id && ['Its entity identifier', h('code', said(own.entity_id))],
      own.trust_anchors?.length > 0 && ['Its trust anchors', h('ul.values', own.trust_anchors.map((anchor) => h('li', h('code', said(anchor)))))],
    ]),
    h('section', h('h2', 'The chain of an entity'), form, place))
}

async function resolve(path, entity, signal, place) {
  fill(place, h('p.hint', 'The statements are fetched: this takes seconds …'))
  try {
    fill(place, drawn(await get(path, { entity_id: entity }, signal)))
  } catch (error) {
    if (error.name !== 'AbortError') fill(place, failure(error))
  }
}

function drawn({ entity_id, trust_anchor, chain = [], checks = [], metadata }) {
  const check = ({ check, outcome, reason }) => {
    const [mood, mark, words] = MARKS[outcome] ?? ['', '?', outcome]
    return h(`li.check.${mood}`, h('span.mark', { 'aria-hidden': 'true' }, mark), ' ', said(check.replaceAll('_', ' ')), `: ${words}`, reason && h('p', said(reason)))
  }
  const statement = ({ iss, sub, iat, exp }) => h('li', h('strong', iss === sub ? 'says of itself' : 'says of the one below'),
    h('p', h('code', said(iss))), iss !== sub && h('p', 'of ', h('code', said(sub))), h('p', 'since ', aloneTime(iat), ', ', until(exp)))
  return [
    trust_anchor ? h('p.good', 'A chain leads from ', h('code', said(entity_id)), ' to ', h('code', said(trust_anchor)), '.') : h('p.bad', 'No chain leads to a trust anchor of this service.'),
    h('div.columns',
      h('div', h('h3', 'The chain, the trust anchor first'), chain.length > 0 ? h('ol.chain', [...chain].reverse().map(statement)) : h('p.hint', 'No statement was found.')),
      h('div', h('h3', 'The checks'), h('ul.checks', checks.map(check)))),
    metadata && h('details', h('summary', 'What its metadata become'), h('pre', pretty(metadata))),
  ]
}
