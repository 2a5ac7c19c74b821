// Signing in, the way from an address to a screen, and keys.

import { exchange, signIn, signOut, whenRefused } from './api.js'
import { button, dialog, field, fill, h, said, select } from './dom.js'
import { failure, to } from './ui.js'
import { listen, shortcuts } from './keys.js'
import { client } from './client.js'
import { clients } from './clients.js'
import { groups } from './groups.js'
import { federation } from './federation.js'
import { grants } from './grants.js'
import { policy } from './policy.js'
import { refused } from './refused.js'
import { stet } from './stet.js'
import { today } from './today.js'
import { tokens } from './tokens.js'

/** The screens: the part of the address, the name, the key after `g`, and what makes it. */
const SCREENS = [
  ['today', 'Today', 't', today],
  ['clients', 'Clients', 'c', (context) => (context.parts.length > 1 ? client(context) : clients(context))],
  ['groups', 'Look-alikes', 'l', groups],
  ['policy', 'Policy', 'p', policy],
  ['tokens', 'Tokens', 'k', tokens],
  ['federation', 'Federation', 'f', federation],
  ['stet', 'STET', 's', stet],
  ['grants', 'Grants', 'r', grants],
  ['refused', '', '', refused],
]

const header = document.getElementById('header')
const main = document.getElementById('main')

/** Who has signed in, and what is being shown. */
let me
let shown = new AbortController()

function address() {
  const [path, search = ''] = location.hash.slice(2).split('?')
  const [service, ...parts] = path.split('/').map((part) => {
    try {
      return decodeURIComponent(part)
    } catch {
      return ''
    }
  })
  return { service, parts, query: new URLSearchParams(search) }
}

function place() {
  const { service, parts, query } = address()
  const known = me.services.find((known) => String(known.service_id) === service)
  const current = known ?? (/^[1-9]\d*$/.test(service) ? { service_id: Number(service) } : me.services[0])
  return { service: current, parts: parts[0] ? parts : ['today'], query }
}

async function show() {
  shown.abort()
  shown = new AbortController()
  if (!me) return welcome()
  const { service, parts, query } = place()
  if (!service) {
    frame(undefined, '')
    fill(main, h('h1', 'No service'), h('p', 'This token’s organization has no service yet. Make one: ', h('code', 'registrar service create'), '.'))
    return
  }
  const screen = SCREENS.find(([part]) => part === parts[0]) ?? SCREENS[0]
  frame(service, screen[0])
  const may = (...permissions) => permissions.some((permission) => me.permissions.includes(permission))
  const context = {
    me, service, id: service.service_id, parts, query, signal: shown.signal, may,
    link: (parts, query) => to(service.service_id, parts, query),
    go: (parts, query) => { location.hash = to(service.service_id, parts, query) },
    again: show,
  }
  main.setAttribute('aria-busy', 'true')
  try {
    const content = await screen[3](context)
    if (context.signal.aborted) return
    fill(main, content)
  } catch (error) {
    if (context.signal.aborted) return
    fill(main, h('h1', screen[1] || 'Refused'), failure(error))
  }
  main.removeAttribute('aria-busy')
  const title = main.querySelector('h1')?.textContent ?? screen[1]
  document.title = `${title} · ${service.name ?? service.service_id} · Registrar`
}

function frame(service, current) {
  const chosen = (event) => { location.hash = to(event.target.value, [current || 'today']) }
  const options = me.services.map((one) => [String(one.service_id), `${one.service_id} ${one.name ?? ''}`.trim()])
  if (service && !options.some(([id]) => id === String(service.service_id))) options.push([String(service.service_id), String(service.service_id)])
  const item = ([part, name]) => name && h('li', h('a', {
    href: to(service.service_id, [part]), 'aria-current': part === current ? 'page' : null,
  }, name))
  fill(header,
    h('span.brand', 'Registrar'),
    service && h('nav', { 'aria-label': 'Screens' }, h('ul', SCREENS.map(item))),
    h('div.session',
      options.length > 0 && field('Service', select(options, String(service?.service_id), { onchange: chosen })),
      button('Keys', () => shortcuts(SCREENS), { title: 'Which keys there are: ?' }),
      button('Sign out', leave)))
}

function leave() {
  signOut()
  me = undefined
  show()
}

/** The first screen: signing in. */
function welcome(error, hint) {
  fill(header, h('span.brand', 'Registrar'))
  document.title = 'Sign in · Registrar'
  const token = h('input', { type: 'password', autocomplete: 'off', spellcheck: 'false', required: true })
  const outcome = h('div', error && failure(error), hint && h('p', hint))
  const submit = async (event) => {
    event.preventDefault()
    try {
      enter(await signIn(token.value.trim()))
    } catch (error) {
      fill(outcome, failure(error))
      token.select()
    }
  }
  fill(main,
    h('h1', 'Sign in'),
    h('form.narrow', { onsubmit: submit },
      field('Token', token, 'An operator’s token of a service or an organization. It stays in this page’s memory: whoever reloads signs in again.'),
      outcome,
      h('p.buttons', h('button.main', { type: 'submit' }, 'Sign in'))),
    h('details', h('summary', 'Where is a token?'),
      h('p', 'On your machine, ', h('code', 'registrar serve'), ' prints a link that signs in once, and keeps tokens in ', h('code', '.registrar/demo.json'), '.'),
      h('p', 'Else ', h('code', 'registrar token create service --service ID'), ' makes one.')))
  token.focus()
}

function enter(whoami) {
  me = whoami
  if (!/^#\/\d/.test(location.hash)) history.replaceState(null, '', location.pathname)
  return show()
}

async function start() {
  whenRefused((error) => {
    if (!me) return
    signOut()
    me = undefined
    shown.abort()
    for (const open of document.querySelectorAll('dialog')) open.close()
    welcome(error)
  })
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1]
  if (!code) return welcome()
  history.replaceState(null, '', location.pathname)
  try {
    await enter(await signIn(await exchange(code)))
  } catch (error) {
    welcome(error, 'A link of registrar serve works once, within ten minutes. It prints another one when it is started again; the token itself is in .registrar/demo.json.')
  }
}

addEventListener('hashchange', async () => {
  if (document.querySelector('dialog[open]')) document.querySelector('dialog[open]').close()
  await show()
  main.focus({ preventScroll: true })
  scrollTo(0, 0)
})
listen(SCREENS, () => me && place().service.service_id)
start()
