// The rules that refuse or change a registration, and what could be otherwise. Nothing here decides: the server tries each change.

import { at, isObject, merged, same } from './json.js'

/** Rules: their members of the policy, what each says, and what the registrant could send instead. */
export const RULES = {
  'dynamic_registration': [['dynamic_registration'], 'Clients may not register themselves at this service.', 'An operator registers it.'],
  'registration': [['registration'], 'An initial access token is missing, or it is not good: another one’s, used up, or ended.', 'Send a good one, as Authorization: Bearer.'],
  'registration_access_token': [[], 'The registration access token of a client is missing, or it is not good: another client’s, replaced, or its client is gone.', 'Manage a client with the token that its last answer has. Who has lost it gets another one of an operator, or registers again.'],
  'software_statements': [['software_statements'], 'A software statement is missing, or not good: its issuer, signature or age.', 'Send one of an issuer that the policy names.'],
  'as sent': [[], 'The body is no JSON object, or a member of it is missing, has another type than its specification says, or only the server may set it.', 'Correct the member that is named.'],
  'limits': [['limits'], 'A list has too many values, or a text is too long.', 'Send fewer values or shorter texts.'],
  'unannounced': [['unannounced'], 'The service’s authorization server metadata do not announce a value, as an algorithm or a subject type.', 'Ask for one that they announce, or leave it out.'],
  'custom_members': [['custom_members'], 'What no specification defines is dropped unless the policy names it.', 'Leave the member out.'],
  'grant_types and response_types': [['grant_types', 'response_types'], 'A grant type or response type is not offered, or none is left of those asked for.', 'Ask for those that are offered.'],
  'token_endpoint_auth_methods': [['token_endpoint_auth_methods'], 'The way in which the client wants to authenticate is not offered.', 'Ask for one that is offered. A client that can keep no secret asks for none, where that is offered.'],
  'token_endpoint_auth_methods_supported': [['token_endpoint_auth_methods'], 'The service offers none of the ways in which the client can authenticate.', 'Have one that is offered, and what it needs.'],
  'scopes': [['scopes'], 'A scope is not offered.', 'Ask for scopes that are offered, or for none.'],
  'redirect_uris': [['private_use_schemes', 'reverse_domain_schemes', 'loopback', 'hosts', 'private_hosts', 'development_hosts'].map((name) => `redirect_uris.${name}`),
    'A redirect URI leads where this service lets no client lead: a scheme, the loopback interface, a host, a private network.', 'Register another one: https on a permitted host.'],
  'redirect_uris.pages_share_host': [['redirect_uris.pages_share_host'], 'A page of the client, as its logo, is of another site than a redirect.', 'Leave it out, or put it where the redirects lead.'],
  'names': [['names'], 'The name has in it, or looks like, one that this service reserves.', 'Choose another client_name. If the name is rightly the client’s own, an operator may register it: Clients, Register.'],
  'called_urls': [['called_urls'], 'A URL that the authorization server would call leads into a private network, or to many places at once.', 'Give URLs with public hosts.'],
  'the specifications': [['redirect_uris.infer_native', 'redirect_uris.development_hosts', 'names'], 'The specifications do not permit it, or only where the policy says so: a fragment in a redirect URI, http elsewhere than on loopback, characters that nobody sees, members that contradict each other.', 'Correct the member that is named.'],
  'doors': [['doors'], 'The service does not open this door.', 'Register at a door that is open.'],
  'clients_per_service': [['clients_per_service'], 'The service has as many clients as it may have, and none that makes room.', 'Try again later: clients that nobody uses make room.'],
  'clients_per_developer': [['clients_per_developer'], 'The developer has as many clients as one may have; all that register themselves share one.', 'Manage a registration that is there.'],
  'software_id_once': [['software_id_once'], 'Another client has this software_id.', 'Manage the registration that is there, or send another software_id.'],
  'sector_identifier_uri': [[], 'The document behind sector_identifier_uri cannot be read, or does not list each redirect URI.', 'Publish the document there, with each redirect URI.'],
  'metadata_documents': [['metadata_documents'], 'The service takes no client of this URL, or asks for more of its document.', 'Correct what the error names, in the document or in its URL.'],
  'metadata_documents.metadata_policy': [['metadata_documents'], 'The policy’s metadata_policy for documents does not permit a value.', 'Correct the member that is named.'],
  'the document': [[], 'The document behind the URL cannot be had, has in it what it must not have, or lacks what it must have.', 'Correct what the error names, in the document or at its host.'],
  'stet': [[], 'A certificate, a signature or a token of the request is not good.', 'Correct what the error names: the STET interface asks for it before any policy does. A token is got with the certificate, at /stet/psd2/oauth/token.'],
  'federation': [[], 'A statement or a chain of trust is not good.', 'Correct what the error names. The screen Federation draws the chain of an entity, with each check.'],
  'the client that is there': [[], 'A client is registered by this name and may not be replaced by this registration, or an operator has locked it.', 'Manage the registration that is there; of a locked one, ask the operator.'],
}

/** Whether what a client asks for is none of what its own list has. */
const IN_NO_LIST = / is not in \w+_supported$/

