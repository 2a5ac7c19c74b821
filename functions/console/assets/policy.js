// The policy: changed as JSON, tried with what hosts send, compared with the one in force, and put into effect.

import { at, meaning, suggestions } from './advice.js'
import { ask } from './api.js'
import { announce, button, facts, field, fill, h, said, select, table, value } from './dom.js'
import { HOSTS } from './hosts.js'
import { MEMBERS } from './members.js'
import { RULES, difference } from './rules.js'
import { json, reading, registrar } from './shell.js'
import { confirm, copy, failure, screen } from './ui.js'

const PRESETS = ['open', 'mcp_shared', 'protected', 'regulated']

/** What is being written, for each service: it is kept while other screens are shown. */
const drafts = new Map()

/** Opens the editor with a policy, a body to try, and a member that is meant. */
export function open(context, { policy, body, member }) {
  drafts.set(context.id, { text: JSON.stringify(policy, null, 2), body: JSON.stringify(body, null, 2) })
  context.go(['policy'], { member })
}

export async function policy(context) {
  const { id, query, signal } = context
  const read = ['GET', `${id}/policy`]
  const { members: force, etag } = await ask(read, signal)
  const draft = drafts.get(id) ?? { text: JSON.stringify(force, null, 2), body: JSON.stringify(HOSTS.Claude, null, 2) }
  drafts.set(id, draft)
  const editor = new Editor(context, force, etag, draft)
  setTimeout(() => editor.begin(query.get('member')))
  return screen('Policy', { asks: [read], command: `${registrar(['service', 'show', id])} --json` }, editor.parts())
}

class Editor {
  constructor(context, force, etag, draft) {
    Object.assign(this, { context, force, etag, draft, asked: 0 })
    const typed = () => {
      clearTimeout(this.waits)
      this.waits = setTimeout(() => this.tryIt(), 400)
    }
    this.text = h('textarea.code', { rows: 22, spellcheck: 'false', value: draft.text, oninput: typed })
    this.body = h('textarea.code', { rows: 14, spellcheck: 'false', value: draft.body, oninput: typed })
    this.member = select([['', 'Choose a member'], ...Object.keys(MEMBERS).map((member) => [member, member])], '', { onchange: () => this.show(this.member.value, true) })
    this.about = h('div.about')
    this.fault = h('div')
    this.outcome = h('div', { 'aria-live': 'polite' })
    this.effect = h('div')
  }

  parts() {
    const host = (event) => {
      if (event.target.value) this.body.value = JSON.stringify(HOSTS[event.target.value], null, 2)
      this.tryIt()
    }
    return [
      h('section', h('h2', '1. Change'),
        h('p.buttons', 'Begin with ', PRESETS.map((preset) => button(preset, () => this.preset(preset))),
          button('What is in force', () => this.replace(this.force))),
        h('div.columns',
          h('div', field('The policy, as JSON', this.text), this.fault),
          h('div', field('What a member means', this.member), this.about))),
      h('section', h('h2', '2. Try it'),
        h('div.columns',
          h('div', field('A well-known host', select([['', 'As it is written below'], ...Object.keys(HOSTS)], '', { onchange: host })),
            field('What it sends', this.body)),
          this.outcome)),
      h('section', h('h2', '3. Put it into effect'), this.effect),
    ]
  }

  begin(member) {
    if (member) {
      this.member.value = member in MEMBERS ? member : ''
      this.show(member, false)
    }
    return this.tryIt()
  }

  parsed(area, what) {
    try {
      return JSON.parse(area.value)
    } catch (error) {
      throw new SyntaxError(`${what} is no JSON: ${error.message}`)
    }
  }

  replace(policy) {
    this.text.value = JSON.stringify(policy, null, 2)
    return this.tryIt()
  }

  async preset(preset) {
    try {
      const { members } = await ask(['POST', `${this.context.id}/policy/try`, {}, { preset }], this.context.signal)
      this.replace(members.policy)
    } catch (error) {
      fill(this.fault, failure(error))
    }
  }

  /** Says what a member means, and selects it in the text. */
  show(member, focus) {
    if (!member) return fill(this.about)
    fill(this.about,
      h('p', meaning(member)),
      facts([['In force', value(at(this.force, member))]]),
      h('div', RULES[member] && h('p', RULES[member].says)))
    const path = member.split('.')
    const lines = this.text.value.split('\n')
    let from = -1
    path.forEach((name, depth) => {
      from = lines.findIndex((line, index) => index > from && line.startsWith(`${'  '.repeat(depth + 1)}"${name}":`))
    })
    if (from < 0) return undefined
    const indent = '  '.repeat(path.length)
    const ends = lines.findIndex((line, index) => index > from && (line.startsWith(`${indent}"`) || !line.startsWith(indent)))
    const offset = (line) => lines.slice(0, line).reduce((sum, line) => sum + line.length + 1, 0)
    this.text.setSelectionRange(offset(from), offset(ends < 0 ? lines.length : ends) - 1)
    this.text.scrollTop = (from - 3) * (this.text.scrollHeight / (lines.length + 1))
    if (focus) this.text.focus()
    return undefined
  }

