// What in a policy could be otherwise: what its members mean, and changes that the server has tried.

import { ask } from './api.js'
import { button, h, pretty, said } from './dom.js'
import { MEMBERS } from './members.js'
import { changes, merged } from './rules.js'

/** The value of a member that may be inside another. */
export function at(policy, member) {
  return member.split('.').reduce((value, name) => value?.[name], policy)
}

/** What docs/policy.md says of a member, with its words of the protocol set apart. */
export function meaning(member) {
  const text = MEMBERS[member] ?? MEMBERS[member.split('.')[0]] ?? ''
  return text.split('`').map((part, index) => (index % 2 ? h('code', part) : part))
}

/** Changes of the policy under which the registration would pass, each tried by the server; `take` is given the policy. */
export async function suggestions({ id, signal }, { rule, policy, body }, take) {
  const tried = await Promise.all(changes(rule, policy, body).map(async ({ label, patch }) => {
    const changed = merged(policy, patch)
    try {
      const { members } = await ask(['POST', `${id}/policy/try`, {}, { policy: changed, client: body }], signal)
      return { label, changed, patch, refused: members.refused }
    } catch (error) {
      if (error.name === 'AbortError') throw error
      return undefined
    }
  }))
  const passing = tried.filter((one) => one && one.refused?.rule !== rule)
  if (passing.length === 0) return h('p.hint', 'No small change of the policy lets such a registration pass.')
  passing.sort((one, other) => Boolean(one.refused) - Boolean(other.refused))
  return [
    h('p', h('strong', 'Changes that help'), ', each tried with such a registration:'),
    h('ul.suggestions', passing.map(({ label, changed, patch, refused }) => h('li',
      button(label, () => take(changed), { 'data-row': true }),
      ' ', refused ? h('span.warn', 'then ', said(refused.rule), ' refuses it') : h('span.good', 'it would be registered'),
      h('details', h('summary', 'The change'), h('pre', pretty(patch)))))),
  ]
}
