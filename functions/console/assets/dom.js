// The document, built node by node. Nothing here reads markup: what strangers wrote is always text.

/** They would fetch or run something. */
const NEVER = ['img', 'script', 'iframe', 'object', 'embed', 'style', 'link', 'base', 'meta']

/**
 * An element: `h('td.number', { title: 'x', onclick: press }, 'text', [more])`. Children are nodes and texts; null, undefined and
 * false are left out. A link leads to a place in this console and nowhere else.
 */
export const h = (name, ...rest) => build('http://www.w3.org/1999/xhtml', name, rest)

/** The same of SVG. */
export const svg = (name, ...rest) => build('http://www.w3.org/2000/svg', name, rest)

function build(space, name, rest) {
  const [tag, ...classes] = name.split('.')
  if (NEVER.includes(tag)) throw new Error(`no ${tag} here`)
  const element = document.createElementNS(space, tag)
  if (classes.length) element.setAttribute('class', classes.join(' '))
  const [first] = rest
  const has = first && typeof first === 'object' && !Array.isArray(first) && !(first instanceof Node)
  if (has) for (const [key, value] of Object.entries(first)) set(element, key, value)
  return fill(element, has ? rest.slice(1) : rest)
}

function set(element, key, value) {
  if (absent(value)) return
  if (key.startsWith('on')) element.addEventListener(key.slice(2), value)
  else if (key === 'value' && element.tagName !== 'OPTION') element.value = value
  else if (key === 'href' && !value.startsWith('#')) throw new Error('a link leads elsewhere')
  else element.setAttribute(key, value === true ? '' : value)
}

const absent = (value) => value === null || value === undefined || value === false

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => !absent(child)))
  return element
}

/** What nobody sees, or what changes what is seen. */
const HIDDEN = /([\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0])/u

/** What is at most so long stays in one piece where it has no spaces. */
const LONGEST_UNBROKEN = 24

/** What somebody else wrote, whatever its direction, with hidden characters shown. */
export function said(text) {
  const part = (part, index) => index % 2 ? h('span.hidden', `U+${part.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}`) : part
  return h(String(text).length > LONGEST_UNBROKEN ? 'bdi.said' : 'bdi.said.short', String(text).split(HIDDEN).map(part))
}

export const code = (text) => h('code', said(text))

/** Where j and k lead in a list: what leads to a place. */
export const rowLink = (href, content) => h('a', { 'data-row': true, href }, content)

/** What a client calls itself. */
export const nameOf = ({ client_name } = {}) => client_name ? said(client_name) : h('em', 'without a name')

export const hint = (...text) => h('p.hint', text)

export const submitButton = (label) => h('button.main', { type: 'submit' }, label)

export const none = (text = '—') => h('span.none', text)

/** A value of JSON. */
export function value(json) {
  if (json === undefined) return none()
  if (typeof json === 'string') return said(json)
  if (Array.isArray(json) && json.every((item) => typeof item === 'string')) return json.length ? list(json.map(said)) : none('empty')
  const line = String(JSON.stringify(json))
  return h('code', line.length > 60 ? pretty(json) : said(line))
}

/** A value of JSON, line by line, so that their ends are not shown as hidden characters. */
export const pretty = (json) => h('span.json', JSON.stringify(json, null, 2).split('\n').map((line) => [said(line), '\n']))

export const list = (items) => h('ul.values', items.map((item) => h('li', item)))

const two = (number) => String(number).padStart(2, '0')

