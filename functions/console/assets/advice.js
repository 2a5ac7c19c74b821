// What members of a policy mean, and changes that the server has tried.

import { announced, ask } from './api.js'
import { flagText } from './became.js'
import { button, code, h, hint, number, pretty, said, value } from './dom.js'
import { differing, same } from './json.js'
import { MEMBERS } from './members.js'
import { MORE, risks } from './risks.js'
import {
  ANY_SCOPE, about, asAsked, changes, guessed, hidesScope, isBeyondPolicy, isLookUp, isOfNoMember, isOfPublisher, isOfUrl, isTooLarge, isUnread, lost, madeOf, nothingKept, ofDocuments, ofToken, remade, taken, takesNoToken,
  unannounced, unkept, untriable, useless, widest,
} from './rules.js'
import { registrar } from './shell.js'
import { copy } from './ui.js'

/** How many changes lead to a registration at the most, how many of each length are tried, and how many failures are shown. */
const TOGETHER = 3
const MOST = 24
const FAILURES = 8

/** What docs/policy.md says of a member, with its words of the protocol set apart. */
export const meaning = (member) => MEMBERS[member].split('`').map((part, index) => index % 2 ? h('code', part) : part)

/** What a token allows may be less than what the policy offers. */
const needed = ({ rule, what }) => rule === 'registration' ? `${what} that allows it` : what

/** What becomes of what passes, by what was asked for. */
function become(operation) {
  if (isOfUrl(operation)) return 'would be looked up, and its document judged then'
  return isLookUp(operation) ? 'would be taken' : operation === 'update' ? 'would pass' : 'would be registered'
}

const passes = (requires, operation) => `${become(operation)}${requires.length ? `, with ${requires.map(needed).join(', and ')}` : ''}`

/** That it would pass, and with what beside its metadata. */
export const would = (requires, operation) => `It ${passes(requires, operation)}.`

/** The same where a rule has asked for something: what is wrong with a document the registrant is told beside it. */
const asked = ({ rule, operation }, requires = []) => rule === 'sector_identifier_uri' ? `Once that is so, it ${passes(requires.filter((required) => required.rule !== rule), operation)}.` : would(requires, operation)

const dangers = (risks) => risks.map(({ text }) => h('p.bad', 'Less safe: ', text))

/** What becomes less safe under another policy. */
export const dangersOf = (before, after) => dangers(risks(before, after))

/** What a registration costs: what is lost of it, what nobody can have any more, what it is flagged for, and what becomes less safe. */
export function costs(before, after, client, { registered, flags = [], resembles }) {
  const [without, end, gone] = [lost(client, registered), useless(client, registered), taken(before, after)]
  return [
    end && h('p.bad', 'But ', said(end)),
    without.length > 0 && h('p.warn', 'But ', said(without.join('; ')), '.'),
    gone.length > 0 && h('p.warn', `Nobody could register with ${gone.join(', ')} any more.`),
    flags.map((flag) => h('p.warn', 'It would be flagged: ', flagText(flag, resembles), '.')),
    dangers(risks(before, after, client, registered)),
  ]
}

/** Asks what a policy would make of a body, or of what stands for a sample, at the door where it was sent. */
async function attempt({ id, signal }, { door, operation }, policy, body) {
  try {
    return asAsked((await ask(['POST', `${id}/policy/try`, {}, { policy, ...body, door }], signal)).members, operation)
  } catch (error) {
    if (error.name === 'AbortError') throw error
    // The policy would contradict itself.
    return { fault: error.message }
  }
}

/** Whether a trial says that what a rule asks for, and what cannot be tried, is still to come. */
const asks = ({ requires = [] }, rule) => requires.some((required) => required.rule === rule)

/** What has refused, with the rule where the text does not begin with what it is about, as that of `scopes` with `scope`. */
export const refusal = ({ rule, error_description }) => rule.split(' and ').some((name) => error_description.startsWith(name.replace(/s$/, ''))) ? error_description : `${rule}: ${error_description}`

