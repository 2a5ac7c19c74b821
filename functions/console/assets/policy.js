// The policy: changed, tried with what hosts send, compared with the one in force, and put into effect.

import { costs, dangersOf, meaning, passingAs, refusal, standing, suggestions, would } from './advice.js'
import { Failure, ask } from './api.js'
import { becameTable } from './became.js'
import { announce, area, button, code, dialog, facts, field, fill, h, hint, refill, said, select, table, value } from './dom.js'
import { policies } from './drafts.js'
import { HOSTS } from './hosts.js'
import { at, differing, isObject, merged, rebased, same, withMember, written } from './json.js'
import { MEMBERS } from './members.js'
import { about, asAsked, isOfUrl, remade } from './rules.js'
import { json, reading, registrar } from './shell.js'
import { confirm, copies, failure, load, screen } from './ui.js'

/** What policies to begin with are for. */
const PRESETS = {
  open: 'for MCP hosts and other public clients: anybody may register, and what is not offered is dropped.',
  mcp_shared: 'as open, but whoever registers the same as another, as each copy of one program does, gets the same client.',
  protected: 'for services that know their clients: to register needs an initial access token, and what is not offered is refused.',
  regulated: 'for banks: as protected, with mutual TLS or signed assertions, https redirects only, the scopes of PSD2, and the door stet.',
}

const lines = (json) => JSON.stringify(json, null, 2)

/** Where clients register. */
const DOORS = ['oauth', 'authlete', 'identity_center', 'federation', 'stet', 'metadata_document']

/**
 * Opens the editor with changes of the policy in force, or of the draft that there is, a body to try or why there is none, what was
 * asked for with it at which door, and a member that is meant.
 */
export function open(context, force, { steps, body = {}, untried, door, operation, member }) {
  const { id, signal } = context
  const { policy: draft, ...kept } = policies.get(id) ?? {}
  const from = location.hash
  const start = (policy, { base, others, conflicts } = { base: force }) => {
    policies.set(id, { policy: lines(remade(steps, policy, body)), body: untried ? '' : lines(body), untried, door, operation, from, base, others, conflicts })
    context.go(['policy'], { member })
  }
  if (!draft) return start(force)
  // A draft may leave members out: the server knows what they are then.
  const whole = async () => {
    const written = parsed(draft, 'The draft')
    if (written instanceof Error) throw written
    return (await ask(['POST', `${id}/policy/try`, {}, { policy: written }], signal)).members.policy
  }
  const outcome = h('div')
  dialog('There is a draft of the policy', (close) => [
    h('p', 'It was written in the policy editor, and is not in force.'),
    outcome,
    h('p.buttons',
      button(steps.length ? 'Make the change in the draft' : 'Try it with the draft', () => load(outcome, whole().then((policy) => start(policy, kept))), 'main'),
      button('Drop the draft', () => start(force), 'danger'),
      button('Cancel', close)),
  ])
}

export async function policy(context) {
  const { id, query, signal } = context
  const asks = [['GET', `${id}/policy`]]
  const { members, etag } = await ask(asks[0], signal)
  const editor = new Editor(context, members, etag, query.get('member'))
  return screen(context, 'Policy', asks, registrar(['policy', 'show'], {}, [id]), editor.parts)
}

class Editor {
  constructor(context, force, etag, member) {
    const { policy = lines(force), body = lines(HOSTS.Claude), untried, door, operation, from, base = force, others = [], conflicts = [] } = policies.get(context.id) ?? {}
    const typed = () => {
      clearTimeout(this.waits)
      this.waits = setTimeout(() => this.tryIt(), 400)
    }
    Object.assign(this, { context, force, etag, operation, from, untried, base, others, conflicts, asked: 0 })
    this.policy = area(22, policy, { oninput: typed })
    this.body = area(14, body, { oninput: typed })
    this.member = select([['', 'Choose a member'], ...Object.keys(MEMBERS)], member, { onchange: () => this.show() })
    this.door = select(DOORS, door ?? DOORS.find((one) => force.doors.includes(one)) ?? DOORS[0], { onchange: () => this.tryIt() })
    const host = select([['', 'As it is written below'], ...Object.keys(HOSTS)], '', {
      onchange: () => {
        this.operation = undefined
        this.write(this.body, HOSTS[host.value])
      },
    })
    Object.assign(this, { about: h('div'), faults: [h('div'), h('div')], outcome: h('div', { 'aria-live': 'polite' }), news: h('div'), effect: h('div'), fault: h('div'), changed: h('span') })
    const second = h('h2', { tabindex: -1 }, '2. Try it')
    const down = () => {
      second.scrollIntoView()
      second.focus()
    }
    this.parts = [
      from && h('p', 'This began with ', h('a', { href: from }, 'a refusal'), '. ', operation === 'update' && 'It was that of an update, and is tried as one: it needs no initial access token and no room. ', this.changed, ' ',
        button('Down to what becomes of it', down)),
      h('section', h('h2', '1. Change'),
        h('p.buttons', 'Begin with', button('What is in force', () => this.begin(this.force))),
        h('dl.facts.presets', Object.entries(PRESETS).map(([preset, text]) => h('div', h('dt', button(preset, () => this.preset(preset))), h('dd', text)))),
        h('div.columns', h('div', field('The policy, as JSON', this.policy), this.faults[0]), h('div', field('What a member means', this.member), this.about))),
      h('section', second,
        h('div.columns.tried', h('div', field('At the door', this.door), field('A well-known host', host), field('What it sends', this.body), this.faults[1]), this.outcome)),
      h('section', h('h2', '3. Put it into effect'), this.news, this.effect),
    ]
    this.tryIt()
    setTimeout(() => this.show())
  }

