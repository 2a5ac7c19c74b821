// A change of a policy, put on top of what others have changed meanwhile: member by member.

import { isObject } from './rules.js'

/** Whatever the order of the members. */
const written = (json) => JSON.stringify(json, (_, value) => isObject(value) ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1)) : value)

export const same = (one, other) => written(one) === written(other)

const own = (json, name) => isObject(json) && Object.hasOwn(json, name) ? json[name] : undefined

/**
 * Of the policy from which a draft began, the draft, and the policy that is in force now: the draft with what others have
 * changed, what that is, and which of it the draft changes as well, where it stays as it is.
 */
export function rebased(base, mine, theirs) {
  const [others, conflicts] = [[], []]
  const join = (was, drafted, is, member) => {
    if ((was === undefined || isObject(was)) && isObject(drafted) && isObject(is)) {
      const names = new Set([...Object.keys(drafted), ...Object.keys(is)])
      const joined = [...names].map((name) => [name, join(own(was, name), own(drafted, name), own(is, name), [...member, name])])
      return Object.fromEntries(joined.filter(([, value]) => value !== undefined))
    }
    if (same(was, is)) return drafted
    others.push({ member: member.join('.'), from: was, to: is })
    if (same(was, drafted)) return is
    if (!same(drafted, is)) conflicts.push({ member: member.join('.'), mine: drafted, theirs: is })
    return drafted
  }
  return { policy: join(base, mine, theirs, []), others, conflicts }
}

/** The members that differ, by their path with dots. */
export const differing = (from, to) => rebased(from, from, to).others

/** The policy with another value of a member; none is left out. */
export function withMember(policy, member, value) {
  const [first, ...rest] = member.split('.')
  const inner = rest.length ? withMember(own(policy, first) ?? {}, rest.join('.'), value) : value
  const { [first]: _, ...others } = policy
  return inner === undefined ? others : { ...policy, [first]: inner }
}