/** What the registrant does about refusals of which more is known than their rule, and what it is about if that is not what the rule says. */
const REMEDIES = [
  [/^the (body|request) | appears twice$/, 'Send a JSON object in UTF-8, with Content-Type: application/json, and each member once.'],
  [/^client_secret is not this client's|has no client_secret$/, 'Leave client_secret out, or send the one that the client has: an update does not change it (RFC 7592 §2.2).'],
  [/^client_id is not this client's/, 'Send the client_id of the client that is updated (RFC 7592 §2.2).'],
  [/is set by the server and must not be sent$/, 'Leave it out: only the server sets it.'],
  [IN_NO_LIST, 'Let it be one of the client’s own list, or leave one of both out.', 'What a client asks for is none of what its own list says that it can do (OpenID Connect Relying Party Metadata Choices 1.0).'],
  [/^the client is locked$/, 'Ask the operator to unlock it: until then it is neither changed nor deleted.', 'An operator has locked the client.'],
  [/^the client has ended/, 'Register again: a client that has ended is not brought back, and another policy is for those that register from then on.', 'Its time was over, nobody has used it for so long, or nobody has approved it in time: then its token is taken no more.'],
  [/initial access token (is used up|has ended)/, 'Send another one, which an operator makes.'],
  [/requires application_type native/, 'Send "application_type": "native".'],
  [/^client_id: this service does not take clients of this URL/, 'Ask the operator: whom the service takes, the members trust and others of its policy’s metadata_documents say.'],
  [/^\S+ is required in documents by this service/, 'Put it into the document. What is required the member required of the policy’s metadata_documents says.'],
  [/^client_id is required$/, 'Put its URL into the document, as client_id.', 'A document names itself: its client_id is the URL where it stands.'],
  [/^client_id is not the URL of the document$/, 'Let client_id in the document be the URL where it stands, letter by letter.', 'A document names itself: its client_id is the URL where it stands.'],
  [/must not be in a public document$/, 'Take it out of the document, which anybody can read, and use that secret nowhere any more. Who has to prove itself publishes keys, with private_key_jwt.', 'There is a secret in the document.'],
  [/^client_id: it has a query/, 'Name the client by a URL without a query.'],
  [/^clients of this service need a token$/, 'Register at another door, as oauth, with what it asks for; or ask the operator: this door takes neither a token nor a statement.', 'This door has no place for a token or a software statement: it registers only where registration is open and no statement is required.'],
  [/^clientType: /, 'Send "clientType": "public".', 'This door registers public clients only, whatever the policy offers.'],
  [/^scope: the roles of the certificate/, 'Ask for the scopes that belong to the roles of the certificate, or get a certificate with that role.', 'The certificate says what its owner may do (its PSD2 roles), and that scope is not among it.'],
  [/^token_endpoint_auth_method \S+ requires /, 'Send what it requires, or ask for another method. Who asks for none in particular has the first of default of the policy’s token_endpoint_auth_methods.'],
  [/^redirect_uris.*private-use schemes are not allowed for this client/, 'Register another one: https on a permitted host.'],
  [/^the document is too large$/, 'Let it be smaller: how large it may be the member max_bytes of the policy’s metadata_documents says.', 'The document is larger than this service reads.'],
  [/^the answer was (404|410)$/, 'Publish the document there, or name the client otherwise.', 'Its host says that there is no document behind the URL.'],
  [/keeps programs out$/, 'Let the document be fetched by programs: what protects its host takes them for attackers.', 'What stands before the host asks whether a person is there.'],
  [/^the (answer|media type) /, 'Answer with 200, the document itself, and application/json.', 'Its host answers with something else than a document.'],
  [/cannot be fetched at the moment/, 'Send it again. If it stays so, see to it that the host of what is named answers.', 'What has to be fetched for it could not be fetched.'],
  [/^redirect_uris: at least one is required/, 'Send redirect_uris, the URLs to which users are led back; or name grant types that lead nobody back, as client_credentials, where they are offered.'],
  [/must not have a fragment/, 'Send it without # and what follows.'],
  [/a web client with the implicit grant must use https/, 'Use https and another host than localhost, ask for authorization_code in place of implicit, or, if it is a native application, send "application_type": "native".'],
  [/: http is allowed for /, 'Use https: http is for the loopback interface of the user’s own machine.'],
  [/^request_uris\[\d+\] must not contain a wildcard/, 'Write each URL as a whole, without *.'],
  [/^grantTypes: /, 'Ask for those that are offered. Identity Center has no others than authorization_code, refresh_token and urn:ietf:params:oauth:grant-type:device_code, whatever the policy offers.'],
  [/^contacts? is required$/, 'Send it. Whether it has to be there the member contact of the service’s STET settings says, as optional.'],
  [/^this registrant has a client already$/, 'Manage the client that is there, which the screen STET lists, or let an operator delete it. With repeated_registration replace in the service’s STET settings a new one takes its place.'],
  [/^sector_identifier_uri: the URL is not allowed/, 'Publish the document at a URL that has https, port 443 and a public host, with each redirect URI, and send that one.'],
  [/^sector_identifier_uri: .* does not list/, 'List each redirect URI in the document, letter by letter.'],
  [/^software_statement is not a signed JWT|^software_statement: its (alg|typ)/, 'Send a JWT that an issuer has signed with RS256, PS256, ES256 or the like, and that is no token of another kind.'],
  [/^software_statement: its issuer is not approved|^software_statement: iss/, 'Send one of an issuer that the policy names, or ask the operator to trust this one.'],
  [/^software_statement: its signature/, 'Have it signed by a key that its issuer publishes. If the issuer has new keys, the policy may have the old ones in jwks.'],
  [/^software_statement: it is not valid at this time/, 'Send a new one: it has ended, has not begun, or is older than max_age.'],
  [/^software_statement: aud/, 'Have it made for this service, or for nobody in particular.'],
]

/** The rules that refuse before anything is looked at, so that whatever was sent is refused for the same. */
const UNREAD = ['doors', 'registration', 'dynamic_registration']

export const isUnread = (rule) => UNREAD.includes(rule)

/** What a door with words of its own calls members: in a trial, which has those of RFC 7591, they are nobody's. */
const OTHER_WORDS = ['clientName', 'clientType', 'grantTypes', 'redirectUris']

/** That nothing is kept of what was sent, or of what others have sent. */
export const nothingKept = (whose = 'it') => `Nothing of ${whose} is kept, so it cannot be tried: it would be judged then.`

/**
 * Why what was refused unread is not tried, if so: the trial would be one of something that nobody has sent. Of a URL alone more is
 * not sent.
 */
export function untriable({ rule, door }, { sent, reproduces }) {
  const names = Object.keys(sent)
  if (!isUnread(rule) || door === 'metadata_document') return ''
  if (names.length === 0) return nothingKept()
  const isOther = rule === 'doors' && !reproduces || door === 'identity_center' && names.some((name) => [...OTHER_WORDS, 'client_type', 'scopes'].includes(name))
  return isOther ? 'What is sent to this door has words of its own, or more beside it, so it cannot be tried: it would be judged then.' : ''
}

/** Whether the initial access token is what refuses, and no policy. */
export const ofToken = (description) => /not allowed by the initial access token/.test(description)

/** Whether a door refuses without a look at a token, since it takes none. */
export const takesNoToken = (description) => /^clients of this service need a token$/.test(description)

const OF_DOCUMENTS = ['metadata_documents', 'the document']

/** Whether its URL alone is refused, so that its host is not asked and nothing is known of the document. */
const isByUrl = (description) => /^client_id: /.test(description)

const [URL_ALONE, LOOK_UP] = ['look-up of a URL', 'look-up']

/** Whether it is the look-up of a client by its document, and whether by its URL alone. */
export const isLookUp = (operation) => [URL_ALONE, LOOK_UP].includes(operation)
export const isOfUrl = (operation) => operation === URL_ALONE

/** What was asked for: one who is looked for by a URL registers by that. */
export function askedFor({ door, operation, rule, description }) {
  if (door !== 'metadata_document') return operation
  return rule === 'doors' || isByUrl(description) ? URL_ALONE : LOOK_UP
}

/** What who registers has to have, and a client that is there does not need: a token, and room. */
const OF_NEW = ['registration', 'clients_per_service', 'clients_per_developer']

/** A trial is that of a registration, or of a whole document: what of it holds for what was asked for. */
export function asAsked(members, operation) {
  const { requires = [], refused } = members
  if (operation === 'update') return { ...members, requires: requires.filter(({ rule }) => !OF_NEW.includes(rule)) }
  return isOfUrl(operation) && refused && refused.rule !== 'doors' && !isByUrl(refused.error_description) ? { ...members, refused: undefined, requires: [], registered: {}, changes: [] } : members
}

/** The members of the policy's metadata_documents that have refused, and what else they could say where no change is tried. */
const DOCUMENTS = [
  [/does not take clients of this URL, by the pattern/, ['trust'], ''],
  [/does not take clients of this URL/, ['others', 'trust'], ''],
  [/is required in documents by this service/, ['required'], ''],
  [/^client_id: it has a query/, ['query_permitted'], ''],
  [/must have the origin/, ['same_origin'], ''],
  [/^redirect_uris: more than/, ['redirect_uris'], ''],
  [/the document is too large/, ['max_bytes'], ''],
]

/** Whether more of a document would have to be read than is, so that nothing of it is kept. */
export const isTooLarge = (description) => /^the document is too large$/.test(description)

/** Whether only who publishes a document can do something about what refuses it. */
export const isOfPublisher = (rule, description) => rule === 'the document' && ofDocuments(rule, description)[0].length === 0

/** What of the metadata_documents matters to a refusal, and what to change by hand. */
export function ofDocuments(rule, description) {
  if (rule === 'metadata_documents.metadata_policy') return [['metadata_policy'], 'Let metadata_policy permit the value.']
  const [, members = [], what = ''] = OF_DOCUMENTS.includes(rule) ? DOCUMENTS.find(([says]) => says.test(description)) ?? [] : []
  return [members, what]
}

/** What the registrant does whose client is there already. */
const OF_CLIENT = {
  'doors': 'Wait until the door is open again. Meanwhile operators can change the client, or delete it.',
  'names': 'Choose another client_name. If the name is rightly the client’s own, an operator gives it that name: Change … on its screen. Then updates with it pass.',
}

/** What who publishes a document does. */
const OF_DOCUMENT = {
  'doors': 'Register at a door that is open: this service looks for no documents.',
  'names': 'Choose another client_name. Of a URL that trust allows the names are good, whatever they are.',
  'redirect_uris': 'Name another one: https on a permitted host.',
}

/** The members of the policy that a description is about, where its rule is about more. */
const CONCERNS = [
  [/^the client has ended/, ['client_lifetime', 'unused', 'approval_within']],
  [IN_NO_LIST, []],
  [/private-use schemes are not allowed/, ['redirect_uris.private_use_schemes']],
  [/must be a reversed domain name/, ['redirect_uris.reverse_domain_schemes']],
  [/loopback redirects are not allowed/, ['redirect_uris.loopback']],
  [/is in a private network/, ['redirect_uris.private_hosts', 'redirect_uris.development_hosts']],
  [/its host is not allowed/, ['redirect_uris.hosts']],
]

/** What is told who comes to a door that is closed, where that is not what stands here of it. */
export const CLOSED = {
  authlete: 'the token does not permit this', federation: 'there is no such service', identity_center: 'there is no such service',
  metadata_document: 'there is no such client', stet: 'there is no such service',
}

/** Whether a method that makes it a public client is all that a redirect lacks, as far as is known of what was sent. */
export const needsPublic = (description, { redirect_uris: { private_use_schemes } }, sent) => /private-use schemes are not allowed for this client/.test(description)
  && private_use_schemes === 'public_clients' && sent.every(({ token_endpoint_auth_method }) => token_endpoint_auth_method !== 'none')

/** What lists the values of a member in the metadata of an authorization server, where its name does not follow from the member’s. */
const LISTS = {
  subject_type: 'subject_types_supported', grant_types: 'grant_types_supported', response_types: 'response_types_supported', token_endpoint_auth_method: 'token_endpoint_auth_methods_supported',
  backchannel_token_delivery_mode: 'backchannel_token_delivery_modes_supported', digest_algorithm: 'digest_algorithms_supported', response_modes: 'response_modes_supported',
  authorization_details_types: 'authorization_details_types_supported', default_acr_values: 'acr_values_supported',
}

/** The list of its metadata in which a service announces the values of a member (RFC 8414 §2, OpenID Connect Discovery §3). */
export const announcedIn = (member) => member.endsWith('_supported') ? member
  : LISTS[member] ?? `${member.replace('_signed_response_', '_signing_').replace('_encrypted_response_', '_encryption_')}_values_supported`

/** The list in which a service lacks a value that was refused, and that value, if its policy is not what refuses it. */
export function unannounced({ rule, error_description }, policy) {
  const [, member, value] = /^(\w+)(?:\[\d+\])?: "(.+)" is not offered by this service$/.exec(error_description) ?? []
  const offers = RULES[rule]?.[0].map((name) => policy[name]?.offered).filter(Array.isArray) ?? []
  return member && (rule === 'unannounced' || offers.some((offered) => offered.includes(value))) ? { list: announcedIn(member), value } : undefined
}

/** The same of one refusal, as far as it concerns that. */
export function about(rule, description = '', operation = 'register') {
  if (ofToken(description)) {
    return [[], 'The service offers it, and the initial access token of the registration does not allow it.', operation === 'register'
      ? 'Ask for what the token allows, or get another token of the operator.'
      : 'Ask for what that token allows. It is the one with which the client was registered: no other helps an update. Who needs more registers anew, with a token that allows it.']
  }
  const [members, says, client] = RULES[rule] ?? [[], 'The door asks for it before any policy does.', 'Send what the door asks for.']
  const concerns = { 'names': /character/, 'redirect_uris.infer_native': /native/, 'redirect_uris.development_hosts': /http / }
  const of = (isLookUp(operation) ? OF_DOCUMENT : operation === 'register' ? {} : OF_CLIENT)[rule] ?? client
  const [, remedy = of, is = says] = REMEDIES.find(([says]) => says.test(description)) ?? []
  const [, concerned = rule === 'the specifications' ? members.filter((member) => concerns[member].test(description)) : members] = CONCERNS.find(([says]) => says.test(description)) ?? []
  return [concerned, is, remedy]
}

const texts = (json) => [json ?? []].flat().filter((item) => typeof item === 'string')

/** Whether it stands for a word that is not kept. */
const isMasked = (word) => /^x+[^\x20-\x7e]*$/.test(word)

const beyond = (sent, offered) => [...new Set(texts(sent))].filter((item) => !texts(offered).includes(item) && !isMasked(item))

/** The parts of a URL, or none. */
export function urlOf(uri) {
  try {
    return new URL(uri)
  } catch {
    return {}
  }
}

/** A change that names values, if there are some. */
const ifAny = (values, label, patch) => values.length ? [[`${label} ${values.join(', ')}`, patch]] : []

const LOOPBACK = ['127.0.0.1', '[::1]', 'localhost']

/** The hosts to which redirects of a protocol lead and that are none of these; `.example.com` stands for all below it. */
const led = (sent, wanted, known) => beyond(texts(sent.redirect_uris).map(urlOf).filter(({ protocol }) => protocol === wanted).map(({ hostname }) => hostname), known)
  .filter((host) => !texts(known).some((one) => one.startsWith('.') && host.endsWith(one)))

/** Hosts to which http leads, as hosts of developers; the loopback interface has a rule of its own. */
function plain({ redirect_uris: { development_hosts } }, sent) {
  const hosts = led({ redirect_uris: [...texts(sent.redirect_uris), ...texts(sent.post_logout_redirect_uris)] }, 'http:', [...LOOPBACK, ...texts(development_hosts)])
  return ifAny(hosts, 'Accept http redirects to', { redirect_uris: { development_hosts: [...texts(development_hosts), ...hosts] } })
}

/** What the policy gives who names none, where what it gave is refused: other methods, and the grant and response types of RFC 7591. */
function usual({ grant_types, response_types, token_endpoint_auth_methods: { offered } }, sent, description) {
  const is = sent.token_endpoint_auth_method
  const [, given = is] = /^token_endpoint_auth_method (\S+) requires /.exec(description) ?? []
  const others = offered.filter((method) => method !== given)
  const methods = given === is ? [] : [
    ...ifAny(beyond(is, offered), 'Offer', { token_endpoint_auth_methods: { offered: [...offered, is] } }),
    ...(others.length ? others : ['client_secret_basic', 'none']).map((method) =>
      [`Let ${method} be the usual method`, { token_endpoint_auth_methods: { offered: [...new Set([...offered, method])], default: [method] } }]),
  ]
  const isGiven = /^(grant|response)_types/.test(description) && !sent.grant_types && !sent.response_types && (grant_types.default || response_types.default)
  const isUnled = /^redirect_uris: at least one is required/.test(description) && !sent.grant_types?.length && !sent.response_types?.length
  return [
    ...methods,
    ...(isGiven ? [['Let authorization_code and code be usual', { grant_types: { default: null }, response_types: { default: null } }]] : []),
    ...(isUnled ? [['Let client_credentials be usual', { grant_types: { offered: [...new Set([...grant_types.offered, 'client_credentials'])], default: ['client_credentials'] } }]] : []),
  ]
}

/** What a response type has in it for the grant type to begin with it (OpenID Connect Registration §2); none for those that begin by themselves. */
const BEGINS = { authorization_code: ['code'], implicit: ['token', 'id_token'] }

/** The grant types that begin with a response type. */
const begun = (type) => Object.keys(BEGINS).filter((grant) => BEGINS[grant].some((word) => type.split(' ').includes(word)))

/** A policy that offers some grant types and response types no more, and drops them where they are asked for; what belongs to them goes with them. */
function withoutFlows({ grant_types, response_types }, gone) {
  const kept = grant_types.offered.filter((grant) => !gone.includes(grant))
  const responses = response_types.offered.filter((type) => !gone.includes(type) && begun(type).every((grant) => kept.includes(grant)))
  const grants = kept.filter((grant) => !Object.hasOwn(BEGINS, grant) || responses.some((type) => begun(type).includes(grant)))
  const offer = (offered, usual, always) => {
    const left = texts(usual).filter((one) => offered.includes(one))
    return { offered, unoffered: 'drop', default: left.length ? left : offered.includes(always) || !offered.length ? null : [offered[0]] }
  }
  return { grant_types: offer(grants, grant_types.default, 'authorization_code'), response_types: offer(responses, response_types.default, 'code') }
}

/** Of what a description says to contradict something else: the policy without it, where something is left of what was asked for. */
function fewer(policy, sent, description) {
  const { grant_types, response_types } = policy
  const offered = [...grant_types.offered, ...response_types.offered]
  const named = [...description.matchAll(/"([^"]+)"/g)].map(([, word]) => [word])
  const meant = [...named, ...(/with the implicit grant/.test(description) ? [['implicit']] : []), ...(/required by grant_types/.test(description) ? [Object.keys(BEGINS)] : [])]
  return meant.map((words) => words.filter((word) => offered.includes(word))).filter((words) => words.length).flatMap((words) => {
    const patch = withoutFlows(policy, words)
    const [asked, left] = sent.grant_types?.length ? [sent.grant_types, patch.grant_types.offered] : [sent.response_types, patch.response_types.offered]
    return texts(asked).some((one) => left.includes(one)) ? [[`Offer no ${words.join(' and no ')}, and drop it where it is asked for`, patch]] : []
  })
}

/** The methods that ask nothing of who registers, the one that proves most first. */
const NEED_NOTHING = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'none']

/** Another method in the place of one that contradicts something else: that which is usual, and one that asks for nothing. */
function replaced({ token_endpoint_auth_methods: { offered, default: usual } }, { token_endpoint_auth_method: is }, description) {
  if (!offered.includes(is) || !/token_endpoint_auth_(method|signing_alg)/.test(description)) return []
  const others = offered.filter((method) => method !== is)
  const simple = NEED_NOTHING.find((method) => others.includes(method)) ?? NEED_NOTHING.find((method) => method !== is)
  const given = texts(usual).filter((method) => method !== is).slice(0, 1)
  return [...new Set([...given, simple])].map((method) =>
    [`Register ${method} in place of ${is}`, { token_endpoint_auth_methods: { offered: [...new Set([...others, method])], default: [method], unoffered: 'drop' } }])
}

const hasHidden = (sent) => Object.values(sent).flatMap(texts).some((text) => /\p{C}|\p{Zl}|\p{Zp}/u.test(text))

/** Which protocols redirects have, as far as they can be read. */
const protocols = (sent) => texts(sent.redirect_uris).map((uri) => urlOf(uri).protocol)

const PRIVATE = /^(10|127|169\.254|172\.(1[6-9]|2\d|3[01])|192\.168)\.|^\[f[cde]|^\[::1\]$|^[^.[]+$|\.(localhost|localdomain|local|internal|home\.arpa|test)$/

/** The one private host to which https leads, as a host of developers. */
function inside({ redirect_uris: { development_hosts } }, sent) {
  const hosts = led(sent, 'https:', development_hosts).filter((host) => PRIVATE.test(host))
  return hosts.length === 1 ? [[`Take ${hosts[0]} for a host where developers try their clients`, { redirect_uris: { development_hosts: [...texts(development_hosts), ...hosts] } }]] : []
}

const NATIVE = ['Take clients whose redirects lead to an application for native', { infer_native: true }]

const SCHEMES = [
  ['Accept private-use schemes of public clients', { private_use_schemes: 'public_clients' }],
  ['Accept private-use schemes of all clients', { private_use_schemes: 'accept' }],
  ['Accept private-use schemes that are no reversed domain names', { reverse_domain_schemes: false }],
  ['Accept any private-use scheme of public clients', { private_use_schemes: 'public_clients', reverse_domain_schemes: false }],
  ['Accept any private-use scheme of all clients', { private_use_schemes: 'accept', reverse_domain_schemes: false }],
]

/** How many bytes of a document a policy may have read at the most. */
const LARGEST_DOCUMENT = 65_536

/** Changes of what the policy says of documents. */
function ofLookUp({ metadata_documents: { trust = [], required = [], same_origin, max_bytes }, limits }, sent, there, door, description) {
  const [is, members] = [(text) => description.includes(text), (label, members) => [label, { metadata_documents: members }]]
  const uris = texts(sent.redirect_uris).length
  const [, by] = / by the pattern (.+)$/.exec(description) ?? []
  const [, lacking] = /^(\S+) is required in documents/.exec(description) ?? []
  if (by) {
    return [
      members(`Take clients of ${by}, where users consent`, { trust: trust.map((rule) => rule.pattern === by ? { ...rule, trust: 'ask' } : rule) }),
      members(`Take ${by} out of trust`, { trust: trust.filter(({ pattern }) => pattern !== by) }),
    ]
  }
  if (lacking) return [members(`Require no ${lacking}`, { required: required.filter((member) => member !== lacking) })]
  if (is('does not take clients of this URL')) {
    const { host } = urlOf(sent.client_id)
    return [members(`Take clients of ${host}, where users consent`, { trust: [...trust, { pattern: host, trust: 'ask' }] }), members('Take clients of any host, where users consent', { others: 'ask' })]
  }
  if (is('it has a query')) return [members('Take URLs with a query', { query_permitted: true })]
  if (is('must have the origin')) return ['redirect_uris', 'off'].filter((one) => one !== same_origin).map((one) => members(one === 'off' ? 'Ask for no origin' : 'Ask for its origin in redirect_uris alone', { same_origin: one }))
  if (isTooLarge(description)) return [Math.min(2 * max_bytes, LARGEST_DOCUMENT)].map((most) => members(`Read documents of ${most} bytes`, { max_bytes: most }))
  return is('redirect_uris: more than')
    ? [[`Take documents with ${uris} redirect URIs`, { metadata_documents: { redirect_uris: uris }, limits: { redirect_uris: Math.max(limits.redirect_uris, uris) } }]]
    : []
}

/** A ceiling raised to twice of what there is, where that is known, or given up. */
const ceiling = (member, policy, there, label) => [
  ...(there !== undefined ? [2 * Math.max(policy[member], there)].map((most) => [`${label} ${most} clients`, { [member]: most }]) : []),
  [`${label} any number of clients`, { [member]: null }],
]

/** What the policy has made of the members that an error names: the changes that it tells. */
export const madeOf = ({ changes = [], refused, policy = {} }) => {
  const words = refused ? refused.error_description.split(/[^\w.-]+/) : []
  // Where the policy names no default, it is the specification's.
  const isOfPolicy = ({ member, from }) => from !== undefined || policy[member]?.default !== undefined || !Object.hasOwn(policy, member)
  return changes.filter((change) => words.includes(change.member) && RULES[change.rule]?.[0].length && change.rule !== 'the specifications' && isOfPolicy(change))
}

/** In its place a scope that is not kept may be offered by hand. */
export const ANY_SCOPE = 'Offer any scope'

/** Scopes that are kept as they are whatever is offered (OpenID Connect Core §5.4, §11). */
const SCOPES = ['openid', 'profile', 'email', 'address', 'phone', 'offline_access', 'aisp', 'pisp', 'cbpii', 'piisp', 'sso:account:access']

/** Which scopes, of as many characters, are offered in the place of those that are not kept: the same body with them, if there is one for each. */
export function guessed(client, { scopes: { offered = '' } }) {
  const words = String(client.scope ?? '').split(' ')
  const others = offered.split(' ').filter((scope) => ![...SCOPES, ...words].includes(scope))
  const guesses = words.filter(isMasked).map((word) => others.find(({ length }) => length === word.length))
  if (!guesses.length || !guesses.every(Boolean)) return undefined
  return { scopes: [...new Set(guesses)], client: { ...client, scope: words.map((word) => isMasked(word) ? guesses.shift() : word).join(' ') } }
}

/** Whether a body asks for a scope that is not kept. */
export const hidesScope = ({ scope = '' }) => String(scope).split(' ').some(isMasked)

/** Changes under which what a rule has refused may pass: a label and a merge patch (RFC 7396) each. */
const CHANGES = {
  'dynamic_registration': () => [['Let clients register themselves', { dynamic_registration: true }]],
  'registration': () => [['Let anybody register, without a token', { registration: 'open' }]],
  // One that is sent is looked at where somebody is trusted, required or not.
  'software_statements': ({ software_statements: { issuers } = {} }, sent) => sent.software_statement && issuers?.length ? [] : [['Ask for no statement', { software_statements: { required: false } }]],
  'limits': ({ limits }, sent) => [['Raise the limits to what was sent', { limits: {
    redirect_uris: Math.max(limits.redirect_uris, texts(sent.redirect_uris).length),
    list_items: Math.max(limits.list_items, ...Object.values(sent).map((value) => texts(value).length)),
    text_bytes: Math.max(limits.text_bytes, ...Object.values(sent).flatMap(texts).map((text) => new TextEncoder().encode(text).length)),
  } }]],
  // What is none of the client’s own list is no policy’s.
  'unannounced': (policy, sent, there, door, description) => IN_NO_LIST.test(description) ? [] : [['Drop what is not announced', { unannounced: 'drop' }]],
  'grant_types and response_types': ({ grant_types, response_types }, sent) => {
    const [grants, responses] = [beyond(sent.grant_types, grant_types.offered), beyond(sent.response_types, response_types.offered)]
    const [moreGrants, moreResponses] = [{ grant_types: { offered: [...grant_types.offered, ...grants] } }, { response_types: { offered: [...response_types.offered, ...responses] } }]
    const [dropGrants, dropResponses] = [{ grant_types: { unoffered: 'drop' } }, { response_types: { unoffered: 'drop' } }]
    return [
      ['Drop grant types that are not offered', dropGrants], ['Drop response types that are not offered', dropResponses],
      ['Drop both that are not offered', { ...dropGrants, ...dropResponses }],
      ...ifAny(grants, 'Offer', moreGrants), ...ifAny(responses, 'Offer', moreResponses),
      ...ifAny([...grants, ...responses], 'Offer', { ...moreGrants, ...moreResponses }),
    ]
  },
  'token_endpoint_auth_methods_supported': ({ token_endpoint_auth_methods: { offered } }, { token_endpoint_auth_method: method, token_endpoint_auth_methods_supported: methods }) =>
    beyond([method, ...texts(methods)], offered).map((method) => [`Offer ${method}`, { token_endpoint_auth_methods: { offered: [...offered, method] } }]),
  'token_endpoint_auth_methods': ({ token_endpoint_auth_methods: { offered } }, sent) => {
    const methods = beyond([sent.token_endpoint_auth_method, ...texts(sent.token_endpoint_auth_methods_supported)], offered)
    return [
      ...ifAny(methods, 'Offer', { token_endpoint_auth_methods: { offered: [...offered, ...methods] } }),
      ['Register another method in its place', { token_endpoint_auth_methods: { unoffered: 'drop' } }],
    ]
  },
  'metadata_documents': ofLookUp,
  'scopes': ({ scopes: { offered = '' } }, sent) => {
    const scopes = beyond(String(sent.scope ?? '').split(' '), offered.split(' '))
    return [
      ['Drop scopes that are not offered', { scopes: { unoffered: 'drop' } }],
      ...ifAny(scopes, 'Offer', { scopes: { offered: [offered, ...scopes].join(' ').trim() } }),
      [ANY_SCOPE, { scopes: { offered: null } }],
    ]
  },
  'redirect_uris': (policy, sent) => {
    const { hosts } = policy.redirect_uris
    const more = led(sent, 'https:', hosts)
    const used = protocols(sent)
    const isPrivateUse = used.some((protocol) => !['http:', 'https:'].includes(protocol))
    const changes = [
      ...(used.includes('http:') ? [['Accept http on the loopback interface', { loopback: true }]] : []),
      ...(isPrivateUse ? SCHEMES : []),
      ...(used.every((protocol) => protocol === 'https:') ? [] : [NATIVE]),
      ...ifAny(more, 'Permit', { hosts: [...(hosts ?? []), ...more] }),
      ['Flag redirects into private networks, and register them', { private_hosts: 'flag' }],
    ]
    return [...changes.map(([label, patch]) => [label, { redirect_uris: patch }]), ...inside(policy, sent), ...plain(policy, sent)]
  },
  'redirect_uris.pages_share_host': () => [['Flag such clients, and register them', { redirect_uris: { pages_share_host: 'flag' } }]],
  'names': () => [
    ['Flag names that have a reserved one in them, and register them', { names: { same: 'flag' } }],
    ['Flag names that look like a reserved one, and register them', { names: { look_alike: 'flag' } }],
    ['Flag both, and register them', { names: { same: 'flag', look_alike: 'flag' } }],
  ],
  'called_urls': () => [['Let such URLs lead anywhere', { called_urls: 'any' }]],
  'the specifications': (policy, sent, there, door, description) => [
    ...(hasHidden(sent) ? [['Flag hidden characters, and register them', { names: { hidden_characters: 'flag' } }]] : []),
    ...(protocols(sent).every((protocol) => protocol === 'https:') ? [] : [[NATIVE[0], { redirect_uris: NATIVE[1] }]]), ...plain(policy, sent), ...usual(policy, sent, description),
    ...replaced(policy, sent, description), ...fewer(policy, sent, description),
  ],
  'doors': ({ doors }, sent, there, door = 'oauth') => [[`Open the door ${door}`, { doors: [...doors, door] }]].filter(() => !doors.includes(door)),
  'clients_per_service': (policy, sent, there) => ceiling('clients_per_service', policy, there, 'Let the service have'),
  'clients_per_developer': (policy, sent, there) => ceiling('clients_per_developer', policy, there, 'Let a developer have'),
  'software_id_once': () => [['Let a software_id be registered again', { software_id_once: false }]],
}

/** `there` is how many clients count against a ceiling, where one has refused; `door` is where it was sent; `description` is what it was told. */
export function changes(rule, policy, sent, { there, door, description = '' }) {
  const found = (CHANGES[rule] ?? (() => []))(policy, sent, there, door, description)
  const made = found.map(([label, patch]) => ({ label, patch, changed: merged(policy, patch) }))
  return made.filter(({ changed }) => !same(changed, policy))
}

/** Whether no member of the policy is about what is refused. */
export const isOfNoMember = (rule, description) => about(rule, description)[0].length === 0

/** Whether that is so, or none is beyond what the specifications permit. */
export const isBeyondPolicy = (rule, description) => rule === 'the specifications' || isOfNoMember(rule, description)

/**
 * Policies that together permit what any policy does of what is sent to a door: all is offered, or of grant types and methods
 * the usual ones in place of those that were asked for, or all but one.
 */
export function widest(policy, sent, door) {
  const { doors, grant_types, response_types, token_endpoint_auth_methods: { offered }, redirect_uris: { development_hosts } } = policy
  const joined = (...lists) => [...new Set(lists.flat())]
  const asksFor = beyond(sent.grant_types, [])
  const offer = (offered) => ({ offered, default: null, unoffered: 'drop' })
  const most = {
    grant_types: offer(joined(grant_types.offered, 'authorization_code', 'implicit', asksFor)),
    response_types: offer(joined(response_types.offered, 'code', 'token', 'id_token', beyond(sent.response_types, []))),
  }
  const flows = [
    most, { grant_types: offer(['authorization_code', 'refresh_token']), response_types: offer(['code']) },
    ...(asksFor.length > 1 ? [...asksFor.map((grant) => [grant]), Object.keys(BEGINS)].map((gone) => withoutFlows(most, gone)) : []),
  ]
  const asked = beyond([sent.token_endpoint_auth_method, ...texts(sent.token_endpoint_auth_methods_supported)], [])
  const methods = [...(asked.length ? [joined(asked, offered)] : []), ['none'], ['client_secret_basic']]
  const all = merged(policy, {
    doors: joined(doors, door ?? 'oauth'), dynamic_registration: true, registration: 'open', software_statements: { required: false, issuers: [] }, unannounced: 'drop',
    scopes: { offered: null, default: null, unoffered: 'drop' }, names: { same: 'allow', look_alike: 'allow', hidden_characters: 'allow' }, called_urls: 'any', software_id_once: false,
    redirect_uris: {
      private_use_schemes: 'accept', reverse_domain_schemes: false, loopback: true, hosts: null, pages_share_host: 'allow', private_hosts: 'allow',
      development_hosts: joined(texts(development_hosts), led({ redirect_uris: [...texts(sent.redirect_uris), ...texts(sent.post_logout_redirect_uris)] }, 'http:', LOOPBACK)),
    },
    clients_per_service: null, clients_per_developer: null, ...CHANGES.limits(policy, sent)[0][1],
    metadata_documents: { trust: [], others: 'ask', required: [], same_origin: 'off', query_permitted: true, metadata_policy: null },
  })
  const native = protocols(sent).every((protocol) => protocol === 'https:') ? [false] : [false, true]
  return flows.flatMap((flow) => methods.flatMap((methods) => native.map((infer_native) => merged(all, {
    ...flow, token_endpoint_auth_methods: { offered: methods, default: [methods[0]], unoffered: 'drop' }, redirect_uris: { infer_native },
  }))))
}

/** The same changes of another policy: those that there are to make. */
export const remade = (steps, policy, sent) => steps.reduce((policy, { label, ...step }) =>
  changes(step.rule, policy, sent, step).find((change) => change.label === label)?.changed ?? policy, policy)

/** How many kinds of values of a list a sample has, if it does not have all; more of these kinds change nothing. */
const KINDS = [5, 20]

/** What was sent beside what a sample keeps, as far as it may be of another kind: how much of which members. */
export const unkept = (sample) => Object.entries(sample).flatMap(([name, value]) => {
  const values = isObject(value) ? value.keys : value
  const [, more] = / ?\(?(\d[^()]*) more\)?$/.exec([values].flat().at(-1)) ?? []
  return more && (typeof values === 'string' || KINDS.includes(values.length - 1)) ? [`${more} of ${name}`] : []
})

/** Whether a grant type of a client can begin without another one. */
function isUseful({ grant_types = ['authorization_code'], response_types = ['code'] }) {
  const has = new Set(texts(response_types).flatMap((type) => type.split(' ')))
  return texts(grant_types).some((grant) => grant !== 'refresh_token' && (!Object.hasOwn(BEGINS, grant) || BEGINS[grant].some((type) => has.has(type))))
}

/** Why a client can get no token any more of what was sent, if so. */
export function useless(sent, became) {
  if (isUseful(became) || !isUseful({ ...sent, response_types: sent.response_types?.length ? sent.response_types : ['code', 'token'] })) return ''
  const left = texts(became.grant_types)
  return `it could get no token: ${left.length ? `only ${left.join(', ')} remains, with which nothing begins` : 'no grant type remains'}.`
}

/** What a policy offers no more, to anybody. */
export const taken = (before, after) => ['grant_types', 'response_types', 'token_endpoint_auth_methods'].flatMap((name) =>
  before[name].offered.filter((value) => !after[name].offered.includes(value)))

/** What a registration has lost of what was sent. */
export function lost(sent, became) {
  return Object.entries(sent).flatMap(([name, value]) => {
    const is = became[name]
    // What is no member, or one of another door's words, is not lost.
    if (name.endsWith('_supported') || name === 'client_id' || is === value || name.includes('…') || OTHER_WORDS.includes(name)) return []
    if (is === undefined) return [`without ${name}`]
    const shown = (word) => isMasked(word) ? 'a word that is not kept' : word
    if (typeof value === 'string' && name !== 'scope') return [`with ${name} ${is} in place of ${shown(value)}`]
    const words = (json) => texts(json).flatMap((text) => text.split(' '))
    const gone = words(value).filter((word) => !words(is).includes(word)).map(shown)
    return gone.length ? [`without ${[...new Set(gone)].join(', ')} of ${name}`] : []
  })
}
