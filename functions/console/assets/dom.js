// The document, built node by node. Nothing here reads markup: what strangers wrote is always text.

const SVG = 'http://www.w3.org/2000/svg'

/** Elements that would fetch or run what their attributes name. */
const NEVER = new Set(['img', 'script', 'iframe', 'object', 'embed', 'style', 'link', 'base', 'meta'])

/**
 * An element: `h('td.number', { title: 'x', onclick: press }, 'text', [more])`. Children are nodes and texts; what is null,
 * false or undefined is left out. A link leads to a place in this console and nowhere else.
 */
export function h(name, ...rest) {
  return build((tag) => document.createElement(tag), name, rest)
}

/** The same of SVG. */
export function svg(name, ...rest) {
  return build((tag) => document.createElementNS(SVG, tag), name, rest)
}

function build(create, name, rest) {
  const [tag, ...classes] = name.split('.')
  if (NEVER.has(tag)) throw new Error(`no ${tag} here`)
  const element = create(tag)
  if (classes.length) element.setAttribute('class', classes.join(' '))
  const has = rest.length && isProperties(rest[0])
  if (has) for (const [key, value] of Object.entries(rest[0])) set(element, key, value)
  element.append(...nodes(rest.slice(has ? 1 : 0)))
  return element
}

function isProperties(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Node)
}

function set(element, key, value) {
  if (value === null || value === undefined || value === false) return
  if (key.startsWith('on')) element.addEventListener(key.slice(2), value)
  else if (key === 'value') element.value = value
  else if (key === 'href' && !String(value).startsWith('#')) throw new Error('a link leads elsewhere')
  else element.setAttribute(key, value === true ? '' : value)
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
}

/** What is in an element, replaced. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children))
  return element
}

// Characters that nobody sees, and those that change what is seen.
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/u

/** What somebody else wrote: apart from the text around it, whatever its direction, with hidden characters shown. */
export function said(text) {
  const parts = []
  let plain = ''
  for (const character of String(text)) {
    if (!HIDDEN.test(character)) {
      plain += character
      continue
    }
    const code = character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')
    parts.push(plain, h('span.hidden', `U+${code}`))
    plain = ''
  }
  return h('bdi.said', parts, plain)
}

/** A value of JSON, on one line where that is short. */
export function value(json) {
  if (json === undefined) return h('span.none', '—')
  if (typeof json === 'string') return said(json)
  if (Array.isArray(json) && json.every((item) => typeof item === 'string')) {
    return json.length === 0 ? h('span.none', 'empty') : h('ul.values', json.map((item) => h('li', said(item))))
  }
  const line = JSON.stringify(json)
  return h('code', line.length > 60 ? pretty(json) : said(line))
}

/** A value of JSON, on lines. */
export function pretty(json) {
  // One line at a time, so that line ends are not shown as hidden characters.
  return h('span.json', JSON.stringify(json, null, 2).split('\n').map((line) => [said(line), '\n']))
}

const two = (number) => String(number).padStart(2, '0')

/** A time in seconds: local, and exactly in UTC where it or its row has the focus or the pointer. */
export function time(seconds) {
  if (seconds === undefined || seconds === null) return h('span.none', '—')
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return said(seconds)
  const utc = date.toISOString().replace('.000Z', 'Z')
  const local = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`
  return h('time', { datetime: utc, title: utc }, h('span', local), h('span', utc))
}

/** The same outside of a list, which can have the focus itself. */
export function aloneTime(seconds) {
  const element = time(seconds)
  if (element.tagName === 'TIME') element.tabIndex = 0
  return element
}

const UNITS = [[86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']]

/** A length of time in words: `12 days`. */
export function duration(seconds) {
  const [size, unit] = UNITS.find(([size]) => Math.abs(seconds) >= size) ?? UNITS[3]
  const count = Math.floor(Math.abs(seconds) / size)
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** How long until then, and how near that is. */
export function until(seconds) {
  if (seconds === undefined || seconds === null) return h('span.none', 'no end')
  const left = seconds - Date.now() / 1000
  const mood = left < 0 ? 'bad' : left < 14 * 86400 ? 'warn' : 'good'
  return h(`span.${mood}`, left < 0 ? `ended ${duration(left)} ago` : `${duration(left)} left`)
}

export function now() {
  return Math.floor(Date.now() / 1000)
}

export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}

/**
 * A table that stands as cards where it is narrow. `columns` are names or `[name, class]`; a row is its cells, or
 * `{ cells, ...properties }` of its element. Rows with a link can be walked through with j and k.
 */
export function table(caption, columns, rows) {
  const named = columns.map((column) => (Array.isArray(column) ? column : [column, '']))
  const cell = (content, index) => {
    const [name, kind] = named[index]
    return h(`td${kind && `.${kind}`}`, { role: 'cell', 'data-name': name }, content)
  }
  const row = (row) => {
    const { cells, ...properties } = Array.isArray(row) ? { cells: row } : row
    return h('tr', { role: 'row', ...properties }, cells.map(cell))
  }
  const head = named.map(([name, kind]) => h(`th${kind && `.${kind}`}`, { role: 'columnheader', scope: 'col' }, name))
  return h('table', { role: 'table' },
    h('caption', caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head)),
    h('tbody', { role: 'rowgroup' }, rows.map(row)))
}

/** Names and values beside each other. */
export function facts(pairs) {
  return h('dl.facts', pairs.filter(Boolean).map(([name, ...values]) => h('div', h('dt', name), h('dd', values))))
}

let fields = 0

/** An input with its label, and what else is to be known of it. */
export function field(label, input, hint) {
  const id = `field-${(fields += 1)}`
  input.id ||= id
  if (hint) input.setAttribute('aria-describedby', `${id}-hint`)
  return h('div.field', h('label', { for: input.id }, label), input, hint && h('p.hint', { id: `${id}-hint` }, hint))
}

export function button(label, press, properties = {}) {
  return h(`button${properties.kind ? `.${properties.kind}` : ''}`, { type: 'button', ...properties, kind: null, onclick: press }, label)
}

export function select(options, chosen, properties = {}) {
  const option = (option) => {
    const [value, label] = Array.isArray(option) ? option : [option, option]
    return h('option', { value, selected: value === chosen }, label)
  }
  return h('select', properties, options.map(option))
}

/** What is read aloud and shown for a while: what became of an action. */
export function announce(text) {
  const place = document.getElementById('said')
  fill(place, h('p', text))
  clearTimeout(announce.ends)
  announce.ends = setTimeout(() => fill(place), 8000)
}

/**
 * A dialog. `content` gets a function that closes it. The focus goes back where it was; Esc closes it.
 */
export function dialog(title, content, closed = () => {}) {
  const element = h('dialog', { 'aria-labelledby': 'dialog-title' })
  const close = () => element.close()
  fill(element, h('h2', { id: 'dialog-title' }, title), content(close))
  element.addEventListener('close', () => {
    element.remove()
    closed()
  })
  document.body.append(element)
  element.showModal()
  return element
}
