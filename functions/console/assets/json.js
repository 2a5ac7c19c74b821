// Values of JSON: read, compared, patched, and put on top of what others have changed meanwhile.

export const isObject = (json) => json !== null && typeof json === 'object' && !Array.isArray(json)

/** The value of a member that may be inside another. */
export const at = (json, member) => member.split('.').reduce((value, name) => value?.[name], json)

/** Whatever the order of the members. */
const sorted = (json) => JSON.stringify(json, (_, value) => isObject(value) ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1)) : value)

export const same = (one, other) => sorted(one) === sorted(other)

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
    if (!same(drafted, is)) conflicts.push({ member: member.join('.'), path: member, mine: drafted, theirs: is })
    return drafted
  }
  return { policy: join(base, mine, theirs, []), others, conflicts }
}

/** The members that differ, by their path with dots. */
export const differing = (from, to) => rebased(from, from, to).others

/** The policy with another value of the member at a path; none is left out. */
export function withMember(policy, [first, ...rest], value) {
  const inner = rest.length ? withMember(own(policy, first) ?? {}, rest, value) : value
  const { [first]: _, ...others } = policy
  return inner === undefined ? others : { ...policy, [first]: inner }
}

/** What a merge patch makes of a value (RFC 7396). */
export function merged(target, patch) {
  if (!isObject(patch)) return patch
  const result = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  }
  return result
}

/** The object that is written as JSON. */
export function written(text, what) {
  if (!text.trim()) throw new SyntaxError(`${what} is empty.`)
  let json
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new SyntaxError(`${what} is no JSON: ${error.message}`)
  }
  if (!isObject(json)) throw new SyntaxError(`${what} is no JSON object.`)
  const twice = repeated(text)
  if (twice !== undefined) throw new SyntaxError(`${what} has ${twice} twice.`)
  return json
}

/** A member that is in one object of a JSON text twice, where it would count once without a word. */
function repeated(text) {
  const open = []
  for (const [token, string, isName] of text.matchAll(/[{}]|("(?:[^"\\]|\\.)*")(\s*:)?/g)) {
    if (token === '{') open.push(new Set())
    if (token === '}') open.pop()
    const name = isName && JSON.parse(string)
    if (isName && open.at(-1).has(name)) return name
    if (isName) open.at(-1).add(name)
  }
  return undefined
}
