// Commands for a terminal, and JSON that is written by hand. What strangers wrote may be a part of them.

import { isObject } from './rules.js'

const HIDDEN = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu

/** A word of a shell; characters that nobody sees are written out, as bash and zsh read them. */
export function quoted(word) {
  const text = String(word)
  if (/^[\w@%+=:,./-]+$/.test(text)) return text
  if (!text.match(HIDDEN)) return `'${text.replaceAll("'", `'\\''`)}'`
  const code = (letter) => `\\U${letter.codePointAt(0).toString(16).padStart(8, '0')}`
  return `$'${text.replace(/['\\]/g, '\\$&').replace(HIDDEN, code)}'`
}

const API = new URL('..', import.meta.url).href.replace(/\/$/, '')

const isOption = (value) => /^-./.test(value)

/** A command of the program, by this API; options that are false or empty are left out; `after` stands behind them. */
export function registrar(words, options, after = []) {
  const valued = (name, value) => isOption(value) ? `--${name}=${quoted(value)}` : `--${name} ${quoted(value)}`
  const option = ([name, value]) => value === true ? [`--${name}`] : [value].flat().map((one) => valued(name, one))
  const given = Object.entries({ ...options, api: API }).filter(([, value]) => value)
  const rest = after.some(isOption) ? ['--', ...after] : after
  return ['registrar', ...words.map(quoted), ...given.flatMap(option), ...rest.map(quoted)].join(' ')
}

/** JSON whose characters are all seen. */
export function json(value, indent) {
  const unit = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value, null, indent).replace(HIDDEN, (letter) => letter.split('').map(unit).join(''))
}

/** A command that reads JSON on its standard input. */
export const reading = (command, value) => `${command} <<'EOF'\n${json(value, 2)}\nEOF`

/** The object that is written as JSON. */
export function written(text, what) {
  if (!text.trim()) throw new SyntaxError(`${what} is empty.`)
  let json
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new SyntaxError(`${what} is no JSON: ${error.message}`)
  }
  if (!isObject(json)) throw new SyntaxError(`${what} is no JSON object.`)
  const twice = repeated(text)
  if (twice !== undefined) throw new SyntaxError(`${what} has ${twice} twice.`)
  return json
}

/** A member that is in one object of a JSON text twice, where it would count once without a word. */
function repeated(text) {
  const open = []
  for (const [token, string, isName] of text.matchAll(/[{}]|("(?:[^"\\]|\\.)*")(\s*:)?/g)) {
    if (token === '{') open.push(new Set())
    if (token === '}') open.pop()
    const name = isName && JSON.parse(string)
    if (isName && open.at(-1).has(name)) return name
    if (isName) open.at(-1).add(name)
  }
  return undefined
}
