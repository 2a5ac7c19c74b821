// What members of a policy mean, and changes that the server has tried.

import { ask } from './api.js'
import { button, h, hint, pretty, said } from './dom.js'
import { MEMBERS } from './members.js'
import { changes } from './rules.js'

/** The value of a member that may be inside another. */
export const at = (policy, member) => member.split('.').reduce((value, name) => value?.[name], policy)

/** What docs/policy.md says of a member, with its words of the protocol set apart. */
export const meaning = (member) => MEMBERS[member].split('`').map((part, index) => index % 2 ? h('code', part) : part)

/** Changes of the policy under which the registration would pass its rule; `take` is given the policy. */
export async function suggestions({ id, signal }, rule, policy, client, take) {
  const tried = await Promise.all(changes(rule, policy, client).map(async (change) => {
    try {
      const { members } = await ask(['POST', `${id}/policy/try`, {}, { policy: change.changed, client }], signal)
      return { ...change, refused: members.refused }
    } catch (error) {
      if (error.name === 'AbortError') throw error
      // The policy would contradict itself.
      return { refused: { rule } }
    }
  }))
  const passing = tried.filter(({ refused }) => refused?.rule !== rule)
  if (!passing.length) return hint('No small change of the policy lets such a registration pass.')
  return [h('p', h('strong', 'Changes that help'), ', each tried by the server:'), h('ul', passing.map(({ label, changed, patch, refused }) => h('li',
    button(label, () => take(changed), '', { 'data-row': true }), ' ',
    refused ? h('span.warn', 'then ', said(refused.rule), ' refuses it') : h('span.good', 'it would be registered'),
    h('details', h('summary', 'The change'), h('pre', pretty(patch))))))]
}
