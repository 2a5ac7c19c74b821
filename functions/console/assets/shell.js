// Commands for a terminal. What strangers wrote may be a part of them.

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

/** A command of the program, by this API, or by the table where that is empty; options that are false or empty are left out; `after` stands behind them. */
export function registrar(words, options, after = [], api = API) {
  const valued = (name, value) => isOption(value) ? `--${name}=${quoted(value)}` : `--${name} ${quoted(value)}`
  const option = ([name, value]) => value === true ? [`--${name}`] : [value].flat().map((one) => valued(name, one))
  const given = Object.entries({ ...options, api }).filter(([, value]) => value)
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
