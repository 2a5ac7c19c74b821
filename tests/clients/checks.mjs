// What the Node clients share. Each is started with the path of the server's demo.json, prints one line
// per check and exits with 1 if one failed.

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'

const client = basename(process.argv[1], '.mjs')

export const demo = JSON.parse(readFileSync(process.argv[2], 'utf8'))

export const metadata = {
  'public native': {
    client_name: 'Public native client',
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1:8123/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  confidential: {
    client_name: 'Confidential client',
    application_type: 'web',
    redirect_uris: ['https://client.example/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  },
}

export const withFragment = {
  ...metadata['public native'],
  redirect_uris: ['http://127.0.0.1:8123/callback#fragment'],
}

/** Runs one check and prints its line. */
export async function check(name, body) {
  try {
    await body()
    console.log(`ok ${client}: ${name}`)
  } catch (error) {
    const reason = [error.message, error.cause?.message ?? error.cause?.code].filter(Boolean).join(': ')
    console.log(`not ok ${client}: ${name}: ${reason.replace(/\s+/g, ' ')}`)
    process.exitCode = 1
  }
}

/** The body of an update: what was registered, without the members that RFC 7592 section 2.2 forbids there. */
export function update(registered, changes) {
  const {
    registration_access_token,
    registration_client_uri,
    client_secret_expires_at,
    client_id_issued_at,
    ...rest
  } = registered
  return { ...rest, ...changes }
}
