// What members of a policy mean, and changes that the server has tried.

import { ask } from './api.js'
import { button, count, h, hint, pretty, said } from './dom.js'
import { MEMBERS } from './members.js'
import { UNTRIED, changes, lost, risks } from './rules.js'

/** How many changes lead to a registration at the most, and how many of each length are tried. */
const TOGETHER = 3
const MOST = 24

/** The value of a member that may be inside another. */
export const at = (policy, member) => member.split('.').reduce((value, name) => value?.[name], policy)

/** What docs/policy.md says of a member, with its words of the protocol set apart. */
export const meaning = (member) => MEMBERS[member].split('`').map((part, index) => index % 2 ? h('code', part) : part)

/** What a registration costs: what is lost of it, and what becomes less safe. */
export function costs(before, after, client, registered) {
  const [without, dangers] = [lost(client, registered), risks(before, after, client, registered)]
  return [
    without.length > 0 && h('p.warn', 'But ', said(without.join('; ')), '.'),
    dangers.map((danger) => h('p.bad', 'Less safe: ', danger)),
  ]
}

/** Changes of the policy under which a registration like this one passes, alone or together; `take` is given the policy. */
export async function suggestions({ id, signal }, { rule, description }, policy, client, take) {
  const attempt = async (changed) => {
    try {
      const { members } = await ask(['POST', `${id}/policy/try`, {}, { policy: changed, client }], signal)
      return members.registered && UNTRIED[rule]?.(changed, description) ? { refused: { rule } } : members
    } catch (error) {
      if (error.name === 'AbortError') throw error
      // The policy would contradict itself.
      return {}
    }
  }
  const first = await attempt(policy)
  if (first.registered) {
    return [h('p.good', 'It passes under this policy, as far as it is kept: let the registrant send it again.'), costs(policy, policy, client, first.registered)]
  }
  const seen = new Set([JSON.stringify(policy)])
  let [states, passing, tries] = [[{ labels: [], patches: [], changed: policy, refused: first.refused ?? { rule } }], [], 0]
  for (let depth = 0; depth < TOGETHER && states.length > 0 && passing.length === 0; depth += 1) {
    const steps = states.flatMap((state) => changes(state.refused.rule, state.changed, client).map(({ label, patch, changed }) =>
      ({ labels: [...state.labels, label], patches: [...state.patches, patch], changed, before: state.refused })))
    const fresh = steps.filter(({ changed }) => !seen.has(JSON.stringify(changed)) && seen.add(JSON.stringify(changed))).slice(0, MOST)
    tries += fresh.length
    const tried = await Promise.all(fresh.map(async (step) => ({ ...step, ...(await attempt(step.changed)) })))
    passing = tried.filter(({ registered }) => registered)
    // Who comes further is taken further.
    states = tried.filter(({ refused, before }) => refused && (refused.rule !== before.rule || refused.error_description !== before.error_description))
  }
  if (!passing.length) return hint(tries ? `None of ${count(tries, 'change')} that were tried, alone and together, lets it pass.` : 'No policy changes this.')
  const ranked = passing.map((one) => ({ ...one, costs: costs(policy, one.changed, client, one.registered).flat().filter(Boolean) }))
  ranked.sort((one, other) => one.costs.length - other.costs.length)
  return [h('p', h('strong', 'Changes that help'), ', each tried by the server:'), h('ul', ranked.map(({ labels, changed, patches, costs }) => h('li',
    button(labels.join(', and '), () => take(changed), '', { 'data-row': true }), ' ', h('span.good', 'it would be registered'), costs,
    h('details', h('summary', 'The change'), patches.map((patch) => h('pre', pretty(patch)))))))]
}
