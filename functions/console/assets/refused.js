// Why a registration was refused, and what to change.

import { advice, meaning } from './advice.js'
import { get } from './api.js'
import { code, count, facts, h, hint, number, pretty, said, table, time, value } from './dom.js'
import { at } from './json.js'
import { MEMBERS } from './members.js'
import { firstPages } from './pages.js'
import { open } from './policy.js'
import { CLOSED, about, askedFor, isLookUp, isOfPublisher, isOfUrl, isUnread, needsPublic, ofDocuments, ofToken, takesNoToken } from './rules.js'
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
  if (!kind) return screen(context, 'Refused', asks, command, h('p', 'Nothing of this kind was refused within 31 days', areMore && ', as far as was read', '. ', h('a', { href: context.link(['today']) }, 'What was refused'), ' stands on Today.'), areMore && notAll(refusals))
  const known = { ...kind, operation: askedFor(kind) }
  const [, says, client] = about(kind.rule, kind.description, known.operation)
  const samples = distinct(kind.days.flatMap(({ samples }) => samples))
  const isUrl = samples.every(({ sent }) => Object.keys(sent).every((name) => name === 'client_id'))
  const [asked, who, what] = isLookUp(known.operation)
    ? ['the look-up of a client by its document', 'Who publishes the document: ', isUrl ? 'What was looked up' : 'What the document said']
    : [kind.operation, 'The registrant: ', 'What was sent']
  // Of a scope that no specification defines that is kept how long it was.
  const isOffered = about(kind.rule)[0].length > 0
  const hasMasked = kind.description.includes('"…"') || kind.rule === 'scopes' && samples.some(({ sent }) => String(sent.scope ?? '').includes('('))
  return screen(context, 'Why it was refused', asks, command,
    h('p.lead', said(kind.description)),
    hasMasked && hint('“…”, or a number of characters, stands for a word that neither OAuth nor OpenID Connect defines, nor the policy: it is not kept.', isOffered && ' If the registrant tells it, it can be offered in the policy by hand.'),
    facts([
      ['Asked for', code(asked)],
      ['Rule', h('strong', said(kind.rule)), `: ${says}`],
      ['Error', code(kind.error)],
      ['Door', said(kind.door)],
      kind.rule === 'doors' && CLOSED[kind.door] && ['Told there', CLOSED[kind.door]],
      ['How often', count(kind.count, 'time'), ', last ', time(kind.last_at, true)],
    ]),
    h('section', h('h2', 'What to change'),
      h('p', h('strong', who), client),
      kind.rule === 'registration_access_token' && !/has ended/.test(kind.description) && lostToken(context),
      kind.description === 'the client is locked' && locked(context, samples),
      readsService ? later(policySide(context, known, samples)) : hint('What the policy says needs a token with service.read.')),
    samples.length > 0 && h('section', h('h2', what),
      hint(kind.count > 1 && `By ${samples.length > 1 ? 'some' : 'one'} of ${number(kind.count)}. `, samples.some(isKept(kind)) && 'Masked: words of the protocol, schemes and hosts are kept, and of all else how long it was and what in it rules look for.'),
      samples.map((sample, index) => [samples.length > 1 && h('h3', `Sample ${index + 1}`), ofClient(context, kind, sample), isKept(kind)(sample) ? h('pre', pretty(sample.sent)) : h('p', 'Nothing of it is kept: it is no JSON object that could be read, or has no members.')])),
    h('section', h('h2', 'From where'), table('By day and network', ['Day', 'Network', '#Times', 'Last'],
      kind.days.map(({ day, network, count, last_at }) => [said(day), said(network || 'not kept'), number(count), time(last_at)])), areMore && notAll(refusals)))
}

/** Whether something is kept of what was sent; what has no members is shown so where a trial refuses it for the same. */
const isKept = ({ rule }) => ({ sent, reproduces }) => Object.keys(sent).length > 0 || reproduces && !isUnread(rule)

/** Whose request was refused, where that is kept. */
const ofClient = ({ link }, { operation }, { sent: { client_id } }) => operation !== 'register' && typeof client_id === 'string' && /^[^\s…()]+$/.test(client_id) && h('p', 'The client: ', h('a', { href: link(['clients', client_id]) }, said(client_id)))

/** Where an operator makes another token for who has lost that of a client. Which one it is, is not kept: its name may have been guessed. */
const lostToken = ({ link }) => h('p', 'An operator makes another one with ', h('strong', 'New registration token …'), ' on the screen of the client: ',
  h('a', { href: link(['clients']) }, 'Clients'), ' finds it, by its name or client_id.')

/** Where an operator unlocks a client; of whose update was refused it is linked with what was sent. */
const locked = ({ link }, samples) => h('p', samples.length === 0 && 'No policy changes this. ', 'An operator unlocks it with ', h('strong', 'Unlock …'), ' on its screen; ',
  h('a', { href: link(['clients'], { locked: 'true' }) }, 'Clients'), ' lists those that are locked.')

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
  const { clients } = await get(`${id}/counts`, {}, signal)
  if (rule === 'clients_per_service') return clients
  const [developers] = await firstPages({ signal }, `${id}/counts`, 'developers', { days: 1, developers: true, limit: 100 })
  return Math.max(0, ...developers.map(({ clients }) => clients))
}

