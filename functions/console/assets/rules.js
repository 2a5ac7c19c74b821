// The rules that refuse or change a registration: what each asks, which members of the policy it reads, and what in them could
// be otherwise. Nothing here decides: each change is tried by the server before it is offered.

/** A rule: its members of the policy, what it asks, and what the registrant could send instead. */
export const RULES = {
  'dynamic_registration': {
    members: ['dynamic_registration'],
    says: 'Clients may not register themselves at this service.',
    client: 'Nothing: an operator registers it, by POST to the list of clients or registrar client create.',
  },
  'software_statements': {
    members: ['software_statements'],
    says: 'A software statement is asked for, or the one that was sent is not good: its issuer, its signature, its age.',
    client: 'Send a software_statement of an issuer that the policy names.',
  },
  'as sent': {
    members: [],
    says: 'The request itself is not a registration: a member has another type than its specification says, or only the server may set it.',
    client: 'Correct the member that the description names. No policy changes this.',
  },
  'limits': {
    members: ['limits'],
    says: 'A list has too many values, or a text is too long.',
    client: 'Send fewer values or shorter texts.',
  },
  'unannounced': {
    members: ['unannounced'],
    says: 'A value is not among those that the service’s metadata announce, as an algorithm or a subject type.',
    client: 'Ask for a value that the metadata announce, or leave the member out.',
  },
  'custom_members': {
    members: ['custom_members'],
    says: 'Members that no specification defines are dropped unless the policy names them.',
    client: 'Leave the member out.',
  },
  'grant_types and response_types': {
    members: ['grant_types', 'response_types'],
    says: 'A grant type or response type is not offered, or none is left of those that were asked for.',
    client: 'Ask for grant types and response types that are offered.',
  },
  'token_endpoint_auth_methods': {
    members: ['token_endpoint_auth_methods'],
    says: 'The way in which the client wants to authenticate is not offered.',
    client: 'Ask for a token_endpoint_auth_method that is offered, as none for a public client.',
  },
  'scopes': {
    members: ['scopes'],
    says: 'A scope is not offered.',
    client: 'Ask for scopes that are offered, or for none.',
  },
  'redirect_uris': {
    members: ['redirect_uris.private_use_schemes', 'redirect_uris.reverse_domain_schemes', 'redirect_uris.loopback',
      'redirect_uris.hosts', 'redirect_uris.private_hosts', 'redirect_uris.development_hosts'],
    says: 'A redirect URI leads where this service’s policy does not let clients lead: a scheme, the loopback interface, a host, a private network.',
    client: 'Register another redirect URI: https on a permitted host.',
  },
  'redirect_uris.pages_share_host': {
    members: ['redirect_uris.pages_share_host'],
    says: 'A page of the client, as its logo, has the host of none of its redirect URIs: so a stranger borrows a name.',
    client: 'Leave the page out, or put it where the redirects lead.',
  },
  'names': {
    members: ['names'],
    says: 'The name has in it, or looks like, a name that this service reserves.',
    client: 'Choose another client_name.',
  },
  'called_urls': {
    members: ['called_urls'],
    says: 'A URL that the authorization server itself would call leads into a private network.',
    client: 'Give URLs with public hosts.',
  },
  'the specifications': {
    members: ['names.hidden_characters', 'redirect_uris.development_hosts'],
    says: 'An RFC does not permit it: a fragment in a redirect URI, http on a host that is not loopback, members that contradict each other.',
    client: 'Correct the member that the description names. Policies change little of this.',
  },
  'clients_per_service and others': {
    members: ['clients_per_service', 'clients_per_developer', 'software_id_once'],
    says: 'The service, or what registers itself there, has as many clients as it may; or the software_id is registered already.',
    client: 'Manage the registration that is there, or come again when others have ended.',
  },
  'metadata_documents': {
    members: ['metadata_documents'],
    says: 'The document behind the client_id is not one that this service takes.',
    client: 'Correct the document; registrar client resolve shows each step.',
  },
  'metadata_documents.metadata_policy': {
    members: ['metadata_documents'],
    says: 'The metadata policy for documents changes or refuses a member.',
    client: 'Correct the document.',
  },
}

const list = (json) => (Array.isArray(json) ? json.filter((item) => typeof item === 'string') : [])
const missing = (sent, offered) => [...new Set(sent)].filter((item) => !list(offered).includes(item))
const joined = (items) => items.map((item) => `“${item}”`).join(', ')

/** What a part of a redirect URI says, where it can be read. */
export function parsed(uri) {
  try {
    return new URL(uri)
  } catch {
    return undefined
  }
}

/**
 * Changes of a policy that may let a registration pass that a rule has refused: each with a label and the members that become
 * otherwise, to be merged (RFC 7396).
 */
export function changes(rule, policy, sent) {
  const found = (CHANGES[rule] ?? (() => []))(policy, sent)
  return found.filter(({ patch }) => JSON.stringify(merged(policy, patch)) !== JSON.stringify(policy))
}