export function local(date) {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** A time in seconds: local, and exactly in UTC where it or its row has focus or pointer. `alone` is one that can have focus. */
export function time(seconds, alone) {
  if (absent(seconds)) return none()
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return said(seconds)
  const utc = date.toISOString().replace('.000Z', 'Z')
  return h('time', { datetime: utc, tabindex: alone && '0' }, h('span', local(date)), h('span', utc))
}

const UNITS = [[86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']]

/** So many seconds, in whole ones of the largest unit. */
export function lasts(seconds) {
  const [size, unit] = UNITS.find(([size]) => seconds >= size) ?? UNITS.at(-1)
  return count(Math.floor(seconds / size), unit)
}

/** How long until then, and how near that is. */
export function until(seconds) {
  if (absent(seconds)) return none('no end')
  const left = seconds - now()
  const words = lasts(Math.abs(left))
  return left < 0 ? h('span.bad', `ended ${words} ago`) : h(left < 14 * 86400 ? 'span.warn' : 'span.good', `${words} left`)
}

export const now = () => Math.floor(Date.now() / 1000)

export const number = (number) => number.toLocaleString('en')

export const count = (many, one) => `${number(many)} ${one}${many === 1 ? '' : 's'}`

/**
 * A table that stands as cards where it is narrow. `columns` are names, those of numbers begin with `#`. A row's first element
 * with `data-row` is where j and k lead.
 */
export function table(caption, columns, rows) {
  const named = columns.map((column) => column.startsWith('#') ? [column.slice(1), '.number'] : [column, ''])
  const head = named.map(([name, kind]) => h(`th${kind}`, { role: 'columnheader', scope: 'col' }, name))
  const cell = (content, index) => h(`td${named[index][1]}`, { role: 'cell', 'data-name': named[index][0] }, content)
  return h('table', { role: 'table' },
    h('caption', caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head)),
    h('tbody', { role: 'rowgroup' }, rows.map((cells) => h('tr', { role: 'row' }, cells.map(cell)))))
}

export const facts = (pairs) => h('dl.facts', pairs.filter(Boolean).map(([name, ...values]) => h('div', h('dt', name), h('dd', values))))

let fields = 0

export function field(label, input, hint) {
  input.id = `field-${(fields += 1)}`
  if (hint) input.setAttribute('aria-describedby', `${input.id}-hint`)
  return h('div.field', h('label', { for: input.id }, label), input, hint && h('p.hint', { id: `${input.id}-hint` }, hint))
}

export const input = (type, properties) => h('input', { type, autocomplete: 'off', spellcheck: 'false', ...properties })

export const area = (rows, value, properties) => h('textarea.code', { rows, spellcheck: 'false', value, ...properties })

export function select(options, chosen, properties) {
  const pairs = options.map((option) => Array.isArray(option) ? option : [option, option])
  return h('select', properties, pairs.map(([value, label]) => h('option', { value, selected: value === chosen }, label)))
}

/** What is not done again while it is still being done, however often it is pressed. */
function oneAtATime(act) {
  let runs = false
  return async () => {
    if (runs) return
    runs = true
    await Promise.resolve(act()).finally(() => { runs = false })
  }
}

export const button = (label, onclick, kind, properties) => h(kind ? `button.${kind}` : 'button', { type: 'button', onclick: oneAtATime(onclick), ...properties }, label)

export function form(kind, submit, ...content) {
  const act = oneAtATime(submit)
  const onsubmit = (event) => {
    event.preventDefault()
    act()
  }
  return h(`form.${kind}`, { onsubmit }, content)
}

const SHOWN = 5000

/** What is read aloud and shown for a while, in the dialog that is open if one is: what became of an action. */
export function announce(...text) {
  hush()
  const place = [...document.querySelectorAll('dialog[open] > .told')].at(-1) ?? document.getElementById('said')
  fill(place, h('p', text))
  announce.at = performance.now()
  announce.ends = setTimeout(hush, SHOWN)
}

/** What was told before is over. */
export function hush() {
  clearTimeout(announce.ends)
  for (const place of document.querySelectorAll('#said, .told')) fill(place)
}

/** Who leads elsewhere leaves behind what was told, unless it was just now, of what led there. */
export function hushOld() {
  if (performance.now() - (announce.at ?? 0) > 1000) hush()
}

/** The focus that was on what is gone is on the heading of the dialog that is open, or of the screen. */
function refocus() {
  if (document.activeElement !== document.body) return
  const heading = [...document.querySelectorAll('dialog[open] h2')].at(-1) ?? document.querySelector('main h1')
  heading?.setAttribute('tabindex', '-1')
  heading?.focus({ preventScroll: true })
}

/** Other content of a place. Who was on a button there is on it again, or on the heading of the screen. */
export function refill(place, ...content) {
  const focused = document.activeElement
  const isInside = place !== focused && place.contains(focused)
  const label = isInside && focused.tagName === 'BUTTON' && focused.textContent
  fill(place, content)
  if (!isInside) return
  const again = [...place.querySelectorAll('button')].filter(({ textContent }) => textContent === label)
  if (again.length === 1) again[0].focus({ preventScroll: true })
  refocus()
}

/**
 * A dialog; `content` gets a function that closes it, and one that gives it another title. Esc closes it too, and the focus
 * goes back where it was; then `after` happens.
 */
export function dialog(title, content, after) {
  const id = `dialog-${(fields += 1)}`
  const closed = () => {
    element.remove()
    refocus()
    after?.()
  }
  const element = h('dialog', { 'aria-labelledby': id, onclose: closed })
  const heading = h('h2', { id }, title)
  fill(element, heading, content(() => element.close(), (title) => fill(heading, title)), h('div.told', { role: 'status' }))
  hush()
  document.body.append(element)
  element.showModal()
}
