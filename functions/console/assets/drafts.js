// What is being written while other screens are shown. It is in the memory of the page, and nowhere else.

/**
 * Drafts of policies, by service: the policy, if it is not the one in force, the body that is tried, or why none is, the refusal that it began
 * with, the policy that was in force when that began, and what others have changed since.
 */
export const policies = new Map()

/** Changes of clients, by the paths of these, until they are made. */
export const patches = new Map()

/** Whether a policy was written that is not in force. */
export const areThere = () => [...policies.values()].some(({ policy }) => policy !== undefined)

export function forget() {
  policies.clear()
  patches.clear()
}
