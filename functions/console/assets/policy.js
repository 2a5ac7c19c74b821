// The policy: changed, tried with what hosts send, compared with the one in force, and put into effect.

import { at, costs, meaning, suggestions, would } from './advice.js'
import { ask } from './api.js'
import { area, button, code, dialog, facts, field, fill, h, hint, list, none, said, select, table, value } from './dom.js'
import { HOSTS } from './hosts.js'
import { MEMBERS } from './members.js'
import { about, isObject, merged, remade } from './rules.js'
import { json, reading, registrar } from './shell.js'
import { confirm, copies, failure, load, screen } from './ui.js'

const PRESETS = ['open', 'mcp_shared', 'protected', 'regulated']

/** What is being written, for each service, while other screens are shown: policy, body, and the refusal that it began with. */
const drafts = new Map()

const lines = (json) => JSON.stringify(json, null, 2)

/** Opens the editor with changes of the policy in force, or of the draft that there is, a body to try, and a member that is meant. */
export function open(context, force, steps, body, member) {
  const { id, signal } = context
  const [draft] = drafts.get(id) ?? []
  const from = location.hash
  const start = (policy) => {
    drafts.set(id, [lines(remade(steps, policy, body)), lines(body), from])
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
      button(steps.length ? 'Make the change in the draft' : 'Try it with the draft', () => load(outcome, whole().then(start)), 'main'),
      button('Drop the draft', () => start(force), 'danger'),
      button('Cancel', close)),
  ])
}

export async function policy(context) {
  const { id, query, signal } = context
  const asks = [['GET', `${id}/policy`]]
  const { members, etag } = await ask(asks[0], signal)
  const editor = new Editor(context, members, etag, query.get('member'))
  return screen('Policy', asks, registrar(['policy', 'show'], {}, [id]), editor.parts)
}

class Editor {
  constructor(context, force, etag, member) {
    const [policy = lines(force), body = lines(HOSTS.Claude), from] = drafts.get(context.id) ?? []
    const typed = () => {
      clearTimeout(this.waits)
      this.waits = setTimeout(() => this.tryIt(), 400)
    }
    Object.assign(this, { context, force, etag, from, asked: 0 })
    this.policy = area(22, policy, { oninput: typed })
    this.body = area(14, body, { oninput: typed })
    this.member = select([['', 'Choose a member'], ...Object.keys(MEMBERS)], member, { onchange: () => this.show() })
    const host = select([['', 'As it is written below'], ...Object.keys(HOSTS)], '', {
      onchange: () => this.write(this.body, HOSTS[host.value]),
    })
    Object.assign(this, { about: h('div'), faults: [h('div'), h('div')], outcome: h('div', { 'aria-live': 'polite' }), effect: h('div') })
    this.parts = [
      h('section', h('h2', '1. Change'),
        h('p.buttons', 'Begin with', PRESETS.map((preset) => button(preset, () => this.preset(preset))),
          button('What is in force', () => this.write(this.policy, force))),
        h('div.columns', h('div', field('The policy, as JSON', this.policy), this.faults[0]), h('div', field('What a member means', this.member), this.about))),
      h('section', h('h2', '2. Try it'),
        from && h('p', 'This began with ', h('a', { href: from }, 'a refusal'), '.'),
        h('div.columns.tried', h('div', field('A well-known host', host), field('What it sends', this.body), this.faults[1]), this.outcome)),
      h('section', h('h2', '3. Put it into effect'), this.effect),
    ]
    this.tryIt()
    setTimeout(() => this.show())
  }

  write(place, json) {
    if (json) place.value = lines(json)
    this.tryIt()
  }

  async preset(preset) {
    await load(this.faults[0], ask(['POST', `${this.context.id}/policy/try`, {}, { preset }], this.context.signal)
      .then(({ members }) => this.write(this.policy, members.policy)))
  }

  /** Says what the chosen member means, and selects it in the text. */
  show(member = this.member.value) {
    this.member.value = member
    if (!member) return fill(this.about)
    fill(this.about, h('p', meaning(member)), facts([['In force', value(at(this.force, member))]]))
    const text = this.policy.value
    let from = 0
    member.split('.').forEach((name, depth) => { from = text.indexOf(`\n${'  '.repeat(depth + 1)}"${name}":`, from) })
    if (from < 0) return undefined
    const indent = /^\n( *)/.exec(text.slice(from))[1]
    const ends = text.slice(from + 1).search(new RegExp(`\\n${indent.slice(2)}( {2}"|[}])`))
    this.policy.focus({ preventScroll: true })
    this.policy.setSelectionRange(from + 1, ends < 0 ? text.length : from + 1 + ends)
    const line = (text) => text.split('\n').length
    this.policy.scrollTop = (line(text.slice(0, from)) - 3) * (this.policy.scrollHeight / (line(text) + 1))
    return undefined
  }