  /** Asks the server what it would make of the draft, and of what is sent to it. */
  async tryIt() {
    this.draft.text = this.text.value
    this.draft.body = this.body.value
    const asked = (this.asked += 1)
    let request
    try {
      const body = this.parsed(this.body, 'What it sends')
      request = ['POST', `${this.context.id}/policy/try`, {}, { policy: this.parsed(this.text, 'The policy'), client: body }]
    } catch (error) {
      fill(this.fault, h('p.failure', { role: 'alert' }, said(error.message)))
      fill(this.effect)
      return
    }
    try {
      const { members } = await ask(request, this.context.signal)
      if (asked !== this.asked) return
      fill(this.fault)
      fill(this.outcome, this.became(request, members))
      fill(this.effect, this.differs(members))
    } catch (error) {
      if (error.name === 'AbortError' || asked !== this.asked) return
      fill(this.fault, failure(error))
      fill(this.effect)
    }
  }

  became(request, answer) {
    const { policy, client } = request[3]
    const copies = h('p.buttons', button('Copy this try as registrar command', () => copy(
      reading(`registrar policy check <(cat <<'POLICY'\n${json(policy, 2)}\nPOLICY\n) -`, client))))
    if (!answer.refused) return [h('p.good', 'It would be registered.'), becameTable(client, answer.registered, answer.changes ?? []), copies]
    const { rule, error, error_description } = answer.refused
    const members = RULES[rule]?.members ?? []
    const place = h('div')
    suggestions(this.context, { rule, policy: answer.policy, body: client }, (changed) => this.replace(changed))
      .then((list) => fill(place, list), () => {})
    return [
      h('p.bad', h('strong', 'It would be refused'), ' by the rule ', h('strong', said(rule)), '.'),
      h('p', h('code', said(error)), ': ', said(error_description)),
      h('p', RULES[rule]?.says),
      members.length > 0 && h('p', 'In the policy: ', members.map((member) => [button(member, () => {
        this.member.value = member
        this.show(member, true)
      }), ' '])),
      place,
      answer.changes?.length > 0 && h('details', h('summary', 'What rules before it had changed'), becameTable(client, {}, answer.changes)),
      copies,
    ]
  }

  differs({ policy, differs }) {
    if (differs.length === 0) return h('p.hint', 'The text above is the policy that is in force.')
    const request = ['PUT', `${this.context.id}/policy`, {}, policy, { 'If-Match': this.etag }]
    const command = reading(registrar(['service', 'update', this.context.id], { policy: '-' }), difference(this.force, policy))
    const changes = () => table('What becomes different', ['Member', 'In force', 'Then'], differs.map(({ member, from, to }) => [h('code', said(member)), value(from), value(to)]))
    const take = () => confirm({
      title: 'Put this policy into effect?', label: 'Put it into effect', request, command,
      content: [changes(), h('p', 'All functions follow within thirty seconds.')],
      done: () => {
        drafts.delete(this.context.id)
        announce('The policy is in force.')
        this.context.again()
      },
    })
    return this.context.may('service.write')
      ? [changes(), h('p.buttons', button('Put it into effect …', take, { kind: 'main' }))]
      : [changes(), h('p.hint', 'To put it into effect needs a token with service.write.')]
  }
}

/** What was sent, what it became, and by which rule. */
export function becameTable(sent, became, changes) {
  const names = [...new Set([...Object.keys(sent), ...Object.keys(became)])]
  const order = (name) => (changes.some((change) => change.member === name) ? 0 : 1)
  names.sort((one, other) => order(one) - order(other))
  return table('Each member, as sent and as it became', ['Member', 'Sent', 'Became', 'Rule'], names.map((name) => {
    const rules = changes.filter((change) => change.member === name)
    return {
      class: rules.length > 0 ? 'changed' : null,
      cells: [h('code', said(name)), value(sent[name]), value(became[name]),
        rules.length === 0 ? h('span.none', 'as sent') : h('ul.values', rules.map(({ rule, what }) => h('li', said(rule), ': ', said(what))))],
    }
  }))
}