  write(place, json) {
    if (json) place.value = lines(json)
    this.tryIt()
  }

  /** Begins anew with a policy: nothing of the draft before is left to be chosen. */
  begin(policy) {
    Object.assign(this, { base: this.force, others: [], conflicts: [] })
    this.write(this.policy, policy)
  }

  /** Brings what others have changed since the draft was begun into it. */
  follow(policy) {
    if (same(this.base, this.force)) return policy
    // Where nothing was written, there is nothing to bring it into.
    if (same(this.base, policy)) {
      Object.assign(this, { base: this.force, others: [], conflicts: [] })
      this.policy.value = lines(this.force)
      return this.force
    }
    const { policy: joined, others, conflicts } = rebased(this.base, policy, this.force)
    const also = (now, before) => [...before.filter(({ member }) => !now.some((one) => one.member === member)), ...now]
    Object.assign(this, { base: this.force, others: also(others, this.others), conflicts: also(conflicts, this.conflicts) })
    if (!same(joined, policy)) this.policy.value = lines(joined)
    return joined
  }

  /** Reads what is in force, and says whether it is another version than the one that was known here. */
  async read() {
    const before = this.etag
    const { members, etag } = await ask(['GET', `${this.context.id}/policy`], this.context.signal)
    Object.assign(this, { force: members, etag })
    return etag !== before
  }

  /** What others have changed, and what of it the draft changes as well. */
  told() {
    const settle = (member, take) => {
      this.conflicts = this.conflicts.filter((one) => one.member !== member)
      if (take) this.policy.value = lines(withMember(JSON.parse(this.policy.value), take.path, take.theirs))
      this.tryIt()
    }
    return this.others.length > 0 && h('div.news', { role: 'status', tabindex: -1 },
      h('h3', 'Others have changed the policy since this draft was begun'),
      h('p', 'What they have changed is in the draft now, but for what you have changed as well.'),
      differences('What others have changed', ['Before', 'In force'], this.others),
      this.conflicts.length > 0 && table('What you have changed as well: choose', ['Member', 'Yours', 'Theirs', 'Which'], this.conflicts.map((one) => [
        code(one.member), value(one.mine), value(one.theirs),
        [button('Keep yours', () => settle(one.member)), ' ', button('Take theirs', () => settle(one.member, one))],
      ])))
  }

  async preset(preset) {
    const before = this.policy.value
    // Who has written something meanwhile keeps that.
    await load(this.faults[0], ask(['POST', `${this.context.id}/policy/try`, {}, { preset }], this.context.signal)
      .then(({ members }) => this.policy.value === before && this.begin(members.policy)))
  }

  /** Says what the chosen member means, and selects it in the text. */
  show(member = this.member.value) {
    this.member.value = member
    if (!member) return fill(this.about)
    const text = this.policy.value
    const draft = parsed(text, '')
    fill(this.about, h('p', meaning(member)), facts([['In force', value(at(this.force, member))],
      !(draft instanceof Error) && !same(at(draft, member), at(this.force, member)) && ['In the draft', h('strong', value(at(draft, member)))]]))
    let from = 0
    member.split('.').forEach((name, depth) => { from = text.indexOf(`\n${'  '.repeat(depth + 1)}"${name}":`, from) })
    if (from < 0) return undefined
    // The caret stands before its value, and nothing is selected that a key would delete.
    const caret = from + 1 + text.slice(from + 1).indexOf(':') + 1
    this.policy.focus({ preventScroll: true })
    this.policy.setSelectionRange(caret, caret)
    const line = (text) => text.split('\n').length
    this.policy.scrollTop = (line(text.slice(0, from)) - 3) * (this.policy.scrollHeight / (line(text) + 1))
    return undefined
  }