  /** Asks the server what it would make of the draft, and of what is sent to it. */
  async tryIt() {
    const asked = (this.asked += 1)
    const texts = [this.policy.value, this.body.value]
    // What is in force may be another one the next time.
    drafts.set(this.context.id, [texts[0] === lines(this.force) ? undefined : texts[0], texts[1], this.from])
    const [policy, client] = texts.map((text, index) => parsed(text, ['The policy', 'What it sends'][index]))
    const say = (faults) => {
      const wrong = faults.findIndex(Boolean)
      this.faults.forEach((place, index) => fill(place, faults[index] && failure(faults[index])))
      if (wrong >= 0) fill(this.outcome, h('p.bad', 'Not tried: ', ['the policy', 'what it sends'][wrong], ' is wrong.'))
      if (faults[0]) fill(this.effect, h('p.bad', 'There is nothing to put into effect: the policy is wrong.'))
    }
    const faults = [policy, client].map((read) => read instanceof Error && read)
    say(faults)
    if (faults[0]) return
    try {
      const { members } = await ask(['POST', `${this.context.id}/policy/try`, {}, { policy, client: faults[1] ? undefined : client }], this.context.signal)
      if (asked !== this.asked) return
      if (!faults[1]) fill(this.outcome, this.became(policy, client, members))
      fill(this.effect, this.differs(policy, members))
    } catch (error) {
      if (error.name !== 'AbortError' && asked === this.asked) say([error, faults[1]])
    }
  }

  became(policy, client, tried) {
    const { policy: whole, registered, requires, refused, changes = [] } = tried
    const asks = () => [['POST', `${this.context.id}/policy/try`, {}, { policy, client }]]
    const command = () => reading(`${registrar(['policy', 'try'], { registration: '-' }, [this.context.id])} <(cat <<'POLICY'\n${json(policy, 2)}\nPOLICY\n)`, client)
    const copied = h('p.copies', copies(asks, command))
    if (!refused) return [h('p.good', would(requires)), costs(this.force, whole, client, registered), becameTable(client, registered, changes), copied]
    const { rule, error, error_description } = refused
    const [members, says] = about(rule, error_description)
    const place = h('div')
    load(place, suggestions(this.context, { rule }, whole, client, tried, (changed) => this.write(this.policy, changed)))
    return [
      h('p.bad', 'It would be refused by the rule ', h('strong', said(rule)), '.'),
      h('p', code(error), ': ', said(error_description)),
      h('p', says),
      members.length > 0 && h('p.buttons', 'In the policy:', members.map((member) => button(member, () => this.show(member)))),
      place,
      changes.length > 0 && h('details', h('summary', 'What the rules before it have changed'), becameTable(client, {}, changes)),
      copied,
    ]
  }

  differs(written, { policy, differs }) {
    if (!differs.length) return hint('The policy above is the one that is in force.')
    const left = missing(policy, written)
    const { id, writesService, done } = this.context
    const changes = () => table('What becomes different', ['Member', 'In force', 'Then'], differs.map(({ member, from, to }) => [code(member), value(from), value(to)]))
    const take = () => confirm({
      title: 'Put this policy into effect?', label: 'Put it into effect',
      request: () => ['PUT', `${id}/policy`, {}, policy, { 'If-Match': this.etag }],
      command: () => reading(registrar(['policy', 'replace'], { version: this.etag.slice(1, -1) }, [id, '-']), policy),
      content: [changes(), h('p', 'All functions follow within thirty seconds.')],
      done: () => {
        drafts.set(id, [undefined, this.body.value, this.from])
        done('The policy is in force.')
      },
    })
    return [left.length > 0 && h('p.warn', 'This is the whole policy: what it leaves out becomes as in protected, which is ', said(left.join(', ')), '. ',
      button('Keep there what is in force', () => this.write(this.policy, merged(this.force, written)))),
    changes(), writesService ? h('p', button('Put it into effect …', take, 'main')) : hint('That needs a token with service.write.')]
  }
}

/** An object that is written as JSON, or what is wrong with it. */
function parsed(text, what) {
  if (!text.trim()) return new SyntaxError(`${what} is empty.`)
  try {
    const json = JSON.parse(text)
    return isObject(json) ? json : new SyntaxError(`${what} is no JSON object.`)
  } catch (error) {
    return new SyntaxError(`${what} is no JSON: ${error.message}`)
  }
}

/** The members that a policy has and that were not written. */
const missing = (policy, written) => Object.entries(policy).flatMap(([name, value]) => {
  if (!Object.hasOwn(written, name)) return [name]
  return isObject(value) && isObject(written[name]) ? missing(value, written[name]).map((inner) => `${name}.${inner}`) : []
})

/** What was sent, what it became, and by which rule; what was changed stands first. */
export function becameTable(sent, became, changes) {
  const of = (name) => changes.filter(({ member }) => member === name)
  // A stranger chooses the names: `constructor` is one that every object seems to have.
  const own = (members, name) => Object.hasOwn(members, name) ? members[name] : undefined
  const names = [...new Set([...Object.keys(sent), ...Object.keys(became)])].sort((one, other) => of(other).length - of(one).length)
  return table('Each member, as sent and as it became', ['Member', 'Sent', 'Became', 'Rule'], names.map((name) => {
    const rules = of(name)
    const [is, by] = rules.length ? ['strong', list(rules.map(({ rule, what }) => [said(rule), `: ${what}`]))] : ['span', none('as sent')]
    return [code(name), value(own(sent, name)), h(is, value(own(became, name))), by]
  }))
}