/** The issuers of statements that nobody has approved, as far as they are kept. */
function issuersOf(description, samples) {
  const shown = description.startsWith('software_statement: its issuer') ? samples.map(({ sent }) => /^a JWT by (\S+)$/.exec(sent.software_statement)?.[1]) : []
  return [...new Set(shown.filter(Boolean))]
}

/** Whether somebody trusts that issuer now, as far as it is kept who it is. */
const isTrusted = ({ issuers = [] } = {}, shown) => issuers.some(({ issuer }) => `${issuer}/`.startsWith(shown.replace(/…$/, '')))

/** The member that a change is about. */
function memberOf(patch) {
  const [[name, inner]] = Object.entries(patch)
  return Object.hasOwn(MEMBERS, name) ? name : `${name}.${Object.keys(inner)[0]}`
}

/** What of the metadata_documents refused the look-up, and when it is of use to look again. */
function documentSide({ id }, { metadata_documents }, { rule, operation, description }) {
  const [members] = ofDocuments(rule, description)
  const { pause_first, pause_most } = metadata_documents
  return [
    members.length > 0 && h('ul', members.map((member) => h('li', h('code', `metadata_documents.${member}`), ' is ', value(metadata_documents[member])))),
    !isOfUrl(operation) && h('p', `After a refusal the document is not fetched again for ${[...new Set([pause_first, pause_most])].join(' to ')} seconds (`, h('code', 'pause_first'), ', ', h('code', 'pause_most'),
      `). Until then the look-up answers 503 with what it was refused for${isOfPublisher(rule, description) ? '' : ', be the policy changed meanwhile or not'}; its Retry-After says when that ends.`),
    isOfPublisher(rule, description) && h('p', 'No policy changes this; who publishes the document can. Whoever has the table fetches it with ', code(`registrar client resolve --service ${id} URL`), ' and sees each step and each rule; of the URL its host alone is kept here, and its publisher knows the rest.'),
  ]
}

async function policySide(context, kind, samples) {
  const { rule, door, operation, description, count: all } = kind
  const [policy, there] = await Promise.all([get(`${context.id}/policy`, {}, context.signal), counted(context, rule)])
  const [members] = about(rule, description)
  const [needsNone, statements] = [takesNoToken(description), policy.software_statements]
  const tokenHelps = rule === 'registration' ? policy.registration !== 'open' && !needsNone : ofToken(description) && operation === 'register'
  // The whole of what is said of documents is long.
  const isShort = (member) => member !== 'metadata_documents'
  return [
    members.length > 0 && [h('p', h('strong', 'The policy: ')), h('ul', members.map((member) => h('li',
      h('a', { href: context.link(['policy'], { member }) }, h('code', member)), isShort(member) && [' is ', value(at(policy, member))], ' ', h('span.hint', meaning(member)))))],
    isLookUp(operation) && documentSide(context, policy, kind),
    needsNone && policy.registration !== 'open' && h('p', 'No token helps at this door. Where registration is open it registers, and whoever finds the service may register.'),
    tokenHelps && h('p', 'Who may register gets an initial access token: ', h('a', { href: context.link(['tokens']) }, 'make one'), '.'),
    tokenHelps && policy.dynamic_registration === false && h('p', 'None may register itself now: no token helps until ', h('a', { href: context.link(['policy'], { member: 'dynamic_registration' }) }, code('dynamic_registration')), ' is true.'),
    needsPublic(description, policy, samples.map(({ sent }) => sent)) && h('p', 'For a public client ', code('"token_endpoint_auth_method": "none"'), ' is enough: it makes it one.'),
    there > 0 && h('p', `${HOLDERS[rule]} has `, count(there, 'client'), ' now.'),
    rule === 'doors' && policy.doors.includes(door) && h('p', 'The door is open now.'),
    issuersOf(description, samples).map((issuer) => isTrusted(statements, issuer) ? h('p', code(issuer), ' is among software_statements.issuers now.') : [
      h('p', 'Who trusts ', code(issuer), ' adds it to software_statements.issuers, with the address of its keys, or with its jwks.', issuer.includes('…') && ' It has to be completed: “…” stands for what is not kept, be it nothing; the issuer is the iss of the statement, letter by letter.'),
      h('pre', pretty({ issuer, jwks_uri: '…' })),
    ]),
    rule === 'software_statements' && h('p', statements?.required ? 'Where software_statements.required is false, the registrant may send none.' : 'The policy requires no statement: the registrant may send none.'),
    await advice(context, { rule, door, operation, description, there, count: all }, policy, samples,
      (steps, body, member = steps.length ? memberOf(steps[0].patch) : members[0], untried) => open(context, policy, { steps, body, untried, door, operation, member })),
  ]
}