  /** Asks the server what it would make of the draft, and of what is sent to it; answers the whole policy, unless it is wrong. */
  async tryIt() {
    // What was just typed is tried herewith.
    clearTimeout(this.waits)
    const asked = (this.asked += 1)
    const door = this.door.value
    const read = [this.policy, this.body].map((place, index) => parsed(place.value, ['The policy', 'What it sends'][index]))
    const [policy, client] = [read[0] instanceof Error ? read[0] : this.follow(read[0]), read[1]]
    this.keep()
    // What is told does not change with each letter that is written.
    const news = JSON.stringify([this.others, this.conflicts])
    if (news !== this.newsShown) fill(this.news, this.told())
    this.newsShown = news
    const say = (faults) => {
      const wrong = faults.findIndex(Boolean)
      this.faults.forEach((place, index) => fill(place, faults[index] && failure(faults[index])))
      const isUnanswered = wrong >= 0 && !isWrong(faults[wrong])
      if (isUnanswered) fill(this.outcome, h('p.bad', 'Not tried: why there is no answer to that, stands above.'), h('p', button('Try again', () => this.tryIt())))
      else if (wrong >= 0) fill(this.outcome, h('p.bad', 'Not tried: ', ['the policy', 'what it sends'][wrong], ' is wrong.'))
      if (faults[0]) fill(this.effect, h('p.bad', isUnanswered ? 'What was not tried is not put into effect.' : 'There is nothing to put into effect: the policy is wrong.'))
    }
    // Of what is not kept nothing is tried, until something is written in its place.
    const isUntried = Boolean(this.untried) && !this.body.value.trim()
    const faults = [policy, client].map((read, index) => read instanceof Error && !(isUntried && index === 1) && read)
    say(faults)
    if (faults[0]) return undefined
    try {
      const { members } = await ask(['POST', `${this.context.id}/policy/try`, {}, { policy, client: faults[1] || isUntried ? undefined : client, door }], this.context.signal)
      if (asked !== this.asked) return undefined
      // The server compares with what is in force now.
      if (!same(ordered(members.differs), ordered(differing(this.force, members.policy))) && await this.read()) return await this.tryIt()
      const scopes = members.refused && this.from ? await passingAs(this.context, { door, operation: this.operation }, members.policy, client) : undefined
      if (asked !== this.asked) return undefined
      if (isUntried) fill(this.outcome, h('p', this.untried))
      else if (!faults[1]) fill(this.outcome, this.became(policy, client, door, members, scopes))
      // What was written in its place is not what was refused.
      this.refused = this.untried || faults[1] || scopes ? undefined : asAsked(members, this.operation).refused
      this.warnings = members.warnings ?? []
      refill(this.effect, this.differs(policy, members.policy), warned(this.warnings))
      return members.policy
    } catch (error) {
      if (error.name !== 'AbortError' && asked === this.asked) say([error, faults[1]])
      return undefined
    }
  }

  /** Keeps the draft. What is in force may be another policy the next time. */
  keep() {
    const { operation, from, untried, base, others, conflicts } = this
    const isDraft = this.policy.value !== lines(this.force)
    policies.set(this.context.id, { body: this.body.value, door: this.door.value, operation, from, untried, ...(isDraft ? { policy: this.policy.value, base, others, conflicts } : {}) })
  }

  became(policy, client, door, tried, scopes) {
    const { operation } = this
    const { policy: whole, registered, requires, refused, changes = [] } = asAsked(tried, operation)
    const asks = () => [['POST', `${this.context.id}/policy/try`, {}, { policy, client, door }]]
    const command = () => reading(`${registrar(['policy', 'try'], { registration: '-', door }, [this.context.id])} <(cat <<'POLICY'\n${json(policy, 2)}\nPOLICY\n)`, client)
    const copied = h('p.copies', copies(asks, command))
    if (!refused) return [h('p.good', would(requires, operation)), costs(this.force, whole, client, asAsked(tried, operation)), !isOfUrl(operation) && becameTable(this.context, membersAt(door, client), registered, changes), copied]
    if (scopes) return [h('p.good', 'It would be registered, ', standing(scopes), '.'), copied]
    const { rule, error, error_description } = refused
    const [members, says] = about(rule, error_description, operation)
    const place = h('div')
    load(place, suggestions(this.context, { rule, door, operation }, whole, client, tried, (changed, member) => {
      this.write(this.policy, changed)
      if (member) this.show(member)
    }))
    return [
      h('p.bad', 'It would be refused by the rule ', h('strong', said(rule)), '.'),
      h('p', code(error), ': ', said(error_description)),
      h('p', says),
      members.length > 0 && h('p.buttons', 'In the policy:', members.map((member) => button(member, () => this.show(member)))),
      place,
      changes.length > 0 && h('details', h('summary', 'What the rules before it have changed'), becameTable(this.context, client, {}, changes)),
      copied,
    ]
  }

