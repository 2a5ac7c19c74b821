// What a change of the policy lets strangers do, and how grave that is: the one place that says so, of offers and of drafts.

import { at, same } from './json.js'

/** How grave: something more of a kind that there is; another kind; what kept strangers out. */
export const [MORE, OTHER, OPEN] = [1, 2, 3]

const list = (json) => [json ?? []].flat()

const added = (from, to) => list(to).filter((one) => !list(from).some((other) => same(one, other)))

/** What is added to a list; `says` is given it as a text. */
const gains = (weight, says, named = String) => (from, to) => added(from, to).length ? [[weight, says(added(from, to).map(named).join(', '))]] : []

const loses = (weight, says, named) => (from, to) => gains(weight, says, named)(to, from)

const becomes = (value, weight, text) => (from, to) => same(to, value) ? [[weight, text]] : []

/** One of these words becomes one that stands later. */
const eases = (order, weight, text) => (from, to) => order.includes(from) && order.indexOf(to) > order.indexOf(from) ? [[weight, text]] : []

const CONDUCT = ['refuse', 'flag', 'allow']

const CONSENT = 'a consent page may deceive users, unless it heeds the flag.'

const IN_ADDRESSES = 'access tokens stand in addresses, where they leak; RFC 9700 §2.1.2 advises against it.'

const GRANTS = {
  password: [OPEN, 'users give their passwords to the client; RFC 9700 §2.4 forbids this grant.'],
  implicit: [OTHER, IN_ADDRESSES],
  client_credentials: [OTHER, 'clients get tokens for themselves, without a user.'],
}

/** What it takes to pass for a client, the least first. */
const PROOFS = [['none'], ['client_secret_basic', 'client_secret_post'], ['client_secret_jwt'], ['private_key_jwt', 'attest_jwt_client_auth', 'self_signed_tls_client_auth', 'tls_client_auth']]

/** How much it takes; -1 of a method that nobody knows. */
const proof = (method) => PROOFS.findIndex((methods) => methods.includes(method))

const least = (methods) => Math.min(PROOFS.length - 1, ...list(methods).map(proof).filter((proof) => proof >= 0))

/** Of what takes less than all that was offered. */
const WEAKER = [
  [OPEN, 'a client may prove nothing: who knows its client_id can pass for it.'],
  [OTHER, 'a client may prove itself by a secret that it sends.'],
  [OTHER, 'a client may prove itself by a secret that both sides know, and not by a key.'],
]

const isLess = (one, other) => proof(one) >= 0 && proof(one) < proof(other)

/** Of what a ceiling becomes. */
const ceiling = (from, to) => {
  if (to === undefined) return [[OTHER, 'what holds back a flood of registrations are the limits of addresses and of the service alone.']]
  return from < to ? [[MORE, `a flood of registrations comes as far as ${to} clients.`]] : []
}

const larger = (from, to) => to > from ? [[MORE, 'each registration may take more room.']] : []

const ANYBODY = 'whoever finds the service may register.'