/** What a trial says that a rule asks for beside the body. */
const stillNeeds = ({ requires }, rule) => `it still needs ${requires.find((required) => required.rule === rule).what}`

const why = (members, rule) => members.fault?.replace(/^policy: /, '') ?? (members.refused ? refusal(members.refused) : stillNeeds(members, rule))

/** Whether a ceiling that has refused is above what there is now. */
const hasRoom = ({ rule, there }, policy) => there !== undefined && policy[rule] > there

/** How grave all is together that becomes less safe. */
const gravity = (...change) => risks(...change).reduce((sum, { weight }) => sum + weight, 0)

/** What leaves a client of no use stands last, and what lets strangers do the least first; of the like what loses the least. */
const byCare = (one, other) => one.isUseless - other.isUseless || one.weight - other.weight || one.losses - other.losses || one.steps.length - other.steps.length

/** Whether a change leaves something out of another one, and has nothing beside it. */
const isLess = (one, other) => one.length < other.length && one.every((change) => other.some((also) => same(change, also)))

/** Scopes that are offered and may be those of a body that are not kept, if it passes with them. */
export async function passingAs(context, kind, policy, client) {
  const guess = guessed(client, policy)
  return guess && (await attempt(context, kind, policy, { client: guess.client })).registered ? guess.scopes : undefined
}

/** What it is that passes then. */
export const standing = (scopes) => ['where “…” stands for ', inline(scopes), ', which is offered and is as long']

/** What still refuses a body where a policy permits all that it asks for, if something does, and whether it is so whatever a policy drops. */
async function stuck(context, kind, policy, client) {
  const [all, ...others] = widest(policy, client, kind.door)
  const { refused } = await attempt(context, kind, all, { client })
  if (!refused || !isBeyondPolicy(refused.rule, refused.error_description)) return {}
  const tried = await Promise.all(others.map((wide) => attempt(context, kind, wide, { client })))
  return { stands: refused, isSure: tried.every(({ fault, refused }) => fault || refused) }
}

/**
 * Tries changes of the policy, alone and together: those under which a body passes, and why it does not under the others.
 * Where no single one is enough, also what refuses it whatever is offered, and if that is so of any policy; else how far three
 * together come. `there` is how many clients count against the ceiling that has refused it, if one has; `door` is where it is sent.
 */
async function search(context, kind, policy, client, first) {
  const { rule, door, there, operation } = kind
  const isGood = (members) => members.registered && (!asks(members, rule) || hasRoom(kind, members.policy))
  const left = (members) => members.refused ?? { rule, needs: asks(members, rule) && stillNeeds(members, rule) }
  const seen = new Set([JSON.stringify(policy)])
  let [states, passing, failing] = [[{ steps: [], changed: policy, left: left(first) }], [], []]
  for (let depth = 0; depth < TOGETHER && states.length > 0 && passing.length === 0; depth += 1) {
    const next = states.flatMap((state) => {
      const asked = { rule: state.left.rule, there, door, description: state.left.error_description }
      return changes(asked.rule, state.changed, client, asked).map(({ label, patch, changed }) => ({ steps: [...state.steps, { ...asked, label, patch }], changed, before: state.left }))
    })
    const fresh = next.filter(({ changed }) => !seen.has(JSON.stringify(changed)) && seen.add(JSON.stringify(changed))).slice(0, MOST)
    const tried = await Promise.all(fresh.map(async (step) => ({ ...step, members: await attempt(context, kind, step.changed, { client }) })))
    passing = tried.filter(({ members }) => isGood(members))
    failing.push(...tried.filter(({ members }) => !isGood(members)).map(({ steps, changed, members }) => ({ steps, changed, refused: members.refused, why: why(members, rule) })))
    // Who comes further is taken further.
    states = tried.map((step) => ({ ...step, left: left(step.members) })).filter(({ members, left, before }) => !members.fault && !isGood(members)
      && (left.rule !== before.rule || left.error_description !== before.error_description))
  }
  const found = passing.some(({ steps }) => steps.length === 1) ? {} : await stuck(context, kind, policy, client)
  const stands = passing.length || !found.isSure ? undefined : found.stands
  // What the registrant can do about another cause than the one that it was told.
  const also = stands || found.stands?.error_description === first.refused?.error_description ? undefined : found.stands
  const [furthest] = passing.length || stands ? [] : states.filter(({ left }) => left.error_description !== first.refused?.error_description)
    .sort((one, other) => gravity(policy, one.changed) - gravity(policy, other.changed))
  // What changes more than another one that is enough is not offered.
  const differs = new Map(passing.map((step) => [step, differing(policy, step.changed)]))
  const least = passing.filter((step) => !passing.some((other) => isLess(differs.get(other), differs.get(step))))
  const offers = least.flatMap(({ steps, changed, members }) => {
    const { registered, requires } = members
    const offer = (name, steps, changed) => ({
      name, steps, changed, client, operation, requires: requires.filter((required) => required.rule !== rule), costs: costs(policy, changed, client, members),
      weight: gravity(policy, changed, client, registered), losses: lost(client, registered).length + taken(policy, changed).length, isUseless: useless(client, registered) !== '',
    })
    const [others, all] = [steps.filter(({ label }) => label !== ANY_SCOPE), offer(named(steps), steps, changed)]
    if (others.length === steps.length || all.isUseless || !hidesScope(client)) return [all]
    // The same with the one scope alone that was asked for, which is not known here.
    const one = offer(named([...others, { label: 'Offer the scope by hand' }]), others, remade(others, policy, client))
    return [{ ...one, weight: one.weight + MORE, isByHand: true }, all]
  })
  return { found: offers.sort(byCare), failing, furthest: furthest && { ...furthest, dangers: dangersOf(policy, furthest.changed), client }, stands, also }
}

