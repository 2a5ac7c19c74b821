// Signing in, and the way from an address to a screen.

import { exchange, signIn, signOut, whenRefused } from './api.js'
import { client } from './client.js'
import { clients } from './clients.js'
import { announce, button, dialog, field, fill, form, h, hint, hushOld, input, refill, select, submitButton } from './dom.js'
import { areThere, forget } from './drafts.js'
import { federation } from './federation.js'
import { grants } from './grants.js'
import { groups } from './groups.js'
import { listen, shortcuts } from './keys.js'
import { policy } from './policy.js'
import { refused } from './refused.js'
import { stet } from './stet.js'
import { today } from './today.js'
import { tokens } from './tokens.js'
import { failure, screen, to } from './ui.js'

/** The part of the address, the name, the key after `g`, and what makes it. */
const SCREENS = [
  ['today', 'Today', 't', today],
  ['clients', 'Clients', 'c', (context) => (context.parts[1] ? client : clients)(context)],
  ['groups', 'Duplicates', 'd', groups],
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

/** Of an address that somebody may have cut. */
function decoded(part) {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function place() {
  const [path, search] = location.hash.slice(2).split('?')
  const [id, ...parts] = path.split('/').map(decoded)
  const known = me.services.find((service) => String(service.service_id) === id)
  const service = known ?? (/^[1-9]\d*$/.test(id) ? { service_id: Number(id) } : me.services[0])
  return { service, parts: parts[0] ? parts : ['today'], query: new URLSearchParams(search) }
}

const unknown = (context) => screen(context, 'No such screen', [], '', hint('The screens are listed above.'))

async function show() {
  shown.abort()
  shown = new AbortController()
  if (!me) return welcome()
  const { signal } = shown
  const { service, parts, query } = place()
  if (!service) return fill(main, h('h1', 'No service'), h('p', 'Make one: ', h('code', 'registrar service create'), '.'))
  const id = service.service_id
  const [part, name, , make] = SCREENS.find(([part]) => part === parts[0]) ?? ['', 'No such screen', '', unknown]
  const may = (...permissions) => permissions.some((permission) => me.permissions.includes(permission))
  const context = {
    me, id, parts, query, signal, may,
    readsService: may('service.read', 'service.write'), writes: may('client.write'), endsGrants: may('client.write', 'use_service'), writesService: may('service.write'),
    link: (parts, query) => to(id, parts, query),
    go: (parts, query) => { location.hash = to(id, parts, query) },
    again: show,
    // What became of an act, and the screen anew.
    done: (...text) => {
      announce(...text)
      return show()
    },
  }
  frame(service, part)
  main.setAttribute('aria-busy', 'true')
  try {
    const content = await make(context)
    if (!signal.aborted) refill(main, content)
  } catch (error) {
    if (!signal.aborted) refill(main, h('h1', { tabindex: -1 }, name || 'Refused'), failure(error), h('p', button('Try again', show), part === 'clients' && error.status === 404 && [' ', h('a', { href: context.link(['clients']) }, 'All clients')]))
  }
  if (signal.aborted) return
  main.removeAttribute('aria-busy')
  document.title = `${main.querySelector('h1').textContent} · ${service.name ?? id} · Registrar`
}

function frame(service, current) {
  const id = String(service.service_id)
  const services = me.services.includes(service) ? me.services : [...me.services, service]
  const options = services.map((one) => [String(one.service_id), one.name ? `${one.name} (${one.service_id})` : String(one.service_id)])
  const choice = select(options, id, { title: service.name, onchange: () => { location.hash = to(choice.value, [current]) } })
  const item = ([part, name]) => name && h('li', h('a', { href: to(id, [part]), 'aria-current': part === current && 'page' }, name))
  fill(header, brand(),
    h('nav', { 'aria-label': 'Screens' }, h('ul', SCREENS.map(item))),
    h('div.session', field('Service', choice), button('Keys', () => shortcuts(SCREENS)), button('Sign out', signingOut)))
  // Where there is no room for all of them, the one that is shown is among those that are seen.
  const [nav, is] = [header.querySelector('nav'), header.querySelector('[aria-current=page]')]
  const left = (element) => element.getBoundingClientRect().left
  if (is) nav.scrollLeft = left(is) - left(nav) - (nav.clientWidth - is.offsetWidth) / 2
}

function signingOut() {
  const out = () => {
    leave()
    forget()
  }
  if (!areThere()) return out()
  return dialog('Sign out?', (close) => [
    h('p', 'There is a draft of a policy that is not in force. It is dropped.'),
    h('p.buttons', button('Drop it and sign out', out, 'danger'), button('Cancel', close, '', { autofocus: true })),
  ])
}

const brand = () => h('span.brand', 'Registrar')

function leave(error, more) {
  signOut()
  me = undefined
  shown.abort()
  for (const open of document.querySelectorAll('dialog')) open.close()
  welcome(error, more)
}

function welcome(error, more) {
  document.title = 'Sign in · Registrar'
  const token = input('password', { required: true })
  const outcome = h('div', error && failure(error), more && h('p', more))
  const submit = () => signIn(token.value.trim()).then(enter).catch((error) => fill(outcome, failure(error)))
  fill(header, brand())
  fill(main, h('h1', 'Sign in'), form('narrow', submit,
    field('Token', token, 'An operator’s token of a service or an organization. It stays in this page’s memory: who reloads signs in again.'),
    outcome,
    h('p', submitButton('Sign in'))),
  hint('registrar serve prints a link that signs in, and keeps tokens in .registrar/demo.json. Else registrar token create service makes one.'))
  token.focus()
}

function enter(whoami) {
  me = whoami
  return show()
}

/** Keys scroll what has the focus. */
async function begin() {
  await start()
  if (me) main.focus({ preventScroll: true })
}

async function start() {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1]
  if (!code) return show()
  history.replaceState(null, '', location.pathname)
  // Whoever is signed in stays so: a link from elsewhere signs nobody out, nor in as somebody else.
  if (me) {
    await show()
    return announce('The link’s code was ignored: you are signed in.')
  }
  try {
    await enter(await signIn(await exchange(code)))
  } catch (error) {
    welcome(error, 'A link of registrar serve signs in once, within ten minutes; started again it prints another one.')
  }
}

whenRefused((error) => leave(error, `You are signed out: that token is taken no more. It has ended, or somebody has ended it.${areThere() ? ' The draft of the policy stays for whoever signs in again without a reload.' : ''}`))
addEventListener('beforeunload', (event) => {
  if (me && areThere()) event.preventDefault()
})
addEventListener('hashchange', async () => {
  hushOld()
  for (const open of document.querySelectorAll('dialog')) open.close()
  await start()
  if (me) main.focus({ preventScroll: true })
  document.getElementById('page').scrollTo(0, 0)
})
listen(SCREENS, (key) => {
  const screen = SCREENS.find(([, name, short]) => name && short === key)
  if (screen && me) location.hash = to(place().service.service_id, [screen[0]])
})
begin()