/** Members, and what is less safe where one was the first and becomes the second, under a policy. */
const MEMBERS = {
  'doors': gains(OTHER, (doors) => `strangers reach more of the service: ${doors}.`),
  'dynamic_registration': (from, to, { registration }) => {
    if (!to) return []
    return [registration === 'open' ? [OPEN, ANYBODY] : [MORE, 'who has an initial access token registers without an operator.']]
  },
  'registration': becomes('open', OPEN, ANYBODY),
  'approval': becomes('none', OPEN, 'what registers itself works at once, whatever it is.'),
  'software_statements.required': (from, to) => from && !to ? [[OTHER, 'nobody has to vouch for a client.']] : [],
  'software_statements.issuers': gains(MORE, (issuers) => `${issuers} may vouch for any client.`, ({ issuer }) => issuer),
  'grant_types.offered': (from, to) => added(from, to).map((grant) => Object.hasOwn(GRANTS, grant) ? GRANTS[grant] : [MORE, `any client may have the grant type ${grant}.`]),
  'grant_types.default': (from, to) => added(from, to).includes('client_credentials') ? [[OTHER, 'who names no grant type gets tokens for itself, and leads no user in any more.']] : [],
  'response_types.offered': (from, to) => added(from, to).map((type) => type.split(' ').includes('token') ? [OTHER, IN_ADDRESSES] : [MORE, `any client may have the response type ${type}.`]),
  'token_endpoint_auth_methods.offered': (from, to) => least(to) < least(from) ? [WEAKER[least(to)]] : [],
  'token_endpoint_auth_methods.default': ([from] = [], [to] = []) => isLess(to, from) ? [[OTHER, `who asks for no method gets ${to}, which proves less than ${from}.`]] : [],
  'token_endpoint_auth_methods.unoffered': becomes('drop', MORE, 'whoever asks for a method that is not offered, be it stronger, gets the usual one.'),
  'scopes.offered': (from, to) => to === undefined
    ? [[OPEN, 'clients may register for any scope.']]
    : from === undefined ? [] : gains(MORE, (scopes) => `any client may register for ${scopes}.`)(from.split(' '), to.split(' ')),
  'names.reserved': loses(OTHER, (names) => `strangers may call themselves ${names}.`),
  'names.same': eases(CONDUCT, OTHER, CONSENT),
  'names.look_alike': eases(CONDUCT, OTHER, CONSENT),
  'names.hidden_characters': eases(CONDUCT, OTHER, CONSENT),
  'redirect_uris.private_use_schemes': (from, to) => [
    ...eases(['refuse', 'public_clients'], MORE, 'the application that a code comes to is whichever has taken the scheme (RFC 8252 §8.1).')(from, to),
    ...becomes('accept', OTHER, 'applications count as confidential, and a secret that all copies of one have is none (RFC 8252 §8.5).')(from, to),
  ],
  'redirect_uris.reverse_domain_schemes': becomes(false, MORE, 'other applications on a device may take such a scheme for themselves (RFC 8252 §8.4).'),
  'redirect_uris.loopback': becomes(true, MORE, 'other programs on the user’s machine may listen where codes are led (RFC 8252 §8.3).'),
  'redirect_uris.hosts': (from, to) => to === undefined
    ? [[OPEN, 'users and their codes may be led to any host.']]
    : from === undefined ? [] : gains(MORE, (hosts) => `users and their codes may be led to ${hosts}.`)(from, to),
  'redirect_uris.private_hosts': eases(CONDUCT, OTHER, 'codes may be led into networks that are not yours.'),
  'redirect_uris.development_hosts': gains(OTHER, (hosts) => `what goes by http to ${hosts}, codes as well, can be read and changed on its way.`),
  'redirect_uris.pages_share_host': eases(CONDUCT, OTHER, CONSENT),
  'called_urls': becomes('any', OPEN, 'the authorization server may be led into your own network.'),
  'software_id_once': becomes(false, MORE, 'a stranger may register with the software_id of another client.'),
  'limits.redirect_uris': larger,
  'limits.list_items': larger,
  'limits.text_bytes': larger,
  'clients_per_service': ceiling,
  'clients_per_developer': ceiling,
  'metadata_documents.others': (from, to) => [
    ...eases(['block', 'ask'], OTHER, 'whoever publishes a document may be a client, if users consent.')(from, to),
    ...becomes('allow', OPEN, 'whoever publishes a document may be a client, and users need not be asked.')(from, to),
  ],
  'metadata_documents.trust': (from, to) => {
    const isTaken = ({ trust }) => trust !== 'block'
    const [more, less] = [added(from, to).filter(isTaken), added(to, from).filter((rule) => !isTaken(rule))]
    const patterns = [...new Set([...more, ...less].map(({ pattern }) => pattern))]
    return patterns.length ? [[MORE, `whoever publishes a document at ${patterns.join(', ')} may be a client.`]] : []
  },
  'metadata_documents.required': loses(MORE, (members) => `a document need not say its ${members}.`),
  'metadata_documents.same_origin': eases(['all_urls', 'redirect_uris', 'off'], OTHER, 'a document may name URLs of hosts that are not its own.'),
  'metadata_documents.query_permitted': becomes(true, MORE, 'one page may be many clients, a query each.'),
  'metadata_documents.redirect_uris': larger,
  'metadata_documents.max_bytes': larger,
}

/** What is less safe under a policy than under the one before, or in what becomes of a registration, the gravest first: each its weight and its text. */
export function risks(before, after, { token_endpoint_auth_method: was } = {}, { token_endpoint_auth_method: is = was } = {}) {
  const ofPolicy = Object.entries(MEMBERS).flatMap(([member, says]) => {
    const [from, to] = [at(before, member), at(after, member)]
    return same(from, to) ? [] : says(from, to, after)
  })
  const ofClient = isLess(is, was) ? [[OTHER, `who wanted to prove itself by ${was} gets ${is === 'none' ? 'no secret at all' : is}, which proves less.`]] : []
  const texts = new Map([...ofPolicy, ...ofClient].map(([weight, text]) => [text, weight]))
  return [...texts].map(([text, weight]) => ({ weight, text })).sort((one, other) => other.weight - one.weight)
}