const named = (steps) => steps.map(({ label }) => label).join(', and ')

/** A change that helps, with a button that makes it; `which` says of what. */
const helps = ({ name, steps, isByHand, operation, requires, costs }, take, which) => h('li',
  button(name, take, '', { 'data-row': true }), ' ', h('span.good', `it ${passes(requires, operation)}`), which,
  isByHand && h('p', 'Once it is written into scopes.offered: “…” stands for it, and the registrant tells it. Any client may register for that one then, and for no other.'), costs,
  steps.length > 0 && h('details', h('summary', 'The change'), steps.map(({ patch }) => h('pre', pretty(patch)))))

const helping = (items) => items.length > 0 && [h('p', h('strong', 'Changes that help'), `, each tried by the server${items.length > 1 ? ', the most careful first' : ''}:`), h('ul', items)]

/** The changes that come as far as it gets, where more would be needed than are tried. */
const goesOn = ({ steps, left, dangers }, take) => [h('p', 'As far as it gets: ', button(named(steps), take), ' Then ', left.error_description ? ['it is refused for something else: ', said(refusal(left)), '. The policy editor looks for what helps from there.'] : `${left.needs}.`), dangers]

/** What whoever sent it is to correct. */
const correction = ({ rule, error_description }, operation) => [said(error_description), `. ${isLookUp(operation) ? 'Who publishes the document' : 'The registrant'}: ${about(rule, error_description, operation)[2]}`]

/** Another cause than the one that was told. */
const another = (also, operation) => also ? [h('p', 'It would be refused for something else as well, which can be corrected: ', correction(also, operation))] : []

/** That what was tried is not all that was refused. */
const ofThose = ({ count: all, kept }) => all > kept && hint(`Of ${number(all)} that were refused ${number(kept)} ${kept === 1 ? 'is' : 'are'} kept: others may have sent something else.`)

/** What became of the changes that were tried, and what the registrant is to correct where no other ones help either. */
const failed = (failing, stands, kind) => failing.length === 0 ? [hint(stands || isOfNoMember(kind.rule, kind.description) ? 'No policy changes this.' : 'No change is known here that lets it pass.')] : [
  stands && [h('p', h('strong', 'No policy makes this pass: '), correction(stands, kind.operation)), ofThose(kind)],
  hint(failing.length === 1 ? 'One change was tried, and does not let it pass:' : `${failing.length} changes were tried, alone and together, and none lets it pass:`),
  h('ul', failing.slice(0, FAILURES).map(({ steps, why }) => h('li', named(steps), ': ', said(why)))),
  failing.length > FAILURES && hint(`And ${failing.length - FAILURES} more.`),
]