  differs(written, policy) {
    const changes = differing(this.force, policy)
    fill(this.changed, changes.length > 0 && ['The draft changes ', changes.map(({ member }, index) => [index > 0 && ', ', code(member)]), '.'])
    if (!changes.length) return hint('The policy above is the one that is in force.')
    const left = missing(policy, written)
    const shown = differences('What becomes different', ['In force', 'Then'], changes)
    if (this.conflicts.length) return [shown, h('p.warn', 'Choose first what becomes of what others have changed as well.')]
    return [left.length > 0 && h('p.warn', 'This is the whole policy: what it leaves out becomes as in protected, which is ', said(left.join(', ')), '. ',
      button('Keep there what is in force', () => this.write(this.policy, merged(this.force, written)))),
    shown, this.fault, this.context.writesService ? h('p', button('Put it into effect …', () => load(this.fault, this.take()), 'main')) : hint('That needs a token with service.write.')]
  }

  /** Asks whether the draft is to be in force, compared with what is in force now; `again` is why it is asked once more. */
  async take(again) {
    await this.read()
    const policy = await this.tryIt()
    const changes = policy && differing(this.force, policy)
    if (!changes?.length || this.conflicts.length) {
      if (again) announce(again)
      return this.news.firstElementChild?.focus()
    }
    const { context: { id, done }, etag } = this
    confirm({
      title: 'Put this policy into effect?', label: 'Put it into effect',
      request: () => ['PUT', `${id}/policy`, {}, policy, { 'If-Match': etag }],
      command: () => reading(registrar(['policy', 'replace'], { version: etag.slice(1, -1) }, [id, '-']), policy),
      content: [
        again && h('p.warn', { role: 'alert' }, again),
        differences('What becomes different', ['In force', 'Then'], changes),
        dangersOf(this.force, policy),
        this.from && this.refused && h('p.warn', 'What began with a refusal, as it stands under Try it, would still be refused: ', said(refusal(this.refused)), '.'),
        this.from && this.untried && h('p', 'Of what began with a refusal: ', this.untried),
        warned(this.warnings),
        this.others.length > 0 && differences('What others have changed since the draft was begun: it stays so, but for what stands above', ['Before', 'In force'], this.others),
        h('p', 'All functions follow within thirty seconds.'),
      ],
      done: () => {
        policies.set(id, { body: this.body.value, door: this.door.value, operation: this.operation, from: this.from, untried: this.untried })
        done('The policy is in force.')
      },
      // Somebody else was faster: the draft is put on top of theirs.
      refused: async (error, close) => {
        if (error.status !== 412) return false
        close()
        await load(this.fault, this.take('Nothing was put into effect: somebody has changed the service meanwhile. Look again.'))
        return true
      },
    })
    return undefined
  }
}

/** What is sent, without the URL that names a document, which is no member of what is registered. */
const membersAt = (door, client) => door === 'metadata_document' ? withMember(client, ['client_id']) : client

/** Whether it is the fault of what was written that there is no answer. */
const isWrong = (fault) => !(fault instanceof Failure) || fault.status >= 400 && fault.status < 500 && ![401, 403, 429].includes(fault.status)

const differences = (caption, [before, after], changes) => table(caption, ['Member', before, after], changes.map(({ member, from, to }) => [code(member), value(from), value(to)]))

/** What whoever makes a policy is to know, though nothing forbids it. */
const warned = (warnings) => warnings.map((text) => h('p.warn', said(text)))

const ordered = (changes) => [...changes].sort((one, other) => one.member < other.member ? -1 : 1)

/** An object that is written as JSON, or what is wrong with it. */
function parsed(text, what) {
  try {
    return written(text, what)
  } catch (error) {
    return error
  }
}

/** The members that a policy has and that were not written. */
const missing = (policy, written) => Object.entries(policy).flatMap(([name, value]) => {
  if (!Object.hasOwn(written, name)) return [name]
  return isObject(value) && isObject(written[name]) ? missing(value, written[name]).map((inner) => `${name}.${inner}`) : []
})
