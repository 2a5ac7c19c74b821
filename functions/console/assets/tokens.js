// The tokens of a service: what each permits, a new one, the end of one.

import { ask } from './api.js'
import { button, code, field, form, h, hint, input, none, said, select, submitButton, table, time, until } from './dom.js'
import { pages } from './pages.js'
import { registrar } from './shell.js'
import { confirm, copies, load, once, screen } from './ui.js'

const PERMISSIONS = ['client.read', 'client.write', 'service.read', 'service.write', 'use_service']

const LASTS = [['', 'for ever'], ['3600', 'an hour'], ['86400', 'a day'], ['2592000', '30 days'], ['31536000', 'a year']]

export function tokens(context) {
  const { id, writesService } = context
  const asks = [['GET', `${id}/tokens`]]
  return screen(context, 'Tokens', asks, registrar(['token', 'list'], { service: id }),
    pages(context, asks[0][1], 'tokens', {}, (tokens) => rows(context, tokens), 'There is none.'),
    hint('To register one needs an initial access token where the policy’s registration says so; where it is open, none is asked for.'),
    writesService && h('section', h('h2', 'A new one'), making(context)))
}

function rows(context, tokens) {
  const { id, me, writesService, done } = context
  const madeBy = (maker) => {
    const made = tokens.filter(({ made_by }) => made_by === maker)
    return made.length > 0 && h('p.warn', 'Of those shown it has made these, which do not end with it: ', made.flatMap(({ token }) => [code(token), ' ']))
  }
  const end = (token) => button('End …', () => confirm({
    title: 'End this token?', label: 'End it', kind: 'danger', request: () => ['DELETE', `${id}/tokens/${token}`], command: () => registrar(['token', 'revoke'], { service: id, yes: true }, [token]),
    content: [h('p', code(token), ' works no more at once.'), madeBy(token), token === me.token && h('p.warn', 'It is the one with which you have signed in here.')],
    done: () => done('The token has ended.'),
  }), 'danger', { 'data-row': true })
  const permits = ({ permissions = [], scope, grant_types = [] }) => [...permissions, scope && `scope ${scope}`, ...grant_types].filter(Boolean).join(', ') || 'to register'
  const isUsedUp = ({ uses_left }) => uses_left === 0
  return table('Tokens of this service', ['Id', 'Kind', 'Permits', '#Uses left', 'Made', 'Ends', 'Left', 'End it'], tokens.map((token) => [
    [code(token.token), token.token === me.token && h('span.state', 'yours')], token.kind.replaceAll('_', ' '), said(permits(token)),
    isUsedUp(token) ? h('span.bad', 'used up') : token.uses_left ?? none(), [time(token.created_at), token.made_by && h('span.hint', ' by ', token.made_by === me.token ? 'yours' : code(token.made_by))], time(token.expires_at), isUsedUp(token) ? none('nothing') : until(token.expires_at), writesService && end(token.token),
  ]))
}

function making(context) {
  const kind = select([['initial_access', 'to register with (initial access)'], ['service', 'of an operator']], '', { onchange: () => show() })
  const boxes = PERMISSIONS.map((value) => h('input', { type: 'checkbox', value, checked: value === 'client.read', disabled: !context.may(value) }))
  const [uses, scope] = [input('number', { min: 1 }), input('text')]
  const ends = select(LASTS, '2592000')
  const operators = h('fieldset', h('legend', 'It permits'), boxes.map((box) => h('label', box, ` ${box.value}`)))
  const registrants = h('div',
    field('Uses', uses, 'Empty is any number.'),
    field('Scopes', scope, 'Separated by spaces; empty is what the policy offers.'))
  const show = () => {
    operators.hidden = kind.value !== 'service'
    registrants.hidden = !operators.hidden
  }
  show()
  const body = () => {
    const own = kind.value === 'service' ? { permissions: boxes.filter((box) => box.checked).map((box) => box.value) }
      : { uses: Number(uses.value) || undefined, scope: scope.value.trim() || undefined }
    return { kind: kind.value, expires_in: Number(ends.value) || undefined, ...own }
  }
  const request = () => ['POST', `${context.id}/tokens`, {}, body()]
  const command = () => {
    const { kind, expires_in, uses, scope, permissions } = body()
    return registrar(['token', 'create', kind.replace('_', '-')], {
      'service': context.id, uses, 'expires': expires_in && `${expires_in}s`, scope, 'permission': permissions,
    })
  }
  const outcome = h('div')
  const make = async () => {
    const { members } = await ask(request())
    context.again()
    once('The new token', { Token: members.value })
  }
  return form('narrow', () => load(outcome, make()), field('A token', kind), operators, registrants, field('It works', ends), outcome,
    h('p.buttons', submitButton('Make it'), copies(() => [request()], command)))
}