/** Where a service announces what was refused, if that is what it lacks and no policy: of what was sent, or of what changes of the policy have come to. */
async function announcing({ id, signal }, policy, refused, failing) {
  const all = [{ refused, changed: policy }, ...failing].filter(({ refused }) => refused)
  const [lacks] = all.map(({ refused, changed }) => unannounced(refused, changed)).filter(Boolean)
  if (!lacks) return []
  const { list, value: lacking } = lacks
  const is = (await announced(id, signal))?.[list]
  const then = [...(Array.isArray(is) ? is : ['…']), lacking]
  const command = registrar(['service', 'update'], { metadata: `${list}=${JSON.stringify(then)}` }, [id], '')
  return [h('div.announced',
    h('p', 'What may be registered is what the service’s ', h('strong', 'authorization server metadata'), ' announce as ', code(list), is && [', which is ', h('strong', inline(is))],
      '. They are no part of the policy. If the authorization server can do ', code(lacking), ', they can announce it: ', button('Copy as registrar command', () => copy(command))),
    h('pre', said(command)),
    hint('The command needs the table: no token is enough for it.', !is && [' It replaces the list: “…” stands for what is announced now, which ', code(registrar(['service', 'show'], {}, [id], '')), ' shows.'],
      list === 'id_token_signing_alg_values_supported' && [' Where the service signs itself, it announces what its keys can sign unless it is told otherwise: ', code(registrar(['service', 'keys', 'make'], {}, [id], '')), ' makes one.']))]
}

/** For the editor: changes under which a body passes that the draft refuses; `take` is given a policy, and a member to be written by hand if there is one. */
export async function suggestions(context, kind, policy, client, first, take) {
  const { found, failing, furthest, stands, also } = await search(context, kind, policy, client, first)
  return [
    stands ? [] : await announcing(context, policy, first.refused, failing), another(also, kind.operation),
    helping(found.map((one) => helps(one, () => take(one.changed, one.isByHand && 'scopes')))) || [failed(failing, stands, { ...kind, description: first.refused.error_description }), furthest && goesOn(furthest, () => take(furthest.changed))],
  ]
}

/** Why a sample cannot be tried: a trial is a registration, by nobody in particular. */
const untried = ({ id }, { rule, operation, description }) => isLookUp(operation) && rule !== 'doors'
  ? `What it was refused for is not kept, or a trial does not look at it, so it cannot be tried here. Whoever has the table fetches the document with registrar client resolve --service ${id} URL, and sees each step and each rule.`
  : ofToken(description) ? `A trial has no initial access token, so this cannot be tried here: ${operation === 'register'
  ? 'make a token that allows it, or let the registrant ask for less'
  : 'no token and no policy changes it; let the registrant ask for less, or register anew with a token that allows it'}.` : ({
  'doors': 'What is sent to this door cannot be tried while it is closed, and may then be refused for something else.',
  'as sent': 'No policy changes this.',
  'registration_access_token': 'A trial asks for no token of a client, so this cannot be tried here, and no policy changes it.',
  'stet': 'A trial has no certificate, no signature and no token of the STET interface, so this cannot be tried here, and no policy changes it.',
  'federation': 'A trial looks at no chain of trust, so this cannot be tried here, and no policy changes it.',
  'the client that is there': 'A trial looks at no client, so this cannot be tried here, and no policy changes it.',
})[rule] ?? `What it was refused for is not kept, or a trial does not look at it, so it cannot be tried here: the registrant corrects what the error names${about(rule)[0].length ? ', or it is changed in the policy by hand' : ''}.`

/** The first change of what has refused, which is offered untried; `untried` is why. */
function opening(kind, policy, untried, client) {
  const [open] = changes(kind.rule, policy, client ?? {}, kind)
  return open && { steps: [{ ...kind, ...open }], dangers: dangersOf(policy, open.changed), client, untried }
}

