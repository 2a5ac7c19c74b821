// What a registration became of what was sent, and why.

import { h, list, none, said, table, value } from './dom.js'
import { RULES } from './rules.js'

/** What rules do to members that they do not refuse. */
const WHY = {
  'as sent': 'It has no meaning in a registration: only the server sets it, or it was empty.',
  'limits': 'It had more than the policy lets it have.',
  'unannounced': 'The service’s metadata do not announce what was sent.',
  'custom_members': 'No specification defines it, and the policy does not name it.',
  'software_statements': 'The software statement says so; what it says goes before what is sent beside it.',
  'grant_types and response_types': 'It follows from what the policy offers, and from what belongs together.',
  'token_endpoint_auth_methods': 'It is one that the policy offers.',
  'scopes': 'It is what the policy offers, or lets those have who ask for none.',
  'redirect_uris': 'The policy reads redirects so.',
  'the specifications': 'RFC 7591 and OpenID Connect Registration say what it is where nothing was sent.',
  'an operator': 'An operator has changed it since.',
}

const FLAGS = {
  reserved_name: 'Its name has in it a name that the policy reserves',
  look_alike_name: 'Its name looks like a name that the policy reserves',
  hidden_characters: 'A name has characters that nobody sees',
  foreign_pages: 'A page or its logo is on a host to which it does not redirect',
  private_redirect: 'A redirect leads into a private network',
}

/** Why a client is flagged, and which reserved name its own is like. */
export const flagText = (flag, resembles) => [FLAGS[flag] ?? said(flag), ['reserved_name', 'look_alike_name'].includes(flag) && resembles && [': ', h('strong', said(resembles))]]

/** A name of a member that is so long stays on one line where there is room. */
const LONGEST_NAME = 40

const of = (rule) => Object.hasOwn(WHY, rule) ? WHY[rule] : undefined

/** Of a rule: its name, which leads to what the policy says of it, and what it does. */
function by({ link }, { rule, what }) {
  const [[member] = []] = Object.hasOwn(RULES, rule) && rule !== 'the specifications' ? RULES[rule] : []
  return [member ? h('a', { href: link(['policy'], { member }) }, rule) : said(rule), `: ${what}. `, of(rule) && h('span.hint', of(rule))]
}

/** What was sent, what it became, and by which rule; what was changed stands first. */
export function becameTable(context, sent, became, changes) {
  const changed = (name) => changes.filter(({ member }) => member === name)
  // A stranger chooses the names: `constructor` is one that every object seems to have.
  const own = (members, name) => Object.hasOwn(members, name) ? members[name] : undefined
  const sentOf = (name) => {
    const kept = changed(name).every(({ kept }) => kept !== false)
    const was = own(sent, name)
    return kept ? value(was) : none(was === 'a secret, not kept' ? 'not kept, since it may hold a secret' : said(was))
  }
  const names = [...new Set([...Object.keys(sent), ...Object.keys(became)])].sort((one, other) => changed(other).length - changed(one).length)
  return table('Each member, as sent and as it became', ['Member', 'Sent', 'Became', 'Rule'], names.map((name) => {
    const rules = changed(name)
    const [is, why] = rules.length ? ['strong', list(rules.map((rule) => by(context, rule)))] : ['span', none('unchanged')]
    return [h(name.length <= LONGEST_NAME ? 'code.whole' : 'code', said(name)), sentOf(name), h(is, value(own(became, name))), why]
  }))
}