const CHANGES = {
  'dynamic_registration': () => [{ label: 'Let clients register themselves', patch: { dynamic_registration: true } }],
  'software_statements': () => [{ label: 'Ask for no software statement', patch: { software_statements: { required: false } } }],
  'limits': (policy, sent) => [{
    label: 'Raise the limits to what was sent',
    patch: { limits: {
      redirect_uris: Math.max(policy.limits.redirect_uris, list(sent.redirect_uris).length),
      list_items: Math.max(policy.limits.list_items, ...Object.values(sent).filter(Array.isArray).map((items) => items.length)),
      text_bytes: Math.max(policy.limits.text_bytes, ...Object.values(sent).flat().filter((item) => typeof item === 'string')
        .map((item) => new TextEncoder().encode(item).length)),
    } },
  }],
  'unannounced': () => [{ label: 'Drop values that are not announced', patch: { unannounced: 'drop' } }],
  'grant_types and response_types': (policy, sent) => {
    const grants = missing(list(sent.grant_types), policy.grant_types.offered)
    const responses = missing(list(sent.response_types), policy.response_types.offered)
    return [
      { label: 'Drop what is not offered', patch: { grant_types: { unoffered: 'drop' }, response_types: { unoffered: 'drop' } } },
      { label: `Offer ${joined([...grants, ...responses])}`, patch: {
        grant_types: { offered: [...policy.grant_types.offered, ...grants] },
        response_types: { offered: [...policy.response_types.offered, ...responses] },
      } },
    ]
  },
  'token_endpoint_auth_methods': (policy, sent) => {
    const wanted = missing([sent.token_endpoint_auth_method, ...list(sent.token_endpoint_auth_methods_supported)]
      .filter((method) => typeof method === 'string'), policy.token_endpoint_auth_methods.offered)
    return [
      { label: `Offer ${joined(wanted)}`, patch: { token_endpoint_auth_methods: { offered: [...policy.token_endpoint_auth_methods.offered, ...wanted] } } },
      { label: 'Register another method in its place', patch: { token_endpoint_auth_methods: { unoffered: 'drop' } } },
    ]
  },
  'scopes': (policy, sent) => {
    const offered = (policy.scopes.offered ?? '').split(' ').filter(Boolean)
    const wanted = missing(String(sent.scope ?? '').split(' ').filter(Boolean), offered)
    return [
      { label: 'Drop scopes that are not offered', patch: { scopes: { unoffered: 'drop' } } },
      policy.scopes.offered && { label: `Offer ${joined(wanted)}`, patch: { scopes: { offered: [...offered, ...wanted].join(' ') } } },
      policy.scopes.offered && { label: 'Offer any scope', patch: { scopes: { offered: null } } },
    ].filter(Boolean)
  },
  'redirect_uris': (policy, sent) => {
    const uris = list(sent.redirect_uris).map(parsed).filter(Boolean)
    const https = uris.filter((uri) => uri.protocol === 'https:').map((uri) => uri.hostname)
    const plain = uris.filter((uri) => uri.protocol === 'http:').map((uri) => uri.hostname)
    const own = (patch) => ({ redirect_uris: patch })
    const rules = policy.redirect_uris
    return [
      { label: 'Accept http on the loopback interface', patch: own({ loopback: true }) },
      { label: 'Accept private-use schemes of public clients', patch: own({ private_use_schemes: 'public_clients' }) },
      { label: 'Accept private-use schemes of public clients, whatever they look like', patch: own({ private_use_schemes: 'public_clients', reverse_domain_schemes: false }) },
      { label: 'Accept private-use schemes of all clients, whatever they look like', patch: own({ private_use_schemes: 'accept', reverse_domain_schemes: false }) },
      list(rules.hosts).length > 0 && { label: `Permit the hosts ${joined(missing(https, rules.hosts))}`, patch: own({ hosts: [...rules.hosts, ...missing(https, rules.hosts)] }) },
      { label: 'Flag redirects into private networks, and register them', patch: own({ private_hosts: 'flag' }) },
      { label: `Call ${joined([...https, ...plain])} hosts of developers`, patch: own({ development_hosts: [...list(rules.development_hosts), ...missing([...https, ...plain], rules.development_hosts)] }) },
    ].filter(Boolean)
  },
  'redirect_uris.pages_share_host': () => [{ label: 'Flag such clients, and register them', patch: { redirect_uris: { pages_share_host: 'flag' } } }],
  'names': () => [{ label: 'Flag such names, and register them', patch: { names: { same: 'flag', look_alike: 'flag' } } }],
  'called_urls': () => [{ label: 'Let such URLs lead anywhere', patch: { called_urls: 'any' } }],
  'the specifications': (policy, sent) => [
    { label: 'Flag hidden characters, and register them', patch: { names: { hidden_characters: 'flag' } } },
    ...CHANGES.redirect_uris(policy, sent).slice(-1),
  ],
  'clients_per_service and others': (policy) => [
    policy.clients_per_service && { label: 'Let the service have twice as many clients', patch: { clients_per_service: 2 * policy.clients_per_service } },
    policy.clients_per_developer && { label: 'Let developers have any number of clients', patch: { clients_per_developer: null } },
    { label: 'Let a software_id be registered more than once', patch: { software_id_once: false } },
  ].filter(Boolean),
}

/** What a merge patch makes of a value (RFC 7396). */
export function merged(target, patch) {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch
  const result = target !== null && typeof target === 'object' && !Array.isArray(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  }
  return result
}

/** The merge patch that makes one value of another. */
export function difference(from, to) {
  const patch = {}
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from[name], to[name]]
    if (JSON.stringify(before) === JSON.stringify(after)) continue
    const both = [before, after].every((value) => value !== null && typeof value === 'object' && !Array.isArray(value))
    patch[name] = after === undefined ? null : both ? difference(before, after) : after
  }
  return patch
}

/** A body like the one of which only a masked sample is known. */
export function like(sample) {
  const one = (value) => {
    if (Array.isArray(value)) return value.map(one)
    if (typeof value !== 'string') return value
    const characters = /^(\d+) characters$/.exec(value)
    if (characters) return 'x'.repeat(Math.min(Number(characters[1]), 10_000))
    if (/^\d+ members$/.test(value)) return {}
    return value.replace(/^([\w+.-]+:\/\/[^/]*)\/…$/, '$1/')
  }
  return Object.fromEntries(Object.entries(sample).map(([name, json]) => [name, one(json)]))
}