/** What becomes of a sample under the policy in force: what there is to say, and the changes that help. */
async function tried(context, kind, policy, sample) {
  const [{ rule, operation, description }, { sent, reproduces }] = [kind, sample]
  const unknown = untriable(kind, sample)
  if (unknown) {
    const opens = opening(kind, policy, unknown)
    return { says: opens ? unknown : '', rest: [], found: [], isOver: true, opens }
  }
  const first = await attempt(context, kind, policy, { sample: sent })
  const { client, registered, requires } = first
  const [, byHand] = ofDocuments(rule, description)
  const says = (text, ...rest) => ({ client, says: text, rest, found: [] })
  if (first.fault) return { ...says(first.fault), isOver: true }
  // That is told beside it.
  if (isOfPublisher(rule, description)) return { ...says(''), isOver: true }
  if (hasRoom(kind, policy)) return says('There is room now: let the registrant send it again.')
  // It is the last rule of all.
  const isAsked = asks(first, rule) || rule === 'sector_identifier_uri' && first.refused?.rule === rule
  if (registered && reproduces && !isAsked) {
    if (rule === 'registration') return says('Nobody needs a token any more: let the registrant send it again without one.')
    return says(`It passes now, since ${rule === 'unannounced' && policy.unannounced === 'refuse' ? 'what the service announces' : 'the policy'} was changed: ${isLookUp(operation) ? `look it up again${isOfUrl(operation) ? ', and its document is judged' : ''}` : 'let the registrant send it again'}.${requires.length ? ` ${would(requires, operation)}` : ''}`, costs(policy, policy, client, first))
  }
  if (!reproduces && !isAsked) {
    // Of a door that is closed, and of a document that was not read, there is the change that lets it in.
    const opens = rule === 'doors' ? opening(kind, policy, '', client) : isTooLarge(description) ? opening(kind, policy, nothingKept('the document')) : undefined
    return { ...says(rule === 'doors' && !opens ? '' : opens?.untried || `${untried(context, kind)} ${byHand}`.trim()), isOver: true, opens }
  }
  const { found, failing, furthest, stands, also } = await search(context, kind, policy, client, first)
  const scopes = first.refused && await passingAs(context, kind, policy, client)
  const withToken = rule === 'registration' && first.refused && first.refused.rule !== rule ? `${takesNoToken(description) ? 'That is so no more, but it would be refused for something else' : 'With a good token it would be refused as well'}: ${first.refused.error_description}.` : ''
  // Whom to trust is told beside it.
  const isTold = rule === 'software_statements' && failing.length === 0
  const made = [
    ...(scopes ? [h('p', h('strong', 'It passes now'), ', ', standing(scopes), ': let the registrant send it again.', found.length > 0 && ' If it is another one:')] : []),
    ...byPolicy(context, first), ...(first.resembles && first.refused ? [likeness(first, sent)] : []), ...another(also, operation),
  ]
  const more = unkept(sent)
  const unsure = more.length > 0 && h('p.warn', 'More was sent than is kept, ', said(more.join(', ')), ': whether that passes as well is not known.')
  return {
    client, announces: stands ? [] : await announcing(context, policy, first.refused, failing), says: isAsked ? asked(kind, requires) : withToken, isOver: !found.length && !failing.length && !isAsked,
    found: found.map((one) => ({ ...one, costs: [...one.costs, unsure] })), rest: [...made, ...(found.length || isTold || made.length && !failing.length ? [] : byHand ? [h('p', byHand)] : failed(failing, stands, kind))], furthest: isTold ? undefined : furthest,
  }
}

/** Which reserved name a client's own is, has in it, or looks like. */
function likeness({ resembles, refused }, { client_name }) {
  // Of the name it is kept how long it is, and what of it is reserved.
  const isSame = Number(/^(\d+) .*with a reserved name in it/.exec(client_name)?.[1]) === [...resembles].length
  const how = isSame ? 'Its name is ' : /has in it/.test(refused.error_description) ? 'Its name has in it ' : 'It is like '
  return h('p', how, code(resembles), isSame ? ' itself, which the policy reserves.' : ', which the policy reserves.')
}

