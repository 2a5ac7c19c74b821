// The tokens of a service: what each permits, a new one, the end of one.

import { ask, curl, get } from './api.js'
import { announce, button, field, fill, h, said, select, table, time, until } from './dom.js'
import { registrar } from './shell.js'
import { confirm, copy, failure, once, screen } from './ui.js'

const PERMISSIONS = ['client.read', 'client.write', 'service.read', 'service.write', 'use_service']

const LASTS = [['', 'for ever'], ['3600', 'an hour'], ['86400', 'a day'], ['604800', 'a week'], ['2592000', '30 days'], ['7776000', '90 days'], ['31536000', 'a year']]

export async function tokens(context) {
  const { id, signal } = context
  const asks = [['GET', `${id}/tokens`]]
  const { tokens } = await get(`${id}/tokens`, {}, signal)
  return screen('Tokens', { asks, command: registrar(['token', 'list'], { service: id }) },
    h('section', h('h2', 'Those that there are'), list(context, tokens)),
    context.may('service.write') && h('section', h('h2', 'A new one'), form(context)))
}

function list(context, tokens) {
  if (tokens.length === 0) return h('p.hint', 'There is none.')
  const own = (token) => token.token === context.me.token
  const end = (token) => button('End …', () => confirm({
    title: 'End this token?', label: 'End it', kind: 'danger', request: ['DELETE', `${context.id}/tokens/${token.token}`],
    command: registrar(['token', 'revoke'], {}, [token.token]),
    content: [h('p', h('code', said(token.token)), ' works no more at once.'), own(token) && h('p.warn', 'It is the one with which you have signed in here.')],
    done: () => {
      announce('The token has ended.')
      context.again()
    },
  }), { kind: 'danger', 'data-row': true })
  return table('Tokens of this service', ['Id', 'Kind', 'Permits', ['Uses left', 'number'], 'Made', 'Ends', 'Left', ''], tokens.map((token) => [
    [h('code.cut', said(token.token)), own(token) && h('span.state', 'yours')], said(token.kind.replaceAll('_', ' ')), permits(token),
    token.uses_left ?? h('span.none', '—'), time(token.created_at), time(token.expires_at), until(token.expires_at),
    context.may('service.write') && end(token),
  ]))
}

function permits({ permissions, scope, grant_types }) {
  const parts = [...(permissions ?? []), scope && `scope ${scope}`, ...(grant_types ?? [])].filter(Boolean)
  return parts.length === 0 ? 'to register' : said(parts.join(', '))
}

function form(context) {
  const kind = select([['initial_access', 'to register with (initial access)'], ['service', 'of an operator']], 'initial_access', { onchange: () => show() })
  const boxes = PERMISSIONS.map((permission) => h('input', {
    type: 'checkbox', value: permission, checked: permission === 'client.read', disabled: !context.may(permission),
  }))
  const uses = h('input', { type: 'number', min: 1, step: 1, inputmode: 'numeric' })
  const ends = select(LASTS, '2592000')
  const scope = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false' })
  const grants = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false' })
  const [operators, registrants, outcome] = [h('fieldset', h('legend', 'It permits'), boxes.map((box) => h('label', box, ` ${box.value}`))), h('div'), h('div')]
  fill(registrants,
    field('Uses', uses, 'How many clients may register with it; empty is any number.'),
    field('Scopes', scope, 'Those that its clients may have, separated by spaces; empty is what the policy offers.'),
    field('Grant types', grants, 'The same.'))
  const show = () => {
    operators.hidden = kind.value !== 'service'
    registrants.hidden = kind.value === 'service'
  }
  show()
  const words = (input) => input.value.split(/\s+/).filter(Boolean)
  const request = () => {
    const expires_in = ends.value ? Number(ends.value) : undefined
    const body = kind.value === 'service'
      ? { kind: 'service', permissions: boxes.filter((box) => box.checked).map((box) => box.value), expires_in }
      : { kind: 'initial_access', uses: uses.value ? Number(uses.value) : undefined, expires_in,
        scope: words(scope).join(' ') || undefined, grant_types: words(grants).length > 0 ? words(grants) : undefined }
    return ['POST', `${context.id}/tokens`, {}, body]
  }
  const command = () => {
    const { kind, permissions, uses, expires_in, scope, grant_types } = request()[3]
    const repeated = (name, values) => (values ?? []).map((value) => ` --${name} ${value}`).join('')
    return registrar(['token', 'create', kind.replace('_', '-')], { service: context.id, uses, expires: expires_in && `${expires_in}s`, scope })
      + repeated('permission', permissions) + repeated('grant-type', grant_types)
  }
  const make = async (event) => {
    event.preventDefault()
    try {
      const { members } = await ask(request())
      fill(outcome)
      once('The new token', 'token', members.value)
      context.again()
    } catch (error) {
      fill(outcome, failure(error))
    }
  }
  return h('form.narrow', { onsubmit: make },
    field('A token', kind), operators, registrants, field('It works', ends), outcome,
    h('p.buttons', h('button.main', { type: 'submit' }, 'Make it'), button('Copy as curl', () => copy(curl(request()))),
      button('Copy as registrar command', () => copy(command()))))
}