/** A value within a sentence. */
const inline = (json) => code([json].flat().map((one) => typeof one === 'string' ? one : JSON.stringify(one)).join(', ') || 'empty')

/** What of that which an error names the policy has made, so that its cause is not what was sent. */
const byPolicy = ({ link }, first) => madeOf(first).map(({ member, from, to, rule }) => {
  const [[ofPolicy]] = about(rule)
  return h('p', code(member), to === undefined ? ' is left out' : [' is ', inline(to)], ' by ', h('a', { href: link(['policy'], { member: ofPolicy }) }, code(ofPolicy)), ' of the policy; ',
    from === undefined ? 'it was not sent.' : ['what was sent is ', inline(from), '.'])
})

/** For a refusal: what becomes of its samples, and changes under which registrations like them pass; `edit` is given changes and a body. */
export async function advice(context, kind, policy, samples, edit) {
  // A door that is closed can be opened, whatever was sent there.
  const bodies = samples.length || kind.rule !== 'doors' ? samples : [{ sent: {}, reproduces: false }]
  const outcomes = await Promise.all(bodies.map((sample) => tried(context, { ...kind, kept: samples.length }, policy, sample)))
  // For others than those that are kept nothing else may be wrong.
  const others = isUnread(kind.rule) && kind.count > samples.length && !outcomes.some(({ opens, found }) => opens || found.some(({ steps }) => steps.length === 1))
    ? opening(kind, policy, nothingKept('what others have sent')) : undefined
  const which = (indices) => samples.length > 1 && h('span.hint', ` For ${indices.length === samples.length ? 'all samples' : `sample ${indices.map((index) => index + 1).join(', ')}`}.`)
  const together = (keys) => {
    const groups = new Map()
    keys.forEach(([key, content, index]) => groups.set(key, [content, [...(groups.get(key)?.[1] ?? []), index]]))
    return [...groups.values()]
  }
  const told = together(outcomes.flatMap(({ says, rest }, index) => says || rest.length ? [[`${says}${h('div', rest).textContent}`, [says, rest], index]] : []))
  const found = together(outcomes.flatMap(({ found }, index) => found.map((one) => [one.name, one, index]))).sort(([one], [other]) => byCare(one, other))
  const far = together(outcomes.flatMap(({ furthest }, index) => furthest ? [[named(furthest.steps), furthest, index]] : []))
  // What helps another sample, and is offered as tried, is not offered twice.
  const opens = together(outcomes.flatMap(({ opens }, index) => opens ? [[named(opens.steps), opens, index]] : [])).filter(([one]) => !found.some(([{ name }]) => name === named(one.steps)))
  const edited = ({ steps, client, untried }) => edit(steps, client, undefined, untried)
  const announces = together(outcomes.flatMap(({ announces: [content] = [] }, index) => content ? [[content.textContent, content, index]] : []))
  const { client } = outcomes.find(({ isOver, found }) => found.length && !isOver) ?? outcomes.find(({ isOver }) => !isOver) ?? {}
  return [
    announces.map(([content, indices]) => [which(indices) && indices.length < samples.length && h('p', which(indices)), content]),
    told.map(([[says, rest], indices]) => h('div', (says || samples.length > 1) && h('p', says, which(indices)), rest)),
    helping(found.map(([one, indices]) => helps(one, () => edit(one.steps, one.client, one.isByHand && 'scopes'), which(indices)))),
    far.map(([one, indices]) => [goesOn(one, () => edit(one.steps, one.client)), which(indices)]),
    opens.map(([one, indices]) => [h('p', button(named(one.steps), () => edited(one)), which(indices)), one.dangers]),
    others && [h('p', others.untried), h('p', button(named(others.steps), () => edited(others))), others.dangers],
    client && h('p', button('Try it in the policy editor', () => edit([], client))),
  ]
}
